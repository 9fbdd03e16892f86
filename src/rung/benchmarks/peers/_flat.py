"""A space in words that other projects' optimisers have: named axes of a few kinds, of which some may be inactive."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import TYPE_CHECKING, Final, final

from msgspec import Struct

from rung.errors import SettingError
from rung.space import Choice, Domain, Float, Int, Normal, Ordinal
from rung.space.conditions import evaluation_order, is_active

if TYPE_CHECKING:
    from rung.benchmarks.peers.peer import Asked
    from rung.space import Space
    from rung.types import Config, Json

MOST_ASKS: Final = 1_000
"""How often a peer is asked for a configuration that keeps to the constraints: enough if 1 % of what it asks does."""


class Kind(enum.Enum):
    """What the coordinates of an axis are.

    REAL, LOG_REAL: floats. WHOLE, LOG_WHOLE: ints; the logarithmic ones as wide as from v - 1/2 to v + 1/2 on the log
    axis. LEVELS, LABELS: ints from 0, the places in a list with and without order. NORMAL: floats, normally distributed
    around ``axis.domain.mean``, cut at both ends.
    """

    REAL = "real"
    LOG_REAL = "log real"
    WHOLE = "whole"
    LOG_WHOLE = "log whole"
    LEVELS = "levels"
    LABELS = "labels"
    NORMAL = "normal"


class _Way(enum.Enum):
    """How coordinates become values."""

    DIRECT = "they are the values"
    PLACES = "they number the values from 0"
    UNIT = "they lie in the unit interval"


@final
class Axis(Struct, frozen=True):
    """One dimension as a peer gets it. low, high: the least and the largest coordinate; ints where they are whole."""

    name: str
    domain: Domain
    kind: Kind
    low: float
    high: float
    way: _Way

    @property
    def count(self) -> int:
        """How many coordinates there are, where they are whole."""
        return int(self.high - self.low) + 1

    def value(self, coordinate: float) -> Json:
        """The value for the config; a coordinate outside is moved to the nearest end, one between ints to the next."""
        inside = min(max(float(coordinate), self.low), self.high)
        if self.kind not in _FLOATS:
            inside = round(inside)
        if self.way is _Way.PLACES:
            return self.domain.from_unit((inside + 0.5) / self.count)
        return self.domain.from_unit(inside) if self.way is _Way.UNIT else self.domain.validate(inside)

    def coordinate(self, value: Json) -> float:
        """Where the value stands: an int where coordinates are whole."""
        if self.way is _Way.DIRECT:
            number: float = self.domain.validate(value)
            return number
        place = self.domain.to_unit(value)
        return place if self.way is _Way.UNIT else int(place * self.count)


_FLOATS: Final = {Kind.REAL, Kind.LOG_REAL, Kind.NORMAL}
ALL_KINDS: Final = frozenset(Kind)


@final
class Flat:
    """The axes of a space, and the way between their coordinates and its configs.

    kinds: those that the peer has words for, REAL and WHOLE among them. Where it has none, LEVELS and LABELS become
    WHOLE places, and all others go through the unit interval: REAL from 0 to 1. So do dimensions for which there is no
    kind. Steps become WHOLE places. What can only have one value, such as a Constant, has no axis.
    """

    def __init__(self, space: Space, kinds: Collection[Kind] = ALL_KINDS) -> None:
        self._space = space
        self._order = evaluation_order(space.names, space.conditions)
        searched = [(name, domain) for name, domain in space.items() if domain.size > 1]
        self.axes: Final = tuple(_axis(name, domain, kinds) for name, domain in searched)
        """In the order of the space."""
        self._by_name: Final = {axis.name: axis for axis in self.axes}

    def build(self, coordinate: Callable[[Axis], float]) -> dict[str, Json]:
        """The config that has these coordinates; only those of active axes are asked for, parents first."""
        config: dict[str, Json] = {}
        for name in self._order:
            if is_active(name, self._space.conditions, config):
                axis = self._by_name.get(name)
                config[name] = self._space[name].from_unit(0.5) if axis is None else axis.value(coordinate(axis))
        return {name: config[name] for name in self._space.names if name in config}

    def config(self, coordinates: Mapping[str, float]) -> dict[str, Json]:
        """The config at a point that has all coordinates by name, without those that are inactive there."""
        return self.build(lambda axis: coordinates[axis.name])

    def coordinates(self, config: Config) -> dict[str, float]:
        """A point at which there is this config; what is inactive in it is put into the middle of its axis."""
        return {
            axis.name: axis.coordinate(config[axis.name] if axis.name in config else axis.domain.from_unit(0.5))
            for axis in self.axes
        }

    def ask_allowed(self, ask: Callable[[], Asked | None], refuse: Callable[[Hashable], None]) -> Asked | None:
        """The first answer of ``ask`` that keeps to the constraints; those before it are given to ``refuse``, by key.

        SettingError after ``MOST_ASKS`` of them.
        """
        for _ in range(MOST_ASKS):
            asked = ask()
            if asked is None or all(each.is_met(asked.config) for each in self._space.constraints):
                return asked
            refuse(asked.key)
        raise SettingError(
            f"the optimiser suggested {MOST_ASKS:,} configurations, and none of them keeps to the constraints: "
            f"{'; '.join(map(str, self._space.constraints))}.",
            hint="Compare it on a problem with looser constraints.",
        )


def _axis(name: str, domain: Domain, kinds: Collection[Kind]) -> Axis:
    kind = _kind(domain)
    if kind in {Kind.LEVELS, Kind.LABELS} or (kind is Kind.WHOLE and _step(domain)):
        return Axis(name, domain, kind if kind in kinds else Kind.WHOLE, 0, int(domain.size) - 1, _Way.PLACES)
    if kind is None or kind not in kinds:
        return Axis(name, domain, Kind.REAL, 0.0, 1.0, _Way.UNIT)
    return Axis(name, domain, kind, domain.from_unit(0.0), domain.from_unit(1.0), _Way.DIRECT)


def _kind(domain: Domain) -> Kind | None:
    """The kind that says all of a domain; None when there is none."""
    match domain:
        case Float(log=log, step=None):
            return Kind.LOG_REAL if log else Kind.REAL
        case Float(log=False):
            return Kind.WHOLE
        case Int(log=log, step=step) if not (log and step):
            return Kind.LOG_WHOLE if log else Kind.WHOLE
        case Normal():
            return Kind.NORMAL
        case Ordinal():
            return Kind.LEVELS
        case Choice():
            return Kind.LABELS
        case _:
            return None


def _step(domain: Domain) -> float | None:
    return domain.step if isinstance(domain, (Float, Int)) else None
