from __future__ import annotations

import datetime as dt
import sqlite3
import sys

import pytest

from rung.errors import MissingExtraError, SettingError
from rung.interchange.importing import import_study
from rung.interchange.optuna import read_optuna
from rung.registry import build_scheduler
from rung.space import Choice, Constant, Float, Int, Space
from rung.store import MemoryStore
from rung.store.verify import verify
from rung.tuning.verify import verify_decisions
from rung.types import TrialState

optuna = pytest.importorskip("optuna")

FLOAT = optuna.distributions.FloatDistribution
INT = optuna.distributions.IntDistribution
CHOICE = optuna.distributions.CategoricalDistribution
STATE = optuna.trial.TrialState
NOON = dt.datetime(2026, 1, 1, 12)  # noqa: DTZ001 - as Optuna stores it

DISTRIBUTIONS = {
    "lr": FLOAT(1e-4, 1.0, log=True),
    "units": INT(16, 64, step=16),
    "width": INT(1, 1024, log=True),
    "momentum": FLOAT(0.0, 1.0, step=0.25),
    "opt": CHOICE(["adam", "sgd", None]),
    "fixed": INT(3, 3),
    "only": CHOICE(["x"]),
}
PARAMS = {"lr": 0.1, "units": 32, "width": 7, "momentum": 0.5, "opt": None, "fixed": 3, "only": "x"}


def make(url, trials=(), name="one", direction="minimize", **others):
    study = optuna.create_study(study_name=name, storage=url, direction=direction, **others)
    for each in trials:
        study.add_trial(each)
    return study


def trial(
    minute=0, minutes=1.0, *, state=STATE.COMPLETE, value=None, params=PARAMS, distributions=DISTRIBUTIONS, **others
):
    start = NOON + dt.timedelta(minutes=minute)
    made = optuna.trial.create_trial(
        state=state, value=value, params=params, distributions={name: distributions[name] for name in params}, **others
    )
    made.datetime_start = start
    made.datetime_complete = start + dt.timedelta(minutes=minutes) if state.is_finished() else None
    return made


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/optuna.db"


def test_a_study_of_every_state_and_kind(url):
    study = make(
        url,
        [
            trial(0, value=0.5, intermediate_values={0: 0.9, 1: 0.5}, user_attrs={"who": "me"}),
            trial(0.5, 2.0, state=STATE.PRUNED, intermediate_values={0: 0.8}),
            trial(60, state=STATE.FAIL, params={"lr": 0.2}),
            trial(61, value=0.25),
            trial(62, state=STATE.RUNNING, intermediate_values={0: 0.7}),
            trial(62, value=0.3, intermediate_values={2: 0.9}),
        ],
    )
    study.set_user_attr("team", "vision")
    study.enqueue_trial({"lr": 0.5})
    given = read_optuna(url)
    assert given.space == Space(
        {
            "lr": Float(1e-4, 1.0, log=True),
            "units": Int(16, 64, step=16),
            "width": Int(1, 1024, log=True),
            "momentum": Float(0.0, 1.0, step=0.25),
            "opt": Choice(["adam", "sgd", None]),
            "fixed": Constant(3),
            "only": Constant("x"),
        }
    )
    assert (given.goal.metric, given.goal.mode) == ("value", "min")
    states = [each.state for each in given.trials]
    assert states == ["completed", "stopped", "failed", "completed", "failed", "completed"]
    assert given.trials[0].config == PARAMS
    assert [step for step, _ in given.trials[0].reports] == [1, 2]
    assert given.trials[5].reports == ((3, {"value": 0.9}), (4, {"value": 0.3}))
    assert given.trials[4].reason == "lost"
    assert given.trials[0].notes == ("who = me",)
    assert given.notes == ("team = vision",)
    # 2.5 minutes, then nothing for an hour, then three trials in a row
    assert [each.started for each in given.trials] == [0.0, 30.0, 150.0, 210.0, 270.0, 270.0]
    assert given.began == NOON.timestamp()
    told = "\n".join(given.remarks)
    for part in ("1 was added to each", "1 waiting trials were left out", "units: only 5 of 6 trials have it"):
        assert part in told


