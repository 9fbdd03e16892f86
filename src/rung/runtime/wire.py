"""The trial's end of the line to the tuner: in a process of rung's own, and in a script.

What goes over the line is in ``_frames.py``. A script finds the tuner by five variables in its environment and calls it
through a socket in the file system; every process of the script may have a connection of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TypeAlias, final

from msgspec.structs import replace

from rung._trial import Trial
from rung.errors import ReportError, TrialStopped
from rung.runtime._frames import Acknowledged, Frames, Hello, Note, Refused, Welcome, fact_frame, frame, read_message
from rung.runtime.ranks import StoppedAlone, is_launched, launched_rank
from rung.types import Change, Exited, Fact, Job, Logged, Message, Outcome, Remarked, Reported, Saved, Verdict

WINDOW = 64
"""Facts that a trial may have posted without their being acknowledged."""

TRIAL = "RUNG_TRIAL"
ATTEMPT = "RUNG_ATTEMPT"
TOKEN = "RUNG_TOKEN"  # noqa: S105 - the name of a variable
SOCKET = "RUNG_SOCKET"
CONFIG = "RUNG_CONFIG"

_MESSAGES = (Verdict, Change)
_CHUNK = 1 << 16
_GONE = "the tuner is gone"


@final
class SocketChannel:
    """A ``Channel`` over a connected stream socket, for one thread at a time."""

    def __init__(self, end: socket.socket) -> None:
        end.settimeout(None)  # whatever the default is that somebody has set
        self._socket = end
        self._frames = Frames()
        self._bodies: deque[bytes] = deque()
        self._messages: deque[Message] = deque()
        self._unacknowledged = 0

    def post(self, fact: Fact | Note) -> None:
        """Send a fact; blocks while WINDOW of them are unacknowledged. TrialStopped when the tuner is gone.

        Reports that wait and the final Exited don't count: they are answered in another way, or not at all.
        """
        if isinstance(fact, Saved | Logged | Remarked) or (isinstance(fact, Reported) and not fact.waits):
            while self._unacknowledged >= WINDOW:
                self._sort(self.next_body())
            self._unacknowledged += 1
        try:
            self._socket.sendall(fact_frame(fact))
        except OSError as error:
            raise TrialStopped(_GONE) from error

    def wait(self) -> Message:
        """The next message; blocks. TrialStopped when the tuner is gone."""
        while not self._messages:
            self._sort(self.next_body())
        return self._messages.popleft()

    def pending(self) -> Sequence[Message]:
        """The messages that have arrived, in order; doesn't block."""
        while self._receive(socket.MSG_DONTWAIT):
            pass
        while self._bodies:
            self._sort(self._bodies.popleft())
        messages = tuple(self._messages)
        self._messages.clear()
        return messages

    def next_body(self) -> bytes:
        """The body of the next frame, whatever it is; blocks. TrialStopped when the tuner is gone."""
        while not self._bodies:
            if not self._receive(0):
                raise TrialStopped(_GONE)
        return self._bodies.popleft()

    def put_off(self, change: Change) -> None:
        """Have it come next, as if the tuner had just said it."""
        self._messages.appendleft(change)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _receive(self, flags: int) -> bool:
        """Take in what has arrived; False when nothing has, or the line is at its end."""
        try:
            received = self._socket.recv(_CHUNK, flags)
        except OSError:
            return False
        self._bodies.extend(self._frames.feed(received))
        return bool(received)

    def _sort(self, body: bytes) -> None:
        message = read_message(body)
        if isinstance(message, Acknowledged):
            self._unacknowledged -= message.count
        elif isinstance(message, _MESSAGES):
            self._messages.append(message)


def connect(environ: Mapping[str, str]) -> tuple[SocketChannel, Job] | None:
    """A line to the tuner whose script this process belongs to, and the script's job; None when there is no tuner.

    TrialStopped when there was one and it is gone, or this run of the trial is over.
    """
    if SOCKET not in environ:
        return None
    end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        end.connect(environ[SOCKET])
        end.sendall(frame(Hello(int(environ[TRIAL]), int(environ[ATTEMPT]), environ[TOKEN])))
    except OSError as error:
        end.close()
        raise TrialStopped(_GONE) from error
    channel = SocketChannel(end)
    try:
        return channel, first_job(channel)
    except TrialStopped:
        channel.close()
        raise


def first_job(channel: SocketChannel) -> Job:
    """The job with which the tuner begins; blocks. TrialStopped when the tuner is gone."""
    welcome = read_message(channel.next_body())
    assert isinstance(welcome, Welcome), "the tuner begins with Welcome"
    return welcome.job


def note(channel: SocketChannel, metrics: Mapping[str, float], step: int = 0) -> Verdict:
    """Report metrics, at the step after the trial's last one if ``step`` is 0; the answer, once they are committed.

    ReportError when they can't be a report of this trial.
    """
    channel.post(Note(dict(metrics), step))
    while True:
        message = read_message(channel.next_body())
        if isinstance(message, Verdict):
            return message
        if isinstance(message, Refused):
            raise ReportError(message.why)


def script_trial() -> Trial | None:
    """The trial that this script runs for, or None when rung doesn't run it. Opens a connection at every call.

    From then on an uncaught TrialStopped ends the script silently, with exit code 0; with 1 where that is to have
    a launcher end the other ranks. Where one has started several processes, the trial has its hyperparameters as they
    were when it was launched, and hears of changes since with the first report.
    """
    connection = connect(os.environ)
    if connection is None:
        return None
    channel, job = connection
    atexit.register(channel.close)
    sys.excepthook = _silent_about_stops(sys.excepthook, channel, job)
    if is_launched(os.environ):  # ranks don't connect at the same moment, and have to begin with the same
        channel.put_off(Change(dict(job.config)))
        job = replace(job, config=json.loads(os.environ[CONFIG]))
    trial = Trial(job, channel, launched_as=launched_rank(os.environ))
    trial.progress.knows_its_end = True  # it may save its model after the last report
    return trial


_Hook: TypeAlias = Callable[[type[BaseException], BaseException, TracebackType | None], object]


def _silent_about_stops(previous: _Hook, channel: SocketChannel, job: Job) -> _Hook:
    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, StoppedAlone):
            sys.stderr.write(f"{error}\n")
            with contextlib.suppress(TrialStopped):  # the tuner is gone
                channel.post(Exited(job.trial, job.attempt, Outcome.FINISHED))
            raise SystemExit(1)  # by which a launcher knows that it has to end the others; it then fails itself
        if issubclass(kind, TrialStopped):
            raise SystemExit(0)
        previous(kind, error, trace)

    return hook
