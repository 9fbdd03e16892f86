from __future__ import annotations

import math
import random

import numpy as np
import pytest

from rung.events import Changed, Ended, Observed, SpaceEdited, Started
from rung.searchers._evolution_record import Record
from rung.space import Float, Int, Space, linear
from rung.types import Config, Exhausted, Suggestion, TrialState

CUT = (TrialState.STOPPED, TrialState.PAUSED)
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


CONFIG = {"x": 0.5, "n": 1}


def test_where_most_are_cut_they_count_as_successive_halving_ranks_them() -> None:
    """The gain of those that went on says nothing of those that did not: with it, these would be far ahead."""
    record = Record(SPACE, ())
    for trial in range(30):
        tell(record, trial, CONFIG, 5.0 + trial / 100, state=TrialState.STOPPED)
        assert not record.is_comparable, "a loss at the lowest rung alone says nothing"
    for trial in range(30, 45):
        assert not record.is_comparable
        tell(record, trial, CONFIG, 9.0, 7.0 - trial / 10, 6.0, state=TrialState.STOPPED)
    assert record.is_comparable, "fifteen got to step 3"
    tell(record, 45, CONFIG, 3.5, 3.5, 3.5, 3.5, 0.5)
    tell(record, 46, CONFIG, 2.65)
    tell(record, 47, CONFIG, 1.0, state=TrialState.FAILED)
    assert record.losses([44, 45, 43, 46]).tolist() == [0, 3, 2, 1], "by step 3, and one completed before that"
    assert record.losses([1, 44, 0, 47]).tolist() == [2, 0, 1, math.inf], "cut before that, so behind"
    assert record.losses([47]).tolist() == [math.inf]


def test_places_are_shared() -> None:
    record = Record(SPACE, ())
    for trial in range(17):
        tell(record, trial, CONFIG, 2.0, 1.0, state=TrialState.PAUSED)
    tell(record, 17, CONFIG, 2.0, state=TrialState.STOPPED)
    assert record.is_comparable
    assert record.losses(range(18)).tolist() == [*[0.0] * 17, 1.0]


def test_a_paused_trial_that_goes_on_is_not_cut() -> None:
    record = Record(SPACE, ())
    tell(record, 0, CONFIG, 3.0, 2.0)
    for trial in (1, 2):
        tell(record, trial, CONFIG, 5.0, state=TrialState.PAUSED)
    places = record.losses([2, 0, 1])
    assert places.tolist() == [1.0, 0.0, 1.0], "as two of three are cut"
    record.update(Started(at=0.0, trial=1, attempt=2, config=CONFIG, cause="resumed"))
    record.update(Observed(at=0.0, trial=1, attempt=2, step=2, metrics={}, loss=2.5))
    record.update(Ended(at=0.0, trial=1, attempt=2, state=TrialState.COMPLETED))
    assert record.is_comparable
    assert record.losses([2, 0, 1]).tolist() == [3.25, 2.0, 2.5], "one of three is cut: the median gain is 1.75"


@pytest.mark.parametrize("seed", range(10))
def test_places_are_what_a_slow_second_writing_says(seed: int) -> None:
    rng = random.Random(seed)
    record, curves, states = Record(SPACE, ()), [], []
    for trial in range(rng.randint(60, 200)):
        curves.append([rng.choice((0.5, 1.0, 2.0)) for _ in range(rng.choice((1, 1, 1, 3, 3, 9)))])
        states.append(rng.choice((TrialState.COMPLETED, *CUT) if len(curves[-1]) == 9 else CUT))
        tell(record, trial, CONFIG, *curves[-1], state=states[-1])
    lasts = sorted(map(len, curves), reverse=True)
    step = lasts[max(15, len(curves) // 10) - 1]
    assert step in {3, 9}, "the lowest rung is 1"

    def is_better(one: int, other: int) -> bool:
        first, second = (curves[trial][:step] for trial in (one, other))
        return len(first) > len(second) or (len(first) == len(second) and min(first) < min(second))

    found = record.losses(range(len(curves)))
    for one in range(len(curves)):
        for other in range(len(curves)):
            assert (found[one] < found[other]) == is_better(one, other)


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
