"""One run, as the tuner's process follows it: what it says, what it is told, and how it ends."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from typing import final

from msgspec.structs import replace

from rung.backends._exits import with_output
from rung.backends._line import Line, Switchboard
from rung.runtime._frames import (
    Acknowledged,
    GarbledError,
    Note,
    Refused,
    ToTrial,
    Welcome,
    message_frame,
    read_fact,
)
from rung.runtime.progress import is_due
from rung.runtime.wire import WINDOW
from rung.types import Action, Change, Exited, Fact, Job, Launched, Message, Outcome, Reported, Verdict

_ACKNOWLEDGED_TOGETHER = WINDOW // 4
"""Facts per acknowledgement: one for each would cost the tuner more, and so much of the window keeps a trial going."""


@final
class Run:
    """One run of one trial. Facts are held back until its process is known, so that Launched comes first.

    kill: ends its process group. pid: None until its process is known. exited: how the run itself says that it ended.
    told: the newest word to stop or pause that it got. reports: how many have come. is_over: nothing more will come.
    token: what a script's processes prove themselves by. gpus: those that it may use.
    """

    def __init__(
        self, job: Job, board: Switchboard, kill: Callable[[Job], None], *, is_script: bool, gpus: str = ""
    ) -> None:
        self.job = job
        self.gpus = gpus
        self.is_script = is_script
        self.pid: int | None = None
        self.exited: Exited | None = None
        self.told: Verdict | None = None
        self.reports = 0
        self.is_over = False
        self.token = secrets.token_hex(16) if is_script else ""
        self._board = board
        self._kill = kill
        self._facts: list[Fact] = []
        self._step = 0
        self._lines: dict[Line, int] = {}  # with the number of facts to be acknowledged
        self._waiting: dict[int, Line] = {}  # by the step of the report
        self._noted: list[tuple[Line, int]] = []  # the Notes to be answered after the next delivery

    def connect(self, line: Line, bodies: Sequence[bytes] = ()) -> None:
        """Serve a line of the run on which ``bodies`` have come, from when its process is known; begin with the job."""
        if self.exited is not None:  # a launcher has started its script again, too late
            self._board.drop(line)
            return
        self._lines[line] = 0
        if self.is_script or self.pid is not None:
            self._board.add(line, partial(self.read, line))
        self._send(line, Welcome(self.job))
        if self.told is not None:
            self._send(line, self.told)
        if bodies:
            self.read(line, bodies)

    def launched(self, host: str, pid: int) -> None:
        """Its process is known."""
        self.pid = pid
        for line in self._lines:
            self._board.add(line, partial(self.read, line))
        self._facts.insert(0, Launched(self.job.trial, self.job.attempt, host, pid, self.gpus))

    def read(self, line: Line, bodies: Sequence[bytes] = ()) -> None:
        """Take in ``bodies`` and what has arrived. A run that sends what makes no sense has failed, and is killed."""
        try:
            for body in chain(bodies, line.receive()):
                self._take(line, body)
        except GarbledError as error:
            why = f"What it sent to the tuner can't be understood: {error}."
            self.fail(Exited(self.job.trial, self.job.attempt, Outcome.FAILED, "error", why))
        if self.exited is not None:  # it has said, or sent, enough
            self.hang_up()
        elif line.has_ended:
            self._board.drop(line)
            del self._lines[line]

    def fail(self, exited: Exited) -> None:
        """Kill it. That is how it ended, unless it has said so itself before."""
        self.exited = self.exited or exited
        self._kill(self.job)

    def collect(self) -> list[Fact]:
        """The facts to be delivered now."""
        if self.pid is None and not self.is_over:
            return []
        facts, self._facts = self._facts, []
        return facts

    def settle(self) -> None:
        """Acknowledge what ``collect`` gave: it has been delivered."""
        for line, count in self._lines.items():
            if count >= _ACKNOWLEDGED_TOGETHER:
                self._send(line, Acknowledged(count))
                self._lines[line] = 0
        for line, step in self._noted:
            if self.told is None:  # else that was the answer
                self._send(line, Verdict(Action.CONTINUE, step))
        self._noted.clear()

    def say(self, message: Message) -> None:
        """Pass a message on: a verdict to go on to whoever waits for it, anything else to all."""
        if isinstance(message, Change):
            self.job = replace(self.job, config={**self.job.config, **message.changes})
        elif message.action is not Action.CONTINUE:
            self.told = message
        elif message.step in self._waiting:
            self._send(self._waiting.pop(message.step), message)
            return
        for line in self._lines:
            self._send(line, message)

    def conclude(self, ending: Callable[[], Exited], output: str = "") -> None:
        """Its process is gone. ``ending`` is asked how, if the run has not said so; ``output``: its last lines."""
        if self.is_over:
            return
        for line in list(self._lines):
            self.read(line)
        self.hang_up()
        exited = self.exited or ending()
        if exited.outcome is not Outcome.FINISHED and output:
            exited = with_output(exited, output)
        self._facts.append(exited)
        self.is_over = True

    def hang_up(self) -> None:
        """Close all its lines."""
        for line in self._lines:
            self._board.drop(line)
        self._lines.clear()

    def _take(self, line: Line, body: bytes) -> None:
        """Take in one frame; GarbledError."""
        said = read_fact(body)
        if self.exited is not None:
            return
        fact = _as_report(said, self.job, self._step) if isinstance(said, Note) else said
        if isinstance(fact, Refused):
            self._send(line, fact)
            return
        if (fact.trial, fact.attempt) != (self.job.trial, self.job.attempt):
            raise GarbledError(f"it speaks for attempt {fact.attempt} of trial {fact.trial}")
        if isinstance(fact, Exited):
            if self.is_script and fact.outcome is not Outcome.FINISHED:
                raise GarbledError("a script says by its exit code how it failed")
            self.exited = fact
            return
        if isinstance(fact, Reported):
            if self.job.metric not in fact.metrics:
                raise GarbledError(f"a report without {self.job.metric!r}")
            self.reports += 1
            self._step = max(self._step, fact.step)
            if fact.waits:
                self._waiting[fact.step] = line
            elif fact is not said:
                self._noted.append((line, fact.step))
        if fact is said and not (isinstance(fact, Reported) and fact.waits):
            self._lines[line] += 1
        self._facts.append(fact)

    def _send(self, line: Line, message: ToTrial) -> None:
        if line in self._lines:
            self._board.send(line, message_frame(message))


def _as_report(note: Note, job: Job, last: int) -> Reported | Refused:
    """What a Note reports after the step ``last``, or what is wrong with it."""
    step = note.step or last + 1
    if job.metric not in note.metrics:
        return Refused(f"The metric {job.metric!r} is missing. Report {job.metric}=... each time.")
    if step <= last:
        return Refused(f"Step {step} comes after step {last}. Steps must grow.")
    return Reported(job.trial, job.attempt, step, note.metrics, is_due(job, last, step))
