"""When a study ends: criteria that combine with ``|`` (any of them) and ``&`` (all of them).

``trials(100) | reached(0.1)`` in code is ``--stop trials:100 --stop reached:0.1`` on the command line, and
``trials(20) & patience(10)`` is ``--stop trials:20,patience:10``.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import ClassVar, TypeAlias, cast, final

import msgspec
from msgspec import Struct

from rung.durations import as_seconds, duration_text
from rung.errors import SettingError
from rung.types import Goal, Json


class Halt(enum.IntEnum):
    """What a criterion that is met puts an end to; each includes those before it."""

    NOTHING = 0
    NEW_TRIALS = 1
    STARTS = 2
    RUNS = 3


class Standing(Struct, frozen=True, kw_only=True):
    """How far a study has come.

    n_trials: begun; n_steps: reported, over all trials. seconds: on the study's clock, all sessions together.
    runtime_s: of all trials, running ones included. costs: metric -> the sum over trials of the latest reported value.
    best_loss: lower is better; None before there is one. bests: what it was when each of the finished trials ended.
    """

    n_trials: int = 0
    n_steps: int = 0
    seconds: float = 0.0
    runtime_s: float = 0.0
    costs: Mapping[str, float] = {}
    best_loss: float | None = None
    bests: Sequence[float | None] = ()


class Criterion(Struct, frozen=True):
    """Says when a study ends. is_sure: whether it is met some day, whatever the trials bring."""

    halt: ClassVar[Halt] = Halt.STARTS
    is_sure: ClassVar[bool] = True

    def met(self, standing: Standing, goal: Goal) -> str:
        """Why the study ends now, in words for people; empty when it doesn't."""
        raise NotImplementedError

    def halts(self, standing: Standing, goal: Goal) -> Halt:
        """What ends now."""
        return self.halt if self.met(standing, goal) else Halt.NOTHING

    def ends_some_day(self) -> bool:
        """Whether it is met some day, whatever the trials bring."""
        return self.is_sure

    def metrics(self) -> frozenset[str]:
        """The metrics whose sums ``Standing.costs`` must have."""
        return frozenset()

    def to_json(self) -> Json:
        """The JSON form."""
        return msgspec.json.decode(msgspec.json.encode(self))

    def __or__(self, other: Criterion) -> Criterion:
        return _AnyOf((*_parts(self, _AnyOf), *_parts(other, _AnyOf)))

    def __and__(self, other: Criterion) -> Criterion:
        return _AllOf((*_parts(self, _AllOf), *_parts(other, _AllOf)))


def trials(count: int) -> Criterion:
    """So many trials were begun. What they still have to do is done: retries, and promotions of paused ones."""
    return _Trials(_count(count, "trials"))


def epochs(count: int) -> Criterion:
    """So many steps were reported, over all trials. Running trials finish."""
    return _Epochs(_count(count, "epochs"))


def seconds(limit: float | str) -> Criterion:
    """So much time was spent on the study, in all sessions together; running trials are interrupted.

    limit: seconds, or a text such as ``"2h"``.
    """
    return _Seconds(as_seconds(limit, name="seconds"))


def cost(limit: float, *, metric: str | None = None, per_hour: float | None = None) -> Criterion:
    """The trials have cost so much; running ones are interrupted.

    metric: what a trial reports as its cost so far, so that the latest values of all trials add up. per_hour: the price
    of an hour of a trial's runtime. One of the two must be given.
    """
    if (metric is None) == (per_hour is None):
        raise SettingError("a cost has either a metric or a price.", hint="Write cost(10, per_hour=2.5).")
    return _Cost(_positive(limit, "cost"), metric, None if per_hour is None else _positive(per_hour, "per_hour"))


def reached(value: float) -> Criterion:
    """The metric is at least as good as this. Running trials finish."""
    return _Reached(_number(value, "reached"))


def patience(count: int, *, min_improvement: float = 0.0) -> Criterion:
    """So many trials finished in a row while the best value did not get better by more than ``min_improvement``.

    Running trials finish. Failed ones count too.
    """
    least = _number(min_improvement, "min_improvement")
    if least < 0:
        raise SettingError(f"min_improvement={min_improvement!r} is negative.", hint="Give 0 or more.")
    return _Patience(_count(count, "patience"), least)


def criterion_from_json(form: Json) -> Criterion:
    """The criterion of that JSON form; SettingError when it is none."""
    try:
        return cast("Criterion", msgspec.convert(form, _Any))
    except msgspec.ValidationError as error:
        raise SettingError(f"this is not the JSON form of a stop criterion: {error}.") from error


@final
class _Trials(Criterion, frozen=True, tag="trials", forbid_unknown_fields=True):
    halt: ClassVar[Halt] = Halt.NEW_TRIALS
    count: int

    def met(self, standing: Standing, goal: Goal) -> str:  # noqa: ARG002  every criterion is asked in the same way
        if standing.n_trials < self.count:
            return ""
        return "1 trial was begun" if standing.n_trials == 1 else f"{standing.n_trials} trials were begun"

    def __str__(self) -> str:
        return f"trials:{self.count}"


@final
class _Epochs(Criterion, frozen=True, tag="epochs", forbid_unknown_fields=True):
    count: int

    def met(self, standing: Standing, goal: Goal) -> str:  # noqa: ARG002
        return f"{standing.n_steps} steps were reported" if standing.n_steps >= self.count else ""

    def __str__(self) -> str:
        return f"epochs:{self.count}"