def test_it_becomes_a_study_that_follows_from_its_log(url):
    make(url, [trial(0, value=0.5), trial(1, state=STATE.PRUNED, intermediate_values={1: 0.8, 2: 0.6})])
    store = MemoryStore()
    import_study(store, "one", read_optuna(url, metric="error"))
    assert verify(store, "one") == []
    row = store.tables.study("one")
    scheduler = build_scheduler(row.scheduler, Space.from_json(row.space))
    assert verify_decisions(store.read("one"), scheduler).differences == []
    assert store.tables.trial("one", 1).state is TrialState.STOPPED
    assert store.tables.trial("one", 1).reason == "imported"
    assert store.tables.trial("one", 1).best_step == 2  # steps that begin with 1 stay


def test_ranges_that_differ_become_the_widest(url):
    narrow = {"lr": FLOAT(0.01, 0.1), "units": INT(10, 20), "opt": CHOICE(["a", "b"])}
    wide = {"lr": FLOAT(0.05, 0.5), "units": INT(5, 15), "opt": CHOICE(["a", "b"])}
    params = {"lr": 0.07, "units": 12, "opt": "a"}
    make(url, [trial(0, value=1.0, params=params, distributions=each) for each in (narrow, wide)])
    given = read_optuna(url)
    assert given.space == Space({"lr": Float(0.01, 0.5), "units": Int(5, 20), "opt": Choice(["a", "b"])})
    assert "lr: its 2 different distributions became one" in given.remarks


def test_a_space_that_is_given(url):
    make(url, [trial(value=1.0)])
    space = Space({"lr": Float(0.01, 0.5)})
    given = read_optuna(url, space=space)
    assert given.space == space
    assert given.trials[0].config == PARAMS, "what was tried is kept"
    assert given.remarks == ()
    with pytest.raises(SettingError, match=r"has 'unit', which none of the results has\. Did you mean 'units'"):
        read_optuna(url, space=Space({"unit": Int(1, 4)}))


def test_a_path_for_a_url(url):
    make(url, [trial(value=1.0)])
    path = url.removeprefix("sqlite:///")
    with pytest.raises(SettingError, match=r"is no URL of a storage\. .*write sqlite:///\S+optuna\.db\."):
        read_optuna(path)


def test_direction_and_metric(url):
    study = make(url, [trial(value=0.5)], direction="maximize")
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        study.set_metric_names(["accuracy"])
    assert read_optuna(url).goal.mode == "max"
    assert read_optuna(url).goal.metric == "accuracy"
    assert read_optuna(url, metric="error").goal.metric == "error"


def test_which_study(url):
    make(url, [trial(value=1.0)], "one")
    make(url, [trial(value=2.0)], "two")
    assert read_optuna(url, "two").source == "the Optuna study 'two'"
    with pytest.raises(SettingError, match=r"has several studies.*'one', 'two'"):
        read_optuna(url)
    with pytest.raises(SettingError, match=r"has no study 'three'.*'one', 'two'"):
        read_optuna(url, "three")


def test_several_objectives(url):
    optuna.create_study(study_name="multi", storage=url, directions=["minimize", "maximize"])
    with pytest.raises(SettingError, match="has 2 objectives; a study of rung has one"):
        read_optuna(url)


def test_no_trials(url):
    make(url)
    with pytest.raises(SettingError, match="has no trials"):
        read_optuna(url)


def test_what_is_no_storage(tmp_path):
    with pytest.raises(SettingError, match="There is no file"):
        read_optuna(f"sqlite:///{tmp_path}/nowhere.db")
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(SettingError, match="is no storage of Optuna"):
        read_optuna(f"sqlite:///{path}")
    assert path.read_bytes() == before
    path.write_text("no database, but long enough to be looked at" * 100)
    with pytest.raises(SettingError, match="can't be read"):
        read_optuna(f"sqlite:///{path}")
    with pytest.raises(SettingError, match="Optuna can't read 'nonsense://'"):
        read_optuna("nonsense://")


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"rung\[optuna\]"):
        read_optuna("sqlite:///x.db")
