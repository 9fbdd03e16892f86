"""The chapter's listings and exercises, run as they stand on a few small images."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

FOLDER = Path(__file__).parents[2] / "examples" / "d2l"
NUMBER = r"[0-9.e+-]+"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_images: Callable[..., Path]) -> Any:
    """An empty working directory, small images that can be learnt, and seeded global generators."""
    monkeypatch.setenv("RUNG_DATA", str(write_images(training=100)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(FOLDER))
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
    np.random.set_state(state)  # noqa: NPY002


def test_only_the_import_line_is_ours() -> None:
    for name in ("hpo_intro.py", "hpo_api.py"):
        lines = (FOLDER / name).read_text().splitlines()
        assert [line for line in lines if "rung" in line and "import" in line] == ["from rung.integrations import d2l"]


def test_the_listing_of_19_1(capsys: pytest.CaptureFixture[str]) -> None:
    names = runpy.run_path(str(FOLDER / "hpo_intro.py"))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 11
    for trial in range(5):
        assert re.fullmatch(rf"Trial {trial}: learning_rate = {NUMBER}", lines[2 * trial])
        assert re.fullmatch(rf"    validation_error = {NUMBER}", lines[2 * trial + 1])
    assert lines[-1] == f"optimal learning rate = {names['values'][names['best_idx']]}"
    assert min(names["errors"]) < 0.5, "it learns"


def test_the_listing_of_19_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    names = runpy.run_path(str(FOLDER / "hpo_api.py"))
    tuner = names["tuner"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Trial 0: config = {'learning_rate': 0.1, 'batch_size': 128}"
    for trial in range(5):
        assert re.fullmatch(rf"Trial {trial}: config = \{{'learning_rate': .*, 'batch_size': \d+\}}", lines[2 * trial])
        assert re.fullmatch(rf"    error = {NUMBER}, runtime = {NUMBER}", lines[2 * trial + 1])
    assert lines[-1] == "Picture: anytime.png"
    assert (tmp_path / "anytime.png").read_bytes().startswith(b"\x89PNG")
    (curve,) = names["board"].axes.get_lines()
    assert list(curve.get_xdata()) == tuner.cumulative_runtime
    assert list(curve.get_ydata()) == tuner.incumbent_trajectory
    assert tuner.incumbent_error == min(record["error"] for record in tuner.records)


def test_the_classes_of_the_listing_run_in_rungs_tuner() -> None:
    """What a reader has written with the book goes into the real tuner as it is."""
    import rung
    from rung.integrations import d2l

    names = runpy.run_path(str(FOLDER / "hpo_api.py"), init_globals={})
    searcher = names["RandomSearcher"](names["config_space"], initial_config=names["initial_config"])
    scheduler = d2l.as_scheduler(names["BasicScheduler"](searcher=searcher))

    def short(learning_rate: float, batch_size: int) -> Any:
        return names["hpo_objective_lenet"](learning_rate, batch_size, max_epochs=1)

    tuner = rung.Tuner(short, scheduler, seed=0)
    tuner.run(number_of_trials=2)
    assert tuner.records[0].config == names["initial_config"]
    assert len(tuner.incumbent_trajectory) == 2


def test_the_exercises_and_a_study_that_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main = runpy.run_path(str(FOLDER / "exercises.py"))["main"]
    first = main(["--trials", "3", "--epochs", "2", "--store", str(tmp_path / "rung.db")])
    again = main(["--trials", "4", "--epochs", "2", "--store", str(tmp_path / "rung.db")])
    assert [record["config"] for record in again.records[:3]] == [record["config"] for record in first.records]
    assert len(again.records) == 7
    assert again.scheduler.searcher.best_error == again.incumbent_error
    assert "Trial 6: config = {'num_hiddens_1': " in capsys.readouterr().out


def test_local_search_changes_one_value_of_the_best() -> None:
    names = runpy.run_path(str(FOLDER / "exercises.py"))
    initial = names["INITIAL_CONFIG"]
    searcher = names["LocalSearcher"](names["CONFIG_SPACE"], initial, probab_local=1.0, num_init_random=1)
    assert searcher.sample_configuration() == initial
    searcher.update(initial, 0.5)
    searcher.update({**initial, "lr": 0.9}, 0.6)
    for _ in range(20):
        config = searcher.sample_configuration()
        assert sum(config[name] != initial[name] for name in initial) <= 1


def test_the_comparison(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    main = runpy.run_path(str(FOLDER / "comparison.py"))["main"]
    errors = main(["--seeds", "2", "--trials", "3", "--epochs", "1", "--out", str(tmp_path / "bands.png")])
    assert {name: each.shape for name, each in errors.items()} == {"random search": (2, 3), "local search": (2, 3)}
    assert all((np.diff(each, axis=1) <= 0).all() for each in errors.values())
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"local search is better for \d of 2 seeds", lines[2])
    assert (tmp_path / "bands.png").read_bytes().startswith(b"\x89PNG")
