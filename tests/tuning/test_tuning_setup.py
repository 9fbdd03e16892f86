from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tuning_fakes import FakeBackend

from rung._trial import importing_training_code
from rung.backends.inline import Inline
from rung.backends.processes import Processes
from rung.backends.resources import Resources
from rung.errors import RungError, SettingError
from rung.runtime.objective import as_objective
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Float
from rung.tuning.setup import (
    checked_given,
    checked_goal,
    checked_name,
    checked_scheduler,
    checked_workers,
    default_backend,
    opened,
    reference_of,
    refuse_during_import,
)


def f(lr: float) -> float:
    return lr


FUNCTION, SCRIPT = as_objective(f), as_objective(["python", "train.py"])


def test_where_trials_run_by_default() -> None:
    assert isinstance(default_backend(FUNCTION, None), Inline)
    limited = Resources(memory="1GB")
    backends = [default_backend(FUNCTION, None, limited), default_backend(SCRIPT, None), default_backend(FUNCTION, 3)]
    assert all(isinstance(backend, Processes) for backend in backends)
    assert [backend.slots for backend in backends] == [2, 1, 3]
    assert backends[0].resources == limited  # type: ignore[attr-defined]


def test_the_name_by_which_an_objective_is_found_again() -> None:
    assert str(reference_of(FUNCTION)).endswith(":f")
    assert reference_of(SCRIPT) == ["python", "train.py"]
    assert reference_of(as_objective(lambda lr: lr)) is None


@pytest.mark.parametrize(("metric", "mode"), [("", "min"), (3, "min"), ("error", "low")])
def test_what_is_no_goal(metric: Any, mode: str) -> None:
    with pytest.raises(SettingError, match=r"metric=|mode='low'"):
        checked_goal(metric, mode)


def test_workers_are_counted_from_one() -> None:
    assert checked_workers(3, None) == 3
    assert checked_workers(None, None) is None
    with pytest.raises(SettingError, match=r"workers must be a whole number, at least 1, not 1\.5"):
        checked_workers(1.5, None)  # type: ignore[arg-type]


def test_no_study_begins_while_training_code_is_imported() -> None:
    refuse_during_import()
    with importing_training_code(), pytest.raises(RungError, match="a script that starts a study"):
        refuse_during_import()
    refuse_during_import()


def test_a_searcher_is_no_scheduler() -> None:
    searcher = RandomSearcher({"lr": Float(0.0, 1.0)})
    scheduler = BasicScheduler(searcher)
    assert checked_scheduler(scheduler) is scheduler
    for wrong in (searcher, [], None):
        with pytest.raises(SettingError, match=r"is not a scheduler\. Put a searcher into one: BasicScheduler"):
            checked_scheduler(wrong)  # type: ignore[arg-type]


def test_given_configurations_have_values_that_json_has() -> None:
    given: list[Any] = [{"lr": np.float64(0.5), "n": np.int64(3), "sizes": (1, 2)}, {"lr": 0.5, "opt": None}]
    found = checked_given(given)
    assert found == [{"lr": 0.5, "n": 3, "sizes": [1, 2]}, {"lr": 0.5, "opt": None}]
    assert type(found[0]["n"]) is int
    assert checked_given(()) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"lr": 0.5}, "is one configuration. Give a list"),
        ([3], "3 is no configuration. Give a dict"),
        ([{1: 2}], "is no configuration. Give a dict"),
        ([{"lr": 0.5}, {"lr": object()}], "can't stand in a config"),
        ([{"lr": float("nan")}], "nan can't stand in a config"),
    ],
)
def test_what_is_no_given_configuration(given: Any, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        checked_given(given)


@pytest.mark.parametrize("fails", [False, True])
def test_a_backend_is_closed_whatever_happens(tmp_path: Path, fails: bool) -> None:
    backend = FakeBackend()
    folder = tmp_path / "files" / "s"
    expected = pytest.raises(RungError, match="it broke") if fails else contextlib.nullcontext()
    with expected, opened(backend, "s", FUNCTION, folder):
        assert folder.is_dir()
        assert backend.calls == [("open", "s")]
        if fails:
            raise RungError("it broke")
    assert backend.calls == [("open", "s"), ("close",)]


@pytest.mark.parametrize("name", ["", " ", "run#7", 3])
def test_names_that_no_study_can_have(name: Any) -> None:
    with pytest.raises(SettingError, match="can't be the name of a study"):
        checked_name(name)
    assert checked_name("le net/ä") == "le net/ä"
