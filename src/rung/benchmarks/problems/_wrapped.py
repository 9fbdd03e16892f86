"""Problems that are made of another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from rung.benchmarks.problem import Problem

if TYPE_CHECKING:
    from rung.space import Space
    from rung.types import Goal

Inner = TypeVar("Inner", bound=Problem)


@dataclass(frozen=True)
class Wrapped(Generic[Inner]):
    """A problem that changes how another one is seen; what it doesn't say itself is as of the problem behind it."""

    inner: Inner

    @property
    def space(self) -> Space:
        """As of the problem behind it."""
        return self.inner.space

    @property
    def goal(self) -> Goal:
        """As of the problem behind it."""
        return self.inner.goal

    @property
    def n_steps(self) -> int:
        """As of the problem behind it."""
        return self.inner.n_steps

    @property
    def best(self) -> float | None:
        """As of the problem behind it."""
        return self.inner.best

    @property
    def median(self) -> float | None:
        """As of the problem behind it."""
        return self.inner.median

    @property
    def caveat(self) -> str:
        """As of the problem behind it."""
        return self.inner.caveat
