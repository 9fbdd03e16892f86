from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest


def table_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_to_standard_output(invoke, invoke_json, finished: Path) -> None:
    rows = table_of(invoke("export", "lenet", "--store", finished).stdout)
    trials = invoke_json("trials", "lenet", "--store", finished)
    assert [int(row["number"]) for row in rows] == [trial["trial"] for trial in trials]
    assert [float(row["lr"]) for row in rows] == [trial["config"]["lr"] for trial in trials]
    assert list(rows[0])[:5] == ["number", "state", "lr", "opt", "seed"]
    assert "accuracy" in rows[0]


@pytest.mark.parametrize("name", ["x.csv", "x.json", "X.JSON"])
def test_files(invoke, finished: Path, tmp_path: Path, name: str) -> None:
    assert invoke("export", "lenet", "-o", name, "--store", finished).stdout == f"8 trials in {name}.\n"
    text = (tmp_path / name).read_text()
    rows = table_of(text) if name == "x.csv" else json.loads(text, parse_constant=pytest.fail)
    assert len(rows) == 8


def test_parquet(invoke, finished: Path, tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    invoke("export", "lenet", "-o", "x.parquet", "--store", finished)
    assert pq.read_table(tmp_path / "x.parquet").num_rows == 8


def test_reports_of_the_trials_that_pass(invoke, invoke_json, finished: Path) -> None:
    chosen = invoke_json("trials", "lenet", "--where", "state=stopped", "--store", finished)
    rows = table_of(invoke("export", "lenet", "--reports", "--where", "state=stopped", "--store", finished).stdout)
    assert {int(row["trial"]) for row in rows} == {trial["trial"] for trial in chosen}
    assert len(rows) == sum(trial["step"] for trial in chosen)
    assert list(rows[0]) == ["trial", "step", "at", "error", "accuracy"]


def test_bad_input(invoke, finished: Path, tmp_path: Path) -> None:
    assert "Did you mean 'lenet'?" in invoke("export", "lennet", "--store", finished, exit_code=1).stderr
    assert "names no format" in invoke("export", "lenet", "-o", "x.xls", "--store", finished, exit_code=1).stderr
    assert "There is no column 'lrr'" in invoke(
        "export", "lenet", "-o", "x.csv", "--where", "lrr<1", "--store", finished, exit_code=2
    ).stderr  # fmt: skip
    assert "There is no store" in invoke("export", "lenet", exit_code=1).stderr
    assert list(tmp_path.iterdir()) == []


class TestOptuna:
    """Needs the package for all but the words that can't be together."""

    def test_a_study_of_optuna(self, invoke, invoke_json, finished: Path) -> None:
        optuna = pytest.importorskip("optuna")
        done = invoke("export", "lenet", "--optuna", "sqlite:///o.db", "--store", finished)
        assert done.stdout == "8 trials in the study 'lenet' of sqlite:///o.db.\n"
        ours = invoke_json("trials", "lenet", "--store", finished)
        theirs = optuna.load_study(study_name="lenet", storage="sqlite:///o.db").get_trials()
        assert [trial.params for trial in theirs] == [trial["config"] for trial in ours]
        states = {"completed": "COMPLETE", "stopped": "PRUNED", "failed": "FAIL"}
        assert [trial.state.name for trial in theirs] == [states[trial["state"]] for trial in ours]
        assert [len(trial.intermediate_values) for trial in theirs] == [trial["step"] for trial in ours]

    def test_another_name_where_it_is_taken(self, invoke, finished: Path) -> None:
        optuna = pytest.importorskip("optuna")
        words = ("export", "lenet", "--optuna", "sqlite:///o.db", "--store", finished)
        invoke(*words)
        told = invoke(*words, exit_code=1).stderr
        assert "there is a study 'lenet' in 'sqlite:///o.db' already" in told
        assert "hint: Give it another name." in told
        assert "in the study 'again' of" in invoke(*words, "-n", "again").stdout
        assert optuna.get_all_study_names("sqlite:///o.db") == ["lenet", "again"]

    def test_bad_input(self, invoke, finished: Path, tmp_path: Path) -> None:
        pytest.importorskip("optuna")
        for url in ("o.db", "sqlite:////nowhere/at/all/o.db"):
            told = invoke("export", "lenet", "--optuna", url, "--store", finished, exit_code=1).stderr
            assert f"Optuna can't write to '{url}'" in told
        told = invoke("export", "lennet", "--optuna", "sqlite:///o.db", "--store", finished, exit_code=1).stderr
        assert "Did you mean 'lenet'?" in told
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("also", [("-o", "x.csv"), ("--reports",), ("--where", "lr<1")], ids=lambda also: also[0])
    def test_it_writes_no_table(self, invoke, finished: Path, tmp_path: Path, also: tuple[str, ...]) -> None:
        words = ("export", "lenet", "--optuna", "sqlite:///o.db", *also, "--store", finished)
        assert "Leave --output, --reports and --where out" in invoke(*words, exit_code=2).stderr
        assert list(tmp_path.iterdir()) == []

    def test_a_table_has_no_name(self, invoke, finished: Path) -> None:
        assert "Give --optuna URL as well" in invoke(
            "export", "lenet", "-n", "other", "--store", finished, exit_code=2
        ).stderr  # fmt: skip

    def test_it_needs_the_package(self, invoke, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "optuna", None)
        told = invoke("export", "lenet", "--optuna", "sqlite:///o.db", "--store", finished, exit_code=1).stderr
        assert "pip install 'rung[optuna]'" in told
