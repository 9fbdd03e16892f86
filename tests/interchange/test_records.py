from __future__ import annotations

import json
import math

import pytest

from rung.analysis.table import trial_table
from rung.errors import SettingError
from rung.interchange.export import report_table, table_as_csv, table_as_json, write_table
from rung.interchange.importing import import_study
from rung.interchange.reading import read_csv, read_json, read_parquet
from rung.interchange.records import roles_of, study_of
from rung.space import Choice, Float, Space
from rung.store import MemoryStore
from rung.tuning.given import GivenTrial
from rung.types import Goal, TrialState

CSV = "lr,opt,error,acc,junk\n0.1,adam,0.3,0.7,x\n0.001,sgd,0.2,0.8,y\n0.5,adam,nan,,z\n0.4,,,0.1,w\n"


def imported(tmp_path, text, *, space=None, metrics=("acc",), skipped=("junk",), metric="error"):
    path = tmp_path / "r.csv"
    path.write_text(text)
    names, records = read_csv(path)
    roles = roles_of(names, metric=metric, metrics=metrics, skipped=skipped)
    return study_of(records, roles, Goal(metric), path=path, space=space)


def test_rows_become_trials(tmp_path):
    study = imported(tmp_path, CSV)
    assert study.space == Space({"lr": Float(0.001, 0.5, log=True), "opt": Choice(["adam", "sgd"])})
    assert [trial.config for trial in study.trials] == [
        {"lr": 0.1, "opt": "adam"}, {"lr": 0.001, "opt": "sgd"}, {"lr": 0.5, "opt": "adam"}, {"lr": 0.4},
    ]  # fmt: skip
    assert study.trials[0].reports == ((1, {"error": 0.3, "acc": 0.7}),)
    assert math.isnan(study.trials[2].reports[0][1]["error"])
    assert (study.trials[3].state, study.trials[3].reason) == (TrialState.FAILED, "no_value")
    assert study.trials[1].origin == {"imported": "line 3"}
    assert len(study.remarks) == 2


def test_values_are_read_as_what_they_are(tmp_path):
    study = imported(
        tmp_path, 'i,f,b,t,l,error\n1,1.0,true,"a, ""b""\nc","[1, 2]",1\n', metrics=(), skipped=()
    )  # fmt: skip
    assert repr(study.trials[0].config) == repr({"i": 1, "f": 1.0, "b": True, "t": 'a, "b"\nc', "l": [1, 2]})


def test_a_given_space_sets_values_right_and_takes_others_as_they_are(tmp_path):
    space = Space({"lr": Float(0.0, 1.0), "opt": Choice(["adam"])})
    study = imported(tmp_path, "lr,opt,error\n1,adam,1\n7,sgd,1\n", space=space, metrics=(), skipped=())
    assert [repr(trial.config) for trial in study.trials] == ["{'lr': 1.0, 'opt': 'adam'}", "{'lr': 7, 'opt': 'sgd'}"]
    assert study.remarks == ()


