from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from rung.searchers import _proposals
from rung.searchers._proposals import AcquisitionName, Options, Proposals
from rung.searchers._surrogate import Evidence
from rung.searchers._unseen import Tried
from rung.space import Constant, Float, Int, Space, linear
from rung.space.editing import edited, hull
from rung.types import Exhausted, Suggestion

SPACE = Space({"x": Float(0, 1), "fixed": Constant(3), "y": Float(0, 1)})
OPTIONS = Options("logei", 1.8, None, warp_inputs=False)


def designed(space: Space, index: int, tried: Tried, scramble: int | None = 5) -> Suggestion:
    suggestion = Proposals(space, space, OPTIONS).designed(index, scramble, tried, np.random.default_rng(0))
    assert isinstance(suggestion, Suggestion)
    return suggestion


def test_the_design_is_a_sobol_sequence_without_the_constants() -> None:
    expected = qmc.Sobol(2, seed=np.random.default_rng(5)).random(128)
    for index in (0, 1, 63, 64, 127):
        config = designed(SPACE, index, Tried()).config
        np.testing.assert_array_equal([config["x"], config["y"]], expected[index])


def test_without_a_seed_one_is_drawn_and_noted() -> None:
    notes = designed(SPACE, 0, Tried(), scramble=None).notes
    assert notes == {"scramble": int(np.random.default_rng(0).integers(2**32))}


def test_points_of_the_design_that_were_tried_or_are_forbidden_are_skipped() -> None:
    space = Space({"x": Float(0, 1), "y": Float(0, 1)}, constraints=[linear({"x": 1, "y": 1}, at_most=0.7)])
    allowed = [point for point in qmc.Sobol(2, seed=np.random.default_rng(5)).random(64) if point.sum() <= 0.7]
    tried = Tried()
    for point in allowed[:3]:
        config = designed(space, 0, tried).config
        np.testing.assert_array_equal([config["x"], config["y"]], point)
        tried.add(config)


def test_where_the_design_has_no_new_point_any_other_will_do() -> None:
    space = Space({"n": Int(0, 5)})
    tried = Tried({"n": n} for n in (0, 1, 2, 4, 5))
    assert designed(space, 0, tried).config == {"n": 3}
    tried.add({"n": 3})
    assert Proposals(space, space, OPTIONS).designed(0, 5, tried, np.random.default_rng(0)) == Exhausted()


def test_of_a_small_space_all_untried_are_compared() -> None:
    space = Space({"n": Int(0, 30)})
    proposals = Proposals(space, space, OPTIONS)
    tried = Tried({"n": n} for n in range(0, 31, 5))
    points = space.encode([{"n": n} for n in range(0, 31, 5)])
    is_active = np.ones(points.shape, dtype=bool)
    losses = np.abs(np.arange(0.0, 31.0, 5.0) - 12.0)
    evidence = Evidence(points, is_active, losses, points[:0], is_active[:0])
    suggestion = proposals.modelled(evidence, None, tried, np.random.default_rng(0))
    assert isinstance(suggestion, Suggestion)
    picture = proposals.picture(evidence, None, [{"n": n} for n in range(31)])
    untried = [n for n in range(31) if n % 5]
    assert suggestion.config["n"] == max(untried, key=lambda n: picture.acquisition[n])
    assert 10 < suggestion.config["n"] < 15


@pytest.mark.parametrize("acquisition", ["logei", "ei", "ucb", "thompson"])
def test_what_is_believed_bears_on_the_choice_the_less_the_more_trials_there_are(acquisition: AcquisitionName) -> None:
    space = Space({"x": Float(0, 1)}, priors={"x": ("~0.9", "high")})
    points = np.array([[0.1], [0.5], [0.7]])
    is_active = np.ones(points.shape, dtype=bool)
    evidence = Evidence(points, is_active, np.array([0.0, 0.8, 1.0]), points[:0], is_active[:0])
    gaps = []
    for n_since in (1, 10_000):
        options = OPTIONS._replace(acquisition=acquisition)
        proposals = Proposals(space, space, options)
        suggestion = proposals.modelled(evidence, None, Tried(), np.random.default_rng(0), n_since=n_since)
        assert isinstance(suggestion, Suggestion)
        gaps.append(abs(suggestion.config["x"] - 0.9))
    assert gaps[0] < 0.02
    assert gaps[1] > 0.4


def test_the_design_lies_in_the_space_in_force_and_begins_at_what_is_believed() -> None:
    now = edited(SPACE, {"x": Float(0.4, 0.6)}, priors={"x": "~0.55"})
    proposals = Proposals(hull(SPACE, now), now, OPTIONS)
    expected = qmc.Sobol(2, seed=np.random.default_rng(5)).random(8)
    for index in range(8):
        suggestion = proposals.designed(index, 5, Tried(), np.random.default_rng(0))
        assert isinstance(suggestion, Suggestion)
        config = suggestion.config
        np.testing.assert_allclose([5.0 * (config["x"] - 0.4), config["y"]], expected[index])
    first = proposals.designed(3, None, Tried(), np.random.default_rng(0))
    assert isinstance(first, Suggestion)
    assert first.config["x"] == pytest.approx(0.55, rel=1e-12)


def test_when_all_that_promises_was_tried_something_else_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_proposals, "_MOST_LISTED", 2)
    space = Space({"n": Int(0, 5)})
    points = space.encode([{"n": n} for n in range(5)])
    is_active = np.ones(points.shape, dtype=bool)
    evidence = Evidence(points, is_active, np.arange(5.0), points[:0], is_active[:0])
    tried = Tried({"n": n} for n in range(5))
    suggestion = Proposals(space, space, OPTIONS).modelled(evidence, None, tried, np.random.default_rng(0))
    assert isinstance(suggestion, Suggestion)
    assert suggestion.config == {"n": 5}
    tried.add({"n": 5})
    assert Proposals(space, space, OPTIONS).modelled(evidence, None, tried, np.random.default_rng(0)) == Exhausted()
