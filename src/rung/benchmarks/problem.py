"""The contract of a benchmark problem: a space, how far a configuration can be trained, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from rung.types import Goal

if TYPE_CHECKING:
    from rung.space import Space
    from rung.types import Config


class Step(Struct, frozen=True):
    """What one more step of training brings.

    cost_s: the seconds that it would take, or has taken; at least 0. truth: the value without noise, where it is known
    and differs; methods get ``value``, and what they found is judged by ``truth``.
    """

    value: float
    cost_s: float
    truth: float | None = None


class Problem(Protocol):
    """Something to be optimised, the same in every process that makes it anew from its name."""

    @property
    def name(self) -> str:
        """As on the command line: ``branin``, ``lcbench:3945``."""

    @property
    def space(self) -> Space:
        """What can be chosen. Each of its configurations can be trained."""

    @property
    def goal(self) -> Goal:
        """What the value is, and in which direction it gets better."""

    @property
    def n_steps(self) -> int:
        """The length of a full training; 1 where there is no fidelity."""

    @property
    def best(self) -> float | None:
        """The best value that is known at any step, without noise; None where nobody knows one."""

    @property
    def median(self) -> float | None:
        """The median over random configurations at full training, without noise; None where nobody knows it."""

    @property
    def caveat(self) -> str:
        """One sentence on why a summary over problems leaves this one out, or empty."""

    def train(self, config: Config, seed: int, *, after: int = 0) -> Iterator[Step]:
        """The steps ``after + 1`` … ``n_steps`` of one training; whoever has seen enough closes the iterator.

        seed: of whatever is random in it (noise, initial weights), so that the same arguments give the same values,
        and a training that goes on gives what an unbroken one would have given. Where costs are real seconds, they
        differ from time to time. SpaceError, at the first step, for a configuration that is not in the space.
        """
