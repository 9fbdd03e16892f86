from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rung.searchers._priors import Leaning, Opinion, power_after
from rung.searchers._region import Region
from rung.space import Choice, Constant, Float, Int, Ordinal, Space
from rung.space.editing import edited, hull

LINE = Space({"x": Float(0, 1)}, priors={"x": ("~0.9", "low")})
SQUARE = Space(
    {"x": Float(0, 1), "y": Float(1e-4, 1, log=True), "z": Float(0, 1)}, priors={"x": 0.2, "y": "~1e-3:high"}
)
KINDS = Space({"kind": Choice(["a", "b", "c"]), "x": Float(0, 1)}, priors={"kind": ("b", "high")})


def weights(space: Space, points: np.ndarray, is_active: np.ndarray | None = None) -> np.ndarray:
    active = np.ones(points.shape, dtype=bool) if is_active is None else is_active
    return np.exp(Opinion(space).log_weight(points, active))


def cut_normal(centre: float, width: float) -> stats.rv_continuous:
    return stats.truncnorm(-centre / width, (1.0 - centre) / width, loc=centre, scale=width)


def test_it_is_nine_tenths_of_a_normal_in_units_of_its_peak_and_a_tenth() -> None:
    points = np.linspace(0.0, 1.0, 11)[:, None]
    believed = cut_normal(0.9, 0.3)
    expected = 0.9 * believed.pdf(points[:, 0]) / believed.pdf(0.9) + 0.1
    np.testing.assert_allclose(weights(LINE, points), expected, rtol=1e-12)


def test_dimensions_are_believed_in_together() -> None:
    points = np.random.default_rng(0).random((20, 3))
    product = stats.norm.pdf(points[:, :2], [0.2, 0.25], [0.15, 0.05]).prod(axis=1)
    peak = stats.norm.pdf([0.2, 0.25], [0.2, 0.25], [0.15, 0.05]).prod()
    np.testing.assert_allclose(weights(SQUARE, points), 0.9 * product / peak + 0.1, rtol=1e-10)


def test_a_choice_has_its_share_of_the_likeliest() -> None:
    places = np.array([[1 / 6, 0.3], [0.5, 0.3], [5 / 6, 0.3], [1.0, 0.3]])
    np.testing.assert_allclose(weights(KINDS, places), [0.9 / 16 + 0.1, 1.0, 0.9 / 16 + 0.1, 0.9 / 16 + 0.1])


def test_what_is_inactive_does_not_count() -> None:
    points = np.array([[0.9, 0.9, 0.5], [math.nan, math.nan, 0.5]])
    is_active = np.array([[True, True, True], [False, False, True]])
    assert weights(SQUARE, points, is_active) == pytest.approx([0.1, 1.0], abs=1e-4)
    assert weights(KINDS, np.array([[0.1, 0.5]]), np.array([[False, True]])) == pytest.approx([1.0])


def test_a_wrong_belief_costs_no_more_than_the_tenth_in_however_many_dimensions() -> None:
    names = [f"x{k}" for k in range(10)]
    space = Space(dict.fromkeys(names, Float(0, 1)), priors=dict.fromkeys(names, ("~0.0", "high")))
    assert weights(space, np.array([[0.0] * 10, [1.0] * 10])) == pytest.approx([1.0, 0.1])


def test_slopes_are_those_of_differences() -> None:
    opinion = Opinion(SQUARE)
    points = np.random.default_rng(0).uniform(0.05, 0.6, (30, 3))
    is_active = np.random.default_rng(1).random((30, 3)) < 0.8
    height, slopes = opinion.log_weight_and_slopes(points, is_active)
    np.testing.assert_allclose(height, opinion.log_weight(points, is_active))
    for j in range(3):
        move = 1e-6 * np.eye(3)[j]
        ends = [opinion.log_weight(points + sign * move, is_active) for sign in (1.0, -1.0)]
        np.testing.assert_allclose(slopes[:, j], (ends[0] - ends[1]) / 2e-6, rtol=1e-5, atol=1e-6)


