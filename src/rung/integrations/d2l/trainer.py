"""The training loop, and the error that tuning is after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from rung.integrations.d2l import devices
from rung.integrations.d2l.hyperparameters import HyperParameters

if TYPE_CHECKING:
    from rung.integrations.d2l.datasets import DataModule, Loader
    from rung.integrations.d2l.modules import Batch, Module


class Trainer(HyperParameters):
    """Trains a model for so many epochs.

    num_gpus: how many GPUs to use at most; the model goes to the first one, or stays where it is when there is none.
    gradient_clip_val: the largest norm of the gradient; 0 for any.
    """

    max_epochs: int
    gradient_clip_val: float
    model: Module
    train_dataloader: Loader
    val_dataloader: Loader | None
    num_train_batches: int
    num_val_batches: int
    optim: torch.optim.Optimizer
    epoch: int
    train_batch_idx: int
    val_batch_idx: int

    def __init__(self, max_epochs: int, num_gpus: int = 0, gradient_clip_val: float = 0) -> None:
        self.save_hyperparameters()
        self.gpus = [devices.gpu(i) for i in range(min(num_gpus, devices.num_gpus()))]

    def fit(self, model: Module, data: DataModule) -> None:
        """Train the model on the data, all epochs."""
        self.prepare_data(data)
        self.prepare_model(model)
        self.optim = model.configure_optimizers()
        self.train_batch_idx = self.val_batch_idx = 0
        for epoch in range(self.max_epochs):
            self.epoch = epoch
            self.fit_epoch()

    def prepare_data(self, data: DataModule) -> None:
        """Take the data's loaders."""
        self.train_dataloader = data.train_dataloader()
        self.val_dataloader = data.val_dataloader()
        self.num_train_batches = len(self.train_dataloader)
        self.num_val_batches = len(self.val_dataloader) if self.val_dataloader is not None else 0

    def prepare_model(self, model: Module) -> None:
        """Make this the model's trainer, and take the model to the GPU."""
        model.trainer = self
        model.board.xlim = (0, self.max_epochs)
        if self.gpus:
            model.to(self.gpus[0])
        self.model = model

    def prepare_batch(self, batch: Sequence[torch.Tensor]) -> Batch:
        """The batch where the model is."""
        return [part.to(self.gpus[0]) for part in batch] if self.gpus else batch

    def fit_epoch(self) -> None:
        """One pass over the training examples, and one over those for validation if there are any."""
        self.model.train()
        for batch in self.train_dataloader:
            loss = self.model.training_step(self.prepare_batch(batch))
            self.optim.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            if self.gradient_clip_val > 0:
                self.clip_gradients(self.gradient_clip_val, self.model)
            self.optim.step()
            self.train_batch_idx += 1
        self.model.eval()
        with torch.no_grad():
            for batch in self.val_dataloader or ():
                self.model.validation_step(self.prepare_batch(batch))
                self.val_batch_idx += 1

    def clip_gradients(self, grad_clip_val: float, model: Module) -> None:
        """Shorten the gradient to that norm if it is longer."""
        torch.nn.utils.clip_grad_norm_(model.parameters(), grad_clip_val)


class HPOTrainer(Trainer):
    """A trainer that can tell how good the model has become."""

    def validation_error(self) -> torch.Tensor:
        """Share of the validation examples that the model gets wrong, as a scalar tensor."""
        assert self.val_dataloader is not None, "the data has no examples for validation"
        self.model.eval()
        right, count = 0.0, 0
        with torch.no_grad():
            for batch in map(self.prepare_batch, self.val_dataloader):
                is_right = self.model.accuracy(self.model(*batch[:-1]), batch[-1], averaged=False)  # type: ignore[operator]
                right += float(is_right.sum())
                count += len(is_right)
        return torch.tensor(1 - right / count, dtype=torch.float64)
