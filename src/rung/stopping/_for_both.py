"""The criteria that end studies and trials alike."""

from __future__ import annotations

from typing import ClassVar, final

from rung.checks import number, whole_number
from rung.durations import as_seconds, duration_text
from rung.errors import SettingError
from rung.stopping._criterion import Criterion, Halt, Standing
from rung.types import Goal


def epochs(count: int) -> Criterion:
    """So many steps were reported, over all trials, and running trials finish; a trial has come to that step."""
    return Epochs(whole_number("epochs", count, at_least=1, example=100))


def seconds(limit: float | str) -> Criterion:
    """So much time was spent on the study, in all sessions together; running trials are interrupted.

    A trial has run so long when it reports. limit: seconds, or a text such as ``"2h"``.
    """
    return Seconds(as_seconds(limit, name="seconds"))


def cost(limit: float, *, metric: str | None = None, per_hour: float | None = None) -> Criterion:
    """The trials of a study have cost so much, and running ones are interrupted; a single trial has when it reports.

    metric: what a trial reports as its cost so far, so that the latest values of all trials add up. per_hour: the price
    of an hour of a trial's runtime. One of the two must be given.
    """
    if (metric is None) == (per_hour is None):
        raise SettingError("a cost has either a metric or a price.", hint="Write cost(10, per_hour=2.5).")
    price = None if per_hour is None else number("per_hour", per_hour, above=0, example=2.5)
    return Cost(number("cost", limit, above=0, example=10), metric, price)


def reached(value: float) -> Criterion:
    """The metric is at least as good as this. Running trials of a study finish."""
    return Reached(number("reached", value, example=0.1))


def patience(count: int, *, min_improvement: float = 0.0) -> Criterion:
    """So many trials finished in a row while the best value did not get better by more than ``min_improvement``.

    Running trials finish. Failed ones count too. Of a trial: so many of its reports, which need not be of all steps.
    """
    least = number("min_improvement", min_improvement, at_least=0, example=0.001)
    return Patience(whole_number("patience", count, at_least=1, example=10), least)


@final
class Epochs(Criterion, frozen=True, tag="epochs", forbid_unknown_fields=True):
    """See ``epochs``."""

    count: int

    def met(self, standing: Standing, goal: Goal) -> str:  # noqa: ARG002  every criterion is asked in the same way
        """See ``Criterion``."""
        if standing.n_steps < self.count:
            return ""
        if standing.curve is None:
            return f"{standing.n_steps} steps were reported"
        return f"it has come to step {standing.n_steps}"

    def __str__(self) -> str:
        return f"epochs:{self.count}"


@final
class Seconds(Criterion, frozen=True, tag="seconds", forbid_unknown_fields=True):
    """See ``seconds``."""

    halt: ClassVar[Halt] = Halt.RUNS
    limit: float

    def met(self, standing: Standing, goal: Goal) -> str:  # noqa: ARG002
        """See ``Criterion``."""
        if standing.seconds < self.limit:
            return ""
        taken = duration_text(standing.seconds)
        return f"the study has taken {taken}" if standing.curve is None else f"it has run for {taken}"

    def __str__(self) -> str:
        return f"seconds:{duration_text(self.limit)}"


@final
class Cost(Criterion, frozen=True, tag="cost", forbid_unknown_fields=True):
    """See ``cost``."""

    halt: ClassVar[Halt] = Halt.RUNS
    limit: float
    metric: str | None = None
    per_hour: float | None = None

    def met(self, standing: Standing, goal: Goal) -> str:  # noqa: ARG002
        """See ``Criterion``."""
        if self.metric is not None:
            spent, unit = standing.costs.get(self.metric, 0.0), self.metric
        else:
            assert self.per_hour is not None, "one of the two is given"
            spent = standing.runtime_s / 3600 * self.per_hour
            unit = f"({duration_text(standing.runtime_s)} of runtime at {self.per_hour:g} per hour)"
        if spent < self.limit:
            return ""
        return f"{'the trials have' if standing.curve is None else 'it has'} cost {spent:.4g} {unit}"

    def ends_some_day(self) -> bool:
        """With a price; no trial need report a metric."""
        return self.metric is None

    def metrics(self) -> frozenset[str]:
        """See ``Criterion``."""
        return frozenset() if self.metric is None else frozenset({self.metric})

    def __str__(self) -> str:
        what = f"per_hour={self.per_hour:g}" if self.metric is None else f"metric={self.metric}"
        return f"cost:{self.limit:g}:{what}"


@final
class Reached(Criterion, frozen=True, tag="reached", forbid_unknown_fields=True):
    """See ``reached``."""

    is_sure: ClassVar[bool] = False
    needs_mode: ClassVar[bool] = True
    value: float

    def met(self, standing: Standing, goal: Goal) -> str:
        """See ``Criterion``."""
        best = None if standing.best_loss is None else goal.value(standing.best_loss)
        if best is None or (best > self.value if goal.mode == "min" else best < self.value):
            return ""
        return f"{goal.metric} {best:.4g} is at least as good as {self.value:g}"

    def __str__(self) -> str:
        return f"reached:{self.value:g}"


@final
class Patience(Criterion, frozen=True, tag="patience", forbid_unknown_fields=True):
    """See ``patience``."""

    count: int
    min_improvement: float = 0.0

    def met(self, standing: Standing, goal: Goal) -> str:
        """See ``Criterion``."""
        before = len(standing.bests) - self.count
        if before < 0:
            return ""
        best, earlier = standing.best_loss, standing.bests[before - 1] if before else None
        if best is not None and (earlier is None or earlier - best > self.min_improvement):
            return ""
        least = f" by more than {self.min_improvement:g}" if self.min_improvement else ""
        ending = "s" * (self.count > 1)
        if standing.curve is None:
            return f"{goal.metric} did not get better{least} while {self.count} trial{ending} finished"
        return f"{goal.metric} did not get better{least} in {self.count} report{ending}"

    def __str__(self) -> str:
        least = f":min_improvement={self.min_improvement:g}" if self.min_improvement else ""
        return f"patience:{self.count}{least}"
