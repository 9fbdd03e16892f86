"""The book's tuner: what it prints, its tables, and what changes when ``bookkeeping`` is redefined."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from scipy import stats

import rung
from rung.errors import StudyPausedError
from rung.events import Started
from rung.integrations import d2l
from rung.integrations.d2l.tuner import HPOTuner

SPACE = {"x": stats.uniform(-1, 2)}
NUMBER = r"[0-9.e+-]+"


def square(x: float) -> torch.Tensor:
    return torch.tensor(x * x, dtype=torch.float64)


def new(objective: Any = square, **options: Any) -> HPOTuner:
    searcher = d2l.RandomSearcher(SPACE, initial_config={"x": 0.5})
    return HPOTuner(scheduler=d2l.BasicScheduler(searcher=searcher), objective=objective, **options)


def test_tables_and_lines(capsys: pytest.CaptureFixture[str]) -> None:
    tuner = new()
    assert (tuner.incumbent, tuner.incumbent_error, tuner.current_runtime) == (None, None, 0)
    tuner.run(number_of_trials=3)
    tuner.run(number_of_trials=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Trial 0: config = {'x': 0.5}"
    assert len(lines) == 8
    for trial in range(4):
        assert re.fullmatch(rf"Trial {trial}: config = \{{'x': {NUMBER}\}}", lines[2 * trial])
        assert re.fullmatch(rf"    error = {NUMBER}, runtime = {NUMBER}", lines[2 * trial + 1])
    errors = [record["error"] for record in tuner.records]
    assert errors == [record["config"]["x"] ** 2 for record in tuner.records]
    assert tuner.incumbent_trajectory == [min(errors[: n + 1]) for n in range(4)]
    assert tuner.incumbent_error == min(errors)
    assert tuner.incumbent == min(tuner.records, key=lambda record: record["error"])["config"]
    assert tuner.cumulative_runtime[-1] == tuner.current_runtime
    assert tuner.current_runtime == pytest.approx(sum(record["runtime"] for record in tuner.records))
    assert tuner.scheduler is tuner.hparams["scheduler"]
    assert tuner.objective is square


def test_bookkeeping_may_be_redefined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HPOTuner, "bookkeeping", HPOTuner.bookkeeping)  # put back at the end
    booked = []

    @d2l.add_to_class(HPOTuner)
    def bookkeeping(self: HPOTuner, config: dict[str, Any], error: float, runtime: float) -> None:
        booked.append((self, config, error, runtime))

    tuner = new()
    tuner.run(2)
    assert [(found, config["x"] ** 2) for found, config, _, _ in booked] == [
        (tuner, error) for _, _, error, _ in booked
    ]
    assert all(runtime > 0 for *_, runtime in booked)
    assert tuner.records == []


def test_a_study_in_a_store_goes_on_with_its_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = new(store=tmp_path / "rung.db", study="square")
    first.run(3)
    first.tuner.close()
    again = new(store=tmp_path / "rung.db", study="square")
    again.run(2)
    assert len(again.tuner.study.trials) == 5
    again.tuner.close()
    assert again.records[:3] == first.records
    assert len(again.records) == 5
    assert [record["config"] for record in again.records].count({"x": 0.5}) == 1
    assert capsys.readouterr().out.splitlines()[6].startswith("Trial 3: ")


def test_a_trial_that_was_cut_off_is_said_to_begin_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class KilledError(Exception):
        """The process was killed."""

    def kill(event: object, ledger: object) -> None:
        if isinstance(event, Started):
            raise KilledError

    first = new(store=tmp_path / "rung.db", study="square")
    session = rung.Tuner(
        square, first._adapted, store=tmp_path / "rung.db", study="square", incumbent_from="final", observers=[kill]
    )
    with pytest.raises(KilledError):
        session.run(1)
    session.close()
    again = new(store=tmp_path / "rung.db", study="square")
    again.run(1)
    again.tuner.close()
    first.tuner.close()
    assert "Trial 0 again: config = {'x': 0.5}" in capsys.readouterr().out


def test_the_length_that_a_scheduler_sets_stands_in_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    class Growing(d2l.BasicScheduler):
        def suggest(self) -> dict[str, Any]:
            self.length = getattr(self, "length", 0) + 1
            return {**super().suggest(), "max_epochs": self.length}

    lengths = []

    def objective(x: float, max_epochs: int = 10) -> float:
        lengths.append(max_epochs)
        return x

    tuner = HPOTuner(Growing(d2l.RandomSearcher(SPACE)), objective)
    tuner.run(3)
    assert lengths == [1, 2, 3]
    assert [record["config"]["max_epochs"] for record in tuner.records] == [1, 2, 3]
    assert "'max_epochs': 3}" in capsys.readouterr().out


def test_a_failed_trial_is_said_and_not_booked(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(x: float) -> float:
        if x == 0.5:
            raise ValueError("no such width")
        return x

    tuner = new(broken)
    tuner.run(3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("    failed: ")
    assert "no such width" in lines[1]
    assert len(tuner.records) == len(tuner.incumbent_trajectory) == 2
    assert tuner.current_runtime > sum(record["runtime"] for record in tuner.records)

    def hopeless(x: float) -> float:
        raise ValueError(x)

    with pytest.raises(StudyPausedError, match="3 failures in a row"):
        new(hopeless).run(9)


def test_a_scheduler_of_rungs_and_workers(capsys: pytest.CaptureFixture[str]) -> None:
    tuner = HPOTuner(rung.BasicScheduler(rung.RandomSearcher(SPACE)), square, seed=3, workers=2)
    tuner.run(4)
    tuner.tuner.close()
    assert len(tuner.records) == 4
    assert tuner.tuner.study.row.seed == 3
    lines = capsys.readouterr().out.splitlines()
    ends = [line for line in lines if re.fullmatch(rf"    trial [0-3]: error = {NUMBER}, runtime = {NUMBER}", line)]
    assert len(ends) == 4, "with several at a time, it says whose error it is"
