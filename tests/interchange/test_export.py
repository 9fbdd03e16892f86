from __future__ import annotations

import csv
import io
import json
import math

import pytest

from rung.analysis.table import Table
from rung.errors import MissingExtraError, SettingError, StoreError
from rung.interchange.export import report_table, table_as_csv, table_as_json, table_as_parquet, write_table

TABLE = Table(
    ("number", "lr", "opt", "mixed", "tags", "big"),
    (
        {"number": 0, "lr": 0.1 + 0.2, "opt": "a,b", "mixed": 1, "tags": ["x"], "big": 2**80},
        {"number": 1, "lr": math.nan, "opt": None, "mixed": "one", "tags": [], "big": 1},
    ),
)


def test_csv_holds_every_digit():
    rows = list(csv.reader(io.StringIO(table_as_csv(TABLE))))
    assert rows[0] == list(TABLE.names)
    assert rows[1] == ["0", "0.30000000000000004", "a,b", "1", '["x"]', str(2**80)]
    assert rows[2] == ["1", "NaN", "", "one", "[]", "1"]


def test_json_is_valid_and_of_the_same_types():
    rows = json.loads(table_as_json(TABLE), parse_constant=pytest.fail)
    assert rows[0] == TABLE.rows[0]
    assert isinstance(rows[0]["number"], int)
    assert rows[1]["lr"] is None


def test_parquet_keeps_types(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    write_table(TABLE, tmp_path / "x.parquet")
    table = pq.read_table(tmp_path / "x.parquet")
    assert {field.name: str(field.type) for field in table.schema} == {
        "number": "int64", "lr": "double", "opt": "string", "mixed": "string", "tags": "list<element: string>",
        "big": "string",
    }  # fmt: skip
    assert table.column("lr")[0].as_py() == 0.1 + 0.2
    assert table.column("mixed").to_pylist() == ["1", "one"]


def test_parquet_of_no_rows():
    pytest.importorskip("pyarrow")
    assert table_as_parquet(Table(("number",), ())).startswith(b"PAR1")


def test_parquet_without_its_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"rung\[parquet\]"):
        table_as_parquet(TABLE)


def test_reports_have_a_row_each():
    table = report_table(
        [(0, 1, 0.5, {"error": 0.5}), (0, 2, 0.9, {"error": 0.4, "step": 7.0}), (1, 1, 1.5, {"e": 1.0})]
    )
    assert table.names == ("trial", "step", "at", "error", "metric.step", "e")
    assert table.rows[1] == {"trial": 0, "step": 2, "at": 0.9, "error": 0.4, "metric.step": 7.0, "e": None}


@pytest.mark.parametrize("name", ["x.xlsx", "x", ".csv"])
def test_other_formats(tmp_path, name):
    with pytest.raises(SettingError, match=r"Let it end in \.csv, \.json or \.parquet"):
        write_table(TABLE, tmp_path / name)


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(StoreError, match="can't be written: No such file"):
        write_table(TABLE, tmp_path / "nowhere" / "x.csv")


def test_a_failure_leaves_the_former_file(tmp_path):
    path = tmp_path / "x.csv"
    path.mkdir()
    with pytest.raises(StoreError, match="can't be written"):
        write_table(TABLE, path)
    assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]
