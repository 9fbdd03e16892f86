"""What is written is what Optuna reads, and what comes back by the import."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import rung
from rung.backends.simulated import Simulated
from rung.errors import SettingError
from rung.interchange.optuna import read_optuna
from rung.interchange.optuna_export import write_optuna
from rung.store import MemoryStore
from rung.study import Study

optuna = pytest.importorskip("optuna")

SPACE = rung.Space(
    {
        "rate": rung.loguniform(1e-4, 1.0),
        "width": rung.Float(0, 1, step=0.25),
        "layers": rung.Int(1, 4),
        "kind": rung.choice(["a", [1, 2]]),
        "order": rung.ordinal([1, 2, 4]),
        "shift": rung.normal(0, 1),
        "fixed": rung.Constant(3),
        "only_a": rung.Float(0, 1),
    },
    conditions={"only_a": ("kind", ["a"])},
)


def objective(trial: Any) -> None:
    if trial.number == 3:
        raise ZeroDivisionError
    for step in range(1, 4):
        trial.report(error=trial.config["rate"] + 1 / step, seconds=step)


@pytest.fixture
def study() -> Study:
    scheduler = rung.ASHA(rung.RandomSearcher(SPACE), max_t=3, grace_period=1, reduction_factor=2)
    outside = ({"rate": 5.0, "width": 0.1, "layers": 9, "kind": "b", "order": 3, "shift": 0.0, "fixed": 3}, 2.0)
    with pytest.warns(rung.errors.RungWarning):
        tuner = rung.Tuner(objective, scheduler, seed=0, study="mine", known_results=[outside])
    return tuner.run(max_trials=12)


def test_what_optuna_reads(study, tmp_path):
    url = f"sqlite:///{tmp_path}/optuna.db"
    assert write_optuna(study, url) == 12
    found = optuna.load_study(study_name="mine", storage=url)
    trials = found.get_trials()
    assert found.direction.name == "MINIMIZE"
    states = {"completed": "COMPLETE", "stopped": "PRUNED", "failed": "FAIL"}
    assert [trial.state.name for trial in trials] == [states[row.state] for row in study.trials]
    assert len({trial.state for trial in trials}) == 3
    for trial, row in zip(trials, study.trials, strict=True):
        expected = {name: "[1, 2]" if value == [1, 2] else value for name, value in row.config.items()}
        assert trial.params == expected
        assert trial.intermediate_values == {step: metrics["error"] for step, metrics in study.curve(row.number)}
        assert trial.value == (row.last_loss if row.state == "completed" else None)
    assert trials[1].user_attrs == {"seconds": trials[1].last_step}
    known = trials[1].distributions
    assert known["rate"] == optuna.distributions.FloatDistribution(1e-4, 5.0, log=True)
    assert known["layers"] == optuna.distributions.IntDistribution(1, 9)
    assert known["order"] == optuna.distributions.CategoricalDistribution([1, 2, 4, 3])


def same(value: Any) -> float:
    return 0.5


def written(study: Study, folder: Path) -> Any:
    url = f"sqlite:///{folder}/optuna.db"
    write_optuna(study, url)
    return optuna.load_study(study_name=study.name, storage=url)


def test_paused_trials_are_pruned_ones_with_their_curves(tmp_path):
    scheduler = rung.SuccessiveHalving(rung.RandomSearcher(SPACE), n=3, max_t=3, grace_period=1)
    study = rung.Tuner(objective, scheduler, seed=0).run(max_trials=3)
    paused = [row for row in study.trials if row.state == "paused"]
    assert paused
    url = f"sqlite:///{tmp_path}/optuna.db"
    assert write_optuna(study, url) == 3
    found = optuna.load_study(study_name=study.row.name, storage=url).get_trials()
    for row in paused:
        assert found[row.number].state.name == "PRUNED"
        assert found[row.number].intermediate_values == {1: row.config["rate"] + 1}


def test_values_that_optuna_takes_for_the_same_are_json_texts(tmp_path):
    space = {"value": rung.choice([1, True, "true", "1", None, [1, 2]])}
    study = rung.tune(same, space, searcher="grid", store="memory", progress="off")
    texts = [trial.params["value"] for trial in written(study, tmp_path).trials]
    assert sorted(texts) == sorted(["1", "true", '"true"', '"1"', "null", "[1, 2]"])
    assert [json.loads(text) for text in texts] == [row.config["value"] for row in study.trials]


def test_a_list_and_its_text_are_different_values(tmp_path):
    space = {"value": rung.choice(["[1, 2]", [1, 2]])}
    study = rung.tune(same, space, searcher="grid", store="memory", progress="off")
    assert {trial.params["value"] for trial in written(study, tmp_path).trials} == {'"[1, 2]"', "[1, 2]"}


def test_trials_took_as_long_as_in_the_log(tmp_path, monkeypatch):
    def train(x: float) -> Any:
        for _ in range(3):
            yield x

    store, now, day = MemoryStore(), time.time, 86_400.0
    for total, shift in ((2, 0.0), (4, day)):  # in the study's own clock there is no day between the sessions
        monkeypatch.setattr(time, "time", lambda shift=shift: now() + shift)
        study = rung.tune(
            train, {"x": rung.uniform(0, 1)}, max_trials=total, seed=0, store=store, study="mine", progress="off",
            backend=Simulated(1, runtime=40.0),
        )  # fmt: skip
    began = study.row.created_unix
    trials = written(study, tmp_path).trials
    starts = [trial.datetime_start.timestamp() - began for trial in trials]
    assert starts == pytest.approx([0.0, 120.0, day, day + 120.0], abs=30)
    assert [trial.duration.total_seconds() for trial in trials] == pytest.approx([120.0] * 4)


def test_it_comes_back(study, tmp_path):
    url = f"sqlite:///{tmp_path}/optuna.db"
    write_optuna(study, url, "other")
    given = read_optuna(url, "other", metric="error")
    assert [trial.state for trial in given.trials] == [row.state for row in study.trials]
    assert [trial.reports for trial in given.trials] == [
        tuple((step, {"error": metrics["error"]}) for step, metrics in study.curve(row.number)) for row in study.trials
    ]


def test_a_name_that_is_taken(study, tmp_path):
    url = f"sqlite:///{tmp_path}/optuna.db"
    write_optuna(study, url)
    with pytest.raises(SettingError, match=r"study 'mine' in .* already"):
        write_optuna(study, url)
