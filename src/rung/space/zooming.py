"""Coarse to fine: a space drawn closer around the best of what was tried in it, and opened again at its borders."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from rung.checks import number
from rung.errors import RungError, SpaceError
from rung.space.categories import Choice, Ordinal
from rung.space.distribution import Distribution
from rung.space.editing import edited
from rung.space.integers import Int
from rung.space.narrowing import is_crowd, is_left_out, narrowed
from rung.space.reals import Float, Normal
from rung.space.values import Frozen, identity, is_number, thaw

if TYPE_CHECKING:
    from rung.space.domain import Domain
    from rung.space.space import Space
    from rung.types import Config, Json

End: TypeAlias = Literal["lower", "upper"]

LEAST_TRIALS: Final = 5
"""So many need a result; of fewer even the best half would say nothing."""

_LEAST_BEST: Final = 5
_LEAST_VALUES: Final = 3  # of a dimension that only some of the best trials have
_MOST_LISTED: Final = 6
_OUTER: Final = 0.1  # of all that is allowed; more of the best trials there than by chance ask for more


class Step(NamedTuple):
    """What becomes of one dimension, and why. As a text: a line.

    open_end: of all that is allowed, where the best trials crowd, so that better values may lie beyond it; or None.
    """

    name: str
    former: Domain
    now: Domain
    why: str
    open_end: End | None = None

    @property
    def is_changed(self) -> bool:
        """Whether it has other values now."""
        return self.former != self.now

    @property
    def hint(self) -> str:
        """Where more might be found outside, without a full stop; empty where nothing says so."""
        if self.open_end is None:
            return ""
        return f"the best trials have {self.name} at the {self.open_end} end of all that was allowed"

    def __str__(self) -> str:
        change = f"{words(self.former)} -> {words(self.now)}" if self.is_changed else f"{words(self.now)} as before"
        return f"{self.name}: {change}; {self.why}"


class Zoomed(NamedTuple):
    """The new space, and what becomes of each dimension that is searched. As a text: a line for each.

    best, trials: so many of so many trials with a result are the best.
    """

    space: Space
    steps: tuple[Step, ...]
    best: int
    trials: int

    @property
    def changes(self) -> list[Step]:
        """The dimensions that have other values now."""
        return [step for step in self.steps if step.is_changed]

    def __str__(self) -> str:
        hints = (f"{step.hint}; it might be extended there" for step in self.steps if step.hint)
        return "\n".join([*map(str, self.steps), *hints]) or "nothing is searched"


def zoomed(
    space: Space,
    widest: Space,
    ranked: Sequence[Config],
    losses: Sequence[float],
    failed: Sequence[Config] = (),
    *,
    top: float = 0.2,
    margin: float = 0.05,
) -> Zoomed:
    """The space drawn around the best trials.

    widest: all that is allowed; it has each dimension of ``space`` with all its values and perhaps more. ranked: what
    was tried and has a result, best first, inside ``space`` or not; with their losses. failed: what was tried and has
    none. top: the share of the ranked that are the best; they are at least five, and at most half of all, but those
    that are as good as the last of them belong to them, too. margin: at both sides, as a share of a range.

    A range becomes that of the best values with the margin, but not less than half of what it was, and a side is cut
    only where something worse was tried. So one that does not matter, where the best lie as evenly as all others,
    shrinks least. Where the best trial is at the border of a range, that opens by half of itself, as far as it may. Of
    listed values in order, those next to the best one stay. A choice loses what none of the best trials has, if that
    was tried so often (five times and more) that it is hardly chance. All best trials lie in the new space. What has a
    single value stays, and so do distributions of SciPy; what depends on an option that is lost is never active.

    RungError for fewer than five ranked trials; SettingError for other shares.
    """
    top, margin = checked_shares(top, margin)
    n = len(ranked)
    if n < LEAST_TRIALS:
        raise RungError(
            f"zooming needs {LEAST_TRIALS} trials with a result, and there {'is' if n == 1 else 'are'} {n or 'none'}.",
            hint="Zoom once more have come to an end.",
        )
    n_best = min(max(math.ceil(top * n), _LEAST_BEST), math.ceil(n / 2))
    n_best += sum(1 for _ in itertools.takewhile(losses[n_best - 1].__eq__, losses[n_best:]))
    parts = (ranked[:n_best], ranked[n_best:], failed)
    steps = tuple(
        _step(name, domain, widest[name], [_values(name, configs) for configs in parts], margin)
        for name, domain in space.items()
        if domain.size > 1
    )
    return Zoomed(edited(space, {step.name: step.now for step in steps if step.is_changed}), steps, n_best, n)


def checked_shares(top: float, margin: float) -> tuple[float, float]:
    """The two as they are; SettingError unless ``top`` is above 0 and at most 1, and ``margin`` from 0 to 1."""
    share = number("top", top, above=0, at_most=1, example=0.2)
    return share, number("margin", margin, at_least=0, at_most=1, example=0.05)


def words(domain: Domain) -> str:
    """The values of a domain in short: ``0.001 to 0.1``, ``adam, sgd``."""
    if isinstance(domain, Choice | Ordinal):
        return _listed(domain.values)
    if isinstance(domain, Float | Int):
        return f"{_shown(domain.low)} to {_shown(domain.high)}"
    return repr(domain)


def _step(name: str, domain: Domain, whole: Domain, values: Sequence[Sequence[Json]], margin: float) -> Step:
    """values: of the best trials, best first, of the others with a result, and of those without."""
    if isinstance(domain, Distribution):
        return Step(name, domain, domain, "a distribution of SciPy can't be cut")
    best = _placed(whole, values[0])
    places = [place for place, _ in best]
    open_end = _open_end(whole, values[0], places)
    if len(best) < _LEAST_VALUES:
        return Step(name, domain, domain, f"only {len(best)} of the best trials have it", open_end)
    if isinstance(domain, Choice) and isinstance(whole, Choice):
        tried = Counter(map(identity, itertools.chain(*values)))
        return _chosen(name, domain, whole, [value for _, value in best], tried)
    others = [place for place, _ in _placed(whole, [*values[1], *values[2]])]
    now = _range(domain, whole, best, others, margin)
    is_opened = len(_placed(domain, [now.from_unit(0.0), now.from_unit(1.0)])) < 2
    span = " to ".join(dict.fromkeys(_shown(value) for _, value in (min(best), max(best))))
    why = f"the {len(best)} best trials have {span}{', near the border' if is_opened else ''}"
    return Step(name, domain, now, why, open_end)


def _range(
    domain: Domain, whole: Domain, best: Sequence[tuple[float, Json]], others: Sequence[float], margin: float
) -> Domain:
    """The part of ``whole`` in which to go on. best: places and values of the best trials in it; others: other places.

    The best trial comes first.
    """
    places = [place for place, _ in best]
    start, stop = (whole.to_unit(domain.from_unit(end)) for end in (0.0, 1.0))
    low, high = narrowed(start, stop, places, others, margin)
    if whole.size < math.inf:
        low, high = min(low, _beside(whole, places[0], 0.0)), max(high, _beside(whole, places[0], 1.0))
    part = whole.part(low, high)
    if isinstance(whole, Normal) and part == whole and high - low < 1.0:  # too little would be left
        return domain
    keeps = (
        low == start or part.from_unit(0.0) == domain.from_unit(0.0),
        high == stop or part.from_unit(1.0) == domain.from_unit(1.0),
    )
    return _exact(part, domain, [value for _, value in best], keeps=keeps)


def _exact(part: Domain, domain: Domain, best: Sequence[Json], *, keeps: tuple[bool, bool]) -> Domain:
    """The part with all best values, and with those ends of ``domain`` that it keeps.

    Numbers that went through the unit interval and back may be rounded.
    """
    if not isinstance(part, Float | Int | Normal) or type(part) is not type(domain):
        return part
    assert isinstance(domain, Float | Int | Normal)
    low, high = domain.low if keeps[0] else part.low, domain.high if keeps[1] else part.high
    ends: dict[str, Any] = {
        "low": None if low is None else min(low, *best),
        "high": None if high is None else max(high, *best),
    }
    return replace(part, **ends)


def _beside(whole: Domain, place: float, end: float) -> float:
    """A place of the value next to the one at ``place``, towards ``end``; ``end`` where there is none."""
    value, near, far = whole.from_unit(place), place, end
    while (middle := (near + far) / 2.0) not in {near, far}:
        near, far = (middle, far) if whole.from_unit(middle) == value else (near, middle)
    return far


def _chosen(name: str, domain: Choice, whole: Choice, best: Sequence[Json], tried: Mapping[Hashable, int]) -> Step:
    """What is left of a choice. tried: how often each value was, by its identity."""
    among_best, in_force = set(map(identity, best)), set(map(identity, domain.values))
    counts = {identity(option): tried.get(identity(option), 0) for option in whole.values}
    trials = sum(counts.values())
    kept, lost = [], []
    for option in whole.values:
        key = identity(option)
        if key in among_best or (key in in_force and not is_left_out(counts[key], trials, len(best))):
            kept.append(option)
        elif key in in_force:
            lost.append(option)
    why = f"the {len(best)} best trials have {_listed([each for each in kept if identity(each) in among_best])}"
    if lost:
        tries = ", ".join(f"{_shown(each)}, tried {counts[identity(each)]} times" for each in lost)
        why = f"none of the {len(best)} best trials has {tries}"
    return Step(name, domain, domain if set(map(identity, kept)) == in_force else Choice(kept), why)


def _open_end(whole: Domain, values: Sequence[Json], places: Sequence[float]) -> End | None:
    """The end of what is allowed where the best trial is, with more of the others than chance would put there.

    Or beyond which it is. values: of the best trials, best first; places: of those among them that are allowed.
    """
    first, last = whole.from_unit(0.0), whole.from_unit(1.0)
    if isinstance(whole, Choice) or not values:
        return None
    if all(map(is_number, (first, last, values[0]))) and not first <= values[0] <= last:
        return "lower" if values[0] < first else "upper"
    sides: tuple[tuple[End, float, list[float]], ...] = (
        ("lower", whole.to_unit(first), list(places)),
        ("upper", 1.0 - whole.to_unit(last), [1.0 - place for place in places]),
    )
    for end, middle, distances in sides:  # the end's value takes twice its middle, which is nothing where all is smooth
        reach = max(_OUTER, middle)
        count = sum(distance <= reach for distance in distances)
        if distances and distances[0] <= reach and is_crowd(count, len(distances), max(_OUTER, 2.0 * middle)):
            return end
    return None


def _placed(domain: Domain, values: Sequence[Json]) -> list[tuple[float, Json]]:
    """Those of the values that the domain has, each with its place in the unit interval."""
    placed = []
    for value in values:
        try:
            placed.append((domain.to_unit(value), value))
        except SpaceError:
            continue
    return placed


def _values(name: str, configs: Sequence[Config]) -> list[Json]:
    return [config[name] for config in configs if name in config]


def _listed(values: Sequence[Frozen]) -> str:
    shown = ", ".join(map(_shown, values[:_MOST_LISTED]))
    return f"{shown} and {len(values) - _MOST_LISTED} more" if len(values) > _MOST_LISTED else shown


def _shown(value: Frozen) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(thaw(value))
