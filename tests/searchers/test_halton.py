from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np
import pytest
from scipy.stats import qmc

from rung.commands import EditSpace, Enqueue
from rung.errors import SettingError
from rung.schedulers.basic import BasicScheduler
from rung.searchers import _sequences
from rung.searchers import halton as module
from rung.searchers.halton import HaltonSearcher
from rung.searchers.random import RandomSearcher
from rung.searchers.sobol import SobolSearcher
from rung.space import Choice, Float, Int, Space, linear
from rung.testing.play import play
from rung.testing.searcher_suite import SearcherSuite

SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})


class TestHalton(SearcherSuite):
    def make(self, space: Space) -> HaltonSearcher:
        return HaltonSearcher(space)


class TestHaltonWithASeed(SearcherSuite):
    is_random = False

    def make(self, space: Space) -> HaltonSearcher:
        return HaltonSearcher(space, seed=11)


def trials(searcher: Any, n: int, **options: Any) -> list[Any]:
    return play(BasicScheduler(searcher), new_trials=n, **options).started()


def points(searcher: Any, n: int, **options: Any) -> np.ndarray:
    return searcher.space.encode([event.config for event in trials(searcher, n, **options)])


def scipys(n: int, *, seed: int, d: int = 2) -> np.ndarray:
    return qmc.Halton(d, seed=np.random.default_rng(seed)).random(n)


def test_the_points_are_those_of_one_sequence_whatever_the_study_draws() -> None:
    for seed in (0, 1):
        np.testing.assert_array_equal(points(HaltonSearcher(SQUARE, seed=11), 200, seed=seed), scipys(200, seed=11))


def test_without_a_seed_each_study_has_its_own_sequence_and_the_log_says_which() -> None:
    first, again, other = (trials(HaltonSearcher(SQUARE), 80, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first[0].config != other[0].config
    scramble = first[0].notes["scramble"]
    assert [dict(event.notes) for event in first] == [
        {"halton": index, **({"scramble": scramble} if index == 0 else {})} for index in range(80)
    ]
    np.testing.assert_array_equal(SQUARE.encode([event.config for event in first]), scipys(80, seed=scramble))


def test_each_dimension_is_balanced_in_powers_of_its_own_prime() -> None:
    cube = Space({name: Float(0, 1) for name in "xyz"})
    found = points(HaltonSearcher(cube, seed=3), 625, workers=4)
    for column, prime in enumerate((2, 3, 5)):
        for power in (1, 2, 3, 4):
            bins = prime**power
            n = len(found) // bins * bins
            counts = np.histogram(found[:n, column], bins=bins, range=(0, 1))[0]
            assert counts.tolist() == [n // bins] * bins


@pytest.mark.parametrize("n", [11, 23, 45, 90, 180])
def test_any_number_of_points_lies_more_evenly_than_random_ones(n: int) -> None:
    halton, random = (
        median(qmc.discrepancy(points(make(), n, seed=seed), method="L2-star") for seed in range(5))
        for make in (lambda: HaltonSearcher(SQUARE), lambda: RandomSearcher(SQUARE))
    )
    assert halton < 0.7 * random


@pytest.mark.parametrize(("n", "is_better"), [(64, False), (90, True), (128, False), (180, True)])
def test_it_lies_more_evenly_than_sobol_midway_between_powers_of_two(n: int, is_better: bool) -> None:
    halton, sobol = (
        median(qmc.discrepancy(points(make(SQUARE, seed=seed), n), method="L2-star") for seed in range(15))
        for make in (HaltonSearcher, SobolSearcher)
    )
    assert (halton < sobol) == is_better


def test_points_from_people_take_none_of_the_sequence() -> None:
    searcher = HaltonSearcher(SQUARE, seed=11, initial_config={"x": 0.5, "y": 0.5})
    started = trials(searcher, 6, commands={5: [Enqueue({"x": 0.25, "y": 0.25})]}, workers=1)
    assert [event.notes.get("halton") for event in started] == [None, 0, None, 1, 2, 3]


def test_forbidden_points_are_skipped() -> None:
    space = Space(dict(SQUARE), constraints=[linear({"x": 1, "y": 1}, at_most=1)])
    started = trials(HaltonSearcher(space, seed=11), 50)
    sequence = scipys(256, seed=11)
    allowed = [index for index in range(256) if sequence[index].sum() <= 1]
    assert [event.notes["halton"] for event in started] == allowed[:50]
    np.testing.assert_array_equal(space.encode([event.config for event in started]), sequence[allowed[:50]])


def test_hardly_anything_allowed_falls_back_to_a_random_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sequences, "_MOST_SKIPPED", 4)
    space = Space(dict(SQUARE), constraints=[linear({"x": 1, "y": 1}, at_most=0.05)])
    started = trials(HaltonSearcher(space, seed=11), 5)
    assert all(event.notes == {"halton": 4 * k + 3, "random": True} for k, event in enumerate(started))
    assert all(space.is_allowed(event.config) for event in started)


def test_a_finite_space_is_tried_to_its_end() -> None:
    space = Space({"n": Int(1, 4), "kind": Choice(["a", "b"])})
    started = trials(HaltonSearcher(space, seed=11), 20)
    assert len({tuple(event.config.values()) for event in started}) == len(started) == 8


def test_the_sequence_goes_on_after_an_edit() -> None:
    edited = Space({"y": Float(2, 3), "kind": Choice(["a", "b"]), "n": Int(1, 4)})
    started = trials(HaltonSearcher(SQUARE, seed=11), 8, workers=1, commands={9: [EditSpace(edited.to_json())]})
    assert [event.notes["halton"] for event in started] == list(range(8))
    expected = scipys(8, seed=11, d=3)
    assert [event.config for event in started[3:]] == [edited.decode(point) for point in expected[3:]]


def test_unusable_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match=r"seed must be a whole number, at least 0, not -1\. Give for instance 0"):
        HaltonSearcher(SQUARE, seed=-1)
    monkeypatch.setattr(module, "_MOST_DIMENSIONS", 1)
    with pytest.raises(SettingError, match=r"in at most 1 dimensions, and the space has 2\. Use SobolSearcher"):
        HaltonSearcher(SQUARE)


def test_the_json_form_has_the_seed_only_where_there_is_one() -> None:
    for options in ({}, {"seed": 0}):
        spec = HaltonSearcher(SQUARE, **options).spec()
        assert {name: value for name, value in spec.items() if name not in {"name", "class"}} == options
