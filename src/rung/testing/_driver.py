"""A tuner in miniature, for driving a backend by hand and checking that it keeps its contract while it is driven."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias, final

from rung.contracts import Backend
from rung.runtime.objective import as_objective
from rung.types import (
    Action,
    Checkpoint,
    Exited,
    Fact,
    Handle,
    Job,
    Launched,
    Logged,
    Message,
    Outcome,
    Remarked,
    Reported,
    Saved,
    Verdict,
)

Answer: TypeAlias = Callable[[Reported], Sequence[Message]]
"""What is sent when a report arrives. A report that waits and gets no Verdict from it is told to continue."""


def say(action: Action, *, at: int) -> Answer:
    """Stop or pause a trial when its first attempt reports this step."""

    def answer(report: Reported) -> Sequence[Message]:
        return [Verdict(action, at, "as the test wants")] if (report.step, report.attempt) == (at, 1) else []

    return answer


def carry_on(report: Reported) -> Sequence[Message]:  # noqa: ARG001  an Answer
    """Nothing but what has to be said."""
    return []


def same(actual: object, expected: object) -> None:
    """Fail, showing both, unless they are equal."""
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


@final
class Driver:
    """Starts jobs, answers reports, and keeps the facts; fails as soon as one comes twice, late or out of order."""

    def __init__(self, backend: Backend, folder: Path, *, patience_s: float, answer: Answer) -> None:
        self.backend = backend
        self.facts: list[Fact] = []
        self.live: set[Handle] = set()
        self._folder = folder
        self._patience_s = patience_s
        self._answer = answer
        self._exits: dict[Handle, Exited] = {}

    def start(self, *, trial: int = 0, attempt: int = 1, rate: float = 0.5, **fields: Any) -> Job:
        """Start a run; ``fields`` are those of Job. Waits at every report unless told otherwise."""
        given: dict[str, Any] = {"config": {"rate": rate}, "seed": trial, "decide_at": None, **fields}
        folder = str(self._folder / f"trial-{trial}")
        job = Job(study="suite", trial=trial, attempt=attempt, metric="error", folder=folder, **given)
        self.backend.start(job)
        self.live.add(Handle(trial, attempt))
        return job

    def stop(self, trial: int) -> None:
        """End the trial's run by force."""
        self.backend.stop(trial)
        self.live = {handle for handle in self.live if handle.trial != trial}

    def finish(self) -> None:
        """Poll until everything that was started has exited."""
        for _ in self.polls():
            if not self.live:
                return

    def polls(self) -> Iterator[None]:
        """Poll again and again, as long as patience lasts."""
        deadline = time.monotonic() + self._patience_s
        while time.monotonic() < deadline:
            yield
            self.backend.poll(0.2, self.deliver)
        raise AssertionError(f"{self.live} did not come to an end in {self._patience_s} s; facts: {self.facts[-5:]}")

    def deliver(self, facts: Sequence[Fact]) -> None:
        """What the backend calls: checks, keeps, answers."""
        for fact in facts:
            self._check(fact)
            self.facts.append(fact)
        for fact in facts:
            if isinstance(fact, Reported):
                messages = list(self._answer(fact))
                if fact.waits and not any(isinstance(message, Verdict) for message in messages):
                    messages.append(Verdict(Action.CONTINUE, fact.step))
                for message in messages:
                    self.backend.send(fact.trial, message)

    def reports(self, trial: int = 0, attempt: int = 1) -> list[Reported]:
        """The reports of one run."""
        return [
            fact for fact in self.facts if isinstance(fact, Reported) and (fact.trial, fact.attempt) == (trial, attempt)
        ]

    def curve(self, trial: int = 0, attempt: int = 1) -> dict[int, float]:
        """Step -> error of one run."""
        return {report.step: report.metrics["error"] for report in self.reports(trial, attempt)}

    def exit(self, trial: int = 0, attempt: int = 1) -> Exited:
        """How one run ended."""
        return self._exits[Handle(trial, attempt)]

    def expect_good_end(self, trial: int = 0, attempt: int = 1) -> None:
        """Fail unless the run has finished."""
        exited = self.exit(trial, attempt)
        assert exited.outcome is Outcome.FINISHED, f"it ended like this: {exited}"

    def checkpoints(self, trial: int = 0) -> tuple[Checkpoint, ...]:
        """The trial's checkpoints, newest first, as a job gets them."""
        saved = [fact.checkpoint for fact in self.facts if isinstance(fact, Saved) and fact.trial == trial]
        return tuple(reversed(saved))

    def _check(self, fact: Fact) -> None:
        handle = Handle(fact.trial, fact.attempt)
        assert handle in self.live, f"{fact} of a run that is over, or was not started"
        before = [one for one in self.facts if Handle(one.trial, one.attempt) == handle]
        if isinstance(fact, Launched):
            assert not before, f"{fact} is not the first of its run"
        elif isinstance(fact, Reported):
            steps = [one.step for one in before if isinstance(one, Reported)]
            assert not steps or steps[-1] < fact.step, f"{fact} after step {steps[-1]}"
        elif isinstance(fact, Saved | Logged | Remarked):
            assert fact not in before, f"{fact} twice"
        else:
            self.live.remove(handle)
            self._exits[handle] = fact


@final
class Stage:
    """Makes drivers, each over a fresh backend, for one test; closes the backends at the end of it."""

    def __init__(self, make: Callable[[], Backend], folder: Path, *, patience_s: float) -> None:
        self._make = make
        self._folder = folder
        self._patience_s = patience_s
        self._made: list[Backend] = []

    def driver(self, target: Any, *, answer: Answer = carry_on) -> Driver:
        """A driver for this objective."""
        backend = self._make()
        self._made.append(backend)
        folder = self._folder / f"backend-{len(self._made)}"
        folder.mkdir()
        backend.open("suite", as_objective(target), folder)
        return Driver(backend, folder, patience_s=self._patience_s, answer=answer)

    def close(self) -> None:
        """Close what was made."""
        for backend in self._made:
            backend.close()
