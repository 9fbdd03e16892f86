"""Lightning: which learning rate, width and dropout. ASHA pauses every trial at each rung, and continues the best ones.

python examples/lightning/train.py [--trials 12] [--epochs 9]
"""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import lightning.pytorch as pl
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import rung
from rung import schedules
from rung.backends.inline import Inline
from rung.integrations.lightning import Report
from rung.integrations.torch import ScheduleLR

SPACE = {"lr": rung.loguniform(1e-4, 1e-1), "width": [16, 32, 64], "dropout": rung.uniform(0.0, 0.5)}
TRAINING, VALIDATION = slice(0, 1_200), slice(1_200, 1_797)  # of scikit-learn's digits


class Digits(pl.LightningModule):
    """A small network; its learning rate falls along a cosine."""

    def __init__(self, lr: float, width: int, dropout: float, updates: int) -> None:
        super().__init__()
        self.lr = lr
        self.schedule = schedules.cosine(updates, end=0.1)
        self.network = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 10))

    def training_step(self, batch: Any) -> torch.Tensor:
        """The cross-entropy of a batch."""
        images, labels = batch
        return nn.functional.cross_entropy(self.network(images), labels)

    def validation_step(self, batch: Any) -> None:
        """The share of images that it gets wrong."""
        images, labels = batch
        self.log("val_error", (self.network(images).argmax(1) != labels).float().mean())

    def configure_optimizers(self) -> Any:
        """Adam, with a schedule that counts updates."""
        optimizer = torch.optim.Adam(self.parameters(), lr=self.lr)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": ScheduleLR(optimizer, self.schedule), "interval": "step"},
        }


def loader(part: slice, *, batch_size: int, shuffle: bool = False) -> DataLoader[Any]:
    """Batches of a part of the digits."""
    images, labels = load_digits(return_X_y=True)
    pixels = torch.tensor(images[part], dtype=torch.float32) / 16
    return DataLoader(TensorDataset(pixels, torch.tensor(labels[part])), batch_size=batch_size, shuffle=shuffle)


def train(trial: rung.Trial, epochs: int) -> None:
    """Train one trial; the callback reports, stops, pauses and continues it."""
    pl.seed_everything(trial.seed % 2**32, verbose=False)
    batches = loader(TRAINING, batch_size=50, shuffle=True)
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        callbacks=[Report("val_error")],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    model = Digits(**trial.config, updates=epochs * len(batches))
    trainer.fit(model, batches, loader(VALIDATION, batch_size=597))


def main(arguments: Sequence[str] | None = None) -> rung.Study:
    """Search, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=9)
    given = parser.parse_args(arguments)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    torch.set_num_threads(1)
    study = rung.tune(
        lambda trial: train(trial, given.epochs),
        SPACE,
        scheduler=f"asha(max_t={given.epochs}, grace_period=1, reduction_factor=3, variant=promotion)",
        max_trials=given.trials,
        seed=0,
        store="memory",
        backend=Inline(),  # in this process, one trial after the other
    )
    for trial in study.trials:
        print(trial.number, trial.state, trial.last_step, dict(trial.config))
    print("best:", study.best)
    return study


if __name__ == "__main__":
    main()
