from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

import pytest
from rich.console import Console
from staged_events import WHOLE_STUDY, created, ended, observed, session, show, started

from rung.console.live import LiveTable, _Picture, can_be_live
from rung.events import Event
from rung.types import TrialState

CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _terminal_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "30")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("TTY_COMPATIBLE", raising=False)


def drawn(width: int, height: int, *events: Event, max_trials: int | None = None) -> list[str]:
    """The picture after these events, as lines of text."""
    pictures: list[_Picture] = []

    def take(event: Event, ledger: object) -> None:
        if not pictures:
            pictures.append(_Picture(event, ledger, max_trials=max_trials))  # type: ignore[arg-type]
        pictures[0].take(event, ledger)  # type: ignore[arg-type]

    show(take, *events)
    stream = io.StringIO()
    Console(file=stream, width=width, height=height).print(pictures[0].draw(width, height))
    return stream.getvalue().splitlines()


def test_the_last_picture_of_a_study_stays_on_the_screen_above_its_summary() -> None:
    terminal = Terminal()
    table = LiveTable(terminal, store="/home/ann/rung.db", max_trials=50)
    show(table, *WHOLE_STUDY)
    table.close()
    text = CODES.sub("", terminal.getvalue()).replace("\r", "")
    assert "study lenet (new) · store /home/ann/rung.db" in text
    last = text[text.rindex("#  state") :].splitlines()
    assert [line.rstrip() for line in last[:6]] == [
        "#  state      lr       opt   step    error  best@    time  note",
        "4  … waiting  0.03125  adam  1/27  ★ 0.125  0.125@1  0:02  interrupted",
        "0  ✓ done     0.03125  adam  3/27    0.375  0.25@2   6:30",
        "3  ✗ failed   0.03125  adam  1/27        —  —        0:01  nan: error is nan at step 1",
        "2  ✗ failed   0.9      sgd   0/27        —  —        0:01  oom: CUDA out of memory.",
        "1  ■ stopped  0.5      sgd   1/27     0.75  0.75@1   0:04  rung 1: rank 2 of 2",
    ]
    totals = " ".join(" ".join(last[6:]).split())
    assert totals.startswith(
        "trials 5/50 · done 1 · stopped 1 · failed 2 · waiting 1 · best 0.125 (#4 at step 1, 2 s ago) · elapsed 6:33 "
        "study lenet: interrupted · 5 trials"
    )


@pytest.mark.parametrize("width", [30, 40, 60, 80, 140])
def test_lines_fit_the_terminal(width: int) -> None:
    lines = drawn(width, 30, *WHOLE_STUDY)
    assert max(map(len, lines)) <= width
    assert sum(line.lstrip().startswith(("0", "1", "2", "3", "4")) for line in lines[1:6]) == 5


def test_where_there_is_little_room_the_hyperparameters_stay_and_times_go() -> None:
    assert drawn(60, 30, *WHOLE_STUDY)[0].split() == ["#", "state", "lr", "opt", "step", "error", "note"]


def test_a_low_terminal_shows_fewer_trials_and_says_how_many_run() -> None:
    events: list[Event] = [created(), session(), *(started(number) for number in range(10))]
    lines = drawn(80, 10, *events)
    assert len(lines) == 1 + 4 + 1
    assert "6 more running" in lines[-1]
    assert "more running" not in drawn(80, 30, *events)[-1]


def test_how_long_it_may_take_is_told_from_the_third_finished_trial_on() -> None:
    events: list[Event] = [created(), session(), *(started(number) for number in range(3))]
    events += [ended(number, TrialState.COMPLETED, at=10.0 * (number + 1)) for number in range(3)]
    assert "left" not in drawn(80, 30, *events[:-1], max_trials=9)[-1]
    assert "about 60 s left" in drawn(80, 30, *events, max_trials=9)[-1]
    assert "left" not in drawn(80, 30, *events)[-1]


def test_a_trial_that_goes_on_is_shown_once() -> None:
    paused: list[Event] = [
        created(),
        session(),
        started(0),
        observed(0, 1, 0.5),
        ended(0, TrialState.PAUSED, "scheduler"),
    ]
    lines = drawn(80, 30, *paused, started(0, attempt=2, cause="resumed"))
    assert [line.split()[:3] for line in lines[1:-1]] == [["0", "●", "run"]]


def test_the_trials_of_earlier_sessions_are_shown_too() -> None:
    before: list[Event] = [created(), session(), started(0), observed(0, 1, 0.5), ended(0, TrialState.COMPLETED)]
    ledger = show(lambda *_: None, *before)
    event = session(number=2)
    ledger.apply(event)
    picture = _Picture(event, ledger, max_trials=None)
    picture.take(event, ledger)
    stream = io.StringIO()
    Console(file=stream, width=80).print(picture.draw(80, 30))
    assert "✓ done" in stream.getvalue()
    assert "best 0.5 (#0 at step 1)" in stream.getvalue()


@pytest.mark.parametrize(
    ("encoding", "is_terminal", "term", "answer"),
    [
        ("utf-8", True, "xterm", True),
        ("utf-8", True, "dumb", False),
        ("ascii", True, "xterm", False),
        ("utf-8", False, "xterm", False),
    ],
)
def test_where_a_live_table_can_be(
    monkeypatch: pytest.MonkeyPatch, encoding: str, is_terminal: bool, term: str, answer: bool
) -> None:
    monkeypatch.setenv("TERM", term)
    terminal = Terminal()
    terminal.encoding = encoding  # type: ignore[misc]
    monkeypatch.setattr(terminal, "isatty", lambda: is_terminal)
    assert can_be_live(terminal) is answer


TUNE = """
import rung

def f(lr, max_epochs=3):
    print(f"this was printed with {lr=}")
    for epoch in range(max_epochs):
        rung.report(error=lr / (epoch + 1))

rung.tune(f, {"lr": [0.25, 0.5]}, searcher="grid", store="memory", study="tiny")
"""


def test_on_a_real_terminal_with_what_the_objective_prints(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    script = tmp_path / "tiny.py"
    script.write_text(TUNE)
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, str(script)])
    output = b""
    while chunk := _read(terminal):
        output += chunk
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    text = " ".join(CODES.sub("", output.decode()).split())
    assert os.waitstatus_to_exitcode(status) == 0, text
    assert "this was printed with lr=0.25" in text
    assert "✓ done" in text
    assert "best error 0.08333 in trial 0 at step 3: lr=0.25" in text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says EIO at the end
        return b""
