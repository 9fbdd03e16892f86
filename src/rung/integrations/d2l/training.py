"""The training function of the book's chapter on learning-rate schedules, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, final

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from rung.integrations.d2l.animator import Animator
from rung.schedules import Schedule
from rung.schedules.rates import check_rate

if TYPE_CHECKING:
    from torch.optim import Optimizer

Scheduler: TypeAlias = LRScheduler | Callable[[int], float]

_POINTS = 50  # batches from one point of the training curves to the next


class Batches(Sized, Iterable[Any], Protocol):
    """Pairs of inputs and targets, known in number."""


@final
class Accumulator:
    """Sums of n numbers."""

    def __init__(self, n: int) -> None:
        self.data = [0.0] * n

    def add(self, *args: Any) -> None:
        """Add a number to each sum."""
        self.data = [total + float(each) for total, each in zip(self.data, args, strict=True)]

    def reset(self) -> None:
        """Begin again at zero."""
        self.data = [0.0] * len(self.data)

    def __getitem__(self, index: int) -> float:
        return self.data[index]


def accuracy(y_hat: torch.Tensor, y: torch.Tensor) -> float:
    """How many predictions are right. y_hat: (n, classes), the largest counts, or (n,) classes. y: (n,) classes."""
    if y_hat.ndim > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(dim=1)
    return float((y_hat.to(y.dtype) == y).sum())


def evaluate_accuracy_gpu(net: nn.Module, data_iter: Iterable[Any], device: torch.device | None = None) -> float:
    """The share of right predictions, on the device that is given or where the net's parameters are."""
    if device is None:
        device = next(net.parameters()).device
    net.eval()
    metric = Accumulator(2)
    with torch.no_grad():
        for x, y in data_iter:
            metric.add(accuracy(net(x.to(device)), y.to(device)), len(y))
    return metric[0] / metric[1]


def train(  # noqa: PLR0917  the book's signature
    net: nn.Module,
    train_iter: Batches,
    test_iter: Iterable[Any],
    num_epochs: int,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    trainer: Optimizer,
    device: torch.device,
    scheduler: Scheduler | None = None,
) -> Animator:
    """Train a classifier, print how good it became, and return the curves.

    scheduler: after each epoch, one of torch's own is stepped; anything else is called with the number of the epoch,
    from 0 on, and what it returns is the learning rate from then on. So the first epoch is trained at the optimiser's
    own rate, and epoch e + 1 at scheduler(e). SettingError for a schedule of factors.
    """
    if isinstance(scheduler, Schedule):
        check_rate(scheduler)
    net.to(device)
    animator = Animator(xlabel="epoch", xlim=[0, num_epochs], legend=["train loss", "train acc", "test acc"])
    train_loss = train_acc = test_acc = float("nan")
    for epoch in range(num_epochs):
        for done, train_loss, train_acc in _batches_of_epoch(net, train_iter, loss, trainer, device):
            if done % _POINTS == 0:
                animator.add(epoch + done / len(train_iter), (train_loss, train_acc, None))
        test_acc = evaluate_accuracy_gpu(net, test_iter)
        animator.add(epoch + 1, (None, None, test_acc))
        _set_rate(trainer, scheduler, epoch)
    print(f"train loss {train_loss:.3f}, train acc {train_acc:.3f}, test acc {test_acc:.3f}")  # noqa: T201  as the book
    return animator


def _batches_of_epoch(
    net: nn.Module,
    train_iter: Batches,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    trainer: Optimizer,
    device: torch.device,
) -> Iterator[tuple[int, float, float]]:
    """Train on each batch; then the number of batches done, and the mean loss and accuracy of the epoch so far."""
    net.train()
    sums = Accumulator(3)
    for done, (inputs, targets) in enumerate(train_iter, start=1):
        x, y = inputs.to(device), targets.to(device)
        trainer.zero_grad()
        y_hat = net(x)
        batch_loss = loss(y_hat, y)
        batch_loss.mean().backward()  # type: ignore[no-untyped-call]
        trainer.step()
        sums.add(batch_loss.detach().mean() * len(y), accuracy(y_hat.detach(), y), len(y))
        yield done, sums[0] / sums[2], sums[1] / sums[2]


def _set_rate(trainer: Optimizer, scheduler: Scheduler | None, epoch: int) -> None:
    if scheduler is None:
        return
    if isinstance(scheduler, LRScheduler):
        scheduler.step()
        return
    for group in trainer.param_groups:
        group["lr"] = scheduler(epoch)
