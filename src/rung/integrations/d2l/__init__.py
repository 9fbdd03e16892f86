"""The classes of "Dive into Deep Learning", chapter 19, and the schedulers of 12.11, with rung's engine behind them.

    from rung.integrations import d2l

takes the place of the book's own import. Names are resolved when they are first used, as they need torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.integrations._lazy import lazily

if TYPE_CHECKING:
    from rung.integrations.d2l.adapt import as_scheduler, as_searcher
    from rung.integrations.d2l.animator import Animator
    from rung.integrations.d2l.board import ProgressBoard
    from rung.integrations.d2l.datasets import DataModule, FashionMNIST, load_data_fashion_mnist
    from rung.integrations.d2l.devices import cpu, gpu, num_gpus, numpy, try_gpu
    from rung.integrations.d2l.hyperparameters import HyperParameters, add_to_class
    from rung.integrations.d2l.models import LeNet, SoftmaxRegression, init_cnn
    from rung.integrations.d2l.modules import Classifier, Module
    from rung.integrations.d2l.parts import BasicScheduler, HPOScheduler, HPOSearcher, RandomSearcher
    from rung.integrations.d2l.schedules import (
        CosineScheduler,
        FactorScheduler,
        MultiFactorScheduler,
        SquareRootScheduler,
    )
    from rung.integrations.d2l.trainer import HPOTrainer, Trainer
    from rung.integrations.d2l.training import Accumulator, accuracy, evaluate_accuracy_gpu, train
    from rung.integrations.d2l.tuner import HPOTuner

_HOMES = {
    "adapt": ("as_scheduler", "as_searcher"),
    "animator": ("Animator",),
    "board": ("ProgressBoard",),
    "datasets": ("DataModule", "FashionMNIST", "load_data_fashion_mnist"),
    "devices": ("cpu", "gpu", "num_gpus", "numpy", "try_gpu"),
    "hyperparameters": ("HyperParameters", "add_to_class"),
    "models": ("LeNet", "SoftmaxRegression", "init_cnn"),
    "modules": ("Classifier", "Module"),
    "parts": ("BasicScheduler", "HPOScheduler", "HPOSearcher", "RandomSearcher"),
    "schedules": ("CosineScheduler", "FactorScheduler", "MultiFactorScheduler", "SquareRootScheduler"),
    "trainer": ("HPOTrainer", "Trainer"),
    "training": ("Accumulator", "accuracy", "evaluate_accuracy_gpu", "train"),
    "tuner": ("HPOTuner",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Accumulator", "Animator", "BasicScheduler", "Classifier", "CosineScheduler", "DataModule", "FactorScheduler",
    "FashionMNIST", "HPOScheduler", "HPOSearcher", "HPOTrainer", "HPOTuner", "HyperParameters", "LeNet", "Module",
    "MultiFactorScheduler", "ProgressBoard", "RandomSearcher", "SoftmaxRegression", "SquareRootScheduler", "Trainer",
    "accuracy", "add_to_class", "as_scheduler", "as_searcher", "cpu", "evaluate_accuracy_gpu", "gpu", "init_cnn",
    "load_data_fashion_mnist", "num_gpus", "numpy", "train", "try_gpu",
]  # fmt: skip


__getattr__ = lazily(__name__, _HOME_OF, extra="torch")


def __dir__() -> list[str]:
    return __all__
