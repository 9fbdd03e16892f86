"""Trains nothing: trials report made-up losses on a virtual clock, so a plan can be gone through before it is run."""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np
from msgspec import Struct

from rung.runtime.progress import is_due
from rung.types import Action, Checkpoint, Exited, Fact, Handle, Job, Message, Outcome, Reported, Saved, Verdict

if TYPE_CHECKING:
    from rung.contracts import Deliver
    from rung.runtime.objective import Objective


class Trained(Struct):
    """What a trial has trained: the steps after ``start``, to which its parent had come, up to ``last``."""

    start: int
    last: int


class Seen(Struct):
    """What a rehearsal has seen. trained: by trial. marks: the steps at which decisions were due or runs ended.

    decides_always: they were due at every step. lacks_length: a run was to go to the objective's own end, and nobody
    knows where that is.
    """

    trained: dict[int, Trained] = {}
    marks: set[int] = set()
    decides_always: bool = False
    lacks_length: bool = False


@final
class Rehearsal:
    """``slots`` workers on which each step takes ``step_s`` virtual seconds.

    A trial's losses fall along a curve that is drawn for it from the seed and knows nothing of its configuration, so
    the trials are exchangeable: which of them is better is left to chance. There is a checkpoint wherever a run ends.

    length: the steps to the objective's own end; None counts all of such a training as one step. reports_all: whether
    trials report every step, or only those at which a decision is due, and their last.
    """

    runs_in_caller = True

    def __init__(
        self, slots: int, *, seed: int, step_s: float = 1.0, length: int | None = None, reports_all: bool = False
    ) -> None:
        self.slots = slots
        self.seen = Seen()
        self._seed = seed
        self._step_s = step_s
        self._length = length
        self._reports_all = reports_all
        self._now = 0.0
        self._runs: dict[int, _Run] = {}
        self._due: list[tuple[float, int, _Run, int]] = []  # a heap: when, in which order, who, at which step
        self._n_planned = 0

    def open(self, study: str, objective: Objective, folder: Path) -> None:
        """Nothing to get ready."""

    def start(self, job: Job) -> None:
        """Begin a run at this instant."""
        seen = self.seen
        start = max((each.step for each in job.checkpoints), default=0) if job.parent is not None else 0
        trained = seen.trained.setdefault(job.trial, Trained(start, start))
        seen.lacks_length |= job.until is None and self._length is None
        seen.decides_always |= job.decide_at is None
        end = max(job.until or self._length or 0, trained.last + 1)
        decisions = [mark for mark in job.decide_at or () if mark < end]
        seen.marks.update((*decisions, end))
        is_every = self._reports_all or job.decide_at is None
        marks = range(trained.last + 1, end + 1) if is_every else sorted({*decisions, end})
        run = _Run(job, trained, marks, end, self._now, _curve(self._seed, job.trial))
        self._runs[job.trial] = run
        self._plan(run, run.next_mark())

    def send(self, trial: int, message: Message) -> None:
        """Take a verdict: the run ends with the step that it is at."""
        run = self._runs.get(trial)
        if run is None or not isinstance(message, Verdict) or message.action is Action.CONTINUE:
            return
        run.told = message.action
        if run.mark > run.trained.last:
            self._plan(run, min(run.mark, run.come_to(self._now, self._step_s) + 1))

    def stop(self, trial: int) -> None:
        """End a run where it stands."""
        run = self._runs.pop(trial, None)
        if run is not None:
            run.trained.last = run.come_to(self._now, self._step_s)

    def poll(self, timeout: float, deliver: Deliver) -> None:
        """Go to the instant of the next report and deliver what is said then; without one, the timeout passes."""
        due: list[_Run] = []
        while self._due and (not due or self._due[0][0] <= self._now):
            at, _, run, mark = heapq.heappop(self._due)
            if self._runs.get(run.job.trial) is run and run.mark == mark > run.trained.last:
                self._now = at
                due.append(run)
                run.trained.last, run.since = mark, at
        if not due:
            self._now += timeout if math.isfinite(timeout) else 0.0
            return
        deliver([run.report() for run in due])
        ended: list[Fact] = []
        for run in due:
            if self._runs.get(run.job.trial) is not run:
                continue
            if run.told is Action.CONTINUE and run.trained.last < run.end:
                self._plan(run, run.next_mark())
            else:
                del self._runs[run.job.trial]
                ended += run.last_words()
        if ended:
            deliver(ended)

    def live(self) -> Sequence[Handle]:
        """The runs that are not over."""
        return [Handle(run.job.trial, run.job.attempt) for run in self._runs.values()]

    def now(self) -> float:
        """Virtual seconds."""
        return self._now

    def close(self) -> None:
        """End everything."""
        for trial in list(self._runs):
            self.stop(trial)

    def _plan(self, run: _Run, mark: int) -> None:
        """Have a run report at that step next."""
        run.mark = mark
        at = run.since + (mark - run.trained.last) * self._step_s
        heapq.heappush(self._due, (at, self._n_planned, run, mark))
        self._n_planned += 1


class _Run(Struct):
    """One run. marks: the steps that it reports, in order. since: when it came to where it stands. mark: what is next.

    curve: the level to which its losses fall, and from how far above.
    """

    job: Job
    trained: Trained
    marks: Sequence[int]
    end: int
    since: float
    curve: tuple[float, float]
    mark: int = 0
    told: Action = Action.CONTINUE

    def next_mark(self) -> int:
        """The next step that it reports."""
        return self.marks[bisect_right(self.marks, self.trained.last)]

    def come_to(self, now: float, step_s: float) -> int:
        """The last step that it has finished by now."""
        done = math.floor((now - self.since) / step_s * (1 + 1e-12))
        return min(self.trained.last + done, max(self.mark, self.trained.last))

    def report(self) -> Reported:
        """What it says of the step at which it stands."""
        job, step, (level, above) = self.job, self.trained.last, self.curve
        metrics = {job.metric: level + above / math.sqrt(step)}
        return Reported(job.trial, job.attempt, step, metrics, waits=is_due(job, step - 1, step))

    def last_words(self) -> tuple[Fact, Fact]:
        """That it has saved a checkpoint and is over."""
        job, step = self.job, self.trained.last
        checkpoint = Checkpoint(step, f"made-up-{job.trial}-{job.attempt}", "", 0)
        is_whole = job.until is None and step >= self.end
        return Saved(job.trial, job.attempt, checkpoint), Exited(
            job.trial, job.attempt, Outcome.FINISHED, is_whole=is_whole
        )


def _curve(seed: int, trial: int) -> tuple[float, float]:
    level, above = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(trial,))).random(2)
    return float(level), float(above)
