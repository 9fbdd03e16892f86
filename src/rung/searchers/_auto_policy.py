"""Which searcher suits which study: the rules behind ``AutoSearcher``, without anything that changes."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from rung.space.categories import Choice

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rung.space import Space

Name: TypeAlias = Literal["gp", "tpe", "evolution", "random"]
NAMES: Final[tuple[Name, ...]] = ("gp", "tpe", "evolution")
"""The best first, and each cheaper than the one before it."""

_MOST_TRIALS: Final = 1_000  # a Gaussian process knows all of them up to here
_FIRST_OF_MANY: Final = 250  # trials before TPE goes on, when there will be more than that
_MOST_DIMENSIONS: Final = 60
_MOST_OPTIONS: Final = 50  # each of them is a column to the Gaussian process
_MOST_WORKERS: Final = 32
GUESSES: Final[Mapping[Name, float]] = {"gp": 0.02, "tpe": 0.002, "evolution": 0.0002, "random": 0.0001}
"""Seconds of a decision, as long as none has been measured."""
_HELD_UP: Final = 10.0  # times the median: fits are not that much dearer than other decisions


class Choices(NamedTuple):
    """The searchers that come into question, the best first, and why the best ones do not: empty if they do."""

    names: tuple[Name, ...]
    why: str


class Standing(NamedTuple):
    """How a study stands.

    workers: the most trials that ran at once lately. n_ended, n_cut: trials that ended by themselves, and cut short.
    """

    n_trials: int = 0
    workers: int = 1
    n_ended: int = 0
    n_cut: int = 0


def fitting(space: Space, standing: Standing, *, budget: int | None) -> Choices:
    """What suits the space and how the study stands; what a decision costs is left aside."""
    is_mostly_cut = standing.n_cut > standing.n_ended  # under successive halving evolution did worse than random
    names: tuple[Name, ...] = (*NAMES[:-1], "random") if is_mostly_cut else NAMES
    n_trials, workers = standing.n_trials, standing.workers
    n_dimensions = sum(domain.size > 1 for domain in space.values())
    n_options = sum(int(domain.size) for domain in space.values() if isinstance(domain, Choice))
    planned = budget or 0
    reasons = (
        (n_dimensions > _MOST_DIMENSIONS, f"the space has {n_dimensions} dimensions"),
        (n_options > _MOST_OPTIONS, f"the choices have {n_options} options in all"),
        (workers > _MOST_WORKERS, f"{workers} trials run at once"),
        (n_trials >= _MOST_TRIALS, f"there are {n_trials:,} trials"),
        (planned > _MOST_TRIALS and n_trials >= _FIRST_OF_MANY, f"{planned:,} trials are planned"),
    )
    for holds, reason in reasons:
        if holds:
            return Choices(names[1:], reason)
    return Choices(names, "")


def usual_cost(costs: Collection[float]) -> float:
    """The mean of the seconds that decisions took, without those that were held up by something else.

    Such as the first one of a new session, which loads code. They should not count for good against a searcher that is
    asked no more because of them.
    """
    most = _HELD_UP * median(costs)
    counted = [cost for cost in costs if cost <= most]
    return sum(counted) / len(counted)


def affordable(names: Sequence[Name], costs: Mapping[Name, float], *, allowed_s: float) -> tuple[Name, str]:
    """The first of the names whose decisions cost no more than allowed, and why the one before it is passed over.

    costs: seconds of a decision. The last name is taken whatever it costs.
    """
    for place, name in enumerate(names):
        if costs[name] <= allowed_s or place == len(names) - 1:
            dear = names[place - 1]
            why = f"a decision of {dear} takes {_seconds(costs[dear])}, and may take {_seconds(allowed_s)}"
            return name, why if place else ""
    raise AssertionError("there is no searcher to choose")


def _seconds(seconds: float) -> str:
    if seconds >= 1.0:
        return f"{seconds:.1f} s"
    milliseconds = 1000.0 * max(seconds, 0.0)
    return f"{milliseconds:.0f} ms" if milliseconds >= 100.0 else f"{milliseconds:.3g} ms"
