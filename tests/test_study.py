from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rung.bookkeeping import Incumbent
from rung.errors import (
    CheckpointError,
    SettingError,
    StoreNotFoundError,
    StudyNotFoundError,
    TrialNotFoundError,
)
from rung.runtime.checkpoints import load_checkpoint
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.store import MemoryStore, SqliteStore, open_store
from rung.study import Study, open_study
from rung.tuner import Tuner
from rung.types import TrialState

SPACE = Space({"x": Float(-1.0, 1.0)})
DIPS = [0.9, 0.2, 0.5, 0.4]  # the best is not the last


class Weights:
    def __init__(self) -> None:
        self.epoch = 0

    def state_dict(self) -> dict[str, int]:
        return {"epoch": self.epoch}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.epoch = state["epoch"]


def train(trial: Any) -> None:
    model = Weights()
    for epoch in trial.epochs(4, model=model):
        model.epoch = epoch
        trial.report(error=DIPS[epoch - 1] + abs(trial.config["x"]), other=epoch)


def keeps(trial: Any) -> None:
    path = Path(trial.folder) / "written.txt"
    path.write_text(f"x is {trial.config['x']}")
    trial.log_artifact(path, "note.txt")
    trial.report(error=1.0)


def reports_only(x: float) -> Any:
    yield x**2


def study_of(objective: Any, n_trials: int = 3, *, store: Any = None, **options: Any) -> Study:
    scheduler = BasicScheduler(RandomSearcher(SPACE, initial_config={"x": 0.5}))
    return Tuner(objective, scheduler, store=store or MemoryStore(), study="s", seed=1, **options).run(n_trials)


def empty_study() -> Study:
    store = MemoryStore()
    tuner = Tuner(None, BasicScheduler(RandomSearcher(SPACE)), store=store, study="s", seed=1)
    tuner.ask()
    return tuner.study


def test_what_a_study_knows() -> None:
    study = study_of(train)
    xs = [abs(row.config["x"]) for row in study.trials]
    best = xs.index(min(xs))
    assert study.row.name == "s"
    assert study.row.counts[TrialState.COMPLETED] == 3
    assert study.best == Incumbent(best, 2, study.trials[best].config, 0.2 + min(xs))
    assert (study.incumbent, study.incumbent_error) == (study.trials[best].config, 0.2 + min(xs))
    assert [record.trial for record in study.records] == [0, 1, 2]
    assert study.curve(0) == [(n, {"error": dip + 0.5, "other": float(n)}) for n, dip in enumerate(DIPS, 1)]
    assert study.curve(7) == []
    assert repr(study) == f"<Study 's': 3 trials, error {0.2 + min(xs):g} in trial {best}>"


def test_zooming_asks_for_a_smaller_space() -> None:
    study = study_of(train, n_trials=20)
    store = study._store
    tried = study.zoom(top=0.3, dry_run=True)
    assert (tried.zoomed.best, tried.edit.command) == (6, None)
    assert not store.tables.pending("s")
    zoomed = study.zoom(0.3, margin=0.1)
    assert [command.space for _, command in store.tables.pending("s")] == [zoomed.space.to_json()]
    assert -1.0 < zoomed.space["x"].low < zoomed.space["x"].high < 1.0
    assert str(zoomed).startswith("x: -1 to 1 -> ")


def test_by_final_values() -> None:
    study = study_of(train, incumbent_from="final")
    assert study.best is not None
    assert study.best.step == 4
    assert study.incumbent_error == 0.4 + min(abs(row.config["x"]) for row in study.trials)


def test_a_study_without_a_value() -> None:
    study = empty_study()
    assert (study.best, study.incumbent, study.incumbent_error, study.records) == (None, None, None, [])
    assert repr(study) == "<Study 's': 1 trials, no value yet>"
    with pytest.raises(CheckpointError, match="'s' has no value yet"):
        study.best_checkpoint()


def test_a_study_is_read_anew_at_each_access() -> None:
    store = MemoryStore()
    study = study_of(reports_only, 1, store=store)
    assert len(study.trials) == 1
    Tuner(reports_only, BasicScheduler(RandomSearcher(SPACE, initial_config={"x": 0.5})), store=store, study="s").run(2)
    assert len(study.trials) == 3


def test_the_checkpoint_of_the_best_step() -> None:
    store = MemoryStore()
    study = study_of(train, store=store)
    checkpoint = study.best_checkpoint()
    assert checkpoint.step == 2
    assert f"trial-{study.best.trial:05d}" in checkpoint.path  # type: ignore[union-attr]
    assert load_checkpoint(checkpoint)["model"] == {"epoch": 2}
    store.close()


def test_a_best_step_without_a_checkpoint() -> None:
    with pytest.raises(CheckpointError, match=r"trial \d kept no checkpoint of its best step 1\. `for epoch in"):
        study_of(reports_only).best_checkpoint()


