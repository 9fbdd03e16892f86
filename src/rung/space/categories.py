"""Domains of listed values."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, final

from rung.errors import SpaceError
from rung.space.domain import Domain, unit
from rung.space.grids import EvenBins
from rung.space.values import Frozen, distinct, freeze, identity, is_number, listing, plain, thaw

if TYPE_CHECKING:
    from rung.types import Json


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False, init=False)
class Choice(Domain):
    """One of several values without order, each with the same share of the unit interval.

    values: None, bool, int, float, str, or lists or tuples of these; 1 and 1.0 are the same, 1 and True are not.
    Configs carry sequences as lists, since they are JSON. Or a mapping from names to anything at all: then configs
    carry the name, and ``objects[name]`` is what stands behind it; names alone make up the JSON form and equality.
    """

    kind: ClassVar[str] = "choice"

    values: tuple[Frozen, ...]
    objects: Mapping[str, object] = field(init=False)
    _places: Mapping[Hashable, int] = field(init=False)
    _bins: EvenBins = field(init=False)

    def __init__(self, values: Iterable[object] | Mapping[str, object]) -> None:
        objects: Mapping[str, object] = {}
        if isinstance(values, Mapping):
            objects = dict(values)
            if not all(isinstance(name, str) for name in objects):
                raise SpaceError(f"names of choices must be strings, got {list(objects)!r}.")
        listed = _listed(values, "Choice")
        object.__setattr__(self, "objects", objects)
        _set(self, listed)

    @property
    def size(self) -> float:
        """The number of values."""
        return len(self.values)

    def from_unit(self, u: float) -> Json:
        """The value in whose part ``u`` lies; a sequence is a new list."""
        return thaw(self.values[self._bins.index(unit(u))])

    def to_unit(self, value: Json) -> float:
        """The middle of the value's part."""
        return self._bins.middle(_place(value, self.values, self._places))

    def validate(self, value: Any) -> Json:
        """The value as it was given to Choice."""
        return thaw(self.values[_place(value, self.values, self._places)])

    def grid(self, points: int) -> list[Json]:
        """All values, whatever ``points`` is: none can stand for another."""
        del points
        return [thaw(value) for value in self.values]

    def nearest(self, value: Json) -> Json:
        """The value itself: nothing else is near to it."""
        return self.validate(value)

    def union(self, other: Domain) -> Choice | None:
        """The values of this one, then those that the other has besides."""
        if not isinstance(other, Choice | Constant):
            return None
        return Choice(_merged(self.values, _values_of(other)))


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False, init=False)
class Ordinal(Domain):
    """One of several numbers or strings in the order given, each with the same share of the unit interval."""

    kind: ClassVar[str] = "ordinal"

    values: tuple[Frozen, ...]
    _places: Mapping[Hashable, int] = field(init=False)
    _bins: EvenBins = field(init=False)

    def __init__(self, values: Iterable[float | str]) -> None:
        listed = _listed(values, "Ordinal")
        for value in listed:
            if not (isinstance(value, str) or is_number(value)):
                raise SpaceError(
                    f"Ordinal takes numbers and strings, got {thaw(value)!r}.", hint="Use Choice for other values."
                )
        _set(self, listed)

    @property
    def size(self) -> float:
        """The number of values."""
        return len(self.values)

    def from_unit(self, u: float) -> Json:
        """The value in whose part ``u`` lies."""
        return self.values[self._bins.index(unit(u))]

    def to_unit(self, value: Json) -> float:
        """The middle of the value's part."""
        return self._bins.middle(_place(value, self.values, self._places))

    def validate(self, value: Any) -> Json:
        """The value as it was given to Ordinal."""
        return self.values[_place(value, self.values, self._places)]

    def grid(self, points: int) -> list[Json]:
        """All values if there are at most ``points``; else evenly spaced from the first to the last."""
        return list(self.values) if len(self.values) <= points else Domain.grid(self, points)

    def nearest(self, value: Json) -> Json:
        """The value itself: how far two values are apart is not known."""
        return self.validate(value)

    def union(self, other: Domain) -> Ordinal | None:
        """The longer list if it has all values of the other in the same order; numbers that ascend are merged."""
        if not isinstance(other, Ordinal | Constant):
            return None
        mine, others = self.values, _values_of(other)
        for longer, shorter in ((mine, others), (others, mine)):
            if [value for value in longer if _among(value, shorter)] == list(shorter):
                return Ordinal(longer)
        if not all(map(is_number, [*mine, *others])) or list(mine) != sorted(mine) or list(others) != sorted(others):
            return None
        return Ordinal(sorted(_merged(mine, others)))

    def part(self, low: float, high: float) -> Ordinal:
        """The values from that at ``low`` to that at ``high``."""
        return Ordinal(self.values[self._bins.index(unit(low)) : self._bins.index(unit(high)) + 1])


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Constant(Domain):
    """A single value: None, bool, int, float, str, or a list of these. It stands at 0.5; configs may leave it out."""

    kind: ClassVar[str] = "constant"

    value: Frozen

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", freeze(self.value))

    @property
    def size(self) -> float:
        """One."""
        return 1

    def from_unit(self, u: float) -> Json:
        """The value."""
        unit(u)
        return thaw(self.value)

    def to_unit(self, value: Json) -> float:
        """The middle."""
        self.validate(value)
        return 0.5

    def validate(self, value: Any) -> Json:
        """The value as it was given to Constant."""
        _place(value, (self.value,), {identity(self.value): 0})
        return thaw(self.value)

    def nearest(self, value: Json) -> Json:
        """The one value, whatever the other is."""
        del value
        return thaw(self.value)

    def union(self, other: Domain) -> Domain | None:
        """What the other's union with this value is."""
        if isinstance(other, Constant):
            return self if _among(other.value, (self.value,)) else Choice([self.value, other.value])
        return other.union(self)


