"""What the loops train: a small network on small images, in a fraction of a second."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import torch
from torch import nn

import rung
from rung.integrations.d2l.data import Data, load

SEED = 0  # the same initial weights and the same order of images in all trials
LIMIT = 1_500  # training images; the digits have not many more


@functools.cache
def images() -> Data:
    """The images that RUNG_DATA names, or the digits of scikit-learn; read once."""
    folder = os.environ.get("RUNG_DATA")
    return load(Path(folder) if folder else None, limit=LIMIT)


def train(
    learning_rate: float, units: int = 64, dropout: float = 0.0, batch_size: int = 64, max_epochs: int = 4
) -> float:
    """Hyperparameters in, validation error out. ``rung.report`` does nothing outside a study."""
    data = images()
    generator = torch.Generator().manual_seed(SEED)
    pixels = data.training.images[0].numel()
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        model = nn.Sequential(
            nn.Flatten(), nn.Linear(pixels, units), nn.ReLU(), nn.Dropout(dropout), nn.Linear(units, 10)
        )
        optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
        for _ in range(max_epochs):
            model.train()
            for batch in torch.randperm(len(data.training.labels), generator=generator).split(batch_size):
                loss = nn.functional.cross_entropy(model(data.training.images[batch]), data.training.labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            error = validation_error(model, data)
            rung.report(error=error)
    return error


@torch.inference_mode()
def validation_error(model: nn.Module, data: Data) -> float:
    """Share of the validation images that the network gets wrong."""
    model.eval()
    return float((model(data.validation.images).argmax(dim=1) != data.validation.labels).double().mean())
