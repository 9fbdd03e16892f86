from __future__ import annotations

import math

import numpy as np
import pytest

from rung.events import Changed, Ended, Observed, SpaceEdited, Started
from rung.searchers._evolution_record import Record
from rung.space import Float, Int, Space, linear
from rung.types import Config, Exhausted, Suggestion, TrialState

SPACE = Space({"x": Float(0, 1), "n": Int(0, 9)}, constraints=[linear({"x": 1, "n": 1}, at_most=9)])


def tell(record: Record, trial: int, config: Config, *losses: float, state: TrialState = TrialState.COMPLETED) -> None:
    record.update(Started(at=0.0, trial=trial, attempt=1, config=config))
    for step, loss in enumerate(losses, 1):
        record.update(Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={}, loss=loss))
    record.update(Ended(at=0.0, trial=trial, attempt=1, state=state))


def test_what_trials_amount_to() -> None:
    record = Record(SPACE, ())
    tell(record, 0, {"x": 0.1, "n": 1}, 3.0, 1.0, 2.0)
    tell(record, 1, {"x": 0.2, "n": 1}, 0.5, state=TrialState.FAILED)
    tell(record, 2, {"x": 0.3, "n": 1})
    tell(record, 3, {"x": 0.4, "n": 1}, 4.0, state=TrialState.STOPPED)
    assert record.losses([3, 2, 0, 1]).tolist() == [2.0, math.inf, 1.0, math.inf], "the first lost 2 after step 1"
    assert [record.has_loss(trial) for trial in range(4)] == [True, False, False, True]
    assert record.known() == [0, 3]


def test_what_is_new() -> None:
    record = Record(SPACE, ())
    tell(record, 0, {"x": 0.1, "n": 1}, 1.0)
    record.update(Changed(at=0.0, trial=0, attempt=1, step=1, changes={"n": 2}))
    assert [record.is_new({"x": 0.1, "n": n}) for n in (1, 2, 3)] == [False, False, True]
    assert not record.is_new({"x": 0.5, "n": 9}), "the constraint forbids it"


def test_places_are_those_in_the_space_in_force() -> None:
    record = Record(SPACE, ())
    tell(record, 0, {"x": 0.25, "n": 1}, 1.0)
    tell(record, 1, {"x": 0.75, "n": 1}, 1.0)
    edited = Space({"x": Float(0.5, 1.0), "n": Int(0, 9)})
    record.update(SpaceEdited(at=0.0, space=edited.to_json()))
    assert record.points([1, 0]) == pytest.approx(np.array([[0.5, 0.15], [math.nan, 0.15]]), nan_ok=True)
    assert record.known() == [1]
    assert [record.is_inside(trial) for trial in (0, 1)] == [False, True]


def test_the_middle_comes_first_where_it_is_allowed() -> None:
    rng = np.random.default_rng(0)
    assert Record(SPACE, ()).first(rng) == Suggestion({"x": 0.5, "n": 5})
    forbidden = Space({"n": Int(0, 9)}, constraints=[linear({"n": 1}, at_most=3)])
    first = Record(forbidden, ()).first(rng)
    assert isinstance(first, Suggestion)
    assert first.config["n"] <= 3
    record = Record(Space({"n": Int(0, 1)}), ())
    for trial in range(2):
        first = record.first(np.random.default_rng(0))
        assert isinstance(first, Suggestion)
        tell(record, trial, first.config, 1.0)
    assert isinstance(record.first(rng), Exhausted)
    assert isinstance(record.random(rng), Exhausted)


def test_what_is_believed_comes_first() -> None:
    record = Record(Space({"x": Float(0, 1), "y": Float(0, 1)}, priors={"x": ("~0.8", "high")}), ())
    first = record.first(np.random.default_rng(0))
    assert isinstance(first, Suggestion)
    assert first.config == pytest.approx({"x": 0.8, "y": 0.5})
    tell(record, 0, first.config, 1.0)
    drawn = [record.first(np.random.default_rng(seed)).config for seed in range(100)]  # type: ignore[union-attr]
    assert np.mean([config["x"] for config in drawn]) == pytest.approx(0.8, abs=0.02)
    assert np.std([config["x"] for config in drawn]) == pytest.approx(0.05, abs=0.01)
    assert np.std([config["y"] for config in drawn]) > 0.2
