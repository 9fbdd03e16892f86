"""The read side of a SQLite store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import final

from msgspec.structs import replace

from rung.commands import Command, UnknownCommand
from rung.events import Observed
from rung.rows import StudyRow, TrialRow
from rung.store._database import Database
from rung.store._inbox import SELECT_OPEN
from rung.store._leases import Leases
from rung.store._names import trial_not_found
from rung.store._rows import SELECT_STUDY, SELECT_TRIAL, SELECT_TRIALS, study_row, trial_row
from rung.store.codec import EVENTS, decode_command
from rung.store.lease import is_held
from rung.store.owner import Clock
from rung.types import TrialState

_CHUNK = 5000
_REPORTS = """
    SELECT trial, step, event FROM report JOIN event USING (study, seq)
    WHERE study = ? AND trial = ? AND step > ? ORDER BY trial, step LIMIT ?
"""
_ALL_REPORTS = """
    SELECT trial, step, event FROM report JOIN event USING (study, seq)
    WHERE study = ? AND (trial, step) > (?, ?) ORDER BY trial, step LIMIT ?
"""
_LAST_REPORTS = """
    SELECT report.trial, event FROM trial
    JOIN report ON report.study = trial.study AND report.trial = number AND report.step = last_step
    JOIN event ON event.study = report.study AND event.seq = report.seq
    WHERE trial.study = ? ORDER BY number
"""


@final
class SqliteTables:
    """Rows as of the newest commit of whichever process."""

    def __init__(self, database: Database, leases: Leases, clock: Clock) -> None:
        self._database = database
        self._leases = leases
        self._clock = clock

    def studies(self) -> Sequence[StudyRow]:
        """All studies, oldest first."""
        with self._database.snapshot():  # none of them can be deleted meanwhile
            return [self.study(name) for (name,) in self._database.query("SELECT name FROM study ORDER BY id")]

    def study(self, study: str) -> StudyRow:
        """One study; StudyNotFoundError names the nearest name."""
        number = self._database.number(study)
        ((_, *values),) = self._database.query(SELECT_STUDY, (number,))
        _, holding = self._leases.holding(number)
        is_owned = holding is not None and is_held(holding, self._clock.stamp()) is not False
        return replace(study_row(values), owner=holding.owner if holding and is_owned else None)

    def trials(self, study: str) -> Sequence[TrialRow]:
        """All trials of a study by number."""
        rows = self._database.query(f"{SELECT_TRIALS} ORDER BY number", (self._database.number(study),))
        return [trial_row(values) for values in rows]

    def trial(self, study: str, number: int) -> TrialRow:
        """One trial; TrialNotFoundError says how many there are."""
        key = self._database.number(study)
        found = self._database.query(SELECT_TRIAL, (key, number))
        if not found:
            ((count,),) = self._database.query("SELECT count(*) FROM trial WHERE study = ?", (key,))
            raise trial_not_found(study, number, count)
        return trial_row(found[0])

    def running(self, study: str) -> Sequence[TrialRow]:
        """The trials that run, by number."""
        sql = f"{SELECT_TRIALS} AND state = ? ORDER BY number"
        rows = self._database.query(sql, (self._database.number(study), TrialState.RUNNING))
        return [trial_row(values) for values in rows]

    def pending(self, study: str) -> Sequence[tuple[int, Command | UnknownCommand]]:
        """The commands in the inbox that no event has answered yet, oldest first."""
        rows = self._database.query(SELECT_OPEN, (self._database.number(study),))
        return [(number, decode_command(text)) for number, text in rows]

    def reports(self, study: str, trial: int | None = None) -> Iterator[tuple[int, int, float, Mapping[str, float]]]:
        """(trial, step, at, metrics) by trial and step, of one trial or all."""
        return self._reports(self._database.number(study), trial)

    def last_metrics(self, study: str) -> Mapping[int, Mapping[str, float]]:
        """The metrics of the last report of each trial that has one."""
        rows = self._database.query(_LAST_REPORTS, (self._database.number(study),))
        return {trial: _observed(text).metrics for trial, text in rows}

    def _reports(self, study: int, only: int | None) -> Iterator[tuple[int, int, float, Mapping[str, float]]]:
        sql = _ALL_REPORTS if only is None else _REPORTS
        trial = -1 if only is None else only
        step = -1
        while rows := self._database.query(sql, (study, trial, step, _CHUNK)):
            for number, step, text in rows:
                if number != trial:
                    trial = number  # one object for all its reports, which saves who keeps them a tenth of the memory
                event = _observed(text)
                yield trial, step, event.at, event.metrics


def _observed(text: str) -> Observed:
    event = EVENTS.decode(text)
    assert isinstance(event, Observed)
    return event
