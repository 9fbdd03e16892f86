"""The loops of tutorials run, and rung does the same beside them."""

from __future__ import annotations

import itertools
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "loops"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_images: Callable[..., Path]) -> None:
    monkeypatch.setenv("RUNG_DATA", str(write_images(training=100)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(FOLDER))
    for module in ("training", "coarse_to_fine"):
        monkeypatch.delitem(__import__("sys").modules, module, raising=False)


def names_of(script: str) -> dict[str, Any]:
    return runpy.run_path(str(FOLDER / f"{script}.py"))


@pytest.mark.parametrize("script", ["by_hand", "grid_search", "random_search", "coarse_to_fine"])
def test_each_runs_as_a_script(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(FOLDER / f"{script}.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("best: ")
    assert lines[-1].startswith("with rung: {'learning_rate': ")


def test_by_hand_the_study_has_what_the_person_tried() -> None:
    names = names_of("by_hand")
    study = names["with_rung"]()
    assert [dict(trial.config) for trial in study.trials] == [config for config, _ in names["TRIES"]]
    assert dict(study.incumbent) == names["as_people_do"]()


def test_the_grids_are_the_same() -> None:
    names = names_of("grid_search")
    study = names["with_rung"]()
    pairs = [(trial.config["learning_rate"], trial.config["units"]) for trial in study.trials]
    assert pairs == list(itertools.product(names["LEARNING_RATES"], names["UNITS"]))
    error, config = names["as_in_tutorials"]()
    assert (study.best.error, dict(study.incumbent)) == (error, config)


def test_random_draws_keep_to_the_same_ranges() -> None:
    names = names_of("random_search")
    study = names["with_rung"]()
    assert len(study.trials) == names["TRIALS"]
    for trial in study.trials:
        assert 10**-3 <= trial.config["learning_rate"] <= 10**0.5
        assert trial.config["units"] in names["UNITS"]


def test_each_round_is_narrower() -> None:
    names = names_of("coarse_to_fine")
    narrowed = names["narrowed"]
    low, high = narrowed(1e-4, 10, 0.03)
    assert low < 0.03 < high
    assert high / low == pytest.approx((10 / 1e-4) ** (1 / 3))
    assert narrowed(1e-4, 10, 9.0)[1] == 10
    final = names["with_rung"]()
    assert final.trials[0].config == min(final.trials, key=lambda trial: trial.number).config
    domain = [trial.config["learning_rate"] for trial in final.trials]
    assert max(domain) / min(domain) <= (10 / 1e-4) ** (1 / 9) * 1.001


def test_a_training_depends_on_its_hyperparameters_alone() -> None:
    train = names_of("training")["train"]
    assert train(0.1, 32, 0.3) == train(0.1, 32, 0.3)


def test_the_comparison_gives_all_the_same_budget(capsys: pytest.CaptureFixture[str]) -> None:
    names = names_of("compare")
    errors = names["main"](["--seeds", "1", "--trials", "4"])
    assert errors.keys() == names["STRATEGIES"].keys()
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert len(table) == 2 + len(errors)
    counts = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in table[2:]}
    assert counts["random"] == counts["Sobol"] == counts["random in two rounds, coarse to fine"] == "4"
    (study,) = names["with_early_stopping"](4, 0)
    assert 16 <= sum(trial.last_step for trial in study.trials) < 16 + names["EPOCHS"]
