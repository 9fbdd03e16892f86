"""Small files in the idx format."""

import gzip
import struct

import numpy as np


def idx_bytes(array: np.ndarray) -> bytes:
    """The uncompressed idx file of an array of bytes."""
    header = struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def idx_gz(array: np.ndarray) -> bytes:
    return gzip.compress(idx_bytes(array), mtime=0)


def small_files(*, training: int = 60, test: int = 20, seed: int = 0) -> dict[str, np.ndarray]:
    """Images whose brightest row tells their class, so that a network can learn them within an epoch or two."""
    rng = np.random.default_rng(seed)
    arrays: dict[str, np.ndarray] = {}
    for stem, count in (("train", training), ("t10k", test)):
        labels = np.arange(count) % 10
        images = rng.integers(0, 40, size=(count, 28, 28))
        for image, label in zip(images, labels, strict=True):
            image[2 * label + 4 : 2 * label + 6, 4:24] = 255
        arrays[f"{stem}-images-idx3-ubyte.gz"] = images.astype(np.uint8)
        arrays[f"{stem}-labels-idx1-ubyte.gz"] = labels.astype(np.uint8)
    return arrays
