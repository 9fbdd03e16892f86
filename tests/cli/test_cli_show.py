from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli_project import SPACE, make_study, trained

from rung.commands import StopStudy, StopTrial
from rung.events import ArtifactLogged, Noted, Placed, Started
from rung.schedulers.asha import ASHA
from rung.searchers.random import RandomSearcher
from rung.store import current_owner, open_store
from rung.tuner import Tuner
from rung.types import Artifact


def test_a_study(invoke, finished: Path) -> None:
    text = invoke("show", "lenet", "--store", finished).stdout
    facts = dict(line.split(maxsplit=1) for line in text.splitlines() if not line.startswith(" "))
    assert facts["study"] == "lenet"
    assert facts["state"] == "done"
    assert facts["store"] == f"sqlite:///{finished}"
    assert facts["goal"] == "min error"
    assert facts["method"] == "random + asha (stopping, η=3, rungs 1 3 9)"
    assert facts["space"].startswith("lr: Float(0.001, 1.0, log=True)")
    assert facts["seed"] == "3"
    assert facts["settings"] == "max_trials=8 incumbent_from=any failures_in_a_row=null"
    assert facts["trials"].startswith("8: ")
    assert facts["best"].startswith("error 0.")
    assert " in 1 session; finished runs took " in facts["time"]
    assert "Python 3." in facts["code"]
    assert "rung 0." in facts["code"]


def test_a_study_in_json(invoke_json, finished: Path) -> None:
    facts = invoke_json("show", "lenet", "--store", finished)
    assert facts["settings"]["max_trials"] == 8
    assert facts["scheduler"]["max_t"] == 9
    assert facts["provenance"]["python"].startswith("3.")
    assert facts["sessions"] == 1
    assert set(facts["best"]) == {"trial", "step", "value", "config"}
    assert [dimension["name"] for dimension in facts["space"]["dimensions"]] == ["lr", "opt", "seed"]


def trial_in_state(invoke_json, store: Path, state: str) -> int:
    return next(row["trial"] for row in invoke_json("trials", "lenet", "--store", store) if row["state"] == state)


def test_a_stopped_trial(invoke, invoke_json, finished: Path) -> None:
    number = trial_in_state(invoke_json, finished, "stopped")
    text = invoke("show", f"lenet#{number}", "--store", finished).stdout
    head, _, curve = text.partition("\n\n")
    lines = head.splitlines()
    assert lines[0].split() == ["trial", f"lenet#{number}"]
    assert lines[1].startswith("state  stopped (scheduler): rung ")
    assert [line.split()[0] for line in lines[2:6]] == ["lr", "opt", "seed", "from"]
    titles, *rows = curve.splitlines()
    assert titles.split() == ["step", "error", "accuracy"]
    assert rows[0].split()[0] in {"1", "1*"}
    assert sum("*" in row for row in rows) == 1


def test_a_failed_trial_shows_its_traceback(invoke, invoke_json, finished: Path) -> None:
    number = trial_in_state(invoke_json, finished, "failed")
    text = invoke("show", f"lenet#{number}", "--store", finished).stdout
    assert "state  failed (error): RuntimeError: diverged" in text
    assert "\nTraceback (most recent call last):\n" in text
    assert text.endswith(
        f"\nOnce the cause is mended, try it again: rung retry lenet#{number} --store sqlite:///{finished}\n"
    )


def test_a_trial_in_json(invoke_json, finished: Path) -> None:
    number = trial_in_state(invoke_json, finished, "completed")
    facts = invoke_json("show", f"lenet#{number}", "--store", finished)
    assert (facts["study"], facts["trial"], facts["state"]) == ("lenet", number, "completed")
    assert [each["step"] for each in facts["curve"]] == list(range(1, 10))
    assert facts["curve"][-1]["metrics"]["error"] == facts["value"]
    assert facts["checkpoints"] == []


