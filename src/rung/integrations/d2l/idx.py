"""The idx format of MNIST and its kin: a big-endian header, then unsigned bytes; here always gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib

import numpy as np

from rung.errors import RungError

GZIP = 16  # added to the window size: tells zlib to expect the header of gzip
UNSIGNED_BYTES = 0x08  # third byte of the magic number; the fourth is the number of dimensions


class DataError(RungError):
    """Images or labels are missing, damaged or of another format."""


def decode(compressed: bytes, *, source: str, item: tuple[int, ...], limit: int | None = None) -> np.ndarray:
    """The array in a gzipped idx file: (count, *item), uint8, read-only.

    item: shape of one entry; (28, 28) for images, () for labels. source: path or address, for the message. limit: look
    at the first so many entries only, which is faster; damage behind them goes unseen.
    DataError: not gzip, torn, or not of this shape.
    """
    dimensions = 1 + len(item)
    header = 4 * (1 + dimensions)  # bytes
    wanted = None if limit is None else header + limit * math.prod(item)
    content = _decompress(compressed, source=source, wanted=wanted)
    magic = UNSIGNED_BYTES << 8 | dimensions
    if len(content) < header:
        raise _unexpected(source, f"a header of {header} bytes", f"{len(content)} bytes in all")
    found, count, *shape = struct.unpack(f">{1 + dimensions}I", content[:header])
    if found != magic:
        raise _unexpected(source, f"the idx magic number {magic:#x}", f"{found:#x}")
    if tuple(shape) != item:
        raise _unexpected(source, f"entries of shape {item}", f"{tuple(shape)}")
    count = count if limit is None else min(count, limit)
    size = header + count * math.prod(item)
    if len(content) != size:
        raise _unexpected(source, f"{size:,} bytes for {count:,} entries", f"{len(content):,} bytes")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(count, *item)


def _decompress(compressed: bytes, *, source: str, wanted: int | None) -> bytes:
    """The first ``wanted`` bytes, or all, which are then checked by their checksum."""
    try:
        if wanted is None:
            return gzip.decompress(compressed)
        return zlib.decompressobj(zlib.MAX_WBITS | GZIP).decompress(compressed, wanted)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{source}: expected a whole gzip file, but decompressing it failed: {error}.",
            hint="Get the file again; it is torn or was damaged on the way.",
        ) from error


def _unexpected(source: str, expected: str, found: str) -> DataError:
    return DataError(
        f"{source}: expected {expected}, found {found}.", hint="This is no idx file of 28x28 images or their labels."
    )
