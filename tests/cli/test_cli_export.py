from __future__ import annotations

import csv
import io
import json
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
