from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from rung.benchmarks.method import Task
from rung.benchmarks.methods import PEERS, method, names
from rung.benchmarks.peers.foreign import Foreign
from rung.errors import MissingExtraError, SettingError
from rung.space import Float, Space

SPACE = Space({"x": Float(0, 1)})


def task(*numbers: float) -> Task:
    return Task(SPACE, tuple({"x": number} for number in numbers), n_steps=27, seed=5)


@pytest.mark.parametrize("name", ["random", "sobol", "grid", "asha+random"])
def test_own_methods_try_the_given_points_first(name: str) -> None:
    scheduler = method(name).make(task(0.25, 0.75))
    proposal = scheduler.suggest(np.random.default_rng(0), new_trials=True)
    assert proposal.config == {"x": 0.25}  # type: ignore[union-attr]


def test_own_methods_know_how_long_a_training_is() -> None:
    made = method("asha(reduction_factor=2)+random")
    assert made.make(task()).spec()["max_t"] == 27
    assert made.make(task()).spec()["reduction_factor"] == 2
    assert made.packages == ("rung",)
    assert made.modules == ("rung.schedulers.asha", "rung.searchers.random")


def test_another_projects_method_is_asked_by_its_own_rules() -> None:
    pytest.importorskip("optuna")
    made = method("optuna:tpe")
    scheduler = made.make(task(0.25))
    assert isinstance(scheduler, Foreign)
    assert scheduler.spec()["opaque"] == "optuna:tpe"
    assert made.packages[:2] == ("rung", "optuna")
    assert "optuna" in made.modules


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("rendom", "There is no method named 'rendom'. Did you mean 'random'?"),
        ("optuna:tpee", "There is no method 'optuna:tpee'. Did you mean optuna:tpe?"),
        ("optunna:tpe", "There is no method 'optunna:tpe'. Did you mean optuna:tpe?"),
        ("asha+rendom", "There is no searcher named 'rendom'."),
        ("nowhere.at_all:Searcher", "'nowhere.at_all:Searcher' can't be imported"),
    ],
)
def test_methods_that_nobody_knows(name: str, sentence: str) -> None:
    with pytest.raises(SettingError, match=re.escape(sentence)):
        method(name)


def test_a_module_of_ones_own_may_have_a_name_like_a_peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_optuna.py").write_text("from rung.searchers.random import RandomSearcher as Mine\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert method("my_optuna:Mine").make(task()).space == SPACE
    with pytest.raises(SettingError, match="'my_optuna:Min' can't be imported"):
        method("my_optuna:Min")


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hyperopt", None)
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'rung[hyperopt]'")):
        method("hyperopt:tpe")


def test_a_package_that_no_extra_can_bring_has_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hebo", None)
    with pytest.raises(MissingExtraError, match=re.escape("pip install --no-deps HEBO==0.3.6")):
        method("hebo:hebo")


def test_every_listed_name_leads_to_a_method() -> None:
    listed = names()
    assert {"random", "asha", "optuna:tpe", "hyperopt:tpe", "nevergrad:de"} <= set(listed)
    assert len(listed) == len(set(listed))
    for name in listed:
        try:
            assert method(name).name == name
        except MissingExtraError:
            assert name.partition(":")[0] in PEERS


def test_peers_are_listed_without_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in PEERS.values():
        monkeypatch.delitem(sys.modules, f"rung.benchmarks.peers.{module}", raising=False)
        monkeypatch.setitem(sys.modules, module, None)
    assert "optuna:tpe" in names()
    importlib.invalidate_caches()
