"""``rung top``: all studies of a store at a glance."""

from __future__ import annotations

import fcntl
import io
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_project import RUNG, make_study
from rich.console import Console

from rung.cli._overview import Overview, StudyNow, study_columns
from rung.cli.top import picture
from rung.events import Ended, Observed, Placed, SessionStarted, Started, StudyCreated
from rung.store import open_store
from rung.store.maintenance import delete_study
from rung.store.owner import current_owner
from rung.types import Goal, TrialState

CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def begin(store: Any, study: str, trials: int, *, finished: int = 0, max_trials: int | None = 10) -> Any:
    """A study that this process runs, with so many trials of which some are over; an hour after it began."""
    goal = Goal("accuracy", "max")
    store.create(
        StudyCreated(study=study, space={}, goal=goal, seed=1, searcher={}, scheduler={}, message="a try", project="p")
    )
    owner = current_owner()
    lease = store.acquire(study, owner, ttl=60)
    settings = {"max_trials": max_trials}
    began = SessionStarted(at=0.0, session=1, owner=owner, slots=2, unix=time.time() - 3600, settings=settings)
    store.append([began], lease=lease)
    for number in range(trials):
        store.append(
            [
                Started(at=10.0, trial=number, attempt=1, config={"x": 1}, until=9, worker=number % 2),
                Placed(at=10.0, trial=number, attempt=1, host="here", pid=7, gpus="1"),
                Observed(at=20.0, trial=number, attempt=1, step=1, metrics={"accuracy": 0.5}, loss=-0.5),
            ],
            lease=lease,
        )
        if number < finished:
            store.append([Ended(at=1800.0, trial=number, attempt=1, state=TrialState.COMPLETED)], lease=lease)
    return lease


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Any]:
    opened = open_store(str(tmp_path / "rung.db"), create=True)
    yield opened
    opened.close()


def test_a_snapshot(invoke: Callable[..., Any], store: Any) -> None:
    begin(store, "lenet", 5, finished=4)
    text = invoke("top").stdout
    headline, _, titles, line, _, trial_titles, trial = text.splitlines()
    assert "1 study and 1 trial running · /" in headline
    assert " ".join(titles.split()) == (
        "study state project trials running best per hour elapsed left last event message"
    )
    assert re.fullmatch(
        r"lenet  running  p +5/10 +1  accuracy 0\.5 \(#0\) +(4|3\.99\d) +1:00:0\d  (90 min|2 h|1 h) +30 min ago  a try",
        line,
    ), line
    assert trial_titles.split() == ["trial", "worker", "step", "value", "best", "time", "gpus"]
    assert re.fullmatch(r"lenet#4 +0 +1/9 +0\.5 +0\.5 +59:5\d +1", trial), trial


def test_studies_that_nobody_runs_are_shown_on_request(invoke: Callable[..., Any], store: Any, tmp_path: Path) -> None:
    make_study(tmp_path / "rung.db", trials=2)
    assert invoke("top").stdout[8:].startswith(" · 0 studies and 0 trials running · 1 not running (--all) · ")
    line = invoke("top", "--all").stdout.splitlines()[-1]
    assert line.split()[:3] == ["lenet", "done", "2/2"]
    begin(store, "other", 1)
    assert [row.split()[0] for row in invoke("top", "--all").stdout.splitlines()[3:5]] == ["lenet", "other"]


def test_a_snapshot_in_json(invoke_json: Callable[..., Any], store: Any, tmp_path: Path) -> None:
    begin(store, "lenet", 5, finished=4)
    seen = invoke_json("top")
    assert seen["store"] == f"sqlite:///{tmp_path}/rung.db"
    (study,) = seen["studies"]
    assert study["trials"] == {"total": 10, "begun": 5, "finished": 4, "running": 1, "failed": 0}
    assert study["best"] == {"trial": 0, "step": 1, "value": 0.5}
    assert study["trials_per_hour"] == pytest.approx(4, rel=0.01)
    assert study["left_s"] == pytest.approx(1.5 * 3600, rel=0.01)
    assert study["since_last_event_s"] == pytest.approx(1800, abs=10)
    (trial,) = seen["running"]
    assert (trial["study"], trial["trial"], trial["step"], trial["until"]) == ("lenet", 4, 1, 9)
    assert (trial["value"], trial["gpus"], trial["pid"]) == (0.5, "1", 7)
    assert trial["runtime_s"] == pytest.approx(3590, abs=10)


