"""Surrogates of real trainings from YAHPO Gym (Pfisterer et al. 2022): networks that answer in microseconds.

``lcbench``: multilayer perceptrons over 52 epochs (Zimmer et al. 2021); ``rbv2_xgboost``, ``rbv2_rpart`` (Binder et al.
2020) and ``iaml_glmnet``: models from R over growing shares of the training set.

They are smooth networks fitted to some thousand trainings, and extrapolate badly in sparse corners: the best
configurations of lcbench lie on several bounds at once, where a real training would often diverge. So what is found
there must be checked on real trainings, too.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from rung.benchmarks.problem import Step
from rung.benchmarks.problems._surrogate import SCENARIOS, curve_inputs, open_network, read_json, read_space
from rung.errors import SettingError
from rung.types import Goal

if TYPE_CHECKING:
    from rung.space import Space
    from rung.types import Config

MOST_EXCESS: Final = 0.15
_KEPT_CURVES = 1024  # curves that are kept, so that a trial that goes on is not computed again


@final
class Surrogate:
    """One instance (data set) of a scenario.

    folder: holds the scenarios, ``dev_instances.json`` and ``dev_ranges.json``. reserved: also load an instance that is
    kept for a final comparison; best and median are then unknown.

    The value is that of the validation data. Seconds are those predicted for the original hardware: a step costs what
    the training time so far, made never to fall, grows by. A step of lcbench is an epoch. A step of the others adds
    1/27 of the training set, so with a reduction factor of 3 rungs are at 1/27, 1/9, 1/3 and all of it; it is charged
    as if the training went on where the smaller share ended, so a full training costs the same whether it is watched
    or not.
    """

    def __init__(self, scenario: str, instance: str, folder: Path, *, reserved: bool = False) -> None:
        if scenario not in SCENARIOS:
            raise SettingError(f"There is no scenario {scenario!r}.", hint=f"There are {', '.join(SCENARIOS)}.")
        self._scenario = SCENARIOS[scenario]
        listed = _listed(folder, scenario)
        self._codes: Mapping[str, Mapping[str, int]] = read_json(folder / scenario, "encoding.json")
        _check_instance(scenario, instance, listed, self._codes[self._scenario.instance], reserved=reserved)
        self._instance = instance
        self._network = open_network(folder / scenario / "model.onnx")
        self._ranges = _ranges(folder, scenario, instance) if instance in listed else {}
        self._curve = functools.lru_cache(maxsize=_KEPT_CURVES)(self._computed)
        self.name = f"{scenario}:{instance}"
        self.space: Space = read_space(folder / scenario, self._scenario)
        self.goal = Goal(self._scenario.value, "min" if self._scenario.mode == "min" else "max")
        self.n_steps = len(self._scenario.fidelities)

    @property
    def best(self) -> float | None:
        """The best value known, from random configurations refined by an evolutionary search."""
        return self._ranges.get("best_refined")

    @property
    def median(self) -> float | None:
        """Over at least 20,000 random configurations."""
        return self._ranges.get("median")

    @property
    def caveat(self) -> str:
        """Where the best value is far beyond what random configurations reach, or perfect."""
        return _caveat(self._ranges)

    def train(self, config: Config, seed: int, *, after: int = 0) -> Iterator[Step]:
        """The learning curve as the network predicts it."""
        del seed  # nothing is random
        valid = self.space.validate(config)
        yield from self._curve(tuple(valid.items()))[after:]

    def _computed(self, config: tuple[tuple[str, Any], ...]) -> tuple[Step, ...]:
        import numpy as np

        inputs = curve_inputs(dict(config), self._scenario, self._instance, self._codes)
        names = [each.name for each in self._network.get_inputs()]
        table = self._network.run(None, dict(zip(names, inputs, strict=True)))[0].astype(float)
        values = table[:, self._scenario.metrics.index(self._scenario.value)].tolist()
        so_far = table[:, self._scenario.metrics.index(self._scenario.seconds)]
        seconds = [0.0, *np.maximum.accumulate(np.maximum(so_far, 0.0)).tolist()]
        costs = [after - before for before, after in pairwise(seconds)]
        return tuple(Step(value, cost) for value, cost in zip(values, costs, strict=True))


def lcbench(instance: str, *, data_dir: Path | None) -> Surrogate:
    """Multilayer perceptrons, 52 epochs; the value is the validation accuracy in percent."""
    return Surrogate("lcbench", instance, _folder(data_dir))


def rbv2_xgboost(instance: str, *, data_dir: Path | None) -> Surrogate:
    """Boosted trees or linear models, a conditional space; the value is the accuracy."""
    return Surrogate("rbv2_xgboost", instance, _folder(data_dir))


def rbv2_rpart(instance: str, *, data_dir: Path | None) -> Surrogate:
    """Decision trees; the value is the accuracy."""
    return Surrogate("rbv2_rpart", instance, _folder(data_dir))


def iaml_glmnet(instance: str, *, data_dir: Path | None) -> Surrogate:
    """Elastic nets; the value is the classification error."""
    return Surrogate("iaml_glmnet", instance, _folder(data_dir))


def instances(scenario: str, *, data_dir: Path | None, has_caveat: bool) -> list[str]:
    """The instances that may be looked at, with or without a caveat; all others are kept for a final comparison."""
    folder = _folder(data_dir)
    listed = _listed(folder, scenario)
    return [each for each in listed if bool(_caveat(_ranges(folder, scenario, each))) == has_caveat]


def _folder(data_dir: Path | None) -> Path:
    hint = "Name the folder that holds yahpo/, as data_dir, --data-dir or RUNG_BENCH_DATA."
    if data_dir is None:
        raise SettingError("The surrogates of YAHPO Gym need a folder with data.", hint=hint)
    if not (data_dir / "yahpo").is_dir():
        raise SettingError(f"There is no folder {data_dir / 'yahpo'} with the surrogates of YAHPO Gym.", hint=hint)
    return data_dir / "yahpo"


def _listed(folder: Path, scenario: str) -> list[str]:
    return list(read_json(folder, "dev_instances.json")["dev"].get(scenario, []))


def _caveat(ranges: Mapping[str, Any]) -> str:
    excess = ranges.get("excess", 0.0)
    if excess > MOST_EXCESS:
        return (
            f"The last bit is extrapolation: the best known value is {excess:.2f} of the way from the median "
            f"to the best of a thousand random ones beyond the latter, and at most {MOST_EXCESS} is trusted."
        )
    if ranges.get("saturated"):
        return "The surrogate reaches a perfect value, as no training does, so the best ones can't be told apart."
    return ""


def _ranges(folder: Path, scenario: str, instance: str) -> Mapping[str, Any]:
    found = read_json(folder, "dev_ranges.json").get(scenario, {}).get(instance)
    if found is None:
        raise SettingError(
            f"{folder / 'dev_ranges.json'} says nothing on {scenario}:{instance}, which dev_instances.json lists.",
            hint="The two files must come from the same release.",
        )
    return dict(found)


def _check_instance(
    scenario: str, instance: str, listed: list[str], codes: Mapping[str, int], *, reserved: bool
) -> None:
    choices = f"There are {', '.join(listed)}." if listed else f"All instances of {scenario} are kept so."
    if instance not in codes or instance.startswith("#"):
        near = difflib.get_close_matches(instance, listed, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise SettingError(f"{scenario} has no instance {instance!r}.", hint=f"{guess}{choices}")
    if instance not in listed and not reserved:
        raise SettingError(f"{scenario}:{instance} is kept for a final comparison.", hint=choices)
