"""A tuner's end of the line for tests: answers as told, and keeps what was said."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from rung.types import Action, Fact, Job, Message, Reported, Saved, Verdict


class RecordingChannel:
    """``answers``: step -> messages given when that step is waited for; CONTINUE is said if no Verdict is in them."""

    def __init__(self, answers: dict[int, Sequence[Message]] | None = None) -> None:
        self.facts: list[Fact] = []
        self.unasked: deque[Message] = deque()
        self._answers = answers or {}
        self._inbox: deque[Message] = deque()

    def post(self, fact: Fact) -> None:
        self.facts.append(fact)
        if isinstance(fact, Reported) and fact.waits:
            messages = list(self._answers.get(fact.step, ()))
            if not any(isinstance(message, Verdict) for message in messages):
                messages.append(Verdict(Action.CONTINUE, fact.step))
            self._inbox.extend(messages)

    def wait(self) -> Message:
        return self._inbox.popleft()

    def pending(self) -> Sequence[Message]:
        messages = tuple(self.unasked)
        self.unasked.clear()
        return messages

    @property
    def steps(self) -> list[int]:
        return [fact.step for fact in self.facts if isinstance(fact, Reported)]

    @property
    def waited(self) -> list[int]:
        return [fact.step for fact in self.facts if isinstance(fact, Reported) and fact.waits]

    @property
    def errors(self) -> list[float]:
        return [fact.metrics["error"] for fact in self.facts if isinstance(fact, Reported)]

    @property
    def saved(self) -> list[int]:
        return [fact.checkpoint.step for fact in self.facts if isinstance(fact, Saved)]

    @property
    def checkpoints(self):
        return tuple(fact.checkpoint for fact in reversed(self.facts) if isinstance(fact, Saved))


def make_job(folder: object = "/nowhere", **fields: Any) -> Job:
    """Trial 0 of study ``s``, waiting at every report."""
    given = {"study": "s", "trial": 0, "attempt": 1, "config": {"rate": 0.5}, "seed": 1, "decide_at": None, **fields}
    return Job(metric="error", folder=str(folder), **given)
