from __future__ import annotations

import csv
from pathlib import Path

import pytest

from rung.events import Noted, Tagged
from rung.store import open_store
from rung.tuning.opening import new_study
from rung.types import Owner


def test_trials_are_listed(invoke, finished: Path) -> None:
    titles, *lines = invoke("trials", "lenet", "--store", finished).stdout.splitlines()
    assert titles.split() == ["#", "state", "lr", "opt", "step", "error", "best@", "time", "note"]
    assert [line.split()[0] for line in lines] == [str(number) for number in range(8)]
    assert any("error: RuntimeError: diverged" in line for line in lines)
    assert any("rung 1: rank " in line for line in lines)
    assert sum("★" in line for line in lines) == 1


def test_trials_in_json(invoke_json, finished: Path) -> None:
    rows = invoke_json("trials", "lenet", "--store", finished)
    assert [row["trial"] for row in rows] == list(range(8))
    for row in rows:
        assert row["config"]["seed"] == 5
        if row["state"] == "failed":
            assert (row["reason"], row["value"], row["best_value"]) == ("error", None, None)
            assert row["message"].startswith("RuntimeError: diverged")
        else:
            assert row["value"] == pytest.approx(row["config"]["lr"] + 1 / row["step"])


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("best", lambda row: row["best_value"]),
        ("value", lambda row: row["value"]),
        ("lr", lambda row: row["config"]["lr"]),
        ("opt", lambda row: row["config"]["opt"]),
        ("step", lambda row: row["step"]),
        ("state", lambda row: row["state"]),
        ("time", lambda row: row["runtime_s"]),
        ("number", lambda row: row["trial"]),
    ],
)
@pytest.mark.parametrize("sign", ["", "-"])
def test_sorting(invoke_json, finished: Path, sort: str, key, sign: str) -> None:
    rows = invoke_json("trials", "lenet", "--store", finished, f"--sort={sign}{sort}")
    values = [key(row) for row in rows]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=bool(sign))
    assert values == known + [None] * (len(values) - len(known)), "those without a value are last"
    assert len(rows) == 8


def test_a_limit(invoke_json, finished: Path) -> None:
    rows = invoke_json("trials", "lenet", "--store", finished, "--sort", "best", "--limit", 2)
    assert len(rows) == 2
    assert rows[0]["trial"] == invoke_json("best", "lenet", "--store", finished)["trial"]


def test_an_unknown_key_names_the_nearest(invoke, finished: Path) -> None:
    result = invoke("trials", "lenet", "--store", finished, "--sort", "bset", exit_code=2)
    assert result.stderr == "rung: trials can't be sorted by 'bset'.\nhint: Did you mean 'best'?\n"
    result = invoke("trials", "lenet", "--store", finished, "--sort", "xyzzy", exit_code=2)
    assert "There are: number, state, " in result.stderr
    assert result.stderr.endswith("best, value, lr, opt, seed, error, accuracy.\n")


def test_an_unknown_study_names_the_nearest(invoke, finished: Path) -> None:
    result = invoke("trials", "lennet", "--store", finished, exit_code=1)
    assert result.stderr == "rung: There is no study 'lennet' in this store.\nhint: Did you mean 'lenet'?\n"


