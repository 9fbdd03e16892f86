"""Small grey images in ten classes: Fashion-MNIST from a folder or a mirror, else the digits of scikit-learn."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, final

import numpy as np
import torch

from rung.errors import MissingExtraError
from rung.integrations.d2l.download import CHECKSUMS, MIRRORS, fetch
from rung.integrations.d2l.idx import DataError, decode

CLASSES = 10
SIDE = 28  # pixels
SPLIT_SEED = 0  # the same images are held out in every trial of every study
HELD_OUT = 5  # one image in five


class Part(NamedTuple):
    """Images (n, 1, 28, 28), float32 in [0, 1], and their labels (n,), int64 in 0..9."""

    images: torch.Tensor
    labels: torch.Tensor


@final
@dataclass(frozen=True)
class Data:
    """What to learn from, what to choose by, and what to look at once, at the end.

    name: which images these are and how many of them, for people. The validation part is taken from the training
    images, never from the test images.
    """

    name: str
    training: Part
    validation: Part
    test: Part

    @property
    def summary(self) -> str:
        """One line with the name and the number of images in each part."""
        return (
            f"{self.name}: {len(self.training.labels):,} to train, {len(self.validation.labels):,} to validate; "
            f"{len(self.test.labels):,} to test"
        )


def default_cache() -> Path:
    """Where downloaded files are kept when no folder is named."""
    return Path.home() / ".cache" / "rung" / "fashion-mnist"


def load(
    folder: Path | None,
    *,
    download: bool = False,
    limit: int | None = None,
    thorough: bool = True,
    mirrors: Sequence[str] = MIRRORS,
) -> Data:
    """Fashion-MNIST from the folder, or scikit-learn's digits when there is no folder and no download.

    folder: holds the four idx .gz files under their usual names. download: first bring the files that the folder lacks
    (``default_cache()`` without a folder). limit: take only so many of the training images, validation included; at
    least 10. thorough: check the images behind the limit, too, which is to be done once. DataError names the file and
    what was expected of it.
    """
    if limit is not None and limit < CLASSES:
        raise DataError(f"limit={limit} training images are too few.", hint=f"Ask for {CLASSES} at least.")
    if download:
        folder = fetch(folder or default_cache(), mirrors=mirrors)
    return _digits(limit) if folder is None else _from_idx_files(folder, limit, thorough=thorough)


def repeated(data: Data, count: int) -> Data:
    """The same, with each image to train on as often in an epoch as fits into ``count`` images; once at least.

    So a small set gets as many steps an epoch as a large one, and settings that suit the one suit the other.
    """
    images, labels = data.training
    times = max(1, count // max(1, len(labels)))
    return replace(
        data,
        name=data.name if times == 1 else f"{data.name}, each {times} times in an epoch",
        training=Part(images.repeat(times, 1, 1, 1), labels.repeat(times)),
    )


def _from_idx_files(folder: Path, limit: int | None, *, thorough: bool) -> Data:
    images, labels = _read_pair(folder, "train", limit=None if thorough else limit)
    test_images, test_labels = _read_pair(folder, "t10k")
    return _divide(
        f"{_title(folder, labels)}, {_extent(limit, len(labels))}",
        Part(_scaled(images[:limit], white=255), _classes(labels[:limit])),
        Part(_scaled(test_images, white=255), _classes(test_labels)),
    )


def _digits(limit: int | None) -> Data:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingExtraError("Training on the bundled digits", "sklearn") from error
    bunch = load_digits()
    small = _scaled(bunch.images, white=16)
    images = torch.nn.functional.interpolate(small, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    test, training = _split(Part(images, _classes(bunch.target)))
    extent = _extent(limit, len(training.labels))
    return _divide(
        f"handwritten digits of scikit-learn (8x8, resized to {SIDE}x{SIDE}), {extent}",
        Part(training.images[:limit], training.labels[:limit]),
        test,
    )


def _read_pair(folder: Path, stem: str, *, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Images, no more than ``limit``, and all labels, which are few bytes."""
    images_path, labels_path = folder / f"{stem}-images-idx3-ubyte.gz", folder / f"{stem}-labels-idx1-ubyte.gz"
    images = decode(_read(images_path), source=str(images_path), item=(SIDE, SIDE), limit=limit)
    labels = decode(_read(labels_path), source=str(labels_path), item=())
    if len(images) != len(labels[:limit]):
        raise DataError(
            f"{labels_path}: expected {len(images):,} labels, one for each image, found {len(labels):,}.",
            hint="Images and labels must come from the same release.",
        )
    if len(labels) < CLASSES:
        raise DataError(f"{labels_path}: expected {CLASSES} labels at least, found {len(labels)}.")
    if labels.max() >= CLASSES:
        raise DataError(f"{labels_path}: expected labels 0 to {CLASSES - 1}, found {labels.max()}.")
    return images, labels


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: expected a gzipped idx file, but it can't be read: {error.strerror or error}.",
            hint=f"The folder must hold {', '.join(CHECKSUMS)}.",
        ) from error


def _title(folder: Path, labels: np.ndarray) -> str:
    """Fashion-MNIST only where it is; other images of the same format go by the name of their folder."""
    header = b"\0\0\x08\x01" + len(labels).to_bytes(4, "big")
    checksum = hashlib.sha256(header + labels.tobytes()).hexdigest()
    is_fashion = checksum == CHECKSUMS["train-labels-idx1-ubyte.gz"]
    return "Fashion-MNIST" if is_fashion else f"images in {folder}"


def _extent(limit: int | None, total: int) -> str:
    if limit is None or limit >= total:
        return f"all {total:,} training images"
    return f"first {limit:,} of {total:,} training images"


def _scaled(images: np.ndarray, *, white: float) -> torch.Tensor:
    """(n, height, width) with values 0..white as (n, 1, height, width) in [0, 1]."""
    return torch.tensor(images, dtype=torch.float32).div_(white).unsqueeze_(1)


def _classes(labels: np.ndarray) -> torch.Tensor:
    return torch.tensor(labels, dtype=torch.int64)


def _divide(name: str, training: Part, test: Part) -> Data:
    validation, rest = _split(training)
    return Data(name=name, training=rest, validation=validation, test=test)


def _split(part: Part) -> tuple[Part, Part]:
    """One image in five, drawn at random but always the same ones, and the others."""
    count = len(part.labels)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(SPLIT_SEED))
    held_out, kept = order[: count // HELD_OUT], order[count // HELD_OUT :]
    return Part(part.images[held_out], part.labels[held_out]), Part(part.images[kept], part.labels[kept])
