"""rung: hyperparameter optimisation of deep-learning models.

The public names are resolved when they are first used, so that ``import rung`` inside a training script costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rung._compare import StudyComparison, compare
    from rung._forecast import forecast
    from rung._lr_range_test import LRRangeTest, lr_range_test
    from rung._trial import Trial, config, report, trial
    from rung._tune import tune
    from rung.backends.resources import Resources
    from rung.errors import RungError, TrialStopped
    from rung.runtime.checkpoints import load_checkpoint
    from rung.runtime.preload import preload
    from rung.schedulers.asha import ASHA
    from rung.schedulers.basic import BasicScheduler
    from rung.schedulers.early import EarlyStopping
    from rung.schedulers.freeze_thaw import FreezeThaw
    from rung.schedulers.halving import SuccessiveHalving
    from rung.schedulers.hyperband import Hyperband
    from rung.schedulers.iepoch import IEpoch
    from rung.schedulers.median import MedianStopping
    from rung.schedulers.pasha import PASHA
    from rung.schedulers.pb2 import PB2
    from rung.schedulers.pbt import PopulationBasedTraining
    from rung.searchers.auto import AutoSearcher
    from rung.searchers.cmaes import CMAESSearcher
    from rung.searchers.evolution import EvolutionSearcher
    from rung.searchers.forest import ForestSearcher
    from rung.searchers.gp import GPSearcher
    from rung.searchers.grid import GridSearcher
    from rung.searchers.halton import HaltonSearcher
    from rung.searchers.manual import ManualSearcher
    from rung.searchers.random import RandomSearcher
    from rung.searchers.sobol import SobolSearcher
    from rung.searchers.tpe import TPESearcher
    from rung.searchers.zoom import ZoomSearcher
    from rung.space import (
        Choice,
        Constant,
        Float,
        Int,
        Ordinal,
        Space,
        choice,
        lograndint,
        loguniform,
        normal,
        ordinal,
        quniform,
        randint,
        uniform,
    )  # fmt: skip
    from rung.study import Study, open_study
    from rung.tuner import Tuner
    from rung.tuning.starter import Limits

_HOMES = {
    "rung._compare": ("StudyComparison", "compare"),
    "rung._forecast": ("forecast",),
    "rung._lr_range_test": ("LRRangeTest", "lr_range_test"),
    "rung._trial": ("Trial", "config", "report", "trial"),
    "rung._tune": ("tune",),
    "rung.backends.resources": ("Resources",),
    "rung.runtime.checkpoints": ("load_checkpoint",),
    "rung.runtime.preload": ("preload",),
    "rung.errors": ("RungError", "TrialStopped"),
    "rung.schedulers.asha": ("ASHA",),
    "rung.schedulers.basic": ("BasicScheduler",),
    "rung.schedulers.early": ("EarlyStopping",),
    "rung.schedulers.freeze_thaw": ("FreezeThaw",),
    "rung.schedulers.halving": ("SuccessiveHalving",),
    "rung.schedulers.hyperband": ("Hyperband",),
    "rung.schedulers.iepoch": ("IEpoch",),
    "rung.schedulers.median": ("MedianStopping",),
    "rung.schedulers.pasha": ("PASHA",),
    "rung.schedulers.pb2": ("PB2",),
    "rung.schedulers.pbt": ("PopulationBasedTraining",),
    "rung.searchers.auto": ("AutoSearcher",),
    "rung.searchers.cmaes": ("CMAESSearcher",),
    "rung.searchers.evolution": ("EvolutionSearcher",),
    "rung.searchers.forest": ("ForestSearcher",),
    "rung.searchers.gp": ("GPSearcher",),
    "rung.searchers.grid": ("GridSearcher",),
    "rung.searchers.halton": ("HaltonSearcher",),
    "rung.searchers.manual": ("ManualSearcher",),
    "rung.searchers.random": ("RandomSearcher",),
    "rung.searchers.sobol": ("SobolSearcher",),
    "rung.searchers.tpe": ("TPESearcher",),
    "rung.searchers.zoom": ("ZoomSearcher",),
    "rung.space": (
        "Choice", "Constant", "Float", "Int", "Ordinal", "Space", "choice", "lograndint", "loguniform", "normal",
        "ordinal", "quniform", "randint", "uniform",
    ),
    "rung.tuning.starter": ("Limits",),
    "rung.study": ("Study", "open_study"),
    "rung.tuner": ("Tuner",),
}  # fmt: skip
_MODULES = frozenset({"schedules", "space", "stopping"})  # what is used as ``rung.stopping.reached(0.1)``
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ASHA", "PASHA", "PB2", "AutoSearcher", "BasicScheduler", "CMAESSearcher", "Choice", "Constant", "EarlyStopping",
    "EvolutionSearcher", "Float", "ForestSearcher", "FreezeThaw", "GPSearcher", "GridSearcher", "HaltonSearcher",
    "Hyperband", "IEpoch", "Int", "LRRangeTest", "Limits", "ManualSearcher", "MedianStopping", "Ordinal",
    "PopulationBasedTraining", "RandomSearcher", "Resources", "RungError", "SobolSearcher", "Space", "Study",
    "StudyComparison", "SuccessiveHalving", "TPESearcher", "Trial", "TrialStopped", "Tuner", "ZoomSearcher", "choice",
    "compare", "config", "forecast", "load_checkpoint", "lograndint", "loguniform", "lr_range_test", "normal",
    "open_study", "ordinal", "preload", "quniform", "randint", "report", "trial", "tune", "uniform",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"rung.{name}")  # which also makes it an attribute
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'rung' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
