"""What stands for several dimensions in a space, under names that begin with its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from rung.errors import SpaceError


class Composite(ABC):
    """Several domains and their conditions: given as ``"lr"``, its dimensions are ``"lr.peak"`` and so on."""

    @abstractmethod
    def domains(self, name: str) -> Mapping[str, Any]:
        """Full name -> what stands for a domain."""

    @abstractmethod
    def conditions(self, name: str) -> Mapping[str, Any]:
        """Full name -> condition, as ``Space`` takes them."""


def flattened(given: Mapping[str, Any], conditions: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Domains and conditions with each composite in its dimensions' place. SpaceError when a name is taken."""
    if not isinstance(given, Mapping) or not any(isinstance(each, Composite) for each in given.values()):
        return given, conditions
    domains: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, each in given.items():
        parts = each.domains(name) if isinstance(each, Composite) else {name: each}
        if taken := (parts.keys() & domains.keys()):
            raise SpaceError(f"there are two dimensions {min(taken)!r}.", hint="Give one of them another name.")
        domains |= parts
        if isinstance(each, Composite):
            own |= each.conditions(name)
    return domains, {**conditions, **own} if isinstance(conditions, Mapping) else conditions
