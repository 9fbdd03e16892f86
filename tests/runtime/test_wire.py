from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

import pytest

from rung.errors import ReportError, TrialStopped
from rung.runtime._frames import (
    Acknowledged,
    Frames,
    Hello,
    Note,
    Refused,
    Welcome,
    frame,
    message_frame,
    read_fact,
    read_hello,
)
from rung.runtime.wire import ATTEMPT, CONFIG, SOCKET, TOKEN, TRIAL, WINDOW, SocketChannel, connect, note, script_trial
from rung.types import Action, Change, Checkpoint, Exited, Job, Outcome, Reported, Saved, Verdict

JOB = Job(study="s", trial=3, attempt=2, config={"rate": 0.5}, metric="error", seed=1, folder="/nowhere")
CONTINUE = Verdict(Action.CONTINUE, 1)


class Tuner:
    """The other end of a line."""

    def __init__(self, end):
        self.end = end
        self._frames = Frames()
        self._bodies = []

    def say(self, *messages):
        self.end.sendall(b"".join(map(message_frame, messages)))

    def body(self):
        while not self._bodies:
            received = self.end.recv(1 << 16)
            assert received, "the line is at its end"
            self._bodies += self._frames.feed(received)
        return self._bodies.pop(0)

    def fact(self):
        return read_fact(self.body())

    def hears_nothing_more(self):
        self.end.settimeout(0.1)
        try:
            return not self._bodies and self.end.recv(1) == b"nothing"
        except TimeoutError:
            return True
        finally:
            self.end.settimeout(10.0)


@pytest.fixture
def line():
    ours, theirs = socket.socketpair()
    ours.settimeout(10.0)
    channel = SocketChannel(theirs)
    with ours:
        yield Tuner(ours), channel
    channel.close()


def report(step, *, waits=False):
    return Reported(3, 2, step, {"error": 0.5}, waits)


def test_facts_arrive_in_order(line):
    tuner, channel = line
    facts = [
        report(1),
        report(2, waits=True),
        Saved(3, 2, Checkpoint(step=2, path="/c", sha256="", size=1)),
        Exited(3, 2, Outcome.FINISHED),
    ]
    for fact in facts:
        channel.post(fact)
    assert [tuner.fact() for _ in facts] == facts


def test_messages_are_taken_once_and_in_order(line):
    tuner, channel = line
    assert channel.pending() == ()
    tuner.say(CONTINUE, Acknowledged(1), Change({"rate": 1.0}))
    assert channel.wait() == CONTINUE
    assert channel.pending() == (Change({"rate": 1.0}),)
    assert channel.pending() == ()
    tuner.say(Change({"rate": float("inf")}), Verdict(Action.STOP, 4, "why"))
    assert channel.pending() == (Change({"rate": float("inf")}), Verdict(Action.STOP, 4, "why"))


def test_a_message_in_pieces_is_pending_when_it_is_whole(line):
    tuner, channel = line
    encoded = message_frame(CONTINUE)
    tuner.end.sendall(encoded[:-1])
    assert channel.pending() == ()
    tuner.end.sendall(encoded[-1:])
    assert channel.pending() == (CONTINUE,)


def test_a_full_window_blocks_until_something_is_acknowledged(line):
    tuner, channel = line
    posted = []

    def stream():
        for step in range(1, WINDOW + 3):
            channel.post(report(step))
            posted.append(step)

    thread = threading.Thread(target=stream)
    thread.start()
    assert [tuner.fact().step for _ in range(WINDOW)] == list(range(1, WINDOW + 1))
    assert tuner.hears_nothing_more()
    tuner.say(CONTINUE, Acknowledged(1))
    assert tuner.fact().step == WINDOW + 1
    assert tuner.hears_nothing_more()
    tuner.say(Acknowledged(1))
    assert tuner.fact().step == WINDOW + 2
    thread.join()
    assert channel.wait() == CONTINUE  # what came in between is not lost


def test_what_is_answered_otherwise_does_not_count(line):
    tuner, channel = line
    for step in range(1, WINDOW + 1):
        channel.post(report(step))
    channel.post(report(WINDOW + 1, waits=True))
    channel.post(Note({"error": 1.0}))
    channel.post(Exited(3, 2, Outcome.FINISHED))
    assert [type(tuner.fact()) for _ in range(WINDOW + 3)][-3:] == [Reported, Note, Exited]


def test_a_tuner_that_is_gone_stops_the_trial(line):
    tuner, channel = line
    tuner.say(CONTINUE)
    tuner.end.close()
    assert channel.wait() == CONTINUE
    with pytest.raises(TrialStopped, match="gone"):
        channel.wait()
    assert channel.pending() == ()
    with pytest.raises(TrialStopped, match="gone"):
        channel.post(report(1))


