"""The one loop of a tuner: fill the free workers, wait for facts, carry out commands, hold the limits."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, final

from rung.events import Started, WorkerPaused
from rung.stopping import Halt
from rung.tuning.deadlines import Deadlines
from rung.tuning.endings import Endings
from rung.tuning.inbox import How, Inbox
from rung.tuning.intake import Intake
from rung.tuning.patience import Patience
from rung.tuning.starter import Limits, Starter
from rung.tuning.workers import Workers
from rung.types import Action, Config, Fact, Handle, Verdict

if TYPE_CHECKING:
    from rung.contracts import Backend
    from rung.rows import TrialRow
    from rung.tuning.session import Session

INBOX_PERIOD_S = 0.2  # how long a command may lie in the inbox before a busy tuner looks


@final
class Loop:
    """Runs until nothing is left to do, a limit is reached, or somebody stops it; ``why`` says which.

    ``why`` is one of: done, exhausted, seconds, criterion, budget, stopped, paused, interrupted, failures, objective;
    ``message`` says it in full where there is more to say. A signal handler may set ``end_now``; the loop then ends
    what runs as soon as it looks.
    """

    def __init__(
        self,
        session: Session,
        backend: Backend,
        *,
        folder: Path,
        limits: Limits,
        endings: Endings | None = None,
        fixed: frozenset[str] = frozenset(),
        given: Sequence[Config] = (),
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.why = self.message = ""
        self.end_now = self.is_in_objective = False
        self.intake = Intake(session, backend, folder=folder, max_kills=limits.max_kills)
        self.inbox = Inbox(session, self.intake, fixed=fixed)
        self.workers = Workers(backend.slots, failures_in_a_row=limits.failures_in_a_row)
        self._session, self._ledger = session, session.ledger
        self._backend, self._limits = backend, limits
        self._endings = endings or Endings()
        self._began_at = session.at()
        self._looked_at = -math.inf
        self._patience = Patience(session.study.name, say)
        self._deadlines = Deadlines(session, self.intake, limits, runs_in_caller=backend.runs_in_caller)
        self._starter = Starter(session, folder=folder, limits=limits, endings=self._endings, given=given)

    def run(self) -> str:
        """Work until the end; returns ``why``."""
        self.inbox.drop_stale_stops()
        self._adopt()
        while True:
            self._look_after()
            self._settle()
            if not self.why:
                self._fill()
            if not self._ledger.running:
                if not self.why and (what := self._starter.waits_for_person) is not None:
                    self._patience.wait(what, len(self._ledger.trials), seconds=INBOX_PERIOD_S)
                    continue
                why = self.why or self._starter.idle_why
                self.message = self._endings.messages.get(why) or self.intake.broken.partition("\n")[0]
                return why
            try:
                self.is_in_objective = self._backend.runs_in_caller
                self._backend.poll(INBOX_PERIOD_S, self._deliver)
            except KeyboardInterrupt:
                self.end_now = True
            finally:
                self.is_in_objective = False

    def stop(self, why: str) -> None:
        """Start nothing more and let the running trials finish."""
        self.why = self.why or why

    def pause(self, why: str) -> None:
        """Start nothing more and end the running trials at their next checkpoints; they wait for another session."""
        for trial in self._running():
            self.intake.decide(trial, Action.PAUSE, why="the study was paused", by="study")
        self.intake.commit()
        self.stop(why)

    def stop_now(self, why: str) -> None:
        """End the running trials too; they wait for another session."""
        for trial in self._running():
            self._backend.stop(trial.number)
            self.intake.interrupt(trial, reason="interrupted")
        self.intake.commit()
        self.why = why

    def _running(self) -> list[TrialRow]:
        """A copy, as what is done with them ends some; lowest number first, so that it always goes the same way."""
        return [trial for _, trial in sorted(self._ledger.running.items())]

    def _deliver(self, facts: Sequence[Fact]) -> None:
        self.is_in_objective = False
        self.intake.deliver(facts)
        self._look_after()
        self.is_in_objective = self._backend.runs_in_caller

    def _look_after(self) -> None:
        """What has to be looked at from time to time: the clock, the lease, the inbox, the trials' limits."""
        if self.end_now:
            self.stop_now("interrupted")
        if self.intake.broken:
            self.stop_now("objective")
        at, seconds = self._session.at(), self._limits.seconds
        if seconds is not None and at - self._began_at >= seconds:
            self.stop_now(self.why or "seconds")
        if (halt := self._endings.look(self._ledger, at)) is Halt.RUNS:
            self.stop_now(self.why or self._endings.why)
        elif halt is Halt.STARTS:
            self.stop(self._endings.why)
        self._deadlines.hold(at)
        # Real seconds even when the backend's are virtual: people and other hosts wait in real time.
        if time.monotonic() - self._looked_at < INBOX_PERIOD_S:
            return
        self._looked_at = time.monotonic()
        self._session.check_lease()
        self.inbox.carry_out()
        if self.inbox.stop is not None:
            _STOPS[self.inbox.stop](self)

    def _adopt(self) -> None:
        """Take over what an earlier session left running: keep what lives on, let the rest be tried again."""
        alive = set(self._backend.live())
        for trial in self._running():
            handle = Handle(trial.number, trial.attempt)
            if handle in alive and self.workers.take(trial.worker):
                alive.discard(handle)
                if trial.decided is not None:  # word that the earlier session may not have sent any more
                    self.intake.send(trial.number, Verdict(trial.decided, trial.last_step, trial.message))
            else:
                self.intake.interrupt(trial, reason="tuner")
        for handle in alive:
            self._backend.stop(handle.trial)
        self.intake.ended.clear()
        self.intake.commit()

    def _fill(self) -> None:
        """Give every free worker something to do; one transaction for all starts, and only then the starts."""
        begun: list[Started] = []
        while (worker := self.workers.next_free) is not None:
            started = self._starter.next_start(worker)
            if started is None:
                break
            self.workers.take_next()
            self.intake.stage(started)
            begun.append(started)
        self._session.flush()
        for started in begun:
            self._backend.start(self._starter.job(self._ledger.trials[started.trial]))
        self.intake.commit()  # what the scheduler decided because of a start reaches its trial now that it runs

    def _settle(self) -> None:
        """Free the workers whose runs have ended, and pause those on which everything fails."""
        ended, self.intake.ended = self.intake.ended, []
        for trial in ended:
            if why := self.workers.settle(trial, self._session.at()):
                self.intake.stage(WorkerPaused(at=self._session.at(), worker=trial.worker, why=why))
        if self.workers.are_all_paused:
            self.stop("failures")
        self.intake.commit()


_STOPS: dict[How, Callable[[Loop], None]] = {
    "finish": lambda loop: loop.stop("stopped"),
    "pause": lambda loop: loop.pause("paused"),
    "now": lambda loop: loop.stop_now(loop.why or "stopped"),
}
"""How a study is to stop -> what does it."""
