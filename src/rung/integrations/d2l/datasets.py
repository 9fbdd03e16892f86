"""Examples in batches: the base class, and Fashion-MNIST without torchvision."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler, TensorDataset

from rung.errors import RungWarning
from rung.integrations.d2l.data import SIDE, Data, Part, default_cache, load, repeated
from rung.integrations.d2l.download import CHECKSUMS
from rung.integrations.d2l.hyperparameters import HyperParameters

_USUAL: Final = 48_000  # images of Fashion-MNIST to train on, those for validation left out

Loader: TypeAlias = "DataLoader[Any]"

_LABELS: Final = (
    *("t-shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)


class DataModule(HyperParameters):
    """Base of what is learnt from: define ``get_dataloader``. num_workers: processes that read for a loader."""

    root: str | Path | None
    num_workers: int
    batch_size: int

    def __init__(self, root: str | Path | None = None, num_workers: int = 0) -> None:
        self.save_hyperparameters()

    def get_dataloader(self, train: bool) -> Loader:  # noqa: FBT001  the book's signature
        """Batches to train on, or to validate with."""
        raise NotImplementedError(f"{type(self).__name__} has no get_dataloader().")

    def train_dataloader(self) -> Loader:
        """Batches to train on."""
        return self.get_dataloader(train=True)

    def val_dataloader(self) -> Loader | None:
        """Batches to validate with; None when there are none."""
        return self.get_dataloader(train=False)

    def get_tensorloader(
        self,
        tensors: Sequence[torch.Tensor],
        train: bool,  # noqa: FBT001  the book's signature
        indices: slice = slice(0, None),
    ) -> Loader:
        """Batches of tensors with the examples in their first dimension, in random order to train on.

        A batch is taken from the tensors at once, which is many times as fast as one example after the other.
        """
        examples = TensorDataset(*(tensor[indices] for tensor in tensors))
        order = RandomSampler(examples) if train else SequentialSampler(examples)
        batches = BatchSampler(order, self.batch_size, drop_last=False)
        return DataLoader(examples, sampler=batches, batch_size=None, num_workers=self.num_workers)


class FashionMNIST(DataModule):
    """Fashion-MNIST in batches of images (n, 1, height, width) and labels (n,).

    resize: height and width. root: folder with the four idx .gz files; by default the one that the environment
    variable RUNG_DATA names, else where ``download`` puts them; else, with a warning, the handwritten digits of
    scikit-learn, repeated until an epoch is as long as one of Fashion-MNIST. Validation takes one training image in
    five, which are then not trained on; the test images are kept out of it. DataError names a file that is missing or
    damaged.
    """

    resize: tuple[int, int]

    def __init__(
        self, batch_size: int = 64, resize: tuple[int, int] = (SIDE, SIDE), root: str | Path | None = None
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        images = _images(_folder(root))
        self.name = images.name
        self.train, self.val = (_resized(part, tuple(resize)) for part in (images.training, images.validation))

    def get_dataloader(self, train: bool) -> Loader:  # noqa: FBT001  the book's signature
        """Batches to train on in random order, or those to validate with."""
        return self.get_tensorloader(self.train if train else self.val, train)

    def text_labels(self, indices: Sequence[int]) -> list[str]:
        """What the classes show."""
        return [_LABELS[int(index)] for index in indices]


def load_data_fashion_mnist(batch_size: int, resize: int | None = None) -> tuple[Loader, Loader]:
    """Batches of all training images in random order, and of the test images, from where ``FashionMNIST`` has them.

    resize: height and width. To choose hyperparameters by, take ``FashionMNIST``, which keeps the test images out.
    """
    images = _images(_folder(None))
    size = (SIDE, SIDE) if resize is None else (resize, resize)
    training = Part(*(torch.cat(pair) for pair in zip(images.training, images.validation, strict=True)))
    batches = DataModule()
    batches.batch_size = batch_size
    train, test = (_resized(part, size) for part in (training, images.test))
    return batches.get_tensorloader(train, train=True), batches.get_tensorloader(test, train=False)


def _folder(root: str | Path | None) -> Path | None:
    if root is not None:
        return Path(root)
    if named := os.environ.get("RUNG_DATA"):
        return Path(named)
    cache = default_cache()
    return cache if all((cache / name).exists() for name in CHECKSUMS) else None


@functools.cache
def _images(folder: Path | None) -> Data:
    """Read once in each process, as every trial makes its own module."""
    if folder is None:
        message = RungWarning(
            "Fashion-MNIST is not here, so the handwritten digits of scikit-learn stand in for it.",
            hint=f"Set RUNG_DATA to the folder with its four .gz files, or put them into {default_cache()}.",
        )
        warnings.warn(message, stacklevel=3)
        return repeated(load(None), _USUAL)
    return load(folder)


def _resized(part: Part, size: tuple[int, ...]) -> Part:
    if size == (SIDE, SIDE):
        return part
    images = torch.nn.functional.interpolate(part.images, size=size, mode="bilinear", align_corners=False)
    return Part(images, part.labels)