def test_a_tuner_that_goes_while_the_window_is_full_stops_the_trial(line):
    tuner, channel = line
    for step in range(1, WINDOW + 1):
        channel.post(report(step))
    tuner.end.shutdown(socket.SHUT_RDWR)
    with pytest.raises(TrialStopped, match="gone"):
        channel.post(report(WINDOW + 1))


@pytest.fixture
def door(tmp_path, monkeypatch):
    """A listening tuner, and the environment of a script that is to find it."""
    monkeypatch.chdir(tmp_path)  # keeps the path short
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind("s")
        listener.listen()
        listener.settimeout(10.0)
        yield listener, {SOCKET: "s", TRIAL: "3", ATTEMPT: "2", TOKEN: "secret"}


def answering(listener, *messages, callers=1):
    """Answer callers in another thread; what each said after its Hello."""
    heard = []

    def answer():
        for _ in range(callers):
            end, _ = listener.accept()
            with end:
                end.settimeout(10.0)
                tuner = Tuner(end)
                assert read_hello(tuner.body()) == Hello(3, 2, "secret")
                tuner.say(Welcome(JOB))
                if messages:
                    heard.append(tuner.fact())
                    tuner.say(*messages)

    thread = threading.Thread(target=answer)
    thread.start()
    return thread, heard


def test_there_is_no_tuner_outside_a_study():
    assert connect({}) is None
    assert SOCKET not in os.environ
    assert script_trial() is None


def test_a_script_finds_its_job(door):
    listener, environ = door
    thread, _ = answering(listener)
    channel, job = connect(environ)
    assert job == JOB
    channel.close()
    thread.join()


@pytest.mark.parametrize("answer", [CONTINUE, Verdict(Action.STOP, 7, "why")])
def test_a_note_is_answered(door, answer):
    listener, environ = door
    thread, heard = answering(listener, Change({"rate": 2.0}), answer)
    channel, _ = connect(environ)
    assert note(channel, {"error": 0.5}, 7) == answer
    channel.close()
    thread.join()
    assert heard == [Note({"error": 0.5}, 7)]


def test_a_note_may_be_refused(door):
    listener, environ = door
    thread, _ = answering(listener, Refused("no such metric"))
    channel, _ = connect(environ)
    with pytest.raises(ReportError, match="no such metric"):
        note(channel, {"mistake": 0.5})
    channel.close()
    thread.join()


def test_a_tuner_that_is_gone_stops_a_script(door, tmp_path):
    listener, environ = door
    with pytest.raises(TrialStopped, match="gone"):
        connect({**environ, SOCKET: "nowhere"})

    def refuse():
        end, _ = listener.accept()
        end.recv(100)
        end.close()

    thread = threading.Thread(target=refuse)
    thread.start()
    with pytest.raises(TrialStopped, match="gone"):
        connect(environ)
    thread.join()


SCRIPT = """
from rung.runtime.wire import script_trial
trial = script_trial()
print(trial.number, trial.attempt, dict(trial.config), flush=True)
{rest}
"""


@pytest.mark.parametrize(
    ("rest", "code", "says"),
    [
        ("trial.report(0.25)", 0, ""),
        ("from rung import TrialStopped\nraise TrialStopped", 0, ""),
        ("raise ValueError('as ever')", 1, "ValueError: as ever"),
        ("from rung.runtime.ranks import StoppedAlone\nraise StoppedAlone('the others')", 1, "the others"),
    ],
)
def test_a_script_has_a_trial(door, rest, code, says):
    listener, environ = door
    thread, _ = answering(listener)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT.format(rest=rest)],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    thread.join()
    assert (done.returncode, done.stdout) == (code, "3 2 {'rate': 0.5}\n")
    assert done.stderr.endswith(f"{says}\n" if says else "")
    assert bool(done.stderr) == bool(says)


def test_a_rank_begins_with_what_the_others_begin_with(door):
    listener, environ = door
    thread, _ = answering(listener, CONTINUE)
    started = {**environ, "RANK": "0", CONFIG: '{"rate": 0.25}'}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(rest="trial.report(0.25)\nprint(dict(trial.config))")],
        env={**os.environ, **started},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    thread.join()
    assert done.stdout.splitlines() == ["3 2 {'rate': 0.25}", "{'rate': 0.5}"]


def test_frames_of_anything(line):
    tuner, channel = line
    tuner.end.sendall(frame({"any": 1}))
    assert channel.next_body() == b'{"any":1}'
