"""The conversation with a run: what is believed, what is answered, and what garbage does."""

from __future__ import annotations

import socket

import misbehaviour
import pytest
from process_stage import until

from rung.backends._line import Line, Switchboard
from rung.backends._runs import Run
from rung.backends.processes import Processes
from rung.errors import TrialStopped
from rung.runtime._frames import (
    Acknowledged,
    Frames,
    Hello,
    Note,
    Refused,
    Welcome,
    fact_frame,
    frame,
    message_frame,
    read_message,
)
from rung.runtime.wire import WINDOW, SocketChannel
from rung.testing._driver import Stage
from rung.types import Action, Change, Checkpoint, Exited, Job, Launched, Outcome, Reported, Saved, Verdict

JOB = Job(study="s", trial=3, attempt=2, config={"rate": 0.5}, metric="error", seed=1, folder="/nowhere", until=9)


@pytest.fixture
def board():
    board = Switchboard()
    yield board
    board.close()


def make(board, job=JOB, *, is_script=False, killed=None):
    return Run(job, board, [].append if killed is None else killed.append, is_script=is_script)


def call(run):
    """Another connection to the run: the trial's end of it."""
    ours, theirs = socket.socketpair()
    run.connect(Line(ours))
    return SocketChannel(theirs)


def report(step, *, waits=False, **fields):
    metrics = fields.get("metrics", {"error": 0.5})
    return Reported(fields.get("trial", 3), fields.get("attempt", 2), step, metrics, waits)


def test_facts_wait_for_the_process(board):
    run = make(board)
    channel = call(run)
    assert read_message(channel.next_body()) == Welcome(JOB)
    channel.post(report(1))
    board.wait(0.0)
    assert run.collect() == []
    run.launched("here", 99)
    assert run.collect() == [Launched(3, 2, "here", 99)]
    board.wait(5.0)
    assert run.collect() == [report(1)]
    channel.close()


def test_a_job_that_does_not_fit_into_the_line_is_sent_in_parts(board):
    job = Job(**{**fields_of(JOB), "config": {"text": "x" * 3_000_000}})
    run = make(board, job)
    ours, theirs = socket.socketpair()
    run.connect(Line(ours))
    run.launched("here", 99)
    received = bytearray()
    while len(received) < 3_000_000:
        received += theirs.recv(1 << 20)
        board.wait(0.0)
    (body,) = Frames().feed(bytes(received))
    assert read_message(body) == Welcome(job)
    theirs.close()


def test_streamed_facts_are_acknowledged_when_they_are_settled(board):
    run = make(board)
    run.launched("here", 99)
    channel = call(run)
    channel.next_body()
    checkpoint = Checkpoint(step=1, path="/x", sha256="", size=0)
    for step in range(1, WINDOW // 2 + 1):
        channel.post(report(step))
        channel.post(Saved(3, 2, checkpoint))
    board.wait(5.0)
    assert len(run.collect()) == 1 + WINDOW
    run.settle()
    counts = []
    while sum(counts) < WINDOW:
        message = read_message(channel.next_body())
        assert isinstance(message, Acknowledged)
        counts.append(message.count)
    assert sum(counts) == WINDOW
    channel.close()


def test_a_verdict_goes_to_whoever_waits_for_it(board):
    run = make(board, is_script=True)
    run.launched("here", 99)
    waiting, other = call(run), call(run)
    for channel in (waiting, other):
        assert read_message(channel.next_body()) == Welcome(JOB)
    waiting.post(report(4, waits=True))
    board.wait(5.0)
    run.collect()
    run.say(Verdict(Action.CONTINUE, 4))
    run.say(Change({"rate": 2.0}))
    run.say(Verdict(Action.STOP, 4, "enough"))
    assert [waiting.wait() for _ in range(3)] == [
        Verdict(Action.CONTINUE, 4),
        Change({"rate": 2.0}),
        Verdict(Action.STOP, 4, "enough"),
    ]
    assert [other.wait() for _ in range(2)] == [Change({"rate": 2.0}), Verdict(Action.STOP, 4, "enough")]
    late = call(run)  # who comes later hears of it, too
    welcome = read_message(late.next_body())
    assert welcome.job.config == {"rate": 2.0}
    assert late.wait() == Verdict(Action.STOP, 4, "enough")
    for channel in (waiting, other, late):
        channel.close()


def test_notes_count_on_and_are_answered(board):
    run = make(board, is_script=True, job=Job(**{**fields_of(JOB), "decide_at": (3,)}))
    run.launched("here", 99)
    channels = [call(run) for _ in range(3)]
    for channel in channels:
        channel.next_body()
    first, second, third = channels
    first.post(Note({"error": 1.0}))
    board.wait(5.0)
    assert run.collect()[1:] == [report(1, metrics={"error": 1.0})]
    run.settle()
    assert first.wait() == Verdict(Action.CONTINUE, 1)
    second.post(Note({"error": 2.0}, 5))
    board.wait(5.0)
    assert run.collect() == [report(5, metrics={"error": 2.0}, waits=True)]  # it has passed step 3
    run.settle()
    assert second.pending() == ()
    run.say(Verdict(Action.CONTINUE, 5))
    assert second.wait() == Verdict(Action.CONTINUE, 5)
    third.post(Note({"error": 3.0}))
    board.wait(5.0)
    assert run.collect() == [report(6, metrics={"error": 3.0})]
    run.say(Verdict(Action.PAUSE, 6))
    run.settle()
    assert third.wait() == Verdict(Action.PAUSE, 6)
    assert third.pending() == ()
    for channel in channels:
        channel.close()


@pytest.mark.parametrize(
    ("note", "says"),
    [(Note({"accuracy": 1.0}), "'error' is missing"), (Note({"error": 1.0}, 2), "Step 2 comes after step 2")],
)
def test_notes_that_are_no_reports_are_refused(board, note, says):
    run = make(board, is_script=True)
    run.launched("here", 99)
    channel = call(run)
    channel.next_body()
    channel.post(Note({"error": 1.0}, 2))
    channel.post(note)
    board.wait(5.0)
    assert len(run.collect()) == 2
    answer = read_message(channel.next_body())
    assert isinstance(answer, Refused)
    assert says in answer.why
    channel.close()


def test_until_is_due_for_a_note(board):
    run = make(board, is_script=True)
    run.launched("here", 99)
    channel = call(run)
    channel.post(Note({"error": 1.0}, 9))
    board.wait(5.0)
    assert run.collect()[1].waits
    channel.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff" * 100,
        b"error=0.1\n",
        b"\0\0\0\2{]",
        b"\0\0\0\2\xff\xfe",
        b'\0\0\0\7{"a":1}',
        frame(Hello(3, 2, "")),
        message_frame(Verdict(Action.STOP)),
        fact_frame(report(1, trial=4)),
        fact_frame(report(1, attempt=1)),
        fact_frame(report(1, metrics={"accuracy": 1.0})),
        fact_frame(report(0)).replace(b'"step":0', b'"step":"'),
        frame({"type": "Reported", "trial": 3, "attempt": 2, "step": 1, "metrics": {"error": None}}),
    ],
)
def test_garbage_ends_the_run(board, sent):
    killed = []
    run = make(board, killed=killed)
    run.launched("here", 99)
    ours, theirs = socket.socketpair()
    run.connect(Line(ours))
    with theirs:
        theirs.sendall(fact_frame(report(1)) + sent)
        board.wait(5.0)
    assert killed == [JOB]
    assert run.collect() == [Launched(3, 2, "here", 99), report(1)]
    run.conclude(lambda: pytest.fail("it is known how it ended"), "last words")
    (exited,) = run.collect()
    assert (exited.outcome, exited.reason) == (Outcome.FAILED, "error")
    assert exited.message.startswith("What it sent to the tuner can't be understood")
    assert exited.message.endswith("last words")


