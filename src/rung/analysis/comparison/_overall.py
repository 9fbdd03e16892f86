"""What a comparison says over all problems that its methods share."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from rung.analysis.comparison._gathering import Field
from rung.analysis.comparison._on_problem import Resampling, column, field_scale, has_begun
from rung.analysis.comparison.bootstrap import Interval, mean_weights, stratified_interval, weighted_interval
from rung.analysis.comparison.pairing import Tested, least_p, probability_of_improvement, record, signed_rank_tests
from rung.analysis.comparison.power import Seeds, further_seeds
from rung.analysis.comparison.ranking import ranks_of
from rung.analysis.comparison.result import Aggregate, Pair

Array = NDArray[np.float64]


@final
class Overall:
    """The shared problems, their regrets, and resamples of them that are the same for all methods.

    fields: each with all the methods; there may be none.
    """

    def __init__(self, fields: Sequence[Field], methods: tuple[str, ...], how: Resampling, *, alpha: float) -> None:
        self._fields = fields
        self._methods = methods
        self._how = how
        self._alpha = alpha
        n_pairs = math.comb(len(methods), 2)
        self._least = next(n for n in itertools.count(1) if least_p(n, n_pairs) < alpha)
        self._counts = [len(field.seeds) for field in fields]
        self._regrets = [field_scale(field).regret(field.losses) for field in fields]

    @property
    def is_share(self) -> bool:
        """Problems end at different places, so that the grid is a share of each end."""
        return len({float(field.grid[-1]) for field in self._fields}) > 1

    @property
    def grid(self) -> tuple[float, ...]:
        """Where the aggregates stand; empty without problems."""
        if not self._fields:
            return ()
        grid = self._fields[0].grid
        return tuple(map(float, grid / grid[-1] if self.is_share else grid))

    @property
    def blocks(self) -> Array:
        """(methods, blocks): mean final regrets per problem; of the one problem there is, the final regret per seed."""
        finals = [regrets[:, :, -1] for regrets in self._regrets]
        if len(finals) == 1:
            return finals[0]
        return np.array([each.mean(axis=1) for each in finals]).T.reshape(len(self._methods), -1)

    def aggregates(self) -> tuple[Aggregate, ...]:
        """Each method along the grid and at its end; none without shared problems."""
        if not self._fields:
            return ()
        ranks = np.mean([ranks_of(field.losses, axis=0).mean(axis=1) for field in self._fields], axis=0)
        return tuple(self._aggregate(index, ranks[index]) for index in range(len(self._methods)))

    def _aggregate(self, index: int, rank: Array) -> Aggregate:
        scores = np.concatenate([regrets[index] for regrets in self._regrets])
        mean, low, high = self._intervals(scores, self._within)
        where = np.all([has_begun(field.raw[index]) for field in self._fields], axis=0)
        return Aggregate(
            method=self._methods[index],
            regret=column(mean, where),
            low=column(low, where),
            high=column(high, where),
            rank=column(rank, where),
            mean=self._interval(scores[:, -1], self._beyond) if sum(self._counts) > 1 else None,
            interquartile_mean=stratified_interval(
                [regrets[index, :, -1] for regrets in self._regrets],
                rng=self._how.rng,
                confidence=self._how.confidence,
                n_resamples=self._how.n_resamples,
            ),
        )

    def pairs(self) -> tuple[Pair, ...]:
        """Each two methods, in the order given; none without shared problems."""
        if not self._fields:
            return ()
        blocks = self.blocks
        numbers = list(itertools.combinations(range(len(self._methods)), 2))
        tests = signed_rank_tests([np.concatenate(_differences(self._regrets, *each)) for each in numbers])
        beyond: Sequence[Tested | None] = [None] * len(numbers)
        if len(self._fields) > 1:
            beyond = signed_rank_tests([blocks[one] - blocks[two] for one, two in numbers])
        return tuple(self._pair(*each) for each in zip(numbers, tests, beyond, strict=True))

    def _pair(self, numbers: tuple[int, int], test: Tested, test_beyond: Tested | None) -> Pair:
        one, two = numbers
        differences = _differences(self._regrets, one, two)
        scores = np.concatenate(differences)
        finals = [field.losses[:, :, -1] for field in self._fields]
        together = np.concatenate(finals, axis=1)
        difference = self._interval(scores, self._within) if min(self._counts) > 1 else None
        beyond = self._interval(scores, self._beyond) if len(self._fields) > 1 else None
        is_told = _agree(difference or beyond, test, alpha=self._alpha)
        return Pair(
            first=self._methods[one],
            second=self._methods[two],
            record=record(together[one], together[two]),
            improvement=probability_of_improvement([each[one] for each in finals], [each[two] for each in finals]),
            difference=difference,
            difference_beyond=beyond,
            p=test.p,
            p_holm=test.p_holm,
            p_beyond=None if test_beyond is None else test_beyond.p,
            p_beyond_holm=None if test_beyond is None else test_beyond.p_holm,
            is_told=is_told,
            is_told_beyond=test_beyond is not None and _agree(beyond, test_beyond, alpha=self._alpha),
            seeds=Seeds(0) if is_told else _seeds(differences, difference, least=self._least, how=self._how),
        )

    def _interval(self, scores: Array, weights: Array) -> Interval:
        mean, low, high = self._intervals(scores, weights)
        return Interval(float(mean), float(low), float(high))

    def _intervals(self, scores: Array, weights: Array) -> tuple[Array, Array, Array]:
        return weighted_interval(scores, self._counts, weights, confidence=self._how.confidence)

    @cached_property
    def _within(self) -> Array:
        """Resamples of the seeds on these problems."""
        return mean_weights(self._counts, rng=self._how.rng, n_resamples=self._how.n_resamples, with_problems=False)

    @cached_property
    def _beyond(self) -> Array:
        """Resamples of the problems, and of the seeds on them; of the seeds alone where there is one problem."""
        return mean_weights(self._counts, rng=self._how.rng, n_resamples=self._how.n_resamples, with_problems=True)


def _agree(found: Interval | None, test: Tested, *, alpha: float) -> bool:
    """The interval leaves out 0, and the test is sure of the same direction."""
    return found is not None and found.excludes_zero and test.p_holm < alpha and test.lean * found.estimate > 0


def _differences(regrets: Sequence[Array], one: int, two: int) -> list[Array]:
    """Per problem, of the final regrets of paired runs."""
    return [each[one, :, -1] - each[two, :, -1] for each in regrets]


def _seeds(differences: Sequence[Array], found: Interval | None, *, least: int, how: Resampling) -> Seeds:
    """How many more it would take to tell two methods apart that are not: until interval and test both can.

    least: pairs of runs with which the test can be sure.
    """
    n_runs = sum(map(len, differences))
    if found is not None and found.excludes_zero and n_runs >= least:
        return Seeds(None, "interval and test disagree, and which of them will change can't be foreseen")
    seeds = further_seeds(differences, rng=how.rng, confidence=how.confidence)
    if seeds.further is None:
        return seeds
    return Seeds(max(seeds.further, math.ceil((least - n_runs) / len(differences))))
