"""What all domains have in common."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from rung.errors import SpaceError
from rung.space.values import distinct, thaw, whole

if TYPE_CHECKING:
    from rung.types import Json


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Described:
    """A value with a JSON form. Frozen and hashable.

    Two are equal when their JSON forms are, in which 1, 1.0 and True are three values. A subclass is a frozen
    dataclass; its ``init`` fields are what its JSON form and its repr show.
    """

    kind: ClassVar[str]
    """The "type" in the JSON form."""

    def settings(self) -> dict[str, Json]:
        """The fields that define it, as JSON."""
        return {each.name: _jsonable(getattr(self, each.name)) for each in fields(self) if each.init}

    def to_json(self) -> dict[str, Json]:
        """The JSON form; settings that have their default value are left out."""
        settings = self.settings()
        return {"type": self.kind, **{each.name: settings[each.name] for each in _changed(self)}}

    @classmethod
    def from_json(cls, form: Mapping[str, Json]) -> Self:
        """The one of this class with that JSON form. SpaceError for missing or unknown settings."""
        given = {name: value for name, value in form.items() if name != "type"}
        known = {each.name: each for each in fields(cls) if each.init}
        unknown = sorted(map(str, given.keys() - known.keys()))
        missing = [name for name, each in known.items() if _default(each) is MISSING and name not in given]
        if form.get("type", cls.kind) != cls.kind or unknown or missing:
            raise SpaceError(
                f"{dict(form)!r} is not the JSON form of {cls.__name__}.",
                hint=f'It has "type": "{cls.kind}" and the settings {", ".join(known)}.',
            )
        return cls(**given)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Described):
            return NotImplemented
        return exact(self.to_json()) == exact(other.to_json())

    def __hash__(self) -> int:
        return hash(exact(self.to_json()))

    def __repr__(self) -> str:
        shown = ((each, getattr(self, each.name)) for each in _changed(self))
        parts = (f"{each.name}={value!r}" if each.kw_only else repr(thaw(value)) for each, value in shown)
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Domain(Described, ABC):
    """A set of values, laid out along the unit interval."""

    @property
    @abstractmethod
    def size(self) -> float:
        """The number of values, an int; ``math.inf`` when they are continuous or have no end."""

    @abstractmethod
    def from_unit(self, u: float) -> Json:
        """The value at ``u`` in [0, 1]; never decreasing in u where values are ordered. SpaceError outside."""

    @abstractmethod
    def to_unit(self, value: Json) -> float:
        """Where the value stands in [0, 1]; the middle of its bin when discrete. SpaceError when ``validate`` raises.

        ``from_unit`` brings it back: exactly when discrete, else up to the rounding that the domain states.
        """

    @abstractmethod
    def validate(self, value: Any) -> Json:
        """The value as it stands in configs: NumPy scalars become Python's, 3.0 becomes 3 for an Int, and so on.

        SpaceError says what is allowed.
        """

    def contains(self, value: Any) -> bool:
        """Whether ``validate`` accepts the value."""
        try:
            self.validate(value)
        except SpaceError:
            return False
        return True

    def to_units(self, values: Sequence[Json]) -> Sequence[float]:
        """``to_unit`` of each value."""
        return [self.to_unit(value) for value in values]

    def grid(self, points: int) -> list[Json]:
        """At most ``points`` values that represent the domain, in order: all of them where that is possible.

        Else evenly spaced in the unit interval from end to end; for a single point its middle.
        """
        return distinct(self.from_unit(u) for u in spread(points))

    @abstractmethod
    def nearest(self, value: Json) -> Json:
        """The value here that is nearest to one of a wider domain of its kind. SpaceError when none is near to it."""

    def union(self, other: Domain) -> Domain | None:
        """The smallest domain of this kind with all values of both, in one order; None when there is none."""
        return self if self == other else None

    def part(self, low: float, high: float) -> Domain:
        """The domain from ``low`` to ``high``, places in [0, 1], with at least one value; all of it if it has no parts.

        What has no order has none, and neither has a distribution of SciPy.
        """
        del low, high
        return self


def exact(form: Json) -> str:
    """A text that two JSON values share only if they are the same, numbers by type and to the last bit."""
    return json.dumps(form, sort_keys=True)


def unit(u: float) -> float:
    """``u`` as a Python float; SpaceError unless it lies in [0, 1]."""
    u = float(u)
    if not 0.0 <= u <= 1.0:
        raise SpaceError(f"{u} is not in the unit interval [0, 1].")
    return u


def spread(points: int) -> list[float]:
    """``points`` numbers that divide the unit interval evenly, both ends among them; 0.5 alone if it is one."""
    last = whole(points, "points") - 1
    if last < 0:
        raise SpaceError(f"a grid needs at least one point, got {points}.")
    return [k / last for k in range(last + 1)] if last else [0.5]


def _default(each: Field[Any]) -> Any:
    return each.default if each.default_factory is MISSING else each.default_factory()


def _changed(described: Described) -> list[Field[Any]]:
    return [each for each in fields(described) if each.init and getattr(described, each.name) != _default(each)]


def _jsonable(value: Any) -> Json:
    return {key: thaw(item) for key, item in value.items()} if isinstance(value, Mapping) else thaw(value)
