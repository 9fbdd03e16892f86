"""Appends events to the log of one study in SQLite, and folds them into its read tables in the same transaction.

The fold is that of ``rung.ledger``, over just those rows that the events touch: they are read from the tables, changed
by the ledger and written back. So the tables say what a ledger of the whole log says, and no append takes longer
because the study is long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import final

from msgspec.structs import replace

from rung.events import Event, Observed, SearcherChanged, SessionStarted, SpaceEdited, StudyCreated
from rung.ledger import Ledger
from rung.rows import TrialRow
from rung.store._fencing import ANSWERS, TRIAL_EVENTS, TrialEvent, check_attempt
from rung.store._rows import (
    SELECT_STUDY,
    SELECT_TRIAL,
    WRITE_HEAD,
    WRITE_PROGRESS,
    WRITE_TRIAL,
    head_values,
    progress_values,
    study_row,
    trial_row,
    trial_values,
)
from rung.store.codec import EVENTS
from rung.types import TrialState

_SETTING = (SessionStarted, SpaceEdited, SearcherChanged)
"""What changes how a study is set up, which the table has in the form of the study's first event."""


@final
class Projection:
    """The tables of one study, and the few rows of them that are at work, as a ledger.

    study: its number in the file. After an error it must be thrown away: the ledger may then be ahead of the tables.
    """

    def __init__(self, study: int, ledger: Ledger, seq: int) -> None:
        self.study = study
        self._ledger = ledger
        self._seq = seq

    @classmethod
    def load(cls, connection: sqlite3.Connection, study: int) -> Projection:
        """Where the tables of an existing study stand."""
        seq, *rest = connection.execute(SELECT_STUDY, (study,)).fetchone()
        ledger = Ledger()
        ledger.study = study_row(rest)
        return cls(study, ledger, seq)

    def append(self, connection: sqlite3.Connection, events: Iterable[Event]) -> int:
        """Write the events whose keys are new; returns the log's last sequence number."""
        first = self._seq + 1
        fresh = self.fold(connection, events)
        if not fresh:
            return self._seq
        rows = [(self.study, first + index, EVENTS.encode(event)) for index, event in enumerate(fresh)]
        connection.executemany("INSERT INTO event VALUES (?, ?, ?)", rows)
        answered = [
            (self.study, event.command) for event in fresh if isinstance(event, ANSWERS) and event.command is not None
        ]
        if answered:
            connection.executemany("UPDATE command SET command = NULL WHERE study = ? AND number = ?", answered)
        return self._seq

    def fold(self, connection: sqlite3.Connection, events: Iterable[Event]) -> Sequence[Event]:
        """Bring the tables up to date with the events whose keys are new, and return these. The log is left alone."""
        fresh: list[Event] = []
        changed: dict[int, bool] = {}  # trial -> whether by more than reports
        for event in events:
            if not self._is_new(connection, event):
                continue
            if isinstance(event, TRIAL_EVENTS) and event.trial is not None:
                self._fetch(connection, event, event.trial)
                changed[event.trial] = changed.get(event.trial, False) or not isinstance(event, Observed)
            self._ledger.apply(event)
            self._seq += 1
            fresh.append(event)
        if fresh:
            self._write_trials(connection, changed)
            self._write_study(connection, fresh)
        return fresh

    def _is_new(self, connection: sqlite3.Connection, event: Event) -> bool:
        """Whether the log has no event of this key yet; takes the key."""
        if isinstance(event, Observed):
            row = (self.study, event.trial, event.step, self._seq + 1)
            return connection.execute("INSERT OR IGNORE INTO report VALUES (?, ?, ?, ?)", row).rowcount == 1
        key = event.key
        if key is None:
            return True
        return connection.execute("INSERT OR IGNORE INTO event_key VALUES (?, ?)", (self.study, key)).rowcount == 1

    def _fetch(self, connection: sqlite3.Connection, event: TrialEvent, number: int) -> None:
        """Get the event's trial into the ledger, if there is one, and see that the event may follow."""
        assert self._ledger.study is not None
        trials = self._ledger.trials
        trial = trials.get(number)
        if trial is None:
            values = connection.execute(SELECT_TRIAL, (self.study, number)).fetchone()
            if values is not None:
                trial = trials[number] = trial_row(values)
        check_attempt(self._ledger.study.name, event, trial.attempt if trial else 0)

    def _write_trials(self, connection: sqlite3.Connection, changed: dict[int, bool]) -> None:
        trials = self._ledger.trials
        progress, whole = [], []
        for number, is_whole in changed.items():
            trial = trials[number]
            if is_whole:
                whole.append(trial_values(self.study, trial))
            else:
                progress.append(progress_values(self.study, trial))
            if not _is_at_work(trial):
                del trials[number]
                self._ledger.open.pop(number, None)
                self._ledger.waiting.pop(number, None)
        connection.executemany(WRITE_TRIAL, whole)
        connection.executemany(WRITE_PROGRESS, progress)

    def _write_study(self, connection: sqlite3.Connection, fresh: Sequence[Event]) -> None:
        row = self._ledger.study
        assert row is not None
        if any(isinstance(event, _SETTING) for event in fresh):
            (text,) = connection.execute("SELECT created FROM study WHERE id = ?", (self.study,)).fetchone()
            created = EVENTS.decode(text)
            assert isinstance(created, StudyCreated)
            now = {name: getattr(row, name) for name in ("space", "searcher", "scheduler", "settings")}
            text = EVENTS.encode(replace(created, **now))
            connection.execute("UPDATE study SET created = ? WHERE id = ?", (text, self.study))
        connection.execute(WRITE_HEAD, head_values(self.study, row, self._seq))


def _is_at_work(trial: TrialRow) -> bool:
    """Whether the next events are likely to be about this trial, so that its row is worth keeping at hand."""
    return trial.state is TrialState.RUNNING