def test_quantiles_are_distributed_as_is_believed() -> None:
    uniforms = np.random.default_rng(0).random((4_000, 3))
    drawn = Opinion(SQUARE).quantiles(uniforms)
    assert stats.kstest(drawn[:, 0], cut_normal(0.2, 0.15).cdf).pvalue > 0.01
    assert stats.kstest(drawn[:, 1], cut_normal(0.25, 0.05).cdf).pvalue > 0.01
    np.testing.assert_array_equal(drawn[:, 2], uniforms[:, 2])
    kinds = Opinion(KINDS).quantiles(uniforms[:, :2])[:, 0]
    shares = [np.mean(kinds == middle) for middle in (0.5 / 3, 1.5 / 3, 2.5 / 3)]
    np.testing.assert_allclose(shares, np.array([1, 16, 1]) / 18, atol=0.02)


def test_the_centre_is_in_the_configuration_itself() -> None:
    space = Space(
        {
            "rate": Float(1e-5, 1, log=True),
            "n": Int(1, 300),
            "size": Ordinal([16, 32, 64]),
            "kind": Choice(["a", "b", "c"]),
            "x": Float(0, 1),
        },
        priors={"rate": "~1e-3", "n": 17, "size": 64, "kind": "c"},
    )
    opinion = Opinion(space)
    config = space.decode(opinion.centred(np.full((1, 5), 0.3))[0])
    assert config["rate"] == pytest.approx(1e-3, rel=1e-12)
    assert (config["n"], config["size"], config["kind"], config["x"]) == (17, 64, "c", 0.3)


def test_nothing_is_believed_about_what_can_not_be_chosen() -> None:
    space = Space({"x": Constant(3), "y": Float(0, 1)}, priors={"x": 3})
    assert not Opinion(space)
    assert not Opinion(Space({"y": Float(0, 1)}))


def lean(n_since: int, *, is_factor: bool = False) -> Leaning:
    former = Space({"x": Float(0, 1), "kind": Choice(["a", "b", "c"])})
    space = edited(former, {"x": Float(0.4, 0.6), "kind": Choice(["c", "b"])}, priors={"x": 0.55, "kind": "b"})
    return Leaning(Opinion(space), Region(hull(former, space), space), power_after(n_since), is_factor=is_factor)


POINTS = np.array([[0.45, 0.5], [0.55, 0.5], [0.59, 5 / 6]])
ALL = np.ones(POINTS.shape, dtype=bool)


def test_the_belief_fades_as_trials_come_in() -> None:
    """The exponent is a factor of the logarithm: what it adds falls as 1 / n, its shape stays."""
    flat = np.zeros(3)
    raised = {n: lean(n).heights(flat, POINTS, ALL) for n in (0, 1, 10, 1_000)}
    assert np.ptp(raised[1]) > 1.0
    np.testing.assert_allclose(raised[0], raised[1])
    np.testing.assert_allclose(raised[10], raised[1] / 10.0)
    assert np.abs(raised[1_000]).max() < 0.03
    inner = np.array([[0.25, 0.75], [0.75, 0.75], [0.95, 0.25]])  # the same in the narrower space
    np.testing.assert_allclose(raised[10], lean(10).opinion.log_weight(inner, ALL))


def test_what_is_no_logarithm_is_multiplied() -> None:
    heights = np.array([0.0, 1e-3, 2.0])
    logarithms = lean(4).heights(np.log(heights[1:]), POINTS[1:], ALL[1:])
    product = lean(4, is_factor=True).heights(heights, POINTS, ALL)
    np.testing.assert_allclose(product[1:], np.exp(logarithms))
    assert product[0] == 0.0


@pytest.mark.parametrize("is_factor", [False, True])
def test_leaning_slopes_are_those_of_differences(is_factor: bool) -> None:
    def raised(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        heights, slopes = np.exp(3.0 * points[:, 0]), np.zeros(points.shape)
        slopes[:, 0] = 3.0 * heights
        return lean(3, is_factor=is_factor).heights_and_slopes(heights, slopes, points, ALL)

    heights, slopes = raised(POINTS)
    np.testing.assert_allclose(heights, lean(3, is_factor=is_factor).heights(np.exp(3.0 * POINTS[:, 0]), POINTS, ALL))
    move = np.array([1e-6, 0.0])
    expected = (raised(POINTS + move)[0] - raised(POINTS - move)[0]) / 2e-6
    np.testing.assert_allclose(slopes[:, 0], expected, rtol=1e-6)
    assert (slopes[:, 1] == 0.0).all()
