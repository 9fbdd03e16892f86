from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import qmc

from rung.commands import EditSpace, Enqueue
from rung.errors import SettingError
from rung.schedulers.basic import BasicScheduler
from rung.searchers import _sequences, sobol
from rung.searchers.sobol import SobolSearcher
from rung.space import Choice, Float, Int, Space, linear
from rung.testing.play import play
from rung.testing.searcher_suite import SearcherSuite

SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})


class TestSobol(SearcherSuite):
    def make(self, space: Space) -> SobolSearcher:
        return SobolSearcher(space)


class TestSobolWithASeed(SearcherSuite):
    is_random = False

    def make(self, space: Space) -> SobolSearcher:
        return SobolSearcher(space, seed=11)


def trials(searcher: SobolSearcher, n: int, **options: Any) -> list[Any]:
    return play(BasicScheduler(searcher), new_trials=n, **options).started()


def points(searcher: SobolSearcher, n: int, **options: Any) -> np.ndarray:
    return searcher.space.encode([event.config for event in trials(searcher, n, **options)])


def test_the_points_are_those_of_one_sequence_whatever_the_study_draws() -> None:
    expected = qmc.Sobol(2, seed=np.random.default_rng(11)).random(256)
    for seed in (0, 1):
        np.testing.assert_array_equal(points(SobolSearcher(SQUARE, seed=11), 200, seed=seed), expected[:200])


def test_without_a_seed_each_study_has_its_own_sequence_and_the_log_says_which() -> None:
    first, again, other = (trials(SobolSearcher(SQUARE), 80, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first[0].config != other[0].config
    scramble = first[0].notes["scramble"]
    assert [dict(event.notes) for event in first] == [
        {"sobol": index, **({"scramble": scramble} if index == 0 else {})} for index in range(80)
    ]
    expected = qmc.Sobol(2, seed=np.random.default_rng(scramble)).random(128)
    np.testing.assert_array_equal(SQUARE.encode([event.config for event in first]), expected[:80])


@pytest.mark.parametrize("power", [2, 4, 6, 7])
def test_a_power_of_two_of_points_is_balanced(power: int) -> None:
    n = 2**power
    for column in points(SobolSearcher(SQUARE, seed=3), n, workers=4).T:
        assert np.histogram(column, bins=n, range=(0, 1))[0].tolist() == [1] * n


def test_points_from_people_take_none_of_the_sequence() -> None:
    searcher = SobolSearcher(SQUARE, seed=11, initial_config={"x": 0.5, "y": 0.5})
    started = trials(searcher, 6, commands={5: [Enqueue({"x": 0.25, "y": 0.25})]}, workers=1)
    assert [event.notes.get("sobol") for event in started] == [None, 0, None, 1, 2, 3]


def test_forbidden_points_are_skipped() -> None:
    space = Space(dict(SQUARE), constraints=[linear({"x": 1, "y": 1}, at_most=1)])
    started = trials(SobolSearcher(space, seed=11), 50)
    sequence = qmc.Sobol(2, seed=np.random.default_rng(11)).random(256)
    allowed = [index for index in range(256) if sequence[index].sum() <= 1]
    assert [event.notes["sobol"] for event in started] == allowed[:50]
    np.testing.assert_array_equal(space.encode([event.config for event in started]), sequence[allowed[:50]])


def test_hardly_anything_allowed_falls_back_to_a_random_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sequences, "_MOST_SKIPPED", 4)
    space = Space(dict(SQUARE), constraints=[linear({"x": 1, "y": 1}, at_most=0.1)])
    started = trials(SobolSearcher(space, seed=11), 5)
    assert all(event.notes == {"sobol": 4 * k + 3, "random": True} for k, event in enumerate(started))
    assert all(space.is_allowed(event.config) for event in started)


def test_a_finite_space_is_tried_to_its_end() -> None:
    space = Space({"n": Int(1, 4), "kind": Choice(["a", "b"])})
    started = trials(SobolSearcher(space, seed=11), 20)
    assert len({tuple(event.config.values()) for event in started}) == len(started) == 8


def test_the_sequence_goes_on_after_an_edit() -> None:
    edited = Space({"y": Float(2, 3), "kind": Choice(["a", "b"]), "n": Int(1, 4)})
    started = trials(SobolSearcher(SQUARE, seed=11), 8, workers=1, commands={9: [EditSpace(edited.to_json())]})
    assert [event.notes["sobol"] for event in started] == list(range(8))
    expected = qmc.Sobol(3, seed=np.random.default_rng(11)).random(8)
    assert [event.config for event in started[3:]] == [edited.decode(point) for point in expected[3:]]


def test_many_dimensions() -> None:
    wide = Space({f"x{k}": Float(0, 1) for k in range(300)})
    expected = qmc.Sobol(300, seed=np.random.default_rng(0)).random(4)
    np.testing.assert_array_equal(points(SobolSearcher(wide, seed=0), 3), expected[:3])


def test_unusable_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in (-1, 1.5, True, "0"):
        with pytest.raises(SettingError, match=f"seed must be a whole number, at least 0, not {seed!r}"):
            SobolSearcher(SQUARE, seed=seed)  # type: ignore[arg-type]
    monkeypatch.setattr(sobol, "_MOST_DIMENSIONS", 1)
    with pytest.raises(SettingError, match=r"at most 1 dimensions, and the space has 2\. Use RandomSearcher"):
        SobolSearcher(SQUARE)


def test_the_limit_of_dimensions_is_scipys() -> None:
    assert sobol._MOST_DIMENSIONS == qmc.Sobol.MAXDIM


def test_the_json_form_has_the_seed_only_where_there_is_one() -> None:
    assert SobolSearcher(SQUARE).spec() == {"name": "sobol"}
    assert SobolSearcher(SQUARE, seed=0).spec() == {"name": "sobol", "seed": 0}
