"""Trains LeNet by plain stochastic gradient descent, as a function of hyperparameters and as a function of a trial."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

import rung
from rung.integrations.d2l.data import Data, Part, load, repeated

from .model import new_lenet

MAX_EPOCHS = 10
DIGITS = 10_000  # images in an epoch of scikit-learn's digits: about as many steps as the default run on Fashion-MNIST
SEED = 0  # of initial weights and shuffling; the same in all trials, so that they differ by their hyperparameters only
EVALUATION_BATCH = 500  # images; larger ones no longer fit into the processor's cache


@functools.cache
def load_once(folder: str | None, limit: int | None) -> Data:
    """The images (see ``load``), read once per process; whether their files are whole is checked before the study.

    The few digits are repeated, since LeNet learns little from nine steps an epoch.
    """
    if folder is None:
        return repeated(load(None, limit=limit), DIGITS)
    return load(Path(folder), limit=limit, thorough=False)


def lenet(
    learning_rate: float,
    batch_size: int,
    max_epochs: int = MAX_EPOCHS,
    *,
    folder: str | None = None,
    limit: int | None = None,
) -> float:
    """Hyperparameters in, validation error out; every epoch is reported. folder, limit: see ``load``."""
    data = load_once(folder, limit)
    model = new_lenet(SEED)
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    error = 1.0
    for epoch in range(1, max_epochs + 1):
        training_loss = fit_one_epoch(model, optimizer, data.training, batch_size=batch_size, epoch=epoch)
        error = classification_error(model, data.validation)
        rung.report(error=error, training_loss=training_loss)
    return error


def train(
    trial: rung.Trial, max_epochs: int = MAX_EPOCHS, *, folder: str | None = None, limit: int | None = None
) -> None:
    """The same as a function of the trial: can be paused, continued from its checkpoint, and changed while it runs."""
    data = load_once(folder, limit)
    model = new_lenet(SEED)
    optimizer = torch.optim.SGD(model.parameters(), lr=trial.config["learning_rate"])
    for epoch in trial.epochs(max_epochs, model=model, optimizer=optimizer):
        for group in optimizer.param_groups:  # a checkpoint brings back the rate it was saved with
            group["lr"] = trial.config["learning_rate"]
        batch_size = trial.config["batch_size"]
        training_loss = fit_one_epoch(model, optimizer, data.training, batch_size=batch_size, epoch=epoch)
        trial.report(error=classification_error(model, data.validation), training_loss=training_loss)


class Training:
    """``train`` bound to its images, which are loaded wherever this is unpacked.

    With worker processes that is the one process from which all trials are forked, so they share the images.
    """

    def __init__(self, max_epochs: int = MAX_EPOCHS, *, folder: str | None = None, limit: int | None = None) -> None:
        load_once(folder, limit)
        self._bound = functools.partial(train, max_epochs=max_epochs, folder=folder, limit=limit)

    def __call__(self, trial: rung.Trial) -> None:
        """Train one trial."""
        self._bound(trial)

    def __reduce__(self) -> tuple[Callable[..., Training], tuple[()]]:
        return functools.partial(Training, **self._bound.keywords), ()


def test_error(weights: Mapping[str, Any], *, folder: str | None, limit: int | None) -> float:
    """Share of the test images that the network with these weights gets wrong; to be asked once, at the very end."""
    model = new_lenet(SEED)
    model.load_state_dict(weights)
    return classification_error(model, load_once(folder, limit).test)


def fit_one_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, part: Part, *, batch_size: int, epoch: int
) -> float:
    """One pass over the images in an order that depends on the epoch alone; returns the mean cross-entropy.

    So an epoch after a restart is the epoch that would have been, and the last batch may be smaller than the others.
    """
    count = len(part.labels)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(SEED + epoch))
    total = torch.zeros(())
    model.train()
    for batch in order.split(batch_size):
        loss = nn.functional.cross_entropy(model(part.images[batch]), part.labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(batch)
    return total.item() / count


@torch.inference_mode()
def classification_error(model: nn.Module, part: Part) -> float:
    """Share of the images that the network gets wrong."""
    model.eval()
    wrong = 0
    for images, labels in zip(part.images.split(EVALUATION_BATCH), part.labels.split(EVALUATION_BATCH), strict=True):
        wrong += int((model(images).argmax(dim=1) != labels).sum())
    return wrong / len(part.labels)