def test_values_of_several_types_are_sorted_all_the_same(invoke_json, execute, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f(x): return 1.0")
    execute("run", "f.py:f", "-s", "x=1,a,null,true,0.5", "--searcher", "grid", "--progress", "off")
    rows = invoke_json("trials", "f", "--sort", "x")
    assert [row["config"]["x"] for row in rows] == [0.5, 1, True, "a", None]


def test_what_is_not_a_number_comes_last_either_way(invoke_json, execute, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("import rung\ndef f(x): rung.report(error=x, other=float('nan') if x == 2 else x)")
    execute("run", "f.py:f", "-s", "x=3,2,1,4", "--searcher", "grid", "--progress", "off")
    for sign, order in (("", [1, 3, 4, 2]), ("-", [4, 3, 1, 2])):
        rows = invoke_json("trials", "f", f"--sort={sign}other")
        assert [row["config"]["x"] for row in rows] == order


def test_a_study_without_trials(invoke, tmp_path: Path) -> None:
    from cli_project import SPACE

    from rung.schedulers.basic import BasicScheduler
    from rung.searchers.random import RandomSearcher
    from rung.types import Goal

    store = open_store(str(tmp_path / "rung.db"), create=True)
    store.create(new_study("empty", BasicScheduler(RandomSearcher(SPACE)), Goal("error"), seed=1, objective=None))
    store.close()
    assert invoke("trials", "empty").stdout == "The study 'empty' has no trials yet.\n"
    assert "none yet" in invoke("show", "empty").stdout
    result = invoke("best", "empty", exit_code=1)
    assert result.stderr == (
        "rung: the study 'empty' has no value of error yet.\nhint: See what its trials are doing: rung trials empty\n"
    )


def test_a_filter(invoke_json, invoke, finished: Path) -> None:
    rows = invoke_json("trials", "lenet", "--store", finished, "--where", "lr<0.2 and state=done")
    assert rows
    assert all(row["config"]["lr"] < 0.2 and row["state"] == "completed" for row in rows)
    failed = invoke_json("trials", "lenet", "--store", finished, "--where", "message~DIVERGED")
    assert {row["state"] for row in failed} == {"failed"}
    accurate = invoke_json(
        "trials", "lenet", "--store", finished, "--where", "accuracy>0.9", "--cols", "number,accuracy"
    )
    assert all(row["accuracy"] > 0.9 for row in accurate)
    result = invoke("trials", "lenet", "--store", finished, "--where", "number>100")
    assert result.stdout == "No trials of 'lenet' pass the filter.\n"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("lr<", "rung: The filter should have a value here, not the end.\n  lr<\n     ^\nhint: Write it like: "),
        (
            "lr<1 and opt<2",
            "'opt' is no number, so '<' means nothing for it.\n  lr<1 and opt<2\n               ^\nhint: ",
        ),
        ("acuracy>0.5", "There is no column 'acuracy'.\n  acuracy>0.5\n  ^\nhint: Did you mean 'accuracy'?\n"),
    ],
)
def test_a_filter_that_is_wrong_is_marked(invoke, finished: Path, where: str, said: str) -> None:
    result = invoke("trials", "lenet", "--store", finished, "--where", where, exit_code=2)
    assert said in result.stderr
    assert result.stdout == ""


def test_chosen_columns(invoke, invoke_json, finished: Path) -> None:
    titles, *lines = invoke(
        "trials", "lenet", "--store", finished, "--cols", "number, state,lr,reason"
    ).stdout.splitlines()
    assert titles.split() == ["number", "state", "lr", "reason"]
    assert len(lines) == 8
    assert any(line.split() == [line.split()[0], "✗", "failed", line.split()[3], "error"] for line in lines)
    rows = invoke_json("trials", "lenet", "--store", finished, "--cols", "lr,best")
    assert all(list(row) == ["lr", "best"] for row in rows)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cols", "number,lrr"], "There is no column 'lrr'.\nhint: Did you mean 'lr'?\n"),
        (["--cols", ","], "--cols names no column.\nhint: Write it like --cols number,state,best\n"),
        (["--csv", "--json"], "--csv and --json can't go together.\nhint: Leave one of them out.\n"),
    ],
)
def test_wrong_columns(invoke, finished: Path, words: list[str], said: str) -> None:
    assert said in invoke("trials", "lenet", "--store", finished, *words, exit_code=2).stderr


def test_csv(invoke, finished: Path) -> None:
    rows = list(csv.DictReader(invoke("trials", "lenet", "--store", finished, "--csv").stdout.splitlines()))
    assert [row["number"] for row in rows] == [str(number) for number in range(8)]
    assert {"state", "lr", "opt", "best", "value", "accuracy", "tags"} <= set(rows[0])
    few = invoke("trials", "lenet", "--store", finished, "--csv", "--cols", "number,seed", "--limit", 1).stdout
    assert few == "number,seed\n0,5\n"


def test_sorting_by_a_metric(invoke_json, finished: Path) -> None:
    rows = invoke_json("trials", "lenet", "--store", finished, "--sort=-accuracy", "--cols", "accuracy")
    values = [row["accuracy"] for row in rows if row["accuracy"] is not None]
    assert values == sorted(values, reverse=True)
    assert len(rows) == 8


def test_tags_and_remarks_are_shown_when_there_are_any(invoke, tmp_path: Path) -> None:
    from cli_project import make_study

    make_study(tmp_path / "rung.db", trials=3)
    assert "tags" not in invoke("trials", "lenet").stdout
    store = open_store(str(tmp_path / "rung.db"), create=False)
    lease = store.acquire("lenet", Owner(host="h", boot="b", pid=1, started=0.0), ttl=60.0)
    store.append([Tagged(at=9.0, trial=1, added=("good", "old")), Noted(at=9.0, trial=1, text="again")], lease=lease)
    store.release(lease)
    store.close()
    titles, *lines = invoke("trials", "lenet").stdout.splitlines()
    assert "tags" in titles.split()
    assert "good old" in lines[1]
    assert lines[1].endswith("again")
    assert "good · old" in invoke("trials", "lenet", "--cols", "number,tag", "--where", "tag=good").stdout
