from __future__ import annotations

from pathlib import Path

import pytest

from rung.store import open_store
from rung.tuning.opening import new_study


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
