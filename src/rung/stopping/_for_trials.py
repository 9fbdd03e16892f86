"""The criteria that stop trials, by what they have reported and what others have."""

from __future__ import annotations

from bisect import bisect_left
from typing import ClassVar, final

from rung.checks import number, whole_number
from rung.stopping._criterion import Criterion, Curve, Scope, Standing, quantile
from rung.types import Goal

_TRIALS_ONLY = frozenset({Scope.TRIAL})


def diverged(factor: float = 3.0) -> Criterion:
    """The trial's loss is more than ``factor`` times what it first was. What is no number fails the trial anyhow.

    factor: above 1. For metrics that are to be low and are above 0; on others it is never met.
    """
    return Diverged(number("diverged", factor, above=1, example=3))


def percentile(q: float, *, grace_period: int = 1, min_trials: int = 5) -> Criterion:
    """The trial's best value so far is worse than the q-th percentile of the running averages of the others.

    The running average of each other trial is that of its reports up to the same step; those that have not come so far
    do not count. q: 0 to 100, where 0 is the best of them and 25 lets about the best quarter go on. grace_period: the
    first step at which a trial may be stopped. min_trials: so many others must have come to that step.

    Source: Golovin et al. 2017, "Google Vizier", section 3.2.2, where q is 50 and only completed trials are compared
    with.
    """
    return Percentile(
        number("percentile", q, at_least=0, at_most=100, example="50 for the median, or 25 to keep less"),
        whole_number("grace_period", grace_period, at_least=1, example=5),
        whole_number("min_trials", min_trials, at_least=1, example=5),
    )


def median(*, grace_period: int = 1, min_trials: int = 5) -> Criterion:
    """The trial's best value so far is worse than the median of the others' running averages; see ``percentile``."""
    return percentile(50, grace_period=grace_period, min_trials=min_trials)


def unpromising(max_t: int, *, probability: float = 0.05) -> Criterion:
    """The trial's value at step ``max_t`` is unlikely to beat the best one that any other trial has reported.

    max_t: the step at which a trial is fully trained. probability: it is stopped below this, between 0 and 1. The
    chance follows from the trial's own curve, see ``_extrapolation``. Not met with fewer than four reports, nor at or
    past ``max_t``.

    Source: Domhan et al. 2015, "Speeding up Automatic Hyperparameter Optimization of Deep Neural Networks by
    Extrapolation of Learning Curves" (predictive termination); the models of the curve are others, in closed form.
    """
    return Unpromising(
        whole_number("max_t", max_t, at_least=1, example=81),
        number("probability", probability, above=0, below=1, example=0.05),
    )


@final
class Diverged(Criterion, frozen=True, tag="diverged", forbid_unknown_fields=True):
    """See ``diverged``."""

    scopes: ClassVar[frozenset[Scope]] = _TRIALS_ONLY
    factor: float = 3.0

    def met(self, standing: Standing, goal: Goal) -> str:
        """See ``Criterion``."""
        losses = _curve(standing).losses
        first, last = losses[0], losses[-1]
        if first <= 0 or last <= self.factor * first:
            return ""
        return f"{goal.metric} is {last / first:.3g} times what it was at first"

    def __str__(self) -> str:
        return f"diverged:{self.factor:g}"


@final
class Percentile(Criterion, frozen=True, tag="percentile", forbid_unknown_fields=True):
    """See ``percentile``."""

    scopes: ClassVar[frozenset[Scope]] = _TRIALS_ONLY
    needs_peers: ClassVar[bool] = True
    q: float
    grace_period: int = 1
    min_trials: int = 5

    def met(self, standing: Standing, goal: Goal) -> str:  # noqa: ARG002  every criterion is asked in the same way
        """See ``Criterion``."""
        peers, best = _curve(standing).peers, standing.best_loss
        assert best is not None, "a trial that is judged has reported"
        if standing.n_steps < self.grace_period or len(peers) < self.min_trials:
            return ""
        bound = quantile(peers, self.q / 100)
        if best <= bound:
            return ""
        n_better = bisect_left(peers, best)
        which = "the median" if self.q == 50 else f"percentile {self.q:g}"
        return f"step {standing.n_steps}: behind {which}, {n_better} of {len(peers)} others were better on average"

    def __str__(self) -> str:
        grace = f":grace_period={self.grace_period}" if self.grace_period != 1 else ""
        least = f":min_trials={self.min_trials}" if self.min_trials != 5 else ""
        return f"percentile:{self.q:g}{grace}{least}"


@final
class Unpromising(Criterion, frozen=True, tag="unpromising", forbid_unknown_fields=True):
    """See ``unpromising``."""

    scopes: ClassVar[frozenset[Scope]] = _TRIALS_ONLY
    max_t: int
    probability: float = 0.05

    def met(self, standing: Standing, goal: Goal) -> str:  # noqa: ARG002
        """See ``Criterion``."""
        import rung.stopping._extrapolation as extrapolation  # it loads NumPy

        curve = _curve(standing)
        is_early = len(curve.steps) < extrapolation.MIN_REPORTS
        if is_early or curve.best_of_others is None or standing.n_steps >= self.max_t:
            return ""
        chance = extrapolation.chance_below(curve.steps, curve.losses, level=curve.best_of_others, at=self.max_t)
        if chance >= self.probability:
            return ""
        return (
            f"step {standing.n_steps}: the chance to beat the best of the others at step {self.max_t} is {chance:.2g}"
        )

    def __str__(self) -> str:
        return f"unpromising:{self.max_t}:probability={self.probability:g}"


def _curve(standing: Standing) -> Curve:
    assert standing.curve is not None, "the scope was checked where the criterion was taken"
    return standing.curve
