"""``rung log``: the output of trials, and the log of a study, also while they run."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_project import RUNG

from rung.cli._trial_output import _start_of_last
from rung.events import Ended, Interrupted, Observed, SessionEnded, SessionStarted, Started, StudyCreated
from rung.store import open_store
from rung.store.owner import current_owner
from rung.types import Goal, TrialState

PRINTING = "def f(x):\n    print('hello', x)\n    print('again')\n    return 1.0"


@pytest.fixture
def printed(execute: Callable[..., object], tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text(PRINTING)
    execute("run", "f.py:f", "-s", "x=1,2", "--searcher", "grid", "-w", 1, "--progress", "off")


@pytest.mark.usefixtures("printed")
def test_the_output_of_a_trial(invoke) -> None:
    assert invoke("log", "f#1").stdout == "hello 2\nagain\n"
    assert invoke("log", "f#1", "-n", 1).stdout == "again\n"
    assert invoke("log", "f#1", "-f").stdout == "hello 2\nagain\n"


@pytest.mark.usefixtures("printed")
def test_the_output_in_json(invoke) -> None:
    first, _ = map(json.loads, invoke("log", "f#0", "--json").stdout.splitlines())
    assert first == {"type": "output", "study": "f", "trial": 0, "line": "hello 1"}


def test_a_trial_without_output_says_why(invoke, finished: Path, execute, tmp_path: Path) -> None:
    result = invoke("log", "lenet#0", "--store", finished)
    assert result.stdout == ""
    assert result.stderr.startswith("rung: trial 0 of 'lenet' has no output: it had no process of its own")
    (tmp_path / "f.py").write_text("def f(x):\n    return 1.0")
    execute("run", "f.py:f", "-s", "x=1", "--searcher", "grid", "-w", 1, "--progress", "off")
    assert invoke("log", "f#0").stderr == "rung: trial 0 of 'f' has printed nothing.\n"


def test_the_log_of_a_study_in_the_words_of_its_progress(invoke, tmp_path: Path, execute) -> None:
    (tmp_path / "f.py").write_text(PRINTING)
    told = execute("run", "f.py:f", "-s", "x=1,2", "--searcher", "grid", "--progress", "plain", "--trials", 1).stdout
    told = [line for line in told.splitlines() if line not in {"hello 1", "again"}]
    assert invoke("log", "f").stdout.splitlines() == told
    assert invoke("log", "f", "-n", 2).stdout.splitlines() == told[-2:]
    assert invoke("log", "f", "-f").stdout.splitlines() == told  # nobody runs it, so there is nothing to wait for


def test_each_session_has_its_own_banner(invoke, tmp_path: Path, execute) -> None:
    (tmp_path / "f.py").write_text(PRINTING)
    for trials in (1, 2):
        words = ("run", "f.py:f", "-n", "f", "-s", "x=1,2", "--searcher", "grid", "--trials", trials)
        execute(*words, "--progress", "off")
    banners = [line for line in invoke("log", "f").stdout.splitlines() if line.startswith("rung ")]
    assert [("(new)" in line, "1 of 2 trials done" in line) for line in banners] == [(True, False), (False, True)]


def test_the_log_of_a_study_in_json(invoke, finished: Path) -> None:
    events = [json.loads(line) for line in invoke("log", "lenet", "--store", finished, "--json").stdout.splitlines()]
    assert [event["type"] for event in events[:2]] == ["study", "session_started"]
    assert events[-1]["type"] == "session_ended"
    last = invoke("log", "lenet", "--store", finished, "--json", "-n", 1).stdout
    assert json.loads(last) == events[-1]


@pytest.mark.parametrize(
    ("what", "says"),
    [("lenet#99", "no trial 99"), ("lennet", "There is no study 'lennet'"), ("lennet#1", "There is no study")],
)
def test_what_is_not_there(invoke, finished: Path, what: str, says: str) -> None:
    assert says in invoke("log", what, "--store", finished, exit_code=1).stderr


def test_no_store_is_made(invoke, tmp_path: Path) -> None:
    assert "There is no store" in invoke("log", "lenet", exit_code=1).stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """A study held by this process, to which events can be added."""
    store = open_store(str(tmp_path / "rung.db"), create=True)
    goal = Goal("error")
    store.create(StudyCreated(study="s", space={}, goal=goal, seed=1, searcher={}, scheduler={}))
    owner = current_owner()
    lease = store.acquire("s", owner, ttl=60)
    store.append([SessionStarted(at=0.0, session=1, owner=owner, slots=1, unix=0.0)], lease=lease)

    def add(*events: object, is_last: bool = False, output: str = "") -> None:
        folder = store.folder("s") / "trial-00000"
        folder.mkdir(parents=True, exist_ok=True)
        if output:
            with (folder / "output.log").open("a") as file:
                file.write(output)
        store.append(events, lease=lease)  # type: ignore[arg-type]
        if is_last:
            store.release(lease)

    yield add
    store.close()


def follow(folder: Path, what: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*RUNG, "log", what, "-f"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def test_a_study_is_followed_until_its_session_ends(running: Callable[..., None], tmp_path: Path) -> None:
    with follow(tmp_path, "s") as process:
        assert "study s (new)" in read_line(process)
        running(Started(at=1.0, trial=0, attempt=1, config={"x": 1}))
        assert read_line(process) == "   0:01  trial 0 started: x=1"
        ended = Ended(at=2.0, trial=0, attempt=1, state=TrialState.COMPLETED)
        running(ended, SessionEnded(at=2.0, session=1, why="done"), is_last=True)
        assert read_line(process) == "   0:02  trial 0 completed"
        assert "study s: done" in read_line(process)
        assert process.wait(30) == 0


def test_a_trial_is_followed_through_its_retries(running: Callable[..., None], tmp_path: Path) -> None:
    running(Started(at=1.0, trial=0, attempt=1, config={"x": 1}))
    with follow(tmp_path, "s#0") as process:
        running(Observed(at=1.0, trial=0, attempt=1, step=1, metrics={"error": 1.0}, loss=1.0), output="one\ntw")
        assert read_line(process) == "one"
        running(Interrupted(at=2.0, trial=0, attempt=1, reason="killed"), output="o\n")
        assert read_line(process) == "two"
        running(Started(at=3.0, trial=0, attempt=2, config={"x": 1}, cause="retried"), output="three\n")
        assert read_line(process) == "three"
        running(Ended(at=4.0, trial=0, attempt=2, state=TrialState.COMPLETED), output="no end of line")
        assert read_line(process) == "no end of line"
        assert process.wait(30) == 0


def test_ctrl_c_ends_the_watching_quietly(running: Callable[..., None], tmp_path: Path) -> None:
    import signal

    running(Started(at=1.0, trial=0, attempt=1, config={"x": 1}), output="one\n")
    with follow(tmp_path, "s#0") as process:
        assert read_line(process) == "one"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_tuner_that_is_gone_ends_the_following(running: Callable[..., None], invoke) -> None:
    running(Started(at=1.0, trial=0, attempt=1, config={"x": 1}), output="one\n", is_last=True)
    told = "rung: the tuner of 's' is gone, so nothing more comes.\nhint: Go on with it by: rung resume s\n"
    trial, study = invoke("log", "s#0", "-f"), invoke("log", "s", "-f")
    assert (trial.stdout, trial.stderr) == ("one\n", told)
    assert study.stdout.endswith("trial 0 started: x=1\n")
    assert study.stderr == told
    assert invoke("log", "s").stderr == "", "nobody has asked for more"


def test_a_trial_that_is_over_needs_no_tuner(running: Callable[..., None], invoke) -> None:
    ended = Ended(at=2.0, trial=0, attempt=1, state=TrialState.COMPLETED)
    running(Started(at=1.0, trial=0, attempt=1, config={"x": 1}), ended, output="one\n", is_last=True)
    assert invoke("log", "s#0", "-f").stderr == ""


def test_what_runs_by_the_log_is_lost_with_its_tuner(running: Callable[..., None], invoke, invoke_json) -> None:
    running(Started(at=1.0, trial=0, attempt=1, config={"x": 1}))
    assert "● run" in invoke("trials", "s").stdout
    running(is_last=True)
    assert "… waiting" in (listed := invoke("trials", "s").stdout)
    assert "its tuner is gone; the next one takes its result, or tries it again" in listed
    assert invoke_json("trials", "s", "--where", "state=running") == []
    assert [trial["trial"] for trial in invoke_json("trials", "s", "--where", "state=waiting")] == [0]
    assert invoke_json("ls")[0]["trials"]["waiting"] == 1
    assert "waiting (tuner): its tuner is gone" in invoke("show", "s#0").stdout
    assert "trial 0 of 's' is waiting" in invoke("retry", "s#0", exit_code=1).stderr


@pytest.mark.parametrize(("lines", "start"), [(1, 999_990), (3, 999_970), (100_000, 0), (200_000, 0)])
def test_the_last_lines_are_found_from_the_end(tmp_path: Path, lines: int, start: int) -> None:
    (tmp_path / "log").write_text("".join(f"{number:09}\n" for number in range(100_000)))
    with (tmp_path / "log").open("rb") as file:
        assert _start_of_last(file, lines) == start


def test_an_unfinished_last_line_counts(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("one\ntwo")
    with (tmp_path / "log").open("rb") as file:
        assert _start_of_last(file, 1) == 4
        assert _start_of_last(file, 2) == 0


def test_output_that_is_no_text_is_shown_all_the_same(running: Callable[..., None], invoke, tmp_path: Path) -> None:
    running(Started(at=1.0, trial=0, attempt=1, config={"x": 1}), output="one\n", is_last=True)
    (log,) = tmp_path.rglob("output.log")
    log.write_bytes(b"\xff\xfe bytes\r\nend\n")
    assert invoke("log", "s#0").stdout == "�� bytes\nend\n"
