from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from scipy import stats
from space_strategies import DISTRIBUTIONS, UNITS, property_test

from rung.errors import SpaceError
from rung.space import Choice, Constant, Distribution, Domain, Float, Int, Normal, as_domain


@pytest.mark.parametrize(
    ("frozen", "domain"),
    [
        (stats.uniform(2.0, 3.0), Float(2.0, 5.0)),
        (stats.uniform(), Float(0.0, 1.0)),
        (stats.uniform(scale=4), Float(0.0, 4.0)),
        (stats.uniform(loc=-1, scale=4), Float(-1.0, 3.0)),
        (stats.loguniform(1e-2, 1), Float(1e-2, 1.0, log=True)),
        (stats.loguniform(a=1e-2, b=1), Float(1e-2, 1.0, log=True)),
        (stats.loguniform(1, 10, scale=3), Float(3.0, 30.0, log=True)),
        (stats.reciprocal(1, 10), Float(1.0, 10.0, log=True)),
        (stats.randint(32, 256), Int(32, 255)),
        (stats.randint(low=0, high=3, loc=5), Int(5, 7)),
        (stats.randint(0, 3, 5), Int(5, 7)),
        (stats.norm(), Normal(0.0, 1.0)),
        (stats.norm(1, scale=2), Normal(1.0, 2.0)),
        (stats.loguniform(1, 10, loc=1), Distribution("loguniform", args=(1, 10), kwds={"loc": 1})),
        (stats.gamma(2.0, scale=3.0), Distribution("gamma", args=(2.0,), kwds={"scale": 3.0})),
        (stats.poisson(np.int64(4)), Distribution("poisson", args=(4,))),
    ],
    ids=lambda value: repr(value) if isinstance(value, Domain) else value.dist.name,
)
def test_scipys_meaning_is_kept(frozen, domain):
    assert as_domain(frozen) == domain
    for q in (0.01, 0.3, 0.49, 0.77, 0.99):
        assert as_domain(frozen).from_unit(q) == pytest.approx(frozen.ppf(q), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "frozen",
    [
        stats.alpha(3.57),
        stats.cauchy(),
        stats.chi2(55),
        stats.dweibull(2.07),
        stats.expon(scale=1e-3),
        stats.f(29, 18),
        stats.gumbel_l(),
        stats.halfnorm(),
        stats.laplace(),
        stats.levy(),
        stats.logistic(),
        stats.pareto(2.62),
        stats.rayleigh(),
        stats.skewnorm(4.0),
        stats.vonmises(3.99),
        stats.weibull_min(1.79),
    ],
    ids=lambda frozen: frozen.dist.name,
)
def test_continuous_distributions_give_finite_floats_everywhere(frozen):
    domain = as_domain(frozen)
    values = [domain.from_unit(u) for u in (0.0, 1e-300, 1e-9, 0.2, 0.5, 0.8, 1 - 1e-9, 1.0)]
    assert all(type(value) is float and math.isfinite(value) for value in values)
    assert values == sorted(values)
    assert domain.size == math.inf
    for u in (0.1, 0.5, 0.9):
        assert domain.to_unit(domain.from_unit(u)) == pytest.approx(u, abs=1e-6)


@pytest.mark.parametrize(
    "frozen",
    [
        stats.bernoulli(0.3),
        stats.binom(5, 0.4),
        stats.boltzmann(1.4, 19),
        stats.dlaplace(0.8),
        stats.geom(0.5),
        stats.hypergeom(30, 12, 6),
        stats.nbinom(5, 0.5),
        stats.poisson(0.6),
        stats.zipfian(1.25, 10),
        stats.skellam(10, 8),
    ],
    ids=lambda frozen: frozen.dist.name,
)
def test_discrete_distributions_give_ints_with_their_probability(frozen):
    domain = as_domain(frozen)
    n = 5_000
    draws = [domain.from_unit((k + 0.5) / n) for k in range(n)]
    assert {type(value) for value in draws} == {int}
    for value in set(draws):
        assert draws.count(value) / n == pytest.approx(frozen.pmf(value), abs=1.01 / n)
        assert domain.from_unit(domain.to_unit(value)) == value
    assert type(domain.from_unit(0.0)) is type(domain.from_unit(1.0)) is int
    assert domain.grid(10_000) == list(range(domain.from_unit(0.0), domain.from_unit(1.0) + 1))
    assert domain.size == len(domain.grid(10_000))


