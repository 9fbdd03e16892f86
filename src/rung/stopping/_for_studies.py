"""The criteria that end studies."""

from __future__ import annotations

from bisect import bisect_right
from typing import ClassVar, final

from rung.checks import number, whole_number
from rung.durations import as_seconds, duration_text
from rung.errors import SettingError
from rung.stopping._criterion import Criterion, Halt, Scope, Standing
from rung.types import Goal


def trials(count: int) -> Criterion:
    """So many trials were begun. What they still have to do is done: retries, and promotions of paused ones."""
    return Trials(whole_number("trials", count, at_least=1, example=100))


def stalled(
    *, epochs: int | None = None, seconds: float | str | None = None, min_improvement: float = 0.0
) -> Criterion:
    """For so long the best value did not get better by more than ``min_improvement``. Running trials finish.

    epochs: steps reported over all trials. seconds: of the study, or a text such as ``"2h"``. One of the two must be
    given. A study whose trials have brought no value at all has stalled from its beginning.
    """
    least = number("min_improvement", min_improvement, at_least=0, example=0.001)
    if epochs is not None and seconds is None:
        return Stalled(epochs=whole_number("epochs", epochs, at_least=1, example=500), min_improvement=least)
    if seconds is not None and epochs is None:
        return Stalled(seconds=as_seconds(seconds, name="seconds"), min_improvement=least)
    raise SettingError("stalled is counted either in epochs or in seconds.", hint="Write stalled(epochs=500).")


def gain_below(limit: float, *, trials: int = 10) -> Criterion:
    """What ``trials`` more trials are expected to gain is below ``limit``: what they cost, in units of the metric.

    The gain is estimated from the best values of the trials that have finished, failed ones being worse than all: by
    how much their best is better than the best of all but ``trials`` of them, averaged over every choice of those.
    That is unbiased for configurations drawn at random. A searcher that learns may gain more. Not met before twice as
    many ``trials`` have finished. Running trials finish.

    Source: Tang et al. 2020, "Showing Your Work Doesn't Always Work: Understanding and Evaluating a Common Practice in
    Natural Language Processing", the unbiased estimator of the expected best of so many trials.
    """
    return GainBelow(
        number("gain_below", limit, above=0, example=0.001), whole_number("trials", trials, at_least=1, example=10)
    )


@final
class Trials(Criterion, frozen=True, tag="trials", forbid_unknown_fields=True):
    """See ``trials``."""

    halt: ClassVar[Halt] = Halt.NEW_TRIALS
    scopes: ClassVar[frozenset[Scope]] = frozenset({Scope.STUDY})
    count: int

    def met(self, standing: Standing, goal: Goal) -> str:  # noqa: ARG002  every criterion is asked in the same way
        """See ``Criterion``."""
        if standing.n_trials < self.count:
            return ""
        return "1 trial was begun" if standing.n_trials == 1 else f"{standing.n_trials} trials were begun"

    def __str__(self) -> str:
        return f"trials:{self.count}"


@final
class Stalled(Criterion, frozen=True, tag="stalled", forbid_unknown_fields=True):
    """See ``stalled``."""

    scopes: ClassVar[frozenset[Scope]] = frozenset({Scope.STUDY})
    epochs: int | None = None
    seconds: float | None = None
    min_improvement: float = 0.0

    def met(self, standing: Standing, goal: Goal) -> str:
        """See ``Criterion``."""
        if self.epochs is not None:
            begins: float = standing.n_steps - self.epochs
            times: list[float] = [record.n_steps for record in standing.records]
            window = f"{self.epochs} step{'s' * (self.epochs > 1)}"
        else:
            assert self.seconds is not None, "one of the two is given"
            begins, times = standing.seconds - self.seconds, [record.seconds for record in standing.records]
            window = duration_text(self.seconds)
        if begins < 0:
            return ""
        n_before = bisect_right(times, begins)
        best = standing.best_loss
        if best is not None and (not n_before or standing.records[n_before - 1].loss - best > self.min_improvement):
            return ""
        least = f" by more than {self.min_improvement:g}" if self.min_improvement else ""
        return f"{goal.metric} did not get better{least} in {window}"

    def __str__(self) -> str:
        limit = f"seconds={duration_text(self.seconds)}" if self.seconds is not None else f"epochs={self.epochs}"
        least = f":min_improvement={self.min_improvement:g}" if self.min_improvement else ""
        return f"stalled:{limit}{least}"


@final
class GainBelow(Criterion, frozen=True, tag="gain_below", forbid_unknown_fields=True):
    """See ``gain_below``."""

    scopes: ClassVar[frozenset[Scope]] = frozenset({Scope.STUDY})
    is_sure: ClassVar[bool] = False
    limit: float
    trials: int = 10

    def met(self, standing: Standing, goal: Goal) -> str:
        """See ``Criterion``."""
        n = len(standing.bests)
        if n < 2 * self.trials or len(standing.finals) <= self.trials:
            return ""
        gain = 0.0  # of the best over the best of n - trials out of n, which is one of the first trials + 1
        remaining = 1.0  # the share of choices that leave out all better ones
        for rank, loss in enumerate(standing.finals[: self.trials + 1]):
            gain += remaining * (n - self.trials) / (n - rank) * (loss - standing.finals[0])
            remaining *= (self.trials - rank) / (n - rank)
        if gain >= self.limit:
            return ""
        more = "1 more trial is" if self.trials == 1 else f"{self.trials} more trials are"
        return f"{more} expected to make {goal.metric} better by {gain:.2g}, which is less than {self.limit:g}"

    def __str__(self) -> str:
        return f"gain_below:{self.limit:g}:trials={self.trials}"
