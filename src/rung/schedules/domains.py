"""Schedules as a part of a search: ordinary dimensions, from which each trial makes its schedule."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, final

from rung.errors import SettingError
from rung.schedules._numbers import as_number
from rung.schedules.lengths import Epochs, Steps, training_length
from rung.schedules.ramps import Shape, constant, ramp, warmup
from rung.schedules.schedule import Schedule
from rung.space import Choice, Constant, Domain, as_domain
from rung.space.composite import Composite
from rung.space.values import is_number
from rung.types import Config

if TYPE_CHECKING:
    from rung._trial import Trial

_DECAYS: Final = ("constant", "linear", "cosine", "1-sqrt", "rex", "exponential")
_CHECKED = 33  # values of a dimension that are looked at


@final
@dataclass(frozen=True)
class ScheduleDomain(Composite):
    """Dimensions of a schedule; see ``domain``."""

    peak: Domain
    warmup: Domain
    stable: Domain
    decay: Domain
    final: Domain
    horizon: Literal["full", "rung"]

    def domains(self, name: str) -> Mapping[str, Any]:
        """``name.peak``, ``name.warmup`` and so on."""
        parts = {
            "peak": self.peak,
            "warmup": self.warmup,
            "decay": self.decay,
            "stable": self.stable,
            "final": self.final,
            "horizon": Constant(self.horizon),
        }
        return {f"{name}.{part}": each for part, each in parts.items()}

    def conditions(self, name: str) -> Mapping[str, Any]:
        """What follows the peak has a length and an end only where it is no constant."""
        falling = [each for each in self.decay.grid(len(_DECAYS)) if each != "constant"]
        if len(falling) == len(self.decay.grid(len(_DECAYS))):
            return {}
        return {f"{name}.{part}": (f"{name}.decay", falling) for part in ("stable", "final")}


def domain(
    *,
    peak: Any,
    warmup: Any = 0.0,
    decay: Iterable[str] = ("linear", "cosine", "1-sqrt"),
    final: Any = 0.0,
    stable: Any = 0.0,
    horizon: Literal["full", "rung"] = "full",
) -> ScheduleDomain:
    """Schedules to search among, as one entry of a space, of which it makes ordinary dimensions.

    Of ``{"lr": domain(peak=loguniform(1e-3, 1))}`` a space makes the dimensions ``lr.peak``, ``lr.warmup``,
    ``lr.decay``, ``lr.stable``, ``lr.final`` and ``lr.horizon``, whose values stand in the configs; ``from_trial``
    makes the schedule of them. Each is anything that stands for a domain.

    peak: the rate behind the warmup. warmup: as a fraction of the training, below 1; linear from 0. decay: shapes of
    ``ramp``, or "constant". stable: the fraction of what follows the warmup at which the peak is held, below 1.
    final: the last rate as a fraction of the peak. The last two exist only where the decay is no constant.

    horizon: what a training is that may be cut short by early stopping: "full" for its greatest length, so that a rung
    sees the beginning of the schedule, "rung" for the length up to the rung. ``from_trial`` goes by it.
    """
    shapes = list(decay) if not isinstance(decay, str) else [decay]
    if not shapes:
        raise SettingError("there is no decay to choose from.", hint=f"Give one or more of {', '.join(_DECAYS)}.")
    if unknown := [each for each in shapes if each not in _DECAYS]:
        raise SettingError(f"there is no decay {unknown[0]!r}.", hint=f"There are {', '.join(_DECAYS)}.")
    _check_horizon(horizon)
    made = ScheduleDomain(
        as_domain(peak),
        as_domain(warmup),
        as_domain(stable),
        Choice(shapes) if len(shapes) > 1 else Constant(shapes[0]),
        as_domain(final),
        horizon,
    )
    _check("warmup", made.warmup, highest=1.0)
    _check("stable", made.stable, highest=1.0)
    _check("final", made.final, lowest=0.0 if "exponential" not in shapes else 1e-300)
    _check("peak", made.peak)
    return made


def from_config(config: Config, name: str = "lr") -> Schedule:
    """The schedule, a rate, that the values of such a domain mean; to be resolved against the training's length.

    SettingError when the config has none of that name.
    """
    names = ["peak", "warmup", "decay"]
    if config.get(f"{name}.decay") != "constant":
        names += ["stable", "final"]
    parts = {part: config.get(f"{name}.{part}") for part in names}
    if missing := [part for part, value in parts.items() if value is None]:
        raise _missing(name, missing[0])
    warm, peak = as_number(f"{name}.warmup", parts["warmup"]), as_number(f"{name}.peak", parts["peak"])
    decay = parts["decay"]
    rate: Schedule = peak * _after(warmup(warm), warm, decay, config, name)
    return rate


def from_trial(trial: Trial, name: str = "lr", *, total_steps: Steps, steps_per_epoch: float | None = None) -> Schedule:
    """The schedule of this run of a trial, a rate, resolved for the training that its config names as the horizon.

    total_steps, steps_per_epoch: of a full training, as for ``Schedule.resolve``. With the horizon "rung" the schedule
    ends after ``trial.until`` epochs, if that is sooner: so under a scheduler that pauses trials; one that stops them
    on the way knows no rung beforehand. The JSON form is kept as the trial's artifact ``schedules/{name}.json``: that
    of the latest run. Call it once in a run.

    SettingError when the config has no schedule of that name, and as ``Schedule.resolve`` does.
    """
    schedule = from_config(trial.config, name)
    horizon = trial.config.get(f"{name}.horizon")
    if horizon is None:
        raise _missing(name, "horizon")
    _check_horizon(horizon)
    updates = training_length(total_steps, steps_per_epoch)
    if horizon == "rung" and trial.until is not None:
        updates = min(updates, training_length(Epochs(trial.until), steps_per_epoch))
    schedule = schedule.resolve(updates, steps_per_epoch=steps_per_epoch)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "schedule.json")
        file.write_text(json.dumps(schedule.to_json()), encoding="utf-8")
        trial.log_artifact(file, f"schedules/{name}.json")
    return schedule


def _after(rise: Schedule, warm: float, decay: Any, config: Config, name: str) -> Schedule:
    if decay == "constant":
        return rise.then(constant())
    shape: Shape = decay
    stable, final = (as_number(f"{name}.{part}", config[f"{name}.{part}"]) for part in ("stable", "final"))
    return rise.then(constant(1.0, (1 - warm) * stable)).then(ramp(end=final, shape=shape))


def _missing(name: str, part: str) -> SettingError:
    return SettingError(
        f"the config has no {name}.{part}.", hint=f'Search a space with {{"{name}": rung.schedules.domain(peak=…)}}.'
    )


def _check_horizon(given: object) -> None:
    if given not in ("full", "rung"):
        raise SettingError(f"there is no horizon {given!r}.", hint="There are full and rung.")


def _check(name: str, given: Domain, *, lowest: float = 0.0, highest: float = float("inf")) -> None:
    for value in (*given.grid(_CHECKED), given.from_unit(0.0), given.from_unit(1.0)):
        if not is_number(value) or not lowest <= value < highest:
            raise SettingError(
                f"{name}={value!r} makes no schedule.",
                hint=f"Give numbers from {lowest:g} on" + (f", below {highest:g}." if highest == 1 else "."),
            )