@final
class _Seconds(Criterion, frozen=True, tag="seconds", forbid_unknown_fields=True):
    halt: ClassVar[Halt] = Halt.RUNS
    limit: float

    def met(self, standing: Standing, goal: Goal) -> str:  # noqa: ARG002
        return f"the study has taken {duration_text(standing.seconds)}" if standing.seconds >= self.limit else ""

    def __str__(self) -> str:
        return f"seconds:{duration_text(self.limit)}"


@final
class _Cost(Criterion, frozen=True, tag="cost", forbid_unknown_fields=True):
    halt: ClassVar[Halt] = Halt.RUNS
    limit: float
    metric: str | None = None
    per_hour: float | None = None

    def met(self, standing: Standing, goal: Goal) -> str:  # noqa: ARG002
        if self.metric is not None:
            spent, unit = standing.costs.get(self.metric, 0.0), self.metric
        else:
            assert self.per_hour is not None, "one of the two is given"
            spent = standing.runtime_s / 3600 * self.per_hour
            unit = f"({duration_text(standing.runtime_s)} of runtime at {self.per_hour:g} per hour)"
        return f"the trials have cost {spent:.4g} {unit}" if spent >= self.limit else ""

    def ends_some_day(self) -> bool:
        return self.metric is None  # no trial need report it

    def metrics(self) -> frozenset[str]:
        return frozenset() if self.metric is None else frozenset({self.metric})

    def __str__(self) -> str:
        what = f"per_hour={self.per_hour:g}" if self.metric is None else f"metric={self.metric}"
        return f"cost:{self.limit:g}:{what}"


@final
class _Reached(Criterion, frozen=True, tag="reached", forbid_unknown_fields=True):
    is_sure: ClassVar[bool] = False
    value: float

    def met(self, standing: Standing, goal: Goal) -> str:
        best = None if standing.best_loss is None else goal.value(standing.best_loss)
        if best is None or (best > self.value if goal.mode == "min" else best < self.value):
            return ""
        return f"{goal.metric} {best:.4g} is at least as good as {self.value:g}"

    def __str__(self) -> str:
        return f"reached:{self.value:g}"


@final
class _Patience(Criterion, frozen=True, tag="patience", forbid_unknown_fields=True):
    count: int
    min_improvement: float = 0.0

    def met(self, standing: Standing, goal: Goal) -> str:
        before = len(standing.bests) - self.count
        if before < 0:
            return ""
        best, earlier = standing.best_loss, standing.bests[before - 1] if before else None
        if best is not None and (earlier is None or earlier - best > self.min_improvement):
            return ""
        least = f" by more than {self.min_improvement:g}" if self.min_improvement else ""
        return f"{goal.metric} did not get better{least} while {self.count} trial{'s' * (self.count > 1)} finished"

    def __str__(self) -> str:
        least = f":min_improvement={self.min_improvement:g}" if self.min_improvement else ""
        return f"patience:{self.count}{least}"


class _Combination(Criterion, frozen=True):
    """Several criteria in one."""

    parts: tuple[_Any, ...]

    def metrics(self) -> frozenset[str]:
        return frozenset().union(*(part.metrics() for part in self.parts))


@final
class _AnyOf(_Combination, frozen=True, tag="any", forbid_unknown_fields=True):
    def met(self, standing: Standing, goal: Goal) -> str:
        return "; ".join(why for part in self.parts if (why := part.met(standing, goal)))

    def halts(self, standing: Standing, goal: Goal) -> Halt:
        return max(part.halts(standing, goal) for part in self.parts)

    def ends_some_day(self) -> bool:
        return any(part.ends_some_day() for part in self.parts)

    def __str__(self) -> str:
        return " or ".join(map(str, self.parts))


@final
class _AllOf(_Combination, frozen=True, tag="all", forbid_unknown_fields=True):
    def met(self, standing: Standing, goal: Goal) -> str:
        why = [part.met(standing, goal) for part in self.parts]
        return " and ".join(why) if all(why) else ""

    def halts(self, standing: Standing, goal: Goal) -> Halt:
        return min(part.halts(standing, goal) for part in self.parts)  # as mild as the mildest of them

    def ends_some_day(self) -> bool:
        return all(part.ends_some_day() for part in self.parts)

    def __str__(self) -> str:
        return ",".join(f"({part})" if isinstance(part, _AnyOf) else str(part) for part in self.parts)


_Any: TypeAlias = _Trials | _Epochs | _Seconds | _Cost | _Reached | _Patience | _AnyOf | _AllOf


def _parts(criterion: Criterion, kind: type[_Combination]) -> tuple[_Any, ...]:
    """What a combination of this kind consists of, so that ``a | b | c`` is one of three."""
    if not isinstance(criterion, Criterion):
        raise SettingError(f"{criterion!r} is not a stop criterion.", hint="Write trials(100) | seconds(3600).")
    return criterion.parts if isinstance(criterion, kind) else (cast("_Any", criterion),)


def _count(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise SettingError(f"{name}({value!r}) is no number to stop at.", hint="Give a whole number of at least 1.")
    return int(value)


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise SettingError(f"{name}={value!r} is not a number.", hint="Give a finite number.")
    return float(value)


def _positive(value: object, name: str) -> float:
    number = _number(value, name)
    if number <= 0:
        raise SettingError(f"{name}={value!r} is not more than 0.", hint="Give a number above 0.")
    return number
