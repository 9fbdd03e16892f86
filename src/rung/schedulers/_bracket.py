"""A bracket of synchronous successive halving: its plan, and how far it has come. Pure; knows no events."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple, final

from rung.schedulers._rungs import Rung


class Bracket(NamedTuple):
    """The plan of a bracket.

    n: how many trials begin in it. levels: the steps of its rungs; the last is that of a full training. keep: the share
    of a rung's trials, rounded down but at least one of them, that goes on to the next rung.
    """

    n: int
    levels: tuple[int, ...]
    keep: Fraction

    @property
    def r(self) -> int:
        """The first step at which its trials are compared."""
        return self.levels[0]

    @property
    def s(self) -> int:
        """How often it halves: Hyperband's number for it."""
        return len(self.levels) - 1

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many trials there are at each rung, if all get there that may."""
        sizes = [self.n]
        for _ in self.levels[1:]:
            sizes.append(self.places(sizes[-1]))
        return tuple(sizes)

    def places(self, n: int) -> int:
        """How many of ``n`` trials at a rung go on."""
        return max(1, int(n * self.keep))


def hyperband_brackets(max_t: int, grace_period: int, reduction_factor: int) -> tuple[Bracket, ...]:
    """Hyperband's brackets, the one with the most halvings first.

    With R = ``max_t`` and eta = ``reduction_factor``: bracket s = s_max … 0 has ceil((s_max + 1) / (s + 1) eta^s)
    trials and rungs at R eta^-s, …, R / eta, R, rounded to whole steps; s_max is the largest s with which
    R eta^-s >= ``grace_period``.
    Source: Li et al. 2018, algorithm 1, where grace_period is 1.
    """
    s_max = 0
    while grace_period * reduction_factor ** (s_max + 1) <= max_t:
        s_max += 1
    levels = tuple(_rounded(max_t, reduction_factor**s) for s in reversed(range(s_max + 1)))
    keep = Fraction(1, reduction_factor)
    return tuple(
        Bracket(-(-(s_max + 1) * reduction_factor**s // (s + 1)), levels[s_max - s :], keep)
        for s in reversed(range(s_max + 1))
    )


def _rounded(numerator: int, denominator: int) -> int:
    """The nearest whole number, upwards from a half."""
    return (2 * numerator + denominator) // (2 * denominator)


@final
class OpenBracket:
    """A bracket on its way.

    A trial joins, is awaited at the lowest rung, is recorded when it gets there, and is held once its run has paused.
    When a rung awaits nobody any more and nobody can join, the best that are held go on, one ``promote`` after the
    other; the first of these decides the rung. Whoever comes to a decided rung has come too late.

    number: counts the brackets of a study from 0.
    """

    def __init__(self, plan: Bracket, number: int) -> None:
        self.plan = plan
        self.number = number
        self._rungs = tuple(_Rung(level) for level in plan.levels)
        self._n_joined = 0

    def __repr__(self) -> str:
        counts = " → ".join(str(len(rung.entered)) for rung in self._rungs)
        return f"OpenBracket({self.number}: {counts} of {self.plan.n})"

    @property
    def is_full(self) -> bool:
        """Whether no trial can join any more."""
        return self._n_joined == self.plan.n or self._rungs[0].places is not None

    def join(self, trial: int) -> None:
        """A new trial heads for the lowest rung."""
        self._n_joined += 1
        self._rungs[0].expect(trial)

    def has_been_at(self, trial: int, index: int) -> bool:
        """Whether the trial is recorded at a rung."""
        return trial in self._rungs[index].table.losses

    def expect(self, trial: int, index: int) -> None:
        """A trial that had left on its way to a rung is back."""
        self._rungs[index].expect(trial)

    def record(self, trial: int, loss: float, *, expected_at: int, reached: int) -> tuple[int, int] | None:
        """A trial is at rung ``reached``, or has jumped there. Returns (its rank, of how many so far).

        None when that rung is decided, so that the trial has come too late.
        """
        rung = self._rungs[reached]
        if reached > expected_at:
            self._rungs[expected_at].miss(trial)
            rung.expect(trial)
        if rung.places is not None:
            return None
        return rung.table.record(trial, loss), len(rung.table)

    def leave(self, trial: int, index: int, *, holds: bool) -> None:
        """The run of a trial that heads for, or is at, a rung has ended; ``holds``: it waits there to be promoted."""
        rung = self._rungs[index]
        rung.awaited.discard(trial)
        if not holds:
            rung.table.release(trial)
        elif trial in rung.table.losses:
            rung.table.hold(trial)

    def next_up(self, *, closed: bool = False) -> int | None:
        """The trial to promote next; None when none is due. closed: nobody else is going to join."""
        if not (closed or self.is_full):
            return None
        for rung in self._rungs[:-1]:
            if rung.awaited:
                return None
            places = self.plan.places(len(rung.entered)) if rung.places is None else rung.places
            trial = rung.table.promotable(1)  # the best of all that wait
            if trial is not None and rung.n_promoted < places:
                return trial
        return None

    def promote(self, trial: int, index: int) -> None:
        """A trial that is held at a rung goes on to the next one."""
        for lower in self._rungs[:index]:
            if lower.places is None:
                lower.places = 0  # it had nobody to promote
        rung = self._rungs[index]
        if rung.places is None:
            rung.places = self.plan.places(len(rung.entered))
        rung.n_promoted += 1
        rung.table.release(trial)
        self._rungs[index + 1].expect(trial)


@final
class _Rung:
    """entered: who has headed for it. awaited: whose run there isn't over. places: for how many, once it is decided."""

    def __init__(self, level: int) -> None:
        self.table = Rung(level)
        self.entered: set[int] = set()
        self.awaited: set[int] = set()
        self.places: int | None = None
        self.n_promoted = 0

    def expect(self, trial: int) -> None:
        if self.places is None:
            self.entered.add(trial)
            self.awaited.add(trial)

    def miss(self, trial: int) -> None:
        """It has jumped over this rung."""
        self.awaited.discard(trial)
        if self.places is None:
            self.entered.discard(trial)