def test_steps_may_stand_in_a_column(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("lr,error,epoch\n0.1,0.3,5\n0.2,0.2,1\n0.4,,\n")
    names, records = read_csv(path)
    study = study_of(records, roles_of(names, step="epoch"), Goal("error"), path=path, space=None)
    assert [[step for step, _ in trial.reports] for trial in study.trials] == [[5], [1], []]
    assert study.has_steps
    assert list(study.space) == ["lr"]
    assert not imported(tmp_path, CSV).has_steps
    path.write_text("lr,error,epoch\n0.1,0.3,0\n0.2,0.2,2.5\n0.3,0.1,\n0.4,0.1,x\n")
    names, records = read_csv(path)
    with pytest.raises(SettingError) as caught:
        study_of(records, roles_of(names, step="epoch"), Goal("error"), path=path, space=None)
    for part in (
        "line 2: epoch is 0, which is no step",
        "line 3: epoch is 2.5, which is no step",
        "line 4: error has no epoch",
        "line 5: epoch is 'x', not a number",
    ):
        assert part in str(caught.value)
    with pytest.raises(SettingError, match=r"no column 'epoc'.*Did you mean 'epoch'"):
        roles_of(names, step="epoc")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lr,error\n0.1,1\n0.2,1\nabc,1\n", "line 4: lr is 'abc', not a number"),
        ("lr,error\n0.1,1\n0.2,x\n", "line 3: error is 'x', not a number"),
        ("lr,error\n0.1,1\n0.2\n0.3,1,2\n", "line 3 has 1 fields where 2 belong; line 4 has 3 fields"),
        ("lr,error\n0.1,1\n0.2,1\nnan,1\n", "line 4: lr is nan, which no hyperparameter can be"),
        ("lr,error\n" + "0.1,1\n" * 9 + "0.1,x\n" * 9, "line 15: error is 'x', not a number; and 4 more"),
        ("lr,error\n", "has no rows"),
        ("error\n1\n", "has no hyperparameters"),
        ("", "does not begin with a name for each column"),
        ("lr,lr,error\n1,2,3\n", "all different"),
        ("lr,error,\n1,2,3\n", "does not begin with a name for each column"),
        ("lr,eror\n1,2\n", "There is no column 'error'.*Did you mean 'eror'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, sentence):
    with pytest.raises(SettingError, match=sentence):
        imported(tmp_path, text, metrics=(), skipped=())


def test_a_space_that_the_columns_do_not_have(tmp_path):
    with pytest.raises(SettingError, match=r"has 'momentum', which none of the results has\. There are: lr, opt"):
        imported(tmp_path, CSV, space=Space({"lr": Float(0.0, 1.0), "momentum": Float(0.0, 1.0)}))


def exported():
    """A study with all that an export can hold, in a store."""
    from rung.interchange.given import GivenStudy

    trials = (
        GivenTrial(
            config={"step": 3, "lr": 0.1, "opt": "adam"},
            state=TrialState.COMPLETED,
            started=0.0,
            ended=2.0,
            reports=((2, {"error": 0.1}), (5, {"error": 0.4, "acc": 0.5})),
            tags=("good", "x"),
            notes=("odd",),
        ),
        GivenTrial(config={"lr": 0.2}, state=TrialState.STOPPED, started=2.0, ended=2.5, message="pruned"),
        GivenTrial(config={"lr": 1e-17}, state=TrialState.FAILED, started=2.5, ended=3.0, reason="oom"),
    )
    space = Space({"step": Choice([3, 4]), "lr": Float(0.0, 1.0), "opt": Choice(["adam", "sgd"])})
    store = MemoryStore()
    import_study(store, "one", GivenStudy(space=space, goal=Goal("error"), trials=trials, source="x"))
    return store


def rows_of(store, study):
    return trial_table(store.tables.study(study), store.tables.trials(study), store.tables.last_metrics(study)).rows


@pytest.mark.parametrize(("suffix", "read"), [("csv", read_csv), ("json", read_json), ("parquet", read_parquet)])
def test_what_was_exported_comes_back(tmp_path, suffix, read):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    store = exported()
    row, trials = store.tables.study("one"), store.tables.trials("one")
    path = tmp_path / f"x.{suffix}"
    write_table(trial_table(row, trials, store.tables.last_metrics("one")), path)
    names, records = read(path)
    roles = roles_of(names)
    assert roles.metric == "error"
    import_study(store, "two", study_of(records, roles, Goal("error"), path=path, space=Space.from_json(row.space)))
    assert rows_of(store, "two") == rows_of(store, "one")
    assert repr([trial.config for trial in store.tables.trials("two")]) == repr([trial.config for trial in trials])


def exported_names():
    store = exported()
    last = store.tables.last_metrics("one")
    return trial_table(store.tables.study("one"), store.tables.trials("one"), last).names


def test_another_metric_of_an_exported_study_can_be_judged(tmp_path):
    store = exported()
    table = trial_table(store.tables.study("one"), store.tables.trials("one"), store.tables.last_metrics("one"))
    path = tmp_path / "x.csv"
    path.write_text(table_as_csv(table))
    names, records = read_csv(path)
    roles = roles_of(names, metric="acc", skipped=["opt"])
    study = study_of(records, roles, Goal("acc", "max"), path=path, space=None)
    assert study.trials[0].reports == ((5, {"acc": 0.5, "error": 0.4}),)
    assert study.trials[0].config == {"step": 3, "lr": 0.1}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"metric": "eror"}, "There is no column 'eror'.*Did you mean 'error'"),
        ({"metric": "loss"}, "There is no column 'loss'.*The columns are: error, acc"),
        ({"metric": "best"}, "There is no column 'best'"),
        ({"skipped": ["op"]}, "There is no column 'op'.*Did you mean 'opt'"),
    ],
)
def test_columns_that_an_exported_study_does_not_have(given, sentence):
    with pytest.raises(SettingError, match=sentence):
        roles_of(exported_names(), **given)


def test_reports_are_no_trials():
    names = report_table([(0, 1, 0.5, {"error": 0.5})]).names
    with pytest.raises(SettingError, match=r"one row per report.*Export it again without --reports"):
        roles_of(names, metric="error")


def test_an_export_that_was_tampered_with(tmp_path):
    store = exported()
    table = trial_table(store.tables.study("one"), store.tables.trials("one"), {})
    rows = json.loads(table_as_json(table))
    rows[0] |= {"best_step": "x", "step": 0, "error": 0.4}
    del rows[2]["step"]
    rows[2]["error"] = 0.4
    rows[1]["state"] = "asleep"
    path = tmp_path / "x.json"
    path.write_text(json.dumps(rows))
    names, records = read_json(path)
    with pytest.raises(SettingError) as caught:
        study_of(records, roles_of(names), Goal("error"), path=path, space=None)
    for part in (
        "row 1: best_step is 'x', not a number",
        "row 1: step is 0, which is no step",
        "row 2: state is 'asleep'",
    ):
        assert part in str(caught.value)


def test_trials_that_were_running_are_lost(tmp_path):
    table = trial_table(exported().tables.study("one"), exported().tables.trials("one"), {})
    rows = json.loads(table_as_json(table))
    rows[0]["state"] = "running"
    path = tmp_path / "x.json"
    path.write_text(json.dumps(rows))
    names, records = read_json(path)
    study = study_of(records, roles_of(names), Goal("error"), path=path, space=None)
    assert (study.trials[0].state, study.trials[0].reason) == (TrialState.FAILED, "lost")
    assert study.trials[0].message == "it was running when it was exported"
