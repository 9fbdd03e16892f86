"""Runs that are taken from one report to the next: generators as they are, functions on threads of their own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, final

from rung.errors import TrialStopped
from rung.runtime.execute import GeneratorRun, run_job
from rung.runtime.objective import Kind, Objective
from rung.types import Action, Fact, Job, Message, Reported, Verdict


@final
class SteppingLine:
    """The channel of a run that stands still at each report until it is taken further.

    is_cut: nothing of the run counts any more. is_to_stop: the tuner said stop, not merely pause.
    is_parked: its report was delivered, but not answered yet.
    suspend: hands control back to whoever takes the run further, and returns when it is taken further again.
    """

    def __init__(self, suspend: Callable[[], None]) -> None:
        self.is_cut = False
        self.is_to_stop = False
        self.is_parked = False
        self._suspend = suspend
        self._inbox: deque[Message] = deque()
        self._facts: list[Fact] = []
        self._awaited = 0

    @property
    def is_answered(self) -> bool:
        """The run need not stand still for want of a Verdict."""
        return not self._awaited or any(
            isinstance(message, Verdict) and (message.action is not Action.CONTINUE or message.step == self._awaited)
            for message in self._inbox
        )

    def put(self, message: Message) -> None:
        """A message for the run."""
        self._inbox.append(message)
        if isinstance(message, Verdict) and message.action is Action.STOP:
            self.is_to_stop = True

    def renew(self) -> None:
        """Forget what was said to an attempt that is over."""
        self._inbox.clear()
        self._awaited = 0
        self.is_to_stop = self.is_parked = False

    def take(self) -> list[Fact]:
        """The facts since the last time."""
        facts, self._facts = self._facts, []
        return facts

    def post(self, fact: Fact) -> None:
        """Keep a fact to be taken; at a report, stand still."""
        if self.is_cut:
            raise TrialStopped
        self._facts.append(fact)
        if isinstance(fact, Reported):
            self._awaited = fact.step if fact.waits else 0
            self._suspend()
            if self.is_cut:
                raise TrialStopped

    def wait(self) -> Message:
        """The next message."""
        while not self._inbox:
            if self.is_cut:
                raise TrialStopped
            self._suspend()
        return self._inbox.popleft()

    def pending(self) -> Sequence[Message]:
        """The messages that have arrived."""
        if not self._inbox:
            return ()
        messages = tuple(self._inbox)
        self._inbox.clear()
        return messages


class Stepping(Protocol):
    """A run that is taken from one report to the next. step: of the last report, for reckoning the time."""

    job: Job
    line: SteppingLine
    step: int

    def advance(self) -> None:
        """Run the user's code to the next report or to the end. What it said is then in the line."""

    def cut(self) -> None:
        """End it now; nothing of it counts any more."""


def begin(job: Job, objective: Objective) -> Stepping:
    """A run that stands before its beginning."""
    return SteppingGenerator(job, objective) if objective.kind is Kind.GENERATOR else _SteppingFunction(job, objective)


@final
class SteppingGenerator:
    """A generator objective, which can outlast a pause. is_suspended: it does, and waits for ``resume``.

    One that is begun again after a pause goes through the steps in the log without saying anything.
    """

    def __init__(self, job: Job, objective: Objective) -> None:
        self.job = job
        self.line = SteppingLine(_go_on)
        self.step = job.last_step
        self._limit = objective.limit
        self._run = GeneratorRun(job, objective, self.line)

    @property
    def is_suspended(self) -> bool:
        """It stands at a yield, told to pause."""
        return self._run.is_suspended

    def advance(self) -> None:
        """See ``Stepping``."""
        self._run.advance(keep=not self.line.is_to_stop, silent_until=self.job.last_step)

    def can_become(self, job: Job) -> bool:
        """The job goes on from exactly here, with the hyperparameters and the end that the generator knows of."""
        progress = self._run.progress
        is_same_end = self._limit is None or job.until == self.job.until
        return self.is_suspended and is_same_end and progress.step == job.last_step and progress.config == job.config

    def resume(self, job: Job) -> None:
        """Go on as this attempt."""
        self.job = job
        self.step = job.last_step
        self.line.renew()
        self._run.resume(job)

    def cut(self) -> None:
        """See ``Stepping``."""
        self.line.is_cut = True
        self._run.close()


@final
class _SteppingFunction:
    """A function objective on a thread of its own, which runs only while ``advance`` waits for it."""

    def __init__(self, job: Job, objective: Objective) -> None:
        self.job = job
        self.line = SteppingLine(self._hand_back)
        self.step = 0
        self._forth = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        self._is_over = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._live, args=(objective,), name=f"trial-{job.trial}", daemon=True)

    def advance(self) -> None:
        """See ``Stepping``. A KeyboardInterrupt leaves the thread alone until its next report, which ends it."""
        try:
            if self._thread.ident is None:
                self._thread.start()
            else:
                self._forth.release()
            self._back.acquire()
        except KeyboardInterrupt:
            self.line.is_cut = True
            self._forth.release()
            raise
        if self._is_over:
            self._thread.join()
        if self._failure is not None:
            raise self._failure

    def cut(self) -> None:
        """See ``Stepping``. Waits until the function has obeyed TrialStopped."""
        is_abandoned, self.line.is_cut = self.line.is_cut, True
        if not (is_abandoned or self._is_over or self._thread.ident is None):
            self.advance()

    def _live(self, objective: Objective) -> None:
        try:
            run_job(self.job, objective, self.line)
        except KeyboardInterrupt as error:
            self._failure = error
        self._is_over = True
        self._back.release()

    def _hand_back(self) -> None:
        self._back.release()
        self._forth.acquire()


def _go_on() -> None:
    """A generator stands still by itself."""