def test_what_a_failed_trial_printed_is_shown_once(invoke, execute, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f(x):\n    print('hello', x)\n    raise ValueError('bad x')")
    (tmp_path / "s.py").write_text("print('hello')\nraise ValueError('bad x')")
    execute("run", "f.py:f", "-s", "x=1", "--searcher", "grid", "--progress", "off", exit_code=3)
    execute(
        "run", "-n", "s", "-s", "x=1", "--searcher", "grid", "--progress", "off", "--", sys.executable, "s.py",
        exit_code=3,
    )  # fmt: skip
    text = invoke("show", "f#0").stdout
    assert "state  failed (error): ValueError: bad x\n" in text
    assert text.count("hello 1") == 1
    assert text.count("ValueError: bad x") == 2, "as the state, and at the end of its traceback"
    text = invoke("show", "s#0").stdout
    assert "state  failed (exit): The script ended with exit code 1: ValueError: bad x\n" in text
    assert text.count("hello") == 1
    assert text.count("ValueError: bad x") == 2
    assert "The last lines of its output:" not in text
    next(tmp_path.glob("rung-files/s/*/output.log")).unlink()
    assert "\nThe last lines of its output:\nhello\n" in invoke("show", "s#0").stdout


def test_a_long_curve_is_thinned_out_and_keeps_its_ends(invoke, execute, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f(x):\n    for k in range(100): yield 1 / (k + 1)")
    execute("run", "f.py:f", "-s", "x=1", "--searcher", "grid", "--progress", "off")
    *rows, last = invoke("show", "f#0").stdout.partition("\n\n")[2].splitlines()
    assert last == "20 of 100 steps; all of them: --json"
    steps = [row.split()[0] for row in rows[1:]]
    assert len(steps) == 20
    assert (steps[0], steps[-1]) == ("1", "100*")


def test_what_a_trial_printed_is_shown(invoke, execute, invoke_json, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f(x):\n    print('hello', x)\n    return 1.0")
    execute("run", "f.py:f", "-s", "x=1", "--searcher", "grid", "--progress", "off")
    log = invoke_json("show", "f#0")["log"]
    assert Path(log).read_text() == "hello 1\n"
    assert invoke("show", "f#0").stdout.endswith(f"\n{log}:\n  hello 1\n")


def test_of_a_long_log_only_the_end_is_shown(invoke, execute, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f(x):\n    print(*range(1000), sep='\\n')\n    return 1.0")
    execute("run", "f.py:f", "-s", "x=1", "--searcher", "grid", "--progress", "off")
    printed = invoke("show", "f#0").stdout.splitlines()[-20:]
    assert printed == [f"  {number}" for number in range(980, 1000)]


def test_a_trial_that_is_not_there(invoke, finished: Path) -> None:
    result = invoke("show", "lenet#8", "--store", finished, exit_code=1)
    assert result.stderr == ("rung: The study 'lenet' has no trial 8.\nhint: Its trials are numbered from 0 to 7.\n")


@pytest.mark.parametrize("what", ["lennet", "lennet#1"])
def test_a_study_that_is_not_there(invoke, finished: Path, what: str) -> None:
    assert "Did you mean 'lenet'?" in invoke("show", what, "--store", finished, exit_code=1).stderr


def test_an_interrupted_study_shows_how_to_go_on(invoke, tmp_path: Path, finished: Path) -> None:
    from rung.store.owner import current_owner
    from rung.tuning.opening import find_study

    there = open_store(str(finished), create=False)
    here = open_store(str(tmp_path / "rung.db"), create=True)
    created = find_study(there, "lenet", resume="must")
    assert created is not None
    here.create(created)
    events = [event for _, event in there.read("lenet", after=1)]
    lease = here.acquire("lenet", current_owner(), ttl=60)
    here.append(events[:5], lease=lease)
    assert "running (process " in invoke("show", "lenet").stdout
    here.release(lease)
    here.close()
    there.close()
    text = invoke("show", "lenet").stdout
    assert "interrupted (its tuner was killed)" in text
    assert text.endswith("rung resume lenet\n")
    elsewhere = invoke("show", "lenet", "--store", finished).stdout
    assert "go on" not in elsewhere, "that one is done"


@pytest.fixture
def labelled(invoke, tmp_path: Path) -> None:
    """A study with whatever people may add to it, in the usual place."""
    make_study(tmp_path / "rung.db", trials=2)
    invoke("note", "lenet", "looks good")
    invoke("tag", "lenet", "vision", "fast")
    invoke("note", "lenet#1", "diverges\nand then recovers")
    invoke("tag", "lenet#1", "odd")
    invoke("add", "lenet", "lr=0.1", "opt=adam")


@pytest.mark.usefixtures("labelled")
def test_what_people_have_said_and_asked_for(invoke, invoke_json) -> None:
    lines = [line.split(maxsplit=1) for line in invoke("show", "lenet").stdout.splitlines()]
    facts = {words[0]: words[1] for words in lines if len(words) == 2}
    assert facts["tags"] == "vision fast"
    assert facts["notes"].endswith("  looks good")
    assert facts["asked"] == "Tried next: lr=0.1 opt=adam seed=5 (not yet)"
    assert facts["go"] == "on      rung resume lenet --trials 3"
    page = invoke_json("show", "lenet")
    assert page["tags"] == ["vision", "fast"]
    assert [note["text"] for note in page["notes"]] == ["looks good"]
    assert page["asked"] == [{"command": 5, "what": "Tried next: lr=0.1 opt=adam seed=5"}]


@pytest.mark.usefixtures("labelled")
def test_what_people_have_said_of_a_trial(invoke, invoke_json) -> None:
    text = invoke("show", "lenet#1").stdout
    assert "\ntags   odd\n" in text
    assert "  diverges\n" in text
    assert "\n       and then recovers\n" in text
    page = invoke_json("show", "lenet#1")
    assert page["tags"] == ["odd"]
    assert [note["text"] for note in page["notes"]] == ["diverges\nand then recovers"]


def test_what_is_out_of_the_ordinary_about_a_trial(invoke, invoke_json, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "rung.db"), create=True)
    with Tuner(trained, ASHA(RandomSearcher(SPACE), max_t=9), store=store, study="lenet", seed=3) as tuner:
        tuner.run(max_trials=1, given=[{"lr": 0.05, "opt": "adam", "seed": 5}])
    lease = store.acquire("lenet", current_owner(), ttl=60)
    config, artifact = {"lr": 0.1, "opt": "adam", "seed": 5}, Artifact("net.onnx", "/f/net.onnx", "0" * 64, 1234, 3)
    started = Started(at=9.0, trial=1, attempt=1, config=config, notes={"retry_of": 0})
    placed = Placed(at=9.0, trial=1, attempt=1, host="there", pid=42, gpus="0,2")
    kept = ArtifactLogged(at=9.0, trial=1, attempt=1, artifact=artifact)
    store.append([started, placed, kept, Noted(at=9.0, trial=1, text="halved", by="trial", unix=1.7e9)], lease=lease)
    store.post("lenet", StopTrial(1))
    assert "given  by hand; nobody suggested this configuration" in invoke("show", "lenet#0").stdout
    text = invoke("show", "lenet#1").stdout
    for line in (
        "retry    of trial 0",
        "process  42 on there",
        "gpus     0,2",
        "files    net.onnx: /f/net.onnx (1,234 bytes)",
        "asked    Trial 1 is stopped (not yet)",
    ):
        assert f"\n{line}\n" in text
    assert "(trial)  halved" in text
    page = invoke_json("show", "lenet#1")
    assert (page["retry_of"], page["gpus"], page["is_given"]) == (0, "0,2", False)
    assert page["artifacts"][0]["bytes"] == 1234
    assert page["asked"] == ["Trial 1 is stopped"]
    store.release(lease)
    store.close()
    assert "state  waiting (tuner): its tuner is gone" in invoke("show", "lenet#1").stdout


def test_a_stop_that_came_when_the_run_was_over_is_not_asked_for_any_more(invoke, invoke_json, tmp_path: Path) -> None:
    make_study(tmp_path / "rung.db", trials=1)
    store = open_store(str(tmp_path / "rung.db"), create=False)
    store.post("lenet", StopStudy())
    assert "asked" not in invoke("show", "lenet").stdout
    lease = store.acquire("lenet", current_owner(), ttl=60)
    assert len(invoke_json("show", "lenet")["asked"]) == 1
    store.release(lease)
    store.close()


def test_who_suggested_a_trial(invoke, execute, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f(x): return x")
    execute(
        "run", "f.py:f", "-s", "x=float:0:1", "--trials", "2", "--name", "f", "--init", "x=0.5", "--progress", "off"
    )
    assert "\nfrom   a person\n" in invoke("show", "f#0").stdout
    assert "\nfrom   gp\n" in invoke("show", "f#1").stdout
    assert [line.split() for line in invoke("trials", "f", "--cols", "number,suggested_by").stdout.splitlines()] == [
        ["number", "suggested_by"],
        ["0", "person"],
        ["1", "gp"],
    ]
