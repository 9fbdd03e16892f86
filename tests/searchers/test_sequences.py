from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import qmc

from rung.errors import SettingError
from rung.events import Started
from rung.searchers import _sequences
from rung.searchers._sequences import Sequence, Walk, halton, sobol
from rung.searchers._unseen import Tried
from rung.space import Choice, Float, Int, Space
from rung.types import Exhausted, Suggestion

SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})
ENGINES = pytest.mark.parametrize(
    ("engine", "original"), [(sobol, qmc.Sobol), (halton, qmc.Halton)], ids=["sobol", "halton"]
)


def start(trial: int, suggestion: Suggestion) -> Started:
    return Started(at=0.0, trial=trial, attempt=1, config=suggestion.config, notes=suggestion.notes)


def suggested(walk: Walk, space: Space, rng: np.random.Generator, tried: Tried | None = None) -> Suggestion:
    found = walk.suggest(space, rng, Tried() if tried is None else tried)
    assert isinstance(found, Suggestion)
    return found


@ENGINES
def test_any_index_can_be_asked_for(engine: Callable[..., Any], original: Callable[..., Any]) -> None:
    expected = original(3, seed=np.random.default_rng(5)).random(512)
    sequence = Sequence(engine, 3, 5)
    for index in (0, 63, 64, 300, 299, 256, 255, 511, 2, 130, 0):
        assert sequence.point(index) == expected[index].tolist()


@ENGINES
def test_a_walk_takes_the_points_in_order(engine: Callable[..., Any], original: Callable[..., Any]) -> None:
    walk, rng = Walk("key", engine, 7), np.random.default_rng(0)
    expected = original(2, seed=np.random.default_rng(7)).random(128)
    for index in range(100):
        suggestion = suggested(walk, SQUARE, rng)
        assert suggestion.notes == {"key": index}
        assert list(suggestion.config.values()) == expected[index].tolist()
        walk.update(start(index, suggestion))


def test_the_scramble_comes_from_the_first_draw_and_goes_into_its_notes() -> None:
    walk = Walk("key", sobol)
    first = suggested(walk, SQUARE, np.random.default_rng(1))
    assert first == suggested(walk, SQUARE, np.random.default_rng(1))
    assert first.config != suggested(walk, SQUARE, np.random.default_rng(2)).config
    walk.update(start(0, first))
    expected = qmc.Sobol(2, seed=np.random.default_rng(first.notes["scramble"])).random(2)
    for seed in (1, 2):
        second = suggested(walk, SQUARE, np.random.default_rng(seed))
        assert second.notes == {"key": 1}
        assert list(second.config.values()) == expected[1].tolist()


def test_what_has_been_tried_is_passed_over_until_nothing_is_left() -> None:
    space = Space({"n": Int(0, 3), "kind": Choice(["a", "b"])})
    walk, tried, rng = Walk("key", sobol, 0), Tried(), np.random.default_rng(0)
    for trial in range(8):
        suggestion = suggested(walk, space, rng, tried)
        walk.update(start(trial, suggestion))
        tried.add(suggestion.config)
    assert len(tried) == 8
    assert walk.suggest(space, rng, tried) == Exhausted()


def test_after_too_many_that_have_been_tried_comes_a_random_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sequences, "_MOST_SKIPPED", 1)
    space = Space({"kind": Choice(["a", "b"])})
    first = suggested(Walk("key", sobol, 0), space, np.random.default_rng(0)).config
    (other,) = ({"kind": kind} for kind in "ab" if kind != first["kind"])
    found = Walk("key", sobol, 0).suggest(space, np.random.default_rng(0), Tried([first]))
    assert found == Suggestion(other, {"key": 0, "random": True})


def test_trials_of_other_origin_move_nothing() -> None:
    walk = Walk("key", sobol, 0)
    first = suggested(walk, SQUARE, np.random.default_rng(0))
    walk.update(Started(at=0.0, trial=0, attempt=1, config={"x": 0.5, "y": 0.5}, notes={"other": 9}))
    assert suggested(walk, SQUARE, np.random.default_rng(0)) == first


def test_a_point_that_starts_again_does_not_turn_it_back() -> None:
    walk, rng = Walk("key", sobol, 0), np.random.default_rng(0)
    first = suggested(walk, SQUARE, rng)
    walk.update(start(0, first))
    second = suggested(walk, SQUARE, rng)
    walk.update(start(1, second))
    walk.update(start(0, first))
    assert suggested(walk, SQUARE, rng).notes == {"key": 2}


@pytest.mark.parametrize("seed", [-1, 1.5, True, "0"])
def test_unusable_seeds(seed: Any) -> None:
    with pytest.raises(SettingError, match=f"seed must be a whole number, at least 0, not {seed!r}"):
        Walk("key", sobol, seed)
