"""The hyperparameters of a study as columns of a table that knows numbers, booleans and texts only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from rung.space import Choice, Constant, Ordinal

if TYPE_CHECKING:
    from rung.space import Space
    from rung.space.domain import Domain
    from rung.types import Config, Json

Kind: TypeAlias = Literal["number", "bool", "text"]
Scalar: TypeAlias = float | bool | str


class Column(NamedTuple):
    """What stands in a column: values from ``low`` to ``high``, or those that are listed.

    low, high: None where the values are listed. differs: whether trials can differ in it.
    """

    kind: Kind
    low: float | None = None
    high: float | None = None
    values: tuple[Scalar, ...] = ()
    differs: bool = True

    def shown(self, value: Json) -> Scalar:
        """A value as it stands in this column."""
        if self.kind == "text" or kind_of([value]) != self.kind:
            return as_text(value)
        return bool(value) if self.kind == "bool" else float(value)

    def union(self, other: Column) -> Column:
        """The column that has what either has."""
        if self.kind != other.kind:
            texts = [as_text(value) for each in (self, other) for value in each.values]
            return Column("text", values=tuple(dict.fromkeys(texts)))
        listed = tuple(dict.fromkeys((*self.values, *other.values)))
        differs = self.differs or other.differs or len(listed) > 1
        if self.low is None and other.low is None:
            return Column(self.kind, values=listed, differs=differs)
        ends = [end for each in (self, other) for end in (each.low, each.high, *each.values) if end is not None]
        numbers = [float(end) for end in ends]
        return Column("number", min(numbers), max(numbers), differs=differs or min(numbers) < max(numbers))


def columns_of(space: Space) -> dict[str, Column]:
    """A column for each dimension, with all that it can be; those that are not always active too."""
    return {name: _column(domain) for name, domain in space.items()}


def widened(columns: Mapping[str, Column], config: Config) -> dict[str, Column]:
    """The columns with room for this configuration, which may have come from outside of the space."""
    wider = dict(columns)
    for name, value in config.items():
        if name not in wider:
            wider[name] = _listing([value])
        elif not _has(wider[name], value):
            wider[name] = wider[name].union(_listing([value]))
    return wider


def joined(former: Mapping[str, Column], now: Mapping[str, Column]) -> dict[str, Column]:
    """The columns of both, those of ``now`` first."""
    both = {name: column.union(former[name]) if name in former else column for name, column in now.items()}
    return both | {name: column for name, column in former.items() if name not in both}


def kind_of(values: Iterable[Json]) -> Kind:
    """The kind of column that can have all these values as they are."""
    kinds = {_KINDS.get(type(value), "text") for value in values}
    return kinds.pop() if len(kinds) == 1 else "text"


def as_text(value: Json) -> str:
    """A value in words: texts as they are, ``none``, else JSON."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_KINDS: Mapping[type, Kind] = {bool: "bool", int: "number", float: "number"}


def _column(domain: Domain) -> Column:
    if isinstance(domain, Choice | Ordinal):
        return _listing(list(domain.values))
    if isinstance(domain, Constant):
        return _listing([domain.value])
    return Column("number", float(domain.from_unit(0.0)), float(domain.from_unit(1.0)))


def _listing(values: list[Json]) -> Column:
    empty = Column(kind_of(values))
    return empty._replace(values=tuple(empty.shown(value) for value in values), differs=len(values) > 1)


def _has(column: Column, value: Json) -> bool:
    shown = column.shown(value)
    if column.low is None or column.high is None:
        return any(shown == each and type(shown) is type(each) for each in column.values)
    return isinstance(shown, float) and column.low <= shown <= column.high
