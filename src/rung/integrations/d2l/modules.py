"""Models that know their loss and their optimizer, and draw how they learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import nn

from rung.integrations.d2l.board import ProgressBoard
from rung.integrations.d2l.hyperparameters import HyperParameters

if TYPE_CHECKING:
    from rung.integrations.d2l.trainer import Trainer

Batch: TypeAlias = Sequence[torch.Tensor]
"""Inputs, and the targets last."""


class Module(nn.Module, HyperParameters):
    """Base of models: define ``net`` or ``forward``, ``loss`` and ``configure_optimizers``.

    plot_train_per_epoch, plot_valid_per_epoch: points that an epoch gives to each curve.
    """

    plot_train_per_epoch: float
    plot_valid_per_epoch: float
    trainer: Trainer
    net: nn.Module
    lr: float

    def __init__(self, plot_train_per_epoch: float = 2, plot_valid_per_epoch: float = 1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.board = ProgressBoard(xlabel="epoch")

    def loss(self, y_hat: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """What training makes small, a scalar."""
        raise NotImplementedError(f"{type(self).__name__} has no loss().")

    def forward(self, *inputs: torch.Tensor) -> Any:
        """What the network makes of the inputs."""
        return self.net(*inputs)

    def plot(self, key: str, value: torch.Tensor, train: bool) -> None:  # noqa: FBT001  the book's signature
        """Draw a value of the current batch on the curve ``train_key`` or ``val_key``."""
        trainer = self.trainer
        if train:
            x = trainer.train_batch_idx / trainer.num_train_batches
            every_n = trainer.num_train_batches / self.plot_train_per_epoch
        else:
            x = trainer.epoch + 1
            every_n = trainer.num_val_batches / self.plot_valid_per_epoch
        self.board.draw(x, value.detach(), f"{'train' if train else 'val'}_{key}", every_n=max(1, int(every_n)))

    def training_step(self, batch: Batch) -> torch.Tensor:
        """The loss of a batch, for the gradient."""
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot("loss", loss, train=True)
        return loss

    def validation_step(self, batch: Batch) -> None:
        """Draw how good the model is on a batch."""
        self.plot("loss", self.loss(self(*batch[:-1]), batch[-1]), train=False)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """What changes the parameters."""
        raise NotImplementedError(f"{type(self).__name__} has no configure_optimizers().")

    def apply_init(self, inputs: Sequence[torch.Tensor], init: Callable[[nn.Module], Any] | None = None) -> None:
        """Give lazy layers their sizes by one pass of the inputs, then apply ``init`` to every layer of ``net``."""
        with torch.no_grad():
            self(*inputs)
        if init is not None:
            self.net.apply(init)


class Classifier(Module):
    """Base of models that give a logit for each class; trained by stochastic gradient descent with the rate ``lr``."""

    def validation_step(self, batch: Batch) -> None:
        """Draw loss and accuracy on a batch."""
        logits = self(*batch[:-1])
        self.plot("loss", self.loss(logits, batch[-1]), train=False)
        self.plot("acc", self.accuracy(logits, batch[-1]), train=False)

    def accuracy(
        self,
        y_hat: torch.Tensor,
        y: torch.Tensor,
        averaged: bool = True,  # noqa: FBT001, FBT002  the book's signature
    ) -> torch.Tensor:
        """Share of right classes; 0 or 1 for each example where not ``averaged``."""
        is_right = (y_hat.reshape(-1, y_hat.shape[-1]).argmax(dim=1) == y.reshape(-1)).float()
        return is_right.mean() if averaged else is_right

    def loss(
        self,
        y_hat: torch.Tensor,
        y: torch.Tensor,
        averaged: bool = True,  # noqa: FBT001, FBT002  the book's signature
    ) -> torch.Tensor:
        """Cross-entropy; one value for each example where not ``averaged``."""
        flat = y_hat.reshape(-1, y_hat.shape[-1])
        return nn.functional.cross_entropy(flat, y.reshape(-1), reduction="mean" if averaged else "none")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Plain stochastic gradient descent."""
        return torch.optim.SGD(self.parameters(), lr=self.lr)
