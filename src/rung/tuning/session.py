"""One tuner's hold on a study: its lease, the study's clock, and the way events get into the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias, final

from rung.events import Event, SessionEnded, SessionStarted
from rung.ledger import Ledger
from rung.rows import StudyRow
from rung.tuning.heartbeat import Heartbeat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rung.contracts import Store
    from rung.tuning.engine import Engine
    from rung.types import Decision, Json, Lease

Observer: TypeAlias = Callable[[Event, Ledger], None]
"""Called with each event after it is committed, and the ledger after the whole transaction."""


@final
class Session:
    """Events are folded when they are staged and appended, many in one transaction, when they are flushed.

    Nothing that depends on a staged event may leave the tuner (a start, a verdict, an acknowledgement) before the
    flush. ``sequence`` is the number of the newest event. After a failed flush memory is ahead of the log: the session
    is unusable, and a new one replays. From its beginning to its end the lease is renewed by a thread beside it.
    """

    def __init__(
        self,
        store: Store,
        engine: Engine,
        lease: Lease,
        *,
        now: Callable[[], float],
        observers: Sequence[Observer] = (),
    ) -> None:
        self.sequence = 0
        self.engine = engine
        self.ledger = engine.ledger
        self._store = store
        self._lease = lease
        self._now = now
        self._observers = tuple(observers)
        self._staged: list[Event] = []
        self._clock_offset = self.study.at - now()
        self._heartbeat = Heartbeat(self._renew, period_s=lease.ttl / 3)

    @property
    def study(self) -> StudyRow:
        """The study's row in the ledger."""
        assert self.ledger.study is not None
        return self.ledger.study

    def at(self) -> float:
        """The study's clock, in seconds; goes on where the last session left it."""
        return self._now() + self._clock_offset

    def stage(self, event: Event) -> Sequence[Decision]:
        """Fold an event and queue it for the next flush; returns the scheduler's decisions."""
        self._staged.append(event)
        return self.engine.fold(event)

    def flush(self) -> None:
        """Append what is staged, durably."""
        if not self._staged:
            return
        staged, self._staged = self._staged, []
        self.sequence = self._store.append(staged, lease=self._lease)
        for observer in self._observers:
            for event in staged:
                observer(event, self.ledger)

    def check_lease(self) -> None:
        """FencedError when the study has passed to somebody else in a time when there was nothing to write."""
        self._heartbeat.check()

    def commands(self) -> Sequence[tuple[int, object]]:
        """What people have asked for since the last event that answered one."""
        return self._store.take(self._lease)

    def begin(self, *, slots: int, unix: float, settings: Mapping[str, Json], provenance: Mapping[str, Json]) -> None:
        """Log who works on the study from now on, and begin to keep the lease."""
        self.stage(
            SessionStarted(
                at=self.at(),
                session=self.study.sessions + 1,
                owner=self._lease.owner,
                slots=slots,
                unix=unix,
                settings=settings,
                provenance=provenance,
            )
        )
        self.flush()
        self._heartbeat.start()

    def end(self, why: str, message: str = "") -> None:
        """Log that the session ended in good order, and give the lease back."""
        self.stage(SessionEnded(at=self.at(), session=self.study.sessions, why=why, message=message))
        self.flush()
        self.let_go()

    def let_go(self) -> None:
        """Keep the lease no longer, and give it back."""
        self._heartbeat.stop()
        self._store.release(self._lease)

    def _renew(self) -> None:
        self._store.renew(self._lease)
