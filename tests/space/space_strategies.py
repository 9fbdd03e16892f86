"""Hypothesis strategies for domains and spaces, shared by the tests of this folder."""

from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from scipy import stats

from rung.space import Choice, Constant, Float, Int, Normal, Ordinal, Space, as_domain, forbid, linear

property_test = settings(derandomize=True, deadline=None, max_examples=150)

UNITS = st.one_of(
    st.floats(0.0, 1.0),
    st.sampled_from([0.0, 5e-324, 1e-300, 1e-17, 0.5, math.nextafter(0.5, 0.0), math.nextafter(1.0, 0.0), 1.0]),
)

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
LEAVES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3))


def kind(value):
    """Tells values apart as JSON does, except that 1 and 1.0 are one."""
    if isinstance(value, list):
        return ("list", *map(kind, value))
    return (value is True or value is False, value)


@st.composite
def linear_floats(draw):
    low, high = sorted(draw(st.tuples(*[st.floats(-1e300, 1e300)] * 2)))
    return Float(low, high)


@st.composite
def log_floats(draw):
    exponents = sorted(draw(st.tuples(*[st.floats(-300, 300)] * 2)))
    low, high = (10.0**exponent for exponent in exponents)
    return Float(low, high, log=True)


@st.composite
def step_floats(draw):
    step = Fraction(draw(st.integers(1, 999)), 10 ** draw(st.integers(0, 4)))
    steps, beyond = draw(st.integers(0, 5000)), draw(st.sampled_from([0, Fraction(1, 3), Fraction(9, 10)]))
    is_log = draw(st.booleans())
    low = step * draw(st.integers(1 if is_log else -3000, 3000))
    return Float(float(low), float(low + (steps + beyond) * step), step=float(step), log=is_log)


@st.composite
def ints(draw):
    is_log = draw(st.booleans())
    low, width = draw(st.integers(1 if is_log else -(10**6), 10**6)), draw(st.sampled_from([0, 1, 7, 100, 10**7]))
    step = draw(st.sampled_from([None, 1, 2, 3, 64]))
    if is_log and step is not None:
        low = max(low, step)
    return Int(low, low + width, log=is_log, step=step)


NORMALS = st.builds(Normal, st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
CHOICES = st.lists(LEAVES, min_size=1, max_size=6, unique_by=kind).map(Choice)
ORDINALS = st.lists(
    st.one_of(st.text(), st.integers(-(2**53), 2**53), st.floats(-1e9, 1e9)), min_size=1, max_size=6, unique=True
).map(Ordinal)
DISTRIBUTIONS = st.sampled_from(
    [
        stats.gamma(2.0),
        stats.beta(1.5, 3.0, loc=-1.0, scale=4.0),
        stats.lognorm(s=1.5),
        stats.t(3),
        stats.triang(0.3),
        stats.truncnorm(-1.0, 2.0, loc=5.0),
        stats.poisson(4.5),
        stats.binom(20, 0.3),
        stats.geom(0.2, loc=3),
        stats.loguniform(1.0, 100.0, loc=2.0),
    ]
).map(as_domain)

EXACT = st.one_of(step_floats(), ints(), CHOICES, ORDINALS, LEAVES.map(Constant))
DOMAINS = st.one_of(linear_floats(), log_floats(), EXACT, NORMALS, DISTRIBUTIONS)


@st.composite
def spaces(draw):
    """One to six dimensions in any order, chains of conditions on discrete ones, constraints that a good part keeps."""
    named = {f"x{k}": draw(st.one_of(EXACT, DOMAINS)) for k in range(draw(st.integers(1, 6)))}
    names, conditions, constraints = list(named), {}, []
    for place, name in enumerate(names[1:], start=1):
        parents = [parent for parent in names[:place] if named[parent].size < math.inf]
        if parents and draw(st.booleans()):
            chosen = draw(st.lists(st.sampled_from(parents), min_size=1, max_size=2, unique=True))
            conditions[name] = [(parent, draw(values_of(named[parent]))) for parent in chosen]
    discrete = [name for name in names if 2 <= named[name].size < math.inf]
    if discrete and draw(st.booleans()):
        constraints.append(forbid({discrete[0]: [named[discrete[0]].from_unit(0.7)]}))
    numeric = [name for name in names if isinstance(named[name], (Float, Int)) and name not in discrete[:1]]
    if numeric and draw(st.booleans()):
        constraints.append(linear({numeric[0]: 1}, at_most=named[numeric[0]].from_unit(0.6)))
    order = draw(st.permutations(names))
    return Space({name: named[name] for name in order}, conditions=conditions, constraints=constraints)


def values_of(domain):
    return st.lists(UNITS.map(domain.from_unit), min_size=1, max_size=3)


def is_close(domain, value, back):
    """Whether ``back`` is ``value`` up to what the domain's docstring promises."""
    if domain.size < math.inf:
        return kind(value) == kind(back) and type(value) is type(back)
    if isinstance(domain, Float):
        slack = 1e-12 * abs(value) if domain.log else 1e-15 * max(abs(domain.low), abs(domain.high))
        return abs(value - back) <= slack
    return abs(domain.to_unit(value) - domain.to_unit(back)) <= 1e-9
