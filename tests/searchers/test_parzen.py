from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from rung.searchers import _parzen as parzen

CENTRES = np.array([0.0, 0.13, 0.5, 1.0])
WIDTHS = np.array([0.02, 0.4, 1.0, 0.07])
EDGES = np.array([0.0, 0.4, 0.5, 0.9, 1.0])


def cut_normal(centre: float, width: float) -> stats.rv_continuous:
    return stats.truncnorm(-centre / width, (1.0 - centre) / width, loc=centre, scale=width)


@pytest.mark.parametrize(
    ("places", "least", "widths"),
    [
        ([], 0.02, []),
        ([0.3], 0.02, [0.7]),  # the farther end of the interval
        ([0.9, 0.1, 0.4], 0.02, [0.5, 0.3, 0.5]),
        ([0.5, 0.5, 0.5], 0.02, [0.02, 0.02, 0.02]),
        ([0.2, 0.2, 0.21], 0.005, [0.005, 0.01, 0.01]),
        ([0.0, 1.0], 0.02, [1.0, 1.0]),
    ],
)
def test_a_bandwidth_is_the_distance_to_the_farther_neighbour(
    places: list[float], least: float, widths: list[float]
) -> None:
    assert parzen.neighbour_widths(np.array(places), least=least) == pytest.approx(np.array(widths))


def test_the_magic_clip_narrows_with_the_number_of_kernels() -> None:
    assert parzen.magic_clip(3, exponent=1.0, least=0.01) == pytest.approx(0.2)
    assert parzen.magic_clip(3, exponent=2.0, least=0.01) == pytest.approx(0.04)
    assert parzen.magic_clip(1000, exponent=1.0, least=0.01) == 0.01


def test_rank_weights() -> None:
    assert parzen.rank_weights(1) == pytest.approx([1.0])
    assert parzen.rank_weights(2) == pytest.approx(np.array([math.log(3.0), math.log(1.5)]) * 2.0 / math.log(4.5))
    assert parzen.rank_weights(25).mean() == pytest.approx(1.0)
    assert len(parzen.rank_weights(0)) == 0


def test_the_density_of_a_cut_normal() -> None:
    factors = parzen.normal_factors(CENTRES[:, None], WIDTHS[:, None])
    at = np.array([0.0, 0.2, 0.77, 1.0])
    expected = [cut_normal(centre, width).logpdf(at) for centre, width in zip(CENTRES, WIDTHS, strict=True)]
    assert factors @ parzen.normal_terms(at[:, None]) == pytest.approx(np.array(expected), rel=1e-9)


def test_a_density_integrates_to_one() -> None:
    factors = parzen.normal_factors(CENTRES[:, None], WIDTHS[:, None])

    def density(x: float) -> float:
        kernels = factors @ parzen.normal_terms(np.array([[x]]))
        return float(np.exp(parzen.log_mixture(kernels, np.log([1.0, 2.0, 0.5, 3.0]), np.zeros(1)))[0])

    total, _ = quad(density, 0.0, 1.0, points=[0.02, 0.04, 0.1, 0.3, 0.9], limit=200)
    assert total == pytest.approx(1.0, abs=1e-8)


def test_absent_coordinates_count_for_nothing() -> None:
    points = np.array([[0.2, math.nan], [math.nan, 0.3]])
    candidates = np.array([[0.6, 0.7], [math.nan, 0.7], [math.nan, math.nan]])
    logs = parzen.normal_factors(points, np.full((2, 2), 0.3)) @ parzen.normal_terms(candidates)
    first, second = cut_normal(0.2, 0.3).logpdf(0.6), cut_normal(0.3, 0.3).logpdf(0.7)
    assert logs == pytest.approx(np.array([[first, 0.0, 0.0], [second, second, 0.0]]))


def test_draws_are_quantiles() -> None:
    uniforms = np.array([0.0, 0.3, 0.5, 1.0 - 1e-9])
    expected = [cut_normal(c, w).ppf(u) for c, w, u in zip(CENTRES, WIDTHS, uniforms, strict=True)]
    assert parzen.draw_from_normals(CENTRES, WIDTHS, uniforms) == pytest.approx(expected, abs=1e-9)
    assert parzen.draw_from_normals(np.array([0.5]), np.array([1e-3]), np.array([0.0])) == 0.0


def test_masses_in_bins() -> None:
    table = parzen.log_masses(EDGES, CENTRES, WIDTHS)
    for row, centre, width in zip(table, CENTRES, WIDTHS, strict=False):
        expected = np.diff(cut_normal(centre, width).cdf(EDGES))
        assert np.exp(row[:-1]) == pytest.approx(expected, abs=1e-12)
        assert np.exp(row[:-1]).sum() == pytest.approx(1.0)
    assert np.exp(table[-1, :-1]) == pytest.approx([0.4, 0.1, 0.4, 0.1]), "the prior is uniform"
    assert (table[:, -1] == 0.0).all()
    assert np.isfinite(table).all(), "a bin far away has a logarithm too"


def test_shares_of_labels() -> None:
    table = parzen.log_shares(3, np.array([0, 1, 2, 3, 1]), own=0.7)
    shares = [[0.7, 0.15, 0.15], [0.15, 0.7, 0.15], [0.15, 0.15, 0.7], [1 / 3, 1 / 3, 1 / 3]]
    assert np.exp(table[:, :3]) == pytest.approx(np.array(shares))
    assert (table[:, 3] == 0.0).all()
    assert (table[:, 4] == table[:, 1]).all()


def test_the_share_of_the_own_label_grows_with_the_number_of_kernels() -> None:
    assert [parzen.own_share(n) for n in (0, 1, 8)] == pytest.approx([1 / 2, 2 / 3, 9 / 10])


def test_drawn_labels_have_their_shares() -> None:
    uniforms = (np.arange(1000) + 0.5) / 1000
    for label in range(4):
        drawn = parzen.draw_labels(np.full(1000, label), uniforms, 4, own=0.7)
        assert np.bincount(drawn, minlength=4).tolist() == [700 if each == label else 100 for each in range(4)]


def test_a_mixture_is_the_weighted_mean_of_its_parts() -> None:
    kernels = np.array([[-1.0, 2.0], [0.5, -3.0], [9.0, 9.0]])
    weights, prior = np.array([2.0, 0.5, 0.0]), np.array([-0.7, 0.1])
    with np.errstate(divide="ignore"):
        density = parzen.log_mixture(kernels, np.log(weights), prior)
    for column in range(2):
        parts = [w * math.exp(k) for w, k in zip(weights, kernels[:, column], strict=True)]
        expected = (sum(parts) + math.exp(prior[column])) / (weights.sum() + 1.0)
        assert density[column] == pytest.approx(math.log(expected))


def test_a_mixture_of_vanishing_parts_keeps_its_digits() -> None:
    density = parzen.log_mixture(np.array([[-5000.0], [-5001.0]]), np.zeros(2), np.array([-5000.0]))
    assert density[0] == pytest.approx(-5000.0 + math.log((2.0 + math.exp(-1.0)) / 3.0))
    assert parzen.log_mixture(np.empty((0, 1)), np.empty(0), np.array([-2.0])) == pytest.approx([-2.0])
