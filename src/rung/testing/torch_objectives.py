"""A small LeNet trained with torch, for the proof that a continued training is the one that was never paused."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rung._trial import Trial


def train_lenet(trial: Trial) -> None:
    """Trains on random images with all that has a state: batch norm, dropout, momentum, a schedule, two generators.

    Starts the global generators from ``trial.seed``, so that every backend trains the same.
    """
    import torch
    from torch import nn

    torch.random.set_rng_state(torch.Generator().manual_seed(trial.seed).get_state())
    random.setstate(random.Random(trial.seed).getstate())  # noqa: S311  not for secrets
    images = torch.rand(32, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(32) % 4
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 12), nn.Dropout(0.5), nn.Linear(12, 4),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=trial.config["rate"], momentum=0.9)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3], gamma=0.5)
    for _ in trial.epochs(8, model=model, optimizer=optimizer, schedule=schedule):
        loss = _one_epoch(model, optimizer, images, labels)
        schedule.step()
        trial.report(error=loss)


def _one_epoch(model: Any, optimizer: Any, images: Any, labels: Any) -> float:
    import torch

    total = 0.0
    order: Any = torch.randperm(len(images))
    for batch in order.split(8):
        noise = 0.1 * random.random()  # noqa: S311  not for secrets
        loss: Any = torch.nn.functional.cross_entropy(model(images[batch] + noise), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total
