"""The store that lives as long as its process: events stay the objects they are, nothing is encoded."""

from __future__ import annotations

import copy
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import final

from msgspec.structs import replace

from rung.commands import Command, UnknownCommand
from rung.contracts import Tables
from rung.events import Event, Observed, Started, StudyCreated
from rung.ledger import Ledger
from rung.rows import StudyRow, TrialRow
from rung.store._fencing import ANSWERS, TRIAL_EVENTS, check_attempt
from rung.store._names import folder_name, study_exists, study_not_found, trial_not_found
from rung.store.lease import Holding, fenced, is_free, is_held, locked
from rung.store.owner import Clock, MachineClock, Stamp
from rung.types import Lease, Owner


@final
class MemoryStore:
    """Keeps everything in this process. Events must not be changed after they were appended.

    folder: where the files of the studies go, and stay; by default a temporary one.
    """

    url = "memory"

    def __init__(self, *, clock: Clock | None = None, folder: Path | None = None) -> None:
        self._clock = clock or MachineClock()
        self._lock = threading.Lock()
        self._logs: dict[str, _Log] = {}
        self._given_folder = folder
        self._folder: Path | None = None
        self.tables: Tables = MemoryTables(self._logs, self._lock, self._clock)

    def create(self, created: StudyCreated) -> None:
        """Begin a study with its first event; StudyExistsError if the name is taken."""
        with self._lock:
            if created.study in self._logs:
                raise study_exists(created.study)
            log = _Log(created.study)
            log.append((created,))
            self._logs[created.study] = log

    def append(self, events: Sequence[Event], *, lease: Lease) -> int:
        """Add events to the log; see ``contracts.Store``."""
        with self._lock:
            log = self._held(lease)
            log.append(events)
            log.renewed = self._clock.stamp()
            return len(log.events)

    def read(self, study: str, after: int = 0) -> Iterator[tuple[int, Event]]:
        """(sequence number, event) of the events that the log has now, after that number."""
        return enumerate(_find(self._logs, study).events[after:], after + 1)

    def acquire(self, study: str, owner: Owner, *, ttl: float) -> Lease:
        """The right to write to the study; see ``contracts.Store`` and ``rung.store.lease``."""
        log = _find(self._logs, study)
        while True:
            holding = log.holding()
            if not is_free(holding, owner, self._clock, read=log.holding):
                assert holding is not None
                raise locked(study, holding, self._clock.stamp(), asking=owner)
            with self._lock:
                if log.holding() == holding:  # else somebody was faster
                    log.epoch += 1
                    log.renewed = now = self._clock.stamp()
                    log.granted = Holding(owner, log.epoch, ttl, since=now, renewed=now)
                    return Lease(study, owner, log.epoch, ttl)

    def renew(self, lease: Lease) -> None:
        """Another ``ttl`` seconds from now; FencedError when it has passed to somebody else."""
        with self._lock:
            self._held(lease).renewed = self._clock.stamp()

    def release(self, lease: Lease) -> None:
        """Give the right back; nothing happens when it has passed on already."""
        with self._lock:
            log = _find(self._logs, lease.study)
            if log.epoch == lease.epoch:
                log.granted = None

    def post(self, study: str, command: Command, *, key: str | None = None) -> int:
        """Put a command into the study's inbox; returns its number. The same key twice gives the same number."""
        with self._lock:
            log = _find(self._logs, study)
            if key is not None and key in log.command_keys:
                return log.command_keys[key]
            log.n_commands += 1
            log.commands[log.n_commands] = command
            if key is not None:
                log.command_keys[key] = log.n_commands
            return log.n_commands

    def take(self, lease: Lease) -> Sequence[tuple[int, Command | UnknownCommand]]:
        """The commands that no event has answered yet, oldest first."""
        with self._lock:
            log = self._held(lease)
            return list(log.commands.items()) if log.commands else ()

    def folder(self, study: str) -> Path:
        """The study's folder. Where none was given, it is temporary, and goes when the store is closed or forgotten."""
        if self._given_folder is not None:
            return self._given_folder.absolute() / folder_name(study)
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="rung-")).resolve()
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder / folder_name(study)

    def close(self) -> None:
        """Remove the temporary folder. The studies stay readable."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _held(self, lease: Lease) -> _Log:
        log = _find(self._logs, lease.study)
        if log.granted is None or log.epoch != lease.epoch:
            raise fenced(lease, None if log.granted is None else log.granted.owner)
        return log


@final
class MemoryTables:
    """The rows of a MemoryStore, folded from its logs when they are asked for. All rows are copies."""

    def __init__(self, logs: Mapping[str, _Log], lock: threading.Lock, clock: Clock) -> None:
        self._logs = logs
        self._lock = lock
        self._clock = clock

    def studies(self) -> Sequence[StudyRow]:
        """All studies, oldest first."""
        return [self.study(name) for name in list(self._logs)]

    def study(self, study: str) -> StudyRow:
        """One study; StudyNotFoundError names the nearest name."""
        log = _find(self._logs, study)
        with self._lock:
            row = log.folded().study
            assert row is not None
            holding = log.holding()
            owner = holding.owner if holding and is_held(holding, self._clock.stamp()) is not False else None
            return replace(row, owner=owner, counts=dict(row.counts))

    def trials(self, study: str) -> Sequence[TrialRow]:
        """All trials of a study by number."""
        log = _find(self._logs, study)
        with self._lock:
            trials = log.folded().trials
            rows = [copy.copy(trials[number]) for number in sorted(trials)]
        for row in rows:
            row.checkpoints = list(row.checkpoints)
        return rows

    def trial(self, study: str, number: int) -> TrialRow:
        """One trial; TrialNotFoundError says how many there are."""
        log = _find(self._logs, study)
        with self._lock:
            trials = log.folded().trials
            if number not in trials:
                raise trial_not_found(study, number, len(trials))
            row = copy.copy(trials[number])
        row.checkpoints = list(row.checkpoints)
        return row

    def running(self, study: str) -> Sequence[TrialRow]:
        """The trials that run, by number."""
        log = _find(self._logs, study)
        with self._lock:
            rows = [copy.copy(row) for _, row in sorted(log.folded().running.items())]
        for row in rows:
            row.checkpoints = list(row.checkpoints)
        return rows

    def pending(self, study: str) -> Sequence[tuple[int, Command | UnknownCommand]]:
        """The commands in the inbox that no event has answered yet, oldest first."""
        return list(_find(self._logs, study).commands.items())

    def reports(self, study: str, trial: int | None = None) -> Iterator[tuple[int, int, float, Mapping[str, float]]]:
        """(trial, step, at, metrics) by trial and step, of one trial or all."""
        observed = [
            event
            for event in _find(self._logs, study).events[:]
            if isinstance(event, Observed) and trial in {None, event.trial}
        ]
        observed.sort(key=lambda event: (event.trial, event.step))
        return ((event.trial, event.step, event.at, event.metrics) for event in observed)

    def last_metrics(self, study: str) -> Mapping[int, Mapping[str, float]]:
        """The metrics of the last report of each trial that has one."""
        return {trial: metrics for trial, _, _, metrics in self.reports(study)}


@final
class _Log:
    """One study: its events, its lease and its inbox."""

    def __init__(self, study: str) -> None:
        self.study = study
        self.events: list[Event] = []
        self.granted: Holding | None = None
        self.epoch = 0
        self.renewed: Stamp | None = None
        self.commands: dict[int, Command] = {}
        self.command_keys: dict[str, int] = {}
        self.n_commands = 0
        self._keys: set[str] = set()
        self._attempts: dict[int, int] = {}
        self._ledger = Ledger()
        self._n_folded = 0

    def append(self, events: Sequence[Event]) -> None:
        """Add all events whose keys are new, or none if one is refused."""
        fresh: list[Event] = []
        keys: set[str] = set()
        attempts: dict[int, int] = {}
        for event in events:
            key = event.key
            if key is not None:
                if key in self._keys or key in keys:
                    continue
                keys.add(key)
            if isinstance(event, TRIAL_EVENTS) and event.trial is not None:
                trial = event.trial
                check_attempt(self.study, event, attempts.get(trial) or self._attempts.get(trial, 0))
                if isinstance(event, Started):
                    attempts[trial] = event.attempt
            fresh.append(event)
        self.events += fresh
        self._keys |= keys
        if attempts:
            self._attempts |= attempts
        if self.commands:
            for event in fresh:
                if isinstance(event, ANSWERS) and event.command is not None:
                    self.commands.pop(event.command, None)

    def folded(self) -> Ledger:
        """The ledger of all events so far."""
        while self._n_folded < len(self.events):
            self._ledger.apply(self.events[self._n_folded])
            self._n_folded += 1
        return self._ledger

    def holding(self) -> Holding | None:
        """Who has the lease, if anybody."""
        return self.granted and replace(self.granted, renewed=self.renewed)


def _find(logs: Mapping[str, _Log], study: str) -> _Log:
    try:
        return logs[study]
    except KeyError:
        raise study_not_found(study, logs) from None