def test_a_script_can_say_that_it_has_finished_but_not_how_it_failed(board):
    killed = []
    run = make(board, is_script=True, killed=killed)
    channel = call(run)
    channel.post(Exited(3, 2, Outcome.FINISHED))
    board.wait(5.0)
    assert killed == []
    late = call(run)
    with pytest.raises(TrialStopped, match="gone"):
        late.next_body()
    late.close()
    run.conclude(lambda: pytest.fail("it has said how it ended"))
    assert run.collect() == [Exited(3, 2, Outcome.FINISHED)]
    channel.close()

    run = make(board, is_script=True, killed=killed)
    channel = call(run)
    channel.post(Exited(3, 2, Outcome.FAILED, "error"))
    board.wait(5.0)
    assert killed == [JOB]
    channel.close()


def test_what_was_sent_before_the_end_counts(board):
    run = make(board)
    run.launched("here", 99)
    channel = call(run)
    for step in range(1, 4):
        channel.post(report(step))
    channel.post(Exited(3, 2, Outcome.FINISHED))
    channel.post(report(4, waits=True))
    channel.close()
    run.conclude(lambda: pytest.fail("it has said how it ended"))
    run.conclude(lambda: pytest.fail("it has ended already"))
    assert run.collect()[1:] == [report(1), report(2), report(3), Exited(3, 2, Outcome.FINISHED)]
    assert run.is_over


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("noise", "error"),
        ("no frame", "error"),
        ("no message", "error"),
        ("no text", "error"),
        ("another trial", "error"),
        ("another metric", "error"),
        ("half a frame", "exit"),
    ],
)
def test_a_real_trial_that_sends_garbage_fails_alone(tmp_path, kind, reason):
    stage = Stage(lambda: Processes(2, start="fork", grace_s=0.3), tmp_path, patience_s=30.0)
    driver = stage.driver(misbehaviour.garbles)
    driver.start(trial=0, config={"kind": kind}, decide_at=())
    driver.start(trial=1, config={"kind": "nothing"}, decide_at=())
    polls = driver.polls()
    until(lambda: len(driver.live) == 1 and driver.curve(1), meanwhile=lambda: next(polls))
    assert (driver.exit(0).outcome, driver.exit(0).reason) == (Outcome.FAILED, reason)
    assert driver.curve(0) == {1: 0.5} == driver.curve(1)
    driver.stop(1)
    stage.close()


def fields_of(job):
    return {name: getattr(job, name) for name in job.__struct_fields__}
