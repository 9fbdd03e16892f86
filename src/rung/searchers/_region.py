"""The part of a hull in which is searched: models know the hull, suggestions keep to the space in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, final

import numpy as np

from rung.space.categories import Choice, Ordinal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.space import Space
    from rung.space.domain import Domain
    from rung.types import Config

    Floats: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]

_SLACK: Final = 1e-9  # of the hull's unit interval, by which a place on the border may seem to lie outside
_NEAR: Final = 0.499  # of the part that a listed value has of it, within which a place is that value's


@final
class Region:
    """The space in force in the unit cube of its hull, which has the same names, and domains as wide or wider.

    low, high: (d,) the places of the first and the last value of each dimension; 0 and 1 where its values have no
    order, or are those of the hull. spans: (d,) its share of the hull's unit interval. is_pinned: (d,) where it has one
    value, and the hull has others; the span is 1 there, for nothing is searched.

    Points are rows (m, d); coordinates of inactive dimensions may be NaN, and are never outside.
    """

    def __init__(self, hull: Space, space: Space) -> None:
        self.space = space
        self.low, self.high, self.spans = np.zeros(len(hull)), np.ones(len(hull)), np.ones(len(hull))
        self.is_pinned = np.zeros(len(hull), dtype=np.bool_)
        self._parts: list[_Part] = []
        for column, (whole, now) in enumerate(zip(hull.values(), space.values(), strict=True)):
            if whole == now:
                continue
            part = _part(column, whole, now)
            self._parts.append(part)
            self.is_pinned[column] = part.is_point
            self.spans[column] = 1.0 if part.is_point else part.extent
            if part.places is None:
                self.low[column], self.high[column] = whole.to_units([now.from_unit(0.0), now.from_unit(1.0)])

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the hull."""
        return not self._parts

    def outward(self, points: Floats) -> Floats:
        """Points of the space's own unit cube, in the hull's."""
        result = points.copy()
        for part in self._parts:
            result[:, part.column] = part.outward(points[:, part.column])
        return result

    def inward(self, points: Floats) -> Floats:
        """Points of the hull's unit cube, in the space's own; what lies outside comes to the border."""
        result = points.copy()
        for part in self._parts:
            result[:, part.column] = part.inward(points[:, part.column])
        return result

    def contains(self, points: Floats) -> Flags:
        """(m,) whether points of the hull lie in the region."""
        inside = np.ones(len(points), dtype=np.bool_)
        for part in self._parts:
            inside &= part.contains(points[:, part.column])
        return inside

    def kept(self, points: Floats, uniforms: Floats) -> Floats:
        """Points of the hull, those coordinates that lie outside drawn anew inside. uniforms: (m, d) in [0, 1)."""
        result = points.copy()
        for part in self._parts:
            here = points[:, part.column]
            result[:, part.column] = np.where(part.contains(here), here, part.outward(uniforms[:, part.column]))
        return result

    def config(self, point: Floats) -> dict[str, object]:
        """The configuration of the space in force at a point (d,) of the hull; its constraints are not looked at."""
        return self.space.decode(point if self.is_whole else self.inward(point[None])[0])

    def is_met(self, config: Config) -> bool:
        """Whether a configuration keeps to the constraints."""
        return all(constraint.is_met(config) for constraint in self.space.constraints)

    def are_met(self, points: Floats) -> Flags:
        """(m,) whether points of the hull, once moved into the region, keep to the constraints."""
        if not self.space.constraints:
            return np.ones(len(points), dtype=np.bool_)
        return np.array([self.is_met(self.config(point)) for point in points], dtype=np.bool_)


class _Part(NamedTuple):
    """A dimension that is narrower than in the hull: its unit interval is ``start + extent·u`` there.

    places: (k,) where values without arithmetic stand in the hull, in their order here; ``start`` means nothing then.
    share: what one of the hull's values has of its unit interval, of these.
    """

    column: int
    start: float
    extent: float
    places: Floats | None = None
    share: float = 0.0

    @property
    def is_point(self) -> bool:
        return self.extent == 0.0

    def outward(self, u: Floats) -> Floats:
        if self.places is None:
            return np.clip(self.start + self.extent * u, 0.0, 1.0)
        k = len(self.places)
        found: Floats = self.places[np.minimum((np.nan_to_num(u) * k).astype(np.intp), k - 1)]
        return np.where(np.isnan(u), u, found)

    def inward(self, place: Floats) -> Floats:
        if self.is_point:
            return np.full_like(place, 0.5)
        if self.places is None:
            return np.clip((place - self.start) / self.extent, 0.0, 1.0)
        nearest: Floats = np.abs(place[:, None] - self.places).argmin(axis=1)
        return (nearest + 0.5) / len(self.places)

    def contains(self, place: Floats) -> Flags:
        if self.places is None:
            inside = (place >= self.start - _SLACK) & (place <= self.start + self.extent + _SLACK)
        else:
            inside = np.abs(place[:, None] - self.places).min(axis=1) <= _NEAR * self.share
        return inside | np.isnan(place)


def _part(column: int, whole: Domain, now: Domain) -> _Part:
    first, last = now.from_unit(0.0), now.from_unit(1.0)
    low, high = whole.to_units([first, last])
    if now.size == 1:
        return _Part(column, low, 0.0)
    if isinstance(now, Choice | Ordinal):
        places = np.array(whole.to_units(now.grid(int(now.size))))
        return _Part(column, 0.0, len(places) / whole.size, places, 1.0 / whole.size)
    at_low, at_high = now.to_units([first, last])  # the middles of bins; both scales are the same up to where they end
    extent = (high - low) / (at_high - at_low)
    return _Part(column, low - extent * at_low, extent)