def test_a_plot_at_a_path(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    figure = study_of(train).plot(path=tmp_path / "study.png", step_name="epoch")
    assert (tmp_path / "study.png").read_bytes().startswith(b"\x89PNG")
    assert any("epoch" in axes.get_xlabel() for axes in figure.axes)


def test_the_state_of_the_best_step() -> None:
    store = MemoryStore()
    study = study_of(train, store=store)
    assert study.load_best()["model"] == {"epoch": 2}
    store.close()
    with pytest.raises(CheckpointError, match="kept no checkpoint of its best step"):
        study_of(reports_only).load_best()


def test_the_best_is_found_without_reading_all_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of(train)
    expected = study.best
    monkeypatch.setattr("rung.store.memory.MemoryTables.trials", lambda *_: pytest.fail("all trials were read"))
    assert study.best == expected
    assert study.best_checkpoint().step == 2
    assert "3 trials" in repr(study)


def test_a_table_and_filters() -> None:
    study = study_of(train)
    rows = study.table()
    assert [row["number"] for row in rows] == [0, 1, 2]
    assert rows[0]["x"] == 0.5
    assert (rows[0]["best"], rows[0]["best_step"], rows[0]["value"], rows[0]["other"]) == (0.7, 2, 0.9, 4.0)
    assert [row["number"] for row in study.table(where="x=0.5")] == [0]
    with pytest.raises(SettingError, match="There is no column 'y'"):
        study.table(where="y=0.5")


def test_data_frames() -> None:
    pytest.importorskip("pandas")
    assert study_of(train).to_pandas(where="number>0")["number"].tolist() == [1, 2]


def test_data_frames_of_polars() -> None:
    pytest.importorskip("polars")
    assert study_of(train).to_polars(where="number>0")["number"].to_list() == [1, 2]


def test_figures_in_json() -> None:
    study = study_of(train)
    assert study.plot_json("any_time")["values"][-1] == study.incumbent_error
    assert len(study.plot_json("timeline")["runs"]) == 3
    assert [tried["trial"] for tried in study.plot_json("slice", where="number!=1")["tried"]] == [0, 2]
    with pytest.raises(SettingError, match=r"path='study\.png'"):
        study.plot_json("study.png")


def test_a_picture_of_an_unknown_format_is_refused_before_it_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(SettingError, match="is no picture"):
        study_of(train).plot("nonsense", tmp_path / "a.docx")


def test_a_card() -> None:
    study = study_of(train)
    assert "<b>s</b> · done · 3/3 trials" in study._repr_html_()
    assert "no value of error yet" in empty_study()._repr_html_()


def test_what_trials_have_printed_and_logged(tmp_path: Path) -> None:
    store = open_store(tmp_path / "rung.db", create=True)
    study = study_of(keeps, 1, store=store)
    assert study.artifacts(0)["note.txt"].read_text() == "x is 0.5"
    assert study.log(0) == ""
    (store.folder("s") / "trial-00000" / "output.log").write_bytes(b"epoch 1\xff\n")
    assert study.log(0) == "epoch 1\ufffd\n"
    for read in (study.log, study.artifacts):
        with pytest.raises(TrialNotFoundError, match="no trial 7"):
            read(7)
    store.close()


def test_open_a_study_of_a_store(tmp_path: Path) -> None:
    path = tmp_path / "rung.db"
    store = open_store(path, create=True)
    study_of(reports_only, store=store)
    store.close()
    study = open_study("s", path)
    assert len(study.records) == 3
    study._store.close()


def test_open_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreNotFoundError, match=r"rung\.db"):
        open_study("s", tmp_path / "rung.db")
    assert not (tmp_path / "rung.db").exists()
    store = open_store(tmp_path / "rung.db", create=True)
    study_of(reports_only, store=store)
    store.close()
    closed: list[bool] = []
    monkeypatch.setattr(SqliteStore, "close", lambda store: closed.append(True))
    with pytest.raises(StudyNotFoundError, match="'t'"):
        open_study("t", tmp_path / "rung.db")
    assert closed


def test_what_was_kept_is_found_in_a_store_that_was_moved(tmp_path: Path) -> None:
    def train_and_keep(trial: Any) -> None:
        train(trial)
        path = tmp_path / "note.txt"
        path.write_text("kept")
        trial.log_artifact(path)

    before, now = tmp_path / "before", tmp_path / "now"
    before.mkdir()
    study_of(train_and_keep, 1, store=SqliteStore(before / "rung.db")).close()
    before.rename(now)
    study = open_study("s", now / "rung.db")
    assert study.load_best() == {"model": {"epoch": 2}}
    assert study.artifacts(0)["note.txt"].is_relative_to(now)
    assert study.artifacts(0)["note.txt"].read_text() == "kept"
    study.close()