def test_no_store_is_made(invoke: Callable[..., Any], tmp_path: Path) -> None:
    assert "There is no store" in invoke("top", exit_code=1).stderr
    assert list(tmp_path.iterdir()) == []


def test_a_study_that_ends_stays_in_view(store: Any) -> None:
    lease = begin(store, "lenet", 1)
    overview = Overview(store, is_all=False)
    assert [study.row.name for study in overview.look().studies] == ["lenet"]
    store.release(lease)
    seen = overview.look()
    assert [study.row.owner for study in seen.studies] == [None]
    assert seen.running == []
    assert Overview(store, is_all=False).look().hidden == 1


def test_looking_does_not_read_all_trials(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(store, "lenet", 5, finished=4)

    def refuse(*_: object) -> None:
        raise AssertionError("all trials were read")

    monkeypatch.setattr(type(store.tables), "trials", refuse)
    overview = Overview(store, is_all=True)
    (study,) = overview.look().studies
    assert study.best is not None
    assert study.best.trial == 0
    assert overview.look().running[0].row.number == 4


def test_without_a_total_or_a_finished_trial_nothing_is_guessed(store: Any) -> None:
    begin(store, "lenet", 1, max_trials=None)
    (study,) = Overview(store, is_all=False).look().studies
    assert isinstance(study, StudyNow)
    assert (study.per_hour, study.left_s, study.total) == (None, None, None)
    assert study_columns(Overview(store, is_all=False).look())[3].cells == ["1"]


@pytest.mark.parametrize(("width", "height"), [(40, 10), (60, 12), (80, 24), (160, 50)])
def test_the_picture_fits_the_terminal(store: Any, width: int, height: int) -> None:
    for study in range(6):
        begin(store, f"study-with-a-long-name-{study}", 6)
    stream = io.StringIO()
    seen = Overview(store, is_all=False).look()
    Console(file=stream, width=width, height=height).print(picture(seen, width, height))
    lines = stream.getvalue().splitlines()
    assert len(lines) <= max(height, 15)
    assert max(map(len, lines)) <= width
    assert ("more running trials" in stream.getvalue()) is (height < 50)


def test_the_live_view_on_a_terminal(store: Any, tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    lease = begin(store, "lenet", 1)
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    environ = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
    process = subprocess.Popen(
        [*RUNG, "top"], cwd=tmp_path, stdin=child, stdout=child, stderr=child, env=environ | {"TERM": "xterm"},
        start_new_session=True,
    )  # fmt: skip
    os.close(child)
    text = read_until(parent, "lenet#0")
    started = Started(at=30.0, trial=1, attempt=1, config={"x": 1})
    store.append([started], lease=lease)
    text += read_until(parent, "lenet#1")
    assert "1 study and 2 trials running" in text
    process.send_signal(signal.SIGINT)
    read_until(parent, None)
    assert process.wait(30) == 0
    os.close(parent)


def read_until(terminal: int, words: str | None) -> str:
    """What the terminal shows until these words have come; without words, until the end."""
    output, deadline = b"", time.monotonic() + 30
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                output += os.read(terminal, 65536)
            except OSError:  # Linux says EIO at the end
                break
        text = CODES.sub("", output.decode(errors="replace"))
        if words is not None and words in text:
            return text
    assert words is None, f"{words!r} did not come: {output!r}"
    return ""


def test_a_study_that_is_deleted_while_one_looks(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stays", "goes"):
        store.release(begin(store, name, 1, finished=1))
    overview = Overview(store, is_all=True)
    studies = store.tables.studies()
    delete_study(store, "goes")
    monkeypatch.setattr(store.tables, "studies", lambda: studies)
    assert [study.row.name for study in overview.look().studies] == ["stays"]
