"""The contract of another project's optimiser, as little as it takes to run it like one of rung's own.

A peer is a module ``rung.benchmarks.peers.<name>`` with three names:

- ``PACKAGES``: the distributions whose versions matter to its results, its own first;
- ``MODULES``: what it imports of them, which fails where they aren't installed;
- ``ALGORITHMS``: the name of each algorithm -> a function that takes a ``Task`` and returns a ``Peer``.

It imports its package inside these functions only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from rung.types import Config


Report: TypeAlias = Callable[[Hashable, int, float], bool]
"""Takes a trial, its step and the loss after it; True when the trial is to end there. Steps come in order, from 1."""


class Asked(NamedTuple):
    """A new trial. key: what the peer knows it by. config: of the task's space, without what is inactive in it."""

    key: Hashable
    config: Config


class Peer(Protocol):
    """One optimiser in one run. It sees losses only: lower is better, whatever the problem's own direction."""

    @property
    def report(self) -> Report | None:
        """What takes the loss after each step of each trial; None when it never ends a trial."""

    def ask(self) -> Asked | None:
        """A new trial, the task's points first and in their order; None when it has nothing more to suggest.

        May be called again before earlier trials are over, where the task has several workers.
        """

    def tell(self, key: Hashable, loss: float | None, *, is_stopped: bool) -> None:
        """Take the end of a trial: its last loss, or None when it has failed. is_stopped: ``report`` has ended it."""
