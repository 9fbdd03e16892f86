"""The one loop of a tuner: fill the free workers, wait for facts, carry out commands, hold the limits."""

from __future__ import annotations

import heapq
import math
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, final

from rung.events import Started, WorkerPaused
from rung.tuning.inbox import Inbox
from rung.tuning.intake import Intake
from rung.tuning.starter import Limits, Starter
from rung.types import Action, Fact, Handle, TrialState

if TYPE_CHECKING:
    from rung.contracts import Backend
    from rung.ledger import TrialRow
    from rung.tuning.session import Session

INBOX_PERIOD_S = 0.2  # how long a command may lie in the inbox before a busy tuner looks
FAILURE_WINDOW_S = 60.0
_WORKER_FAULTS = frozenset({"error", "oom", "exit", "crashed", "killed", "no_value", "bad_value"})


@final
class Loop:
    """Runs until nothing is left to do, a limit is reached, or somebody stops it; ``why`` says which.

    ``why`` is one of: done, exhausted, seconds, stopped, interrupted, failures. The last failure's message is in
    ``last_failure``. A signal handler may set ``end_now``; the loop then ends what runs as soon as it looks.
    """

    def __init__(self, session: Session, backend: Backend, *, folder: Path, limits: Limits) -> None:
        self.why = ""
        self.last_failure = ""
        self.end_now = False
        self.is_in_objective = False
        self.intake = Intake(session, backend, max_kills=limits.max_kills)
        self.inbox = Inbox(session, self.intake)
        self._session = session
        self._ledger = session.ledger
        self._backend = backend
        self._limits = limits
        self._began_at = session.at()
        self._looked_at = -math.inf
        self._starter = Starter(session, folder=folder, limits=limits)
        self._paused = 0
        self._free = list(range(backend.slots))
        self._failures: dict[int, deque[float]] = {}

    def run(self) -> str:
        """Work until the end; returns ``why``."""
        self._adopt()
        while True:
            self._look_after()
            if not self.why:
                self._fill()
            if not self._session.study.counts.get(TrialState.RUNNING):
                return self.why or self._starter.idle_why
            try:
                self.is_in_objective = self._backend.runs_in_caller
                self._backend.poll(INBOX_PERIOD_S, self._deliver)
            except KeyboardInterrupt:
                self.end_now = True
            finally:
                self.is_in_objective = False
            self._settle()

    def stop(self, why: str) -> None:
        """Start nothing more and let the running trials finish."""
        self.why = self.why or why

    def stop_now(self, why: str) -> None:
        """End the running trials too; they wait for another session."""
        for trial in self._open_in(TrialState.RUNNING):
            self._backend.stop(trial.number)
            self.intake.interrupt(trial, reason="interrupted")
        self.intake.commit()
        self.why = why

    def _open_in(self, state: TrialState) -> list[TrialRow]:
        return [trial for trial in self._ledger.open.values() if trial.state is state]

    def _deliver(self, facts: Sequence[Fact]) -> None:
        self.is_in_objective = False
        self.intake.deliver(facts)
        self._look_after()
        self.is_in_objective = self._backend.runs_in_caller

    def _look_after(self) -> None:
        """What has to be looked at from time to time: the clock, the lease, the inbox, the trials' limits."""
        if self.end_now and self._ledger.open:
            self.stop_now("interrupted")
        seconds = self._limits.seconds
        if seconds is not None and not self.why and self._session.at() - self._began_at >= seconds:
            self.stop_now("seconds")
        # Real seconds even when the backend's are virtual: people and other hosts wait in real time.
        if time.monotonic() - self._looked_at < INBOX_PERIOD_S:
            return
        self._looked_at = time.monotonic()
        self._session.keep_alive()
        self.inbox.carry_out()
        if self.inbox.stop is not None and not self.why:
            (self.stop_now if self.inbox.stop.now else self.stop)("stopped")
        self._hold_trial_limits()

    def _hold_trial_limits(self) -> None:
        limits, at = self._limits, self._session.at()
        for trial in self._open_in(TrialState.RUNNING):
            if trial.decided is Action.STOP:
                if at - trial.decided_at > limits.stop_grace_s:
                    self.intake.end_by_force(trial, reason="", message="")
            elif limits.trial_seconds is not None and at - trial.launched_at > limits.trial_seconds:
                message = f"took more than {limits.trial_seconds:g} s"
                self.intake.end_by_force(trial, reason="timeout", message=message)
            elif limits.stall_seconds is not None and at - trial.last_at > limits.stall_seconds:
                message = f"no report for {limits.stall_seconds:g} s"
                self.intake.end_by_force(trial, reason="stalled", message=message)
        self.intake.commit()

    def _adopt(self) -> None:
        """Take over what an earlier session left running: keep what lives on, let the rest be tried again."""
        alive = set(self._backend.live())
        for trial in self._open_in(TrialState.RUNNING):
            if Handle(trial.number, trial.attempt) in alive:
                alive.discard(Handle(trial.number, trial.attempt))
                if trial.worker in self._free:
                    self._free.remove(trial.worker)
            else:
                self.intake.interrupt(trial, reason="tuner")
        for handle in alive:
            self._backend.stop(handle.trial)
        self.intake.ended.clear()
        self.intake.commit()

    def _fill(self) -> None:
        """Give every free worker something to do; one transaction for all starts, and only then the starts."""
        begun: list[Started] = []
        while self._free:
            started = self._starter.next_start(self._free[0])
            if started is None:
                break
            heapq.heappop(self._free)
            self.intake.stage(started)
            begun.append(started)
        self.intake.commit()
        for started in begun:
            self._backend.start(self._starter.job(self._ledger.trials[started.trial]))

    def _settle(self) -> None:
        """Free the workers whose runs have ended, and pause those on which everything fails."""
        ended, self.intake.ended = self.intake.ended, []
        for trial in ended:
            if self._is_failing(trial):
                why = f"{self._limits.failures_in_a_row} failures in a row, the last one in trial {trial.number}"
                self.intake.stage(WorkerPaused(at=self._session.at(), worker=trial.worker, why=why))
                self._paused += 1
                if self._paused == self._backend.slots:
                    self.why = self.why or "failures"
            else:
                heapq.heappush(self._free, trial.worker)
        self.intake.commit()

    def _is_failing(self, trial: TrialRow) -> bool:
        allowed = self._limits.failures_in_a_row
        if allowed is None:
            return False
        if trial.state is not TrialState.FAILED or trial.reason not in _WORKER_FAULTS:
            self._failures.pop(trial.worker, None)
            return False
        self.last_failure = f"trial {trial.number}: {trial.reason}: {trial.message}"
        failures = self._failures.setdefault(trial.worker, deque(maxlen=allowed))
        failures.append(self._session.at())
        return len(failures) == allowed and failures[-1] - failures[0] <= FAILURE_WINDOW_S
