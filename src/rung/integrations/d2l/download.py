"""Fetches the four files of Fashion-MNIST from a mirror, whole and checked, or not at all."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from rung.integrations.d2l.idx import DataError, decode

MIRRORS = (
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
CHECKSUMS = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
"""File name -> sha256 of the uncompressed bytes; the compressed ones differ from mirror to mirror."""
TIMEOUT = 30.0  # seconds without a byte


def fetch(
    folder: Path,
    *,
    mirrors: Sequence[str] = MIRRORS,
    checksums: Mapping[str, str] = CHECKSUMS,
    timeout: float = TIMEOUT,
) -> Path:
    """Brings the files that the folder lacks, and returns the folder.

    mirrors: base addresses, tried in turn for each file. checksums: file name -> sha256 of the uncompressed bytes.
    timeout: seconds. A file appears under its name only when it is whole and checked; DataError tells, for each mirror,
    why a file could not be had.
    """
    for name, checksum in checksums.items():
        if not (folder / name).exists():
            compressed = _from_any(name, mirrors=mirrors, checksum=checksum, timeout=timeout)
            _write_whole(folder / name, compressed)
    return folder


def _from_any(name: str, *, mirrors: Sequence[str], checksum: str, timeout: float) -> bytes:
    failures = []
    for mirror in mirrors:
        address = mirror.rstrip("/") + "/" + name
        try:
            compressed = _get(address, timeout=timeout)
            _check(compressed, address=address, checksum=checksum)
        except DataError as error:
            failures.append(error.sentence)
        else:
            return compressed
    raise DataError(
        f"{name} could not be downloaded. " + " ".join(failures),
        hint="Check the connection, or put the four Fashion-MNIST files into a folder and name that folder.",
    )


def _get(address: str, *, timeout: float) -> bytes:
    if not address.startswith(("https://", "http://")):
        raise DataError(f"{address}: expected an address that begins with https:// or http://.")
    try:
        with urllib.request.urlopen(address, timeout=timeout) as response:  # noqa: S310 - the scheme is checked above
            content: bytes = response.read()
            return content
    except http.client.IncompleteRead as error:
        received, expected = len(error.partial), len(error.partial) + (error.expected or 0)
        raise DataError(f"{address}: the transfer broke off after {received:,} of {expected:,} bytes.") from error
    except (OSError, http.client.HTTPException) as error:
        raise DataError(f"{address}: {error}.") from error


def _check(compressed: bytes, *, address: str, checksum: str) -> None:
    item = (28, 28) if "images" in address.rpartition("/")[2] else ()
    decode(compressed, source=address, item=item)
    found = hashlib.sha256(gzip.decompress(compressed)).hexdigest()
    if found != checksum:
        raise DataError(f"{address}: expected content with sha256 {checksum}, found {found}.")


def _write_whole(path: Path, content: bytes) -> None:
    """Under a temporary name in the same folder first, so that no reader ever sees a part of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
