"""What exports to tracking services have in common: a thread beside the tuner, and what they call a study."""

from __future__ import annotations

import copy
import hashlib
import threading
import warnings
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, final

from rung.errors import RungError, RungWarning
from rung.events import Ended, Event, Interrupted, Noted, Observed, SessionEnded, SessionStarted, Started, Tagged
from rung.ledger import Ledger

if TYPE_CHECKING:
    from rung.rows import StudyRow, TrialRow
    from rung.study import Study

LONGEST_WAIT_S: Final = 60.0
"""How long the end of a session waits for what is still to be written; services retry for minutes by themselves."""

_TOLD: Final = (SessionStarted, SessionEnded, Started, Observed, Interrupted, Ended, Noted, Tagged)

_Call: TypeAlias = tuple[Event, "StudyRow", "TrialRow | None"]
_Calls: TypeAlias = "SimpleQueue[_Call | None]"


class Service(Protocol):
    """Where a study is written to. name: as people know it. failures: what it raises when it can't be reached."""

    @property
    def name(self) -> str: ...

    @property
    def failures(self) -> tuple[type[Exception], ...]: ...

    def write(self, event: Event, study: StudyRow, trial: TrialRow | None) -> None:
        """Write what an event says. study, trial: after its whole transaction; None where it is about no trial."""


@final
class Export:
    """Hands the events of a study on to a service, in their order, so that the tuner never waits for it.

    The end of a session waits until all is written, for a minute at most. A failure ends the export of its study with a
    warning.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._calls: _Calls = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._errors: dict[str, BaseException] = {}
        self._given_up: set[str] = set()

    def tell(self, event: Event, ledger: Ledger) -> None:
        """Take a committed event, with the ledger after its whole transaction."""
        if not isinstance(event, _TOLD):
            return
        study, trial = _rows(event, ledger)
        known = identity(study)
        if known in self._given_up:
            return
        if self._thread is None:
            self._begin()
        self._calls.put((event, copy.copy(study), copy.copy(trial)))
        if isinstance(event, SessionEnded) and not self._finish():
            self._give_up(study, f"nothing was heard of it for {LONGEST_WAIT_S:.0f} s")
        error = self._errors.get(known)
        if error is not None and known not in self._given_up:
            if not isinstance(error, self._service.failures):
                raise error
            self._give_up(study, str(error))

    def catch_up(self, study: Study) -> None:
        """Write all of a study's log that is not there yet. RungError when the service fails."""
        ledger = Ledger()
        try:
            for event in study.events():
                ledger.apply(event)
                if isinstance(event, _TOLD):
                    self._service.write(event, *_rows(event, ledger))
        except self._service.failures as error:
            raise RungError(f"{self._service.name} can't be written: {error}.") from error

    def _begin(self) -> None:
        """Start a thread with a queue of its own, as the one before may never come back to its."""
        self._calls = SimpleQueue()
        name = f"export to {self._service.name}"
        self._thread = threading.Thread(target=self._work, args=(self._calls,), name=name, daemon=True)
        self._thread.start()

    def _finish(self) -> bool:
        """Wait for all that the thread has been told; whether it came to an end. The next event begins another."""
        assert self._thread is not None, "begun with the first event"
        thread, self._thread = self._thread, None
        self._calls.put(None)
        thread.join(LONGEST_WAIT_S)
        return not thread.is_alive()

    def _work(self, calls: _Calls) -> None:
        """The thread's own loop, until a session has ended. Of a study that failed it writes no more."""
        while (call := calls.get()) is not None:
            known = identity(call[1])
            if known in self._errors or known in self._given_up:
                continue
            try:
                self._service.write(*call)
            except BaseException as error:  # noqa: BLE001  judged in the tuner's thread
                self._errors[known] = error

    def _give_up(self, study: StudyRow, why: str) -> None:
        self._given_up.add(identity(study))
        name = self._service.name
        warnings.warn(
            RungWarning(
                f"The export to {name} has ended: {why}.",
                hint=f"Catch up on it by the observer's export(rung.open_study({study.name!r}, …)).",
            ),
            stacklevel=3,
        )


def identity(study: StudyRow) -> str:
    """Twelve letters that tell the study from all others, also from those of the same name and seed."""
    return hashlib.sha256(f"{study.name} {study.seed} {study.created_unix!r}".encode()).hexdigest()[:12]


def unix_of(study: StudyRow, at: float) -> float:
    """A moment of the study's clock on the calendar; seconds since 1970."""
    if not study.sessions:
        return study.created_unix + at
    return study.last_unix + at - study.session_at


def remarks(message: str, row: StudyRow | TrialRow) -> str:
    """What people and trials have said, in paragraphs."""
    return "\n\n".join(text for text in (message, *(note.text for note in row.notes)) if text)


def _rows(event: Any, ledger: Ledger) -> tuple[StudyRow, TrialRow | None]:
    assert ledger.study is not None, "a log begins with StudyCreated"
    number = None if isinstance(event, SessionStarted | SessionEnded) else event.trial
    return ledger.study, None if number is None else ledger.trials[number]
