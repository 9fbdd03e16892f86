"""A peer behind the contract of rung's schedulers, so that one tuner drives all methods."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, final

from msgspec import Struct

from rung.benchmarks.peers.peer import Asked
from rung.errors import SpaceError
from rung.events import Ended, Observed, Started
from rung.registry import describe
from rung.types import Action, Decision, Exhausted, Proposal, TrialState

if TYPE_CHECKING:
    import numpy as np

    from rung.benchmarks.peers.peer import Peer
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Json, Wait


class _Own(Struct):
    """A trial of the peer's that runs. loss: the last one; None before there is any."""

    key: Hashable
    loss: float | None = None
    is_stopped: bool = False


@final
class Foreign:
    """Asks a peer for each new trial and tells it how that went; trials are never paused.

    The peer draws from generators of its own, so such a study can't be resumed. SpaceError, from ``suggest``, when the
    peer's configuration is not in the space.
    """

    def __init__(self, name: str, peer: Peer, space: Space) -> None:
        self._name = name
        self._peer = peer
        self._space = space
        self._next: Asked | None = None
        self._own: dict[int, _Own] = {}

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._space

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """The peer's next trial; takes nothing from ``rng``."""
        del rng
        if not new_trials:
            return Exhausted("it never pauses a trial")
        if self._next is None:
            self._next = self._asked()
        if self._next is None:
            return Exhausted(f"{self._name} has nothing left to suggest")
        return Proposal(config=self._next.config, decide_at=() if self._peer.report is None else None)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Pass reports and ends of its trials on to the peer."""
        if isinstance(event, Started) and event.cause == "new":
            assert self._next is not None, "a new trial is one that was suggested"
            self._own[event.trial] = _Own(self._next.key)
            self._next = None
        elif isinstance(event, Observed):
            return self._observed(event)
        elif isinstance(event, Ended) and (own := self._own.pop(event.trial, None)):
            loss = None if event.state is TrialState.FAILED else own.loss
            self._peer.tell(own.key, loss, is_stopped=own.is_stopped)
        return ()

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log; nothing can be built from it."""
        return describe(self, opaque=self._name)

    def _asked(self) -> Asked | None:
        asked = self._peer.ask()
        if asked is None:
            return None
        try:
            return Asked(asked.key, self._space.validate(asked.config))
        except SpaceError as error:
            raise SpaceError(f"{self._name} suggested {dict(asked.config)}: {error.sentence}") from error

    def _observed(self, event: Observed) -> Sequence[Decision]:
        own = self._own[event.trial]
        own.loss = event.loss
        report = self._peer.report
        if report is None or event.loss is None:
            return ()
        own.is_stopped = report(own.key, event.step, event.loss)
        return (Decision(event.trial, Action.STOP, self._name),) if own.is_stopped else ()
