"""A mapping from names to domains, which is what a space is to its readers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rung.space.domain import Domain, exact

if TYPE_CHECKING:
    from rung.types import Json


@dataclass(frozen=True, slots=True, init=False, eq=False, repr=False)
class NamedDomains(Mapping[str, Domain]):
    """Domains by name, in a fixed order. Two are equal when they are of one class and have the same JSON form."""

    _domains: dict[str, Domain]

    @abstractmethod
    def to_json(self) -> dict[str, Json]:
        """The JSON form, exact."""

    def __getitem__(self, name: str) -> Domain:
        return self._domains[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._domains)

    def __len__(self) -> int:
        return len(self._domains)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NamedDomains):
            return NotImplemented
        return type(self) is type(other) and exact(self.to_json()) == exact(other.to_json())

    def __hash__(self) -> int:
        return hash(exact(self.to_json()))
