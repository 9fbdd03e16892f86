import csv
import io
import math

import pytest
from made_up_studies import trial

from rung.analysis.table import Table, as_csv, as_pandas, as_polars, trial_table
from rung.errors import MissingExtraError
from rung.rows import StudyRow
from rung.types import Goal, Remark

STUDY = StudyRow(
    name="s",
    goal=Goal("accuracy", "max"),
    seed=1,
    space={"dimensions": [{"name": "lr"}, {"name": "step"}, {"name": "opt"}]},
    searcher={},
    scheduler={},
    objective=None,
    created_unix=0.0,
)


def rows():
    first = trial(0, lr=0.1, step=3, opt="adam", best_loss=-0.9)
    first.last_loss, first.best_step, first.last_step, first.runtime = -0.8, 2, 5, 1.5
    first.tags, first.notes = ("good",), (Remark("fine", 0.0),)
    return [first, trial(1, lr=0.2, step=4)]


METRICS = {0: {"accuracy": 0.8, "cost": 7.0, "lr": 1.0}}


def test_one_flat_row_per_trial():
    table = trial_table(STUDY, rows(), METRICS)
    first, second = table.rows
    assert table.names == tuple(first) == tuple(second)
    assert table.names[:5] == ("number", "state", "lr", "config.step", "opt")
    assert (first["best"], first["value"], first["best_step"], first["step"]) == (0.9, 0.8, 2, 5)
    assert (first["lr"], first["config.step"], first["metric.lr"], first["cost"]) == (0.1, 3, 1.0, 7.0)
    assert (first["tags"], first["notes"], first["state"]) == (["good"], ["fine"], "completed")
    assert (second["opt"], second["best"], second["cost"], second["tags"]) == (None, None, None, [])
    assert set(table.names[-3:]) == {"accuracy", "metric.lr", "cost"}
    assert table.names[-3] == "accuracy", "the metric of the goal comes first"
    assert first["accuracy"] == first["value"]


def test_without_trials_there_are_names_all_the_same():
    table = trial_table(STUDY, [], {})
    assert table.rows == ()
    assert {"number", "lr", "opt", "best", "notes"} <= set(table.names)


def test_csv_reads_back():
    table = trial_table(STUDY, rows(), METRICS)
    first, second = csv.DictReader(io.StringIO(as_csv(table.names, table.rows)))
    assert (first["lr"], first["opt"], first["tags"], first["given"]) == ("0.1", "adam", '["good"]', "false")
    assert (second["opt"], second["best"]) == ("", "")
    assert (
        as_csv(["a", "b"], [{"a": 'x,"y"\n', "b": None}, {"a": math.nan, "b": [1]}]) == 'a,b\n"x,""y""\n",\nNaN,[1]\n'
    )


def test_pandas():
    pytest.importorskip("pandas")
    frame = as_pandas(trial_table(STUDY, rows(), METRICS))
    assert frame["lr"].tolist() == [0.1, 0.2]
    assert list(as_pandas(Table(("a", "b"), ())).columns) == ["a", "b"]


def test_polars():
    pytest.importorskip("polars")
    table = Table(("a", "b"), ({"a": 1, "b": 0.5}, {"a": "x", "b": 2}, {"a": None, "b": None}))
    frame = as_polars(table)
    assert frame["a"].to_list() == ["1", "x", None]
    assert frame["b"].to_list() == [0.5, 2.0, None]
    assert as_polars(trial_table(STUDY, rows(), METRICS))["tags"].to_list() == [["good"], []]


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_missing_package_is_named(package, monkeypatch):
    def gone(name):
        raise ImportError(name)

    monkeypatch.setattr("rung.analysis.table.import_module", gone)
    convert = {"pandas": as_pandas, "polars": as_polars}[package]
    with pytest.raises(MissingExtraError, match=rf"pip install 'rung\[{package}\]'"):
        convert(Table((), ()))