@property_test
@given(DISTRIBUTIONS, UNITS)
def test_to_unit_is_the_probability_up_to_the_value(domain, u):
    value = domain.from_unit(u)
    frozen = getattr(stats, domain.family)(*domain.args, **domain.kwds)
    expected = frozen.cdf(value)
    if isinstance(value, int):
        expected -= frozen.pmf(value) / 2
    assert domain.to_unit(value) == pytest.approx(expected, abs=1e-12)
    assert domain.to_unit(value) == pytest.approx(u, abs=1e-9) or isinstance(value, int)


def test_a_grid_has_the_middles_of_equal_parts():
    assert as_domain(stats.expon()).grid(2) == pytest.approx(stats.expon().ppf([0.25, 0.75]))
    assert as_domain(stats.poisson(100)).grid(2) == [int(value) for value in stats.poisson(100).ppf([0.25, 0.75])]
    assert as_domain(stats.poisson(1e-3)).grid(3) == [0]


def test_values_beyond_the_ends_are_refused():
    with pytest.raises(SpaceError, match=r"-0.1 is not between 0.0 and "):
        as_domain(stats.expon()).validate(-0.1)
    with pytest.raises(SpaceError, match="7 is not between 0 and 6"):
        as_domain(stats.binom(6, 0.5)).validate(7)
    with pytest.raises(SpaceError, match=r"2.5 is not an integer"):
        as_domain(stats.binom(6, 0.5)).validate(2.5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: as_domain(stats.gamma(-1.0)), r"gamma\(-1.0\) has no finite quantiles. Check its parameters"),
        (lambda: as_domain(stats.norm(0, -1)), "has no finite quantiles"),
        (lambda: as_domain(stats.uniform(0, -1)), "has no finite quantiles"),
        (lambda: as_domain(stats.randint(5, 5)), "has no finite quantiles"),
        (lambda: as_domain(stats.norm([0, 1], 1)), r"finite numbers as parameters here, got \[0, 1\]"),
        (lambda: as_domain(stats.norm(math.inf, 1)), "finite numbers as parameters here, got inf"),
        (lambda: as_domain(stats.loguniform), r"can't be used as a domain. Give its parameters"),
        (lambda: Distribution("gama", args=(1,)).from_unit(0.5), "scipy.stats has no distribution 'gama'"),
        (lambda: Distribution("chisquare", args=(1,)).from_unit(0.5), "has no distribution 'chisquare'"),
        (lambda: Distribution("gamma").from_unit(0.5), r"scipy.stats.gamma\(\): "),
        (lambda: Distribution("gamma", kwds={"q": 1}).from_unit(0.5), r"gamma\(q=1\): "),
        (lambda: Distribution("gamma", kwds=[1]), "takes a name, args and kwds"),
    ],
)
def test_senseless_distributions_are_refused(make, message):
    with pytest.raises(SpaceError, match=message):
        make()


def test_distributions_of_ones_own_are_refused():
    class Own(stats.rv_continuous):
        def _pdf(self, x):
            return 2 * x

    with pytest.raises(SpaceError, match=r"'mine' is not one of scipy.stats, so it can't be stored"):
        as_domain(Own(a=0, b=1, name="mine")())


def test_the_json_form_has_the_name_and_the_parameters():
    form = as_domain(stats.gamma(2.0, scale=0.1)).to_json()
    assert form == {"type": "distribution", "family": "gamma", "args": [2.0], "kwds": {"scale": 0.1}}
    assert as_domain({"type": "distribution", "family": "expon"}).to_json() == {
        "type": "distribution",
        "family": "expon",
    }
    assert Choice([1]) != as_domain(form)


def test_the_nearest_number_is_where_the_tail_is_cut():
    gamma, poisson = as_domain(stats.gamma(2.0)), as_domain(stats.poisson(4.5))
    assert gamma.nearest(-1) == 0.0
    assert gamma.nearest(1e9) == gamma.from_unit(1.0)
    assert gamma.nearest(1.5) == 1.5
    assert poisson.nearest(3.4) == 3
    assert type(poisson.nearest(3.4)) is int


def test_a_distribution_has_a_union_with_its_own_values_only():
    gamma, poisson = as_domain(stats.gamma(2.0)), as_domain(stats.poisson(4.5))
    assert gamma.union(as_domain(stats.gamma(2.0))) == gamma
    assert gamma.union(as_domain(stats.gamma(3.0))) is None
    assert gamma.union(Constant(2.5)) == Constant(2.5).union(gamma) == gamma
    assert gamma.union(Constant(-1)) is None
    assert poisson.union(Constant(3)) == poisson
    assert poisson.union(Constant(2.5)) is None
    assert poisson.union(Constant("a")) is None
    assert gamma.part(0.2, 0.3) == gamma
