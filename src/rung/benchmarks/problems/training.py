"""Networks that are really trained, on the handwritten digits of scikit-learn or on Fashion-MNIST."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rung.benchmarks.problems._references import REFERENCES
from rung.benchmarks.problems.measured import Measured, Training
from rung.errors import MissingExtraError, SettingError
from rung.space import Float, Int, Space
from rung.types import Goal

if TYPE_CHECKING:
    from rung.integrations.d2l.data import Data
    from rung.types import Config

DIGITS: Final = "digits"
FASHION_MNIST: Final = "fashion-mnist"
_EPOCHS = {DIGITS: 27, FASHION_MNIST: 9}
_FASHION_IMAGES = 10_000  # of 60,000 to train and validate, so that a full training takes seconds

_SOLVER = {
    "learning_rate": Float(1e-4, 1.0, log=True),
    "momentum": Float(0.0, 0.99),
    "weight_decay": Float(1e-6, 1e-1, log=True),
    "batch_size": Int(16, 512, log=True),
}


def mlp(images: str = DIGITS, *, data_dir: Path | None = None) -> Measured:
    """A multilayer perceptron: four hyperparameters of the solver, and how many layers and units it has.

    images: ``digits`` (27 epochs) or ``fashion-mnist`` (9 epochs over its first 10,000 images, validation included),
    from the folder of that name in ``data_dir``.
    """
    return _problem("mlp", images, Space({**_SOLVER, "layers": Int(1, 3), "units": Int(16, 256, log=True)}), data_dir)


def lenet(images: str = DIGITS, *, data_dir: Path | None = None) -> Measured:
    """LeNet: four hyperparameters of the solver. Images as for ``mlp``."""
    return _problem("lenet", images, Space(_SOLVER), data_dir)


def _problem(network: str, images: str, space: Space, data_dir: Path | None) -> Measured:
    name = f"{network}:{images}"
    if images not in _EPOCHS:
        raise SettingError(
            f"{network} can't be trained on {images!r}.",
            hint=f"There are {network}:{DIGITS}, {network}:{FASHION_MNIST}.",
        )
    for package, extra in (("torch", "torch"), ("sklearn", "sklearn")):
        if find_spec(package) is None and (package == "torch" or images == DIGITS):
            raise MissingExtraError(name, extra)
    folder = _fashion_folder(name, data_dir) if images == FASHION_MNIST else None
    best, median = REFERENCES.get(name, (None, None))
    return Measured(
        name=name,
        space=space,
        goal=Goal("error"),
        n_steps=_EPOCHS[images],
        begin=_beginning(network, folder),
        best=best,
        median=median,
    )


def _fashion_folder(name: str, data_dir: Path | None) -> Path:
    hint = (
        f"Name the folder that holds {FASHION_MNIST}/ with the four .gz files of Fashion-MNIST, as data_dir, "
        "--data-dir or RUNG_BENCH_DATA."
    )
    if data_dir is None:
        raise SettingError(f"{name} needs a folder with data.", hint=hint)
    if not (data_dir / FASHION_MNIST).is_dir():
        raise SettingError(f"There is no folder {data_dir / FASHION_MNIST}.", hint=hint)
    return data_dir / FASHION_MNIST


def _beginning(network: str, folder: Path | None) -> Callable[[Config, int], Training]:
    @functools.cache
    def data() -> Data:
        from rung.integrations.d2l.data import load

        return load(folder, limit=None if folder is None else _FASHION_IMAGES, thorough=False)

    def begin(config: Config, seed: int) -> Training:
        from rung.benchmarks.problems import _networks

        build: Callable[[Config], Any] = _networks.lenet if network == "lenet" else _networks.mlp
        return _networks.ImageTraining(build(config), data(), config, seed)

    return begin