def _values_of(domain: Choice | Ordinal | Constant) -> tuple[Frozen, ...]:
    return (domain.value,) if isinstance(domain, Constant) else domain.values


def _merged(mine: tuple[Frozen, ...], others: tuple[Frozen, ...]) -> list[Frozen]:
    """All of mine, then those of the others that are not among them."""
    return [*mine, *(value for value in others if not _among(value, mine))]


def _listed(values: object, name: str) -> tuple[Frozen, ...]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise SpaceError(f"{name} takes a list of values, got {values!r}.", hint=f"Use {name}([{values!r}]).")
    if isinstance(values, (set, frozenset)):
        raise SpaceError(f"{name} got a set, whose order changes from run to run.", hint=f"Use {name}(sorted(...)).")
    listed = tuple(freeze(value) for value in values)
    if not listed:
        raise SpaceError(f"{name} needs at least one value.")
    if len(distinct(listed)) < len(listed):
        twice = [value for place, value in enumerate(listed) if _among(value, listed[:place])]
        raise SpaceError(f"{name} has {listing(twice)} more than once.", hint="List each value once.")
    return listed


def _among(value: Frozen, values: tuple[Frozen, ...]) -> bool:
    return identity(value) in map(identity, values)


def _set(domain: Choice | Ordinal, values: tuple[Frozen, ...]) -> None:
    object.__setattr__(domain, "values", values)
    object.__setattr__(domain, "_places", {identity(value): place for place, value in enumerate(values)})
    object.__setattr__(domain, "_bins", EvenBins(len(values)))


def _place(value: Any, values: tuple[Frozen, ...], places: Mapping[Hashable, int]) -> int:
    """The place of ``value`` in the list; SpaceError names the nearest."""
    try:
        place = places.get(identity(plain(value)))
        if place is None and isinstance(value, (list, tuple)):
            place = places.get(identity(freeze(value)))  # NumPy scalars inside
    except (TypeError, SpaceError):  # unhashable, so not JSON
        place = None
    if place is not None:
        return place
    names = {str(thaw(each)): each for each in values}
    near = difflib.get_close_matches(value, names, n=1) if isinstance(value, str) else []
    allowed = "is not" if len(values) == 1 else "is not one of"
    raise SpaceError(
        f"{value!r} {allowed} {listing(values)}.",
        hint=f"Did you mean {thaw(names[near[0]])!r}?" if near else "Give a listed value, or add this one to the list.",
    )
