from __future__ import annotations

import datetime as dt
import sys

import pytest

from rung.errors import MissingExtraError, SettingError
from rung.interchange.reading import read_csv, read_json, read_parquet


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(SettingError, match=r"can't be read: No such file"):
        read_csv(tmp_path / "nowhere.csv")
    (tmp_path / "a.csv").write_bytes(b"lr,error\n\xff\xfe,1\n")
    with pytest.raises(SettingError, match="not a text in UTF-8"):
        read_csv(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text(f"lr,error\n1,2\n{'1' * 200_000},2\n")
    with pytest.raises(SettingError, match=r"a\.csv: line 3: field larger than field limit"):
        read_csv(tmp_path / "a.csv")
    for text, sentence in (("{", "is not JSON"), ("{}", "not a JSON list of objects"), ("[1]", "not a JSON list")):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(SettingError, match=sentence):
            read_json(tmp_path / "a.json")
    with pytest.raises(SettingError, match=r"^'\S+nowhere\.json' can't be read: No such file or directory\. Check"):
        read_json(tmp_path / "nowhere.json")


@pytest.fixture
def write_parquet(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")

    def write(columns):
        pq.write_table(pa.table(columns), tmp_path / "a.parquet")
        return tmp_path / "a.parquet"

    return write


def test_parquet_has_types(write_parquet):
    path = write_parquet({"lr": [0.1, None], "n": [1, 2], "opt": ["1", "x"], "on": [True, False], "l": [[1], []]})
    names, records = read_parquet(path)
    assert names == ["lr", "n", "opt", "on", "l"]
    assert [record.where for record in records] == ["row 1", "row 2"]
    assert repr(records[0].values) == repr({"lr": 0.1, "n": 1, "opt": "1", "on": True, "l": [1]})
    assert "lr" not in records[1].values


def test_parquet_with_what_no_study_holds(write_parquet):
    path = write_parquet({"lr": [0.1, 0.2], "day": [None, dt.date(2026, 1, 1)]})
    with pytest.raises(SettingError, match=r"a\.parquet: row 2: day is a date, which no study can hold"):
        read_parquet(path)


def test_files_that_are_no_parquet(tmp_path, write_parquet):
    with pytest.raises(SettingError, match="can't be read: No such file"):
        read_parquet(tmp_path / "nowhere.parquet")
    path = write_parquet({"lr": [0.1]})
    for content in (b"", b"lr,error\n1,2\n", path.read_bytes()[:-20]):
        path.write_bytes(content)
        with pytest.raises(SettingError, match=r"is no Parquet file that can be read: .*give a CSV file"):
            read_parquet(path)


def test_parquet_without_its_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"rung\[parquet\]"):
        read_parquet(tmp_path / "a.parquet")
