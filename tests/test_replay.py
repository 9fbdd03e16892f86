from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

import rung
from rung._replay import replay
from rung.analysis.lineage import Lineage
from rung.errors import RungError, SettingError
from rung.schedulers.pbt import PopulationBasedTraining
from rung.store import open_store
from rung.testing.objectives import Total
from rung.types import TrialState

SPACE = {"rate": rung.loguniform(1e-3, 1.0)}


def training(sign: float = 1.0, *, breaks_in: str = "") -> Callable[[Any], None]:
    """The more the rates of all epochs add up to, the lower the error."""

    def train(trial: Any) -> None:
        total = Total()
        for epoch in trial.epochs(12, total=total):
            if breaks_in == trial.study and epoch == 2:
                raise ValueError("no")
            total.value += trial.config["rate"]
            trial.report(error=sign / (1.0 + total.value))

    return train


def run(folder: Path, *, mode: Literal["min", "max"] = "min") -> rung.Study:
    scheduler = PopulationBasedTraining(rung.RandomSearcher(SPACE), max_t=12, population=4, interval=3)
    sign = 1.0 if mode == "min" else -1.0
    with rung.Tuner(training(sign), scheduler, mode=mode, store=folder / "t.db", study="sum", seed=1) as tuner:
        return tuner.run()


def test_the_schedule_of_the_winner_is_trained_again(tmp_path: Path) -> None:
    study = run(tmp_path)
    replayed = study.replay(objective=training(), seed=0)
    assert len(replayed.lineage.segments) > 1
    assert replayed.study.name == "sum~replay"
    assert replayed.error == replayed.original_error == study.incumbent_error
    assert replayed.gap == 0.0
    assert [row.parent for row in replayed.study.trials] == [None, *range(len(replayed.lineage.segments) - 1)]


def test_the_gap_is_positive_where_the_replay_is_worse(tmp_path: Path) -> None:
    study = run(tmp_path, mode="max")
    replayed = study.replay(objective=training(-2.0), name="twice")
    assert replayed.study.name == "twice"
    assert replayed.error == 2 * replayed.original_error < 0.0
    assert replayed.gap == -replayed.original_error


def test_another_trial_than_the_incumbent(tmp_path: Path) -> None:
    study = run(tmp_path)
    stopped = next(row.number for row in study.trials if row.state is TrialState.STOPPED)
    replayed = study.replay(stopped, objective=training(), name="stopped")
    assert replayed.lineage.step == study.trials[stopped].last_step
    assert replayed.gap == 0.0


def test_a_replay_that_does_not_come_to_its_end(tmp_path: Path) -> None:
    study = run(tmp_path)
    with pytest.raises(RungError, match=r"The replay 'sum~replay' came to step 1 of 12: its trial 0 is failed"):
        study.replay(objective=training(breaks_in="sum~replay"))


def test_what_was_trained_outside_of_an_edited_space_is_replayed(tmp_path: Path) -> None:
    study = run(tmp_path)
    study.edit({"rate": rung.loguniform(1e-3, 2e-3)})
    run(tmp_path)
    assert study.replay(objective=training()).gap == 0.0


def test_a_lineage_across_two_spaces_can_not_be_replayed(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "t.db"), create=True)
    study = run(tmp_path)
    segments = [{**segment, "config": {"rate": 2.0}} for segment in study.lineage().to_json()["segments"]]
    line = Lineage.from_json({**study.lineage().to_json(), "segments": segments})
    with pytest.raises(RungError, match=r"The space of 'sum' was edited .* none has all of its configurations"):
        replay(study.row, line, store, objective=training(), name=None, seed=None, workers=None, backend=None)


def test_a_trial_without_the_metric_at_its_end_is_not_replayed(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "t.db"), create=True)
    study = run(tmp_path)
    line = Lineage.from_json({**study.lineage().to_json(), "error": None})
    with pytest.raises(RungError, match=r"Trial \d+ has no error at step 12, so a replay has nothing"):
        replay(study.row, line, store, objective=training(), name=None, seed=None, workers=None, backend=None)
    assert [row.name for row in store.tables.studies()] == ["sum"], "nothing was run"


def test_what_has_no_name_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"no name by which it could be found.*study\.replay\(objective=train\)"):
        run(tmp_path).replay()


def test_without_an_incumbent_there_is_no_lineage() -> None:
    tuner = rung.Tuner(None, rung.BasicScheduler(rung.RandomSearcher(SPACE)))
    tuner.ask()
    with pytest.raises(RungError, match="There is no incumbent yet"):
        rung.Study(tuner._store, "study").lineage()
