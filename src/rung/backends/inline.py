"""Runs trials one after the other in the caller's own thread: the simplest backend, and the fastest for tiny trials."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, final

from rung.errors import ObjectiveError, TrialStopped
from rung.runtime.execute import run_job
from rung.runtime.objective import Kind, Objective
from rung.types import Exited, Fact, Handle, Job, Message, Reported

if TYPE_CHECKING:
    from rung.contracts import Deliver

_BATCH = 64
"""Facts that may wait for one delivery."""

_PATIENCE_S = 0.1
"""A fact waits for others only while the last delivery is younger than this, so slow trainings are heard at once."""


@final
class Inline:
    """One slot, in the caller's thread. A stop reaches a trial at its next report; only Ctrl-C ends it before.

    Global random states are shared with the caller: trials draw from them, and ``trial.epochs`` sets them when it
    continues from a checkpoint.
    """

    slots = 1
    runs_in_caller = True

    def __init__(self) -> None:
        self._objective: Objective | None = None
        self._attempts: dict[int, int] = {}
        self._job: Job | None = None
        self._line: _Line | None = None

    def open(self, study: str, objective: Objective, folder: Path) -> None:  # noqa: ARG002  part of the contract
        """Get ready; ObjectiveError for scripts."""
        if objective.kind is Kind.SCRIPT:
            raise ObjectiveError("A script runs in processes.", hint="Use the processes backend.")
        self._objective = objective
        self._attempts.clear()

    def start(self, job: Job) -> None:
        """Take a job, to be run by ``poll``; one attempt is taken once."""
        if self._attempts.get(job.trial, 0) >= job.attempt:
            return
        assert self._job is None, "there is one slot, and it is taken"
        self._attempts[job.trial] = job.attempt
        self._job = job

    def send(self, trial: int, message: Message) -> None:
        """Pass a message to the trial if it is the one that runs."""
        if self._line is not None and self._line.trial == trial:
            self._line.inbox.append(message)

    def stop(self, trial: int) -> None:
        """Forget the trial; if it runs, it gets TrialStopped at its next report and nothing of it is delivered."""
        if self._job is not None and self._job.trial == trial:
            self._job = None
            if self._line is not None:
                self._line.is_cut = True
                self._line = None

    def poll(self, timeout: float, deliver: Deliver) -> None:  # noqa: ARG002  there is nothing to wait for
        """Run the job that was started, from beginning to end; without one, return at once.

        What ``deliver`` raises ends the trial, and is raised from here.
        """
        job = self._job
        if job is None:
            return
        assert self._objective is not None, "open comes before start"
        line = self._line = _Line(job.trial, deliver)
        try:
            run_job(job, self._objective, line)
        finally:
            if self._job is job:  # else it was stopped, and another one may have been started
                self._job = self._line = None
            line.finish()

    def live(self) -> Sequence[Handle]:
        """The run that was started and is not over."""
        return [] if self._job is None else [Handle(self._job.trial, self._job.attempt)]

    def now(self) -> float:
        """Real seconds."""
        return time.perf_counter()

    def close(self) -> None:
        """Forget what was started."""
        if self._job is not None:
            self.stop(self._job.trial)


@final
class _Line:
    """The channel of the run in ``poll``. is_cut: nothing of the run counts any more."""

    def __init__(self, trial: int, deliver: Deliver) -> None:
        self.trial = trial
        self.inbox: deque[Message] = deque()
        self.is_cut = False
        self._deliver = deliver
        self._facts: list[Fact] = []
        self._delivered_at = time.perf_counter()
        self._failure: BaseException | None = None

    def post(self, fact: Fact) -> None:
        """Keep the fact for the next delivery, or deliver now. The Exited is left to ``finish``."""
        if self.is_cut:
            raise TrialStopped
        self._facts.append(fact)
        kind = type(fact)
        if kind is Exited:
            return
        is_due = len(self._facts) >= _BATCH or time.perf_counter() - self._delivered_at > _PATIENCE_S
        if is_due or (kind is Reported and fact.waits):  # type: ignore[union-attr]  # it is a Reported
            try:
                self._flush()
            except BaseException as error:  # noqa: BLE001  the tuner's trouble must not look like the objective's
                self._failure = error
                self.is_cut = True
            if self.is_cut:
                raise TrialStopped

    def wait(self) -> Message:
        """The next message, which is there already: ``deliver`` returns when all answers are given."""
        if self.is_cut:
            raise TrialStopped
        assert self.inbox, "the tuner answers every report that waits"
        return self.inbox.popleft()

    def pending(self) -> Sequence[Message]:
        """The messages that have arrived."""
        if not self.inbox:
            return ()
        messages = tuple(self.inbox)
        self.inbox.clear()
        return messages

    def finish(self) -> None:
        """Deliver what is left, unless the run was cut off; raise what the tuner raised during the run."""
        if self._failure is not None:
            raise self._failure
        if not self.is_cut:
            self._flush()

    def _flush(self) -> None:
        facts, self._facts = self._facts, []
        if facts:
            self._deliver(facts)
        self._delivered_at = time.perf_counter()
