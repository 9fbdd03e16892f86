from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

import pytest
from rich.console import Console
from staged_events import WHOLE_STUDY, created, ended, observed, session, show, started

from rung.console.live import LiveTable, can_be_live, drawn
from rung.console.picture import Picture
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


def lines_of(width: int, height: int, *events: Event, max_trials: int | None = None) -> list[str]:
    """The picture after these events, as lines of text."""
    pictures: list[Picture] = []

    def take(event: Event, ledger: object) -> None:
        if not pictures:
            pictures.append(Picture(event, ledger, max_trials=max_trials))  # type: ignore[arg-type]
        pictures[0].take(event, ledger)  # type: ignore[arg-type]

    show(take, *events)
    stream = io.StringIO()
    Console(file=stream, width=width, height=height).print(drawn(pictures[0], width, height))
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
    lines = lines_of(width, 30, *WHOLE_STUDY)
    assert max(map(len, lines)) <= width
    assert sum(line.lstrip().startswith(("0", "1", "2", "3", "4")) for line in lines[1:6]) == 5


def test_where_there_is_little_room_the_hyperparameters_stay_and_times_go() -> None:
    assert lines_of(60, 30, *WHOLE_STUDY)[0].split() == ["#", "state", "lr", "opt", "step", "error", "note"]


def test_a_low_terminal_shows_fewer_trials_and_says_how_many_run() -> None:
    events: list[Event] = [created(), session(), *(started(number) for number in range(10))]
    lines = lines_of(80, 10, *events)
    assert len(lines) == 1 + 4 + 1
    assert "6 more running" in lines[-1]
    assert "more running" not in lines_of(80, 30, *events)[-1]


def test_how_long_it_may_take_is_told_from_the_third_finished_trial_on() -> None:
    events: list[Event] = [created(), session(), *(started(number) for number in range(3))]
    events += [ended(number, TrialState.COMPLETED, at=10.0 * (number + 1)) for number in range(3)]
    assert "left" not in lines_of(80, 30, *events[:-1], max_trials=9)[-1]
    assert "about 60 s left" in lines_of(80, 30, *events, max_trials=9)[-1]
    assert "left" not in lines_of(80, 30, *events)[-1]


def test_a_trial_that_goes_on_is_shown_once() -> None:
    paused: list[Event] = [
        created(),
        session(),
        started(0),
        observed(0, 1, 0.5),
        ended(0, TrialState.PAUSED, "scheduler"),
    ]
    lines = lines_of(80, 30, *paused, started(0, attempt=2, cause="resumed"))
    assert [line.split()[:3] for line in lines[1:-1]] == [["0", "●", "run"]]


def test_the_trials_of_earlier_sessions_are_shown_too() -> None:
    before: list[Event] = [created(), session(), started(0), observed(0, 1, 0.5), ended(0, TrialState.COMPLETED)]
    ledger = show(lambda *_: None, *before)
    event = session(number=2)
    ledger.apply(event)
    picture = Picture(event, ledger, max_trials=None)
    picture.take(event, ledger)
    stream = io.StringIO()
    Console(file=stream, width=80).print(drawn(picture, 80, 30))
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
import logging, sys
import rung

logging.basicConfig(format="LOGGED %(message)s")
own = logging.getLogger("own")
own.propagate = False
own.addHandler(logging.StreamHandler(sys.stdout))

def f(lr, max_epochs=3):
    print(f"this was printed with {lr=}")
    for epoch in range(max_epochs):
        logging.warning("at %s of %s", epoch, lr)
        own.warning("OWN at %s of %s", epoch, lr)
        print(f"COMPLAINT at {epoch} of {lr}", file=sys.stderr)
        rung.report(error=lr / (epoch + 1))

rung.tune(f, {"lr": [0.25, 0.5]}, searcher="grid", store="memory", study="tiny", progress="live")
logging.warning("after all")
"""


def test_on_a_real_terminal_what_the_objective_prints_and_logs_stands_above_the_table(tmp_path: Path) -> None:
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
    lines = screen(output.decode())
    assert os.waitstatus_to_exitcode(status) == 0, lines
    printed = [f"this was printed with lr={lr}" for lr in (0.25, 0.5)]
    whole = [f"{word} at {epoch} of {lr}" for lr in (0.25, 0.5) for epoch in range(3) for word in WORDS]
    assert sorted(line for line in lines[:-1] if line.startswith(("this", *WORDS))) == sorted(printed + whole)
    table = next(index for index, line in enumerate(lines) if line.startswith("#  state"))
    assert sum(line.startswith("#  state") for line in lines) == 1
    assert [line.split()[:3] for line in lines[table + 1 : table + 3]] == [["1", "✓", "done"], ["0", "✓", "done"]]
    assert "best error 0.08333 in trial 0 at step 3: lr=0.25" in " ".join(lines[table:])
    assert lines[-1] == "LOGGED after all"


WORDS = ("LOGGED", "OWN", "COMPLAINT")


def screen(output: str) -> list[str]:
    """What a terminal of endless height shows after this output, as far as rich's live display goes."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]|[\r\n]|[^\x1b\r\n]+", output):
        if part == "\r":
            column = 0
        elif part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part == "\x1b[1A":
            row -= 1
        elif not part.startswith("\x1b"):
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
            column += len(part)
    return [line.rstrip() for line in lines if line.strip()]


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says EIO at the end
        return b""
