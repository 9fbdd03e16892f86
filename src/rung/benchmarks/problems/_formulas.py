"""Test functions as their sources write them, to be minimised."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

BRANIN_BEST: Final = 10.0 / (8.0 * math.pi)  # where the square vanishes and the cosine is -1
HARTMANN6_BEST: Final = -3.322368011415515  # at the published minimiser, refined to machine precision
CAMEL_BEST: Final = -1.0316284534898774  # at (0.0898420, -0.7126564) and its mirror image
TREE_BEST: Final = 0.1  # in the leaf of x4

MIXED_KINDS: Final = ("rosenbrock", "camel", "ackley")
MIXED_BEST: Final = CAMEL_BEST  # the other two kinds are nowhere below 0
_MIXED_SIZES = {"rosenbrock": (2, 8), "camel": (6, 6), "ackley": (4, 4)}  # layers, log2 of units

_HARTMANN6_WEIGHTS = (1.0, 1.2, 3.0, 3.2)
_HARTMANN6_SCALES = (
    (10.0, 3.0, 17.0, 3.5, 1.7, 8.0),
    (0.05, 10.0, 17.0, 0.1, 8.0, 14.0),
    (3.0, 3.5, 1.7, 10.0, 17.0, 8.0),
    (17.0, 8.0, 0.05, 10.0, 0.1, 14.0),
)
_HARTMANN6_CENTRES = (  # in units of 1e-4
    (1312, 1696, 5569, 124, 8283, 5886),
    (2329, 4135, 8307, 3736, 1004, 9991),
    (2348, 1451, 3522, 2883, 3047, 6650),
    (4047, 8828, 8732, 5743, 1091, 381),
)


def branin(x1: float, x2: float) -> float:
    """Three equal minima over [-5, 10] x [0, 15]. Source: Branin 1972; Dixon and Szegö 1978."""
    valley = x2 - 5.1 / (4.0 * math.pi**2) * x1**2 + 5.0 / math.pi * x1 - 6.0
    return valley**2 + 10.0 * (1.0 - 1.0 / (8.0 * math.pi)) * math.cos(x1) + 10.0


def hartmann6(x: Sequence[float]) -> float:
    """Six local minima over [0, 1]^6. Source: Hartman 1973; Dixon and Szegö 1978."""
    total = 0.0
    for weight, scales, centres in zip(_HARTMANN6_WEIGHTS, _HARTMANN6_SCALES, _HARTMANN6_CENTRES, strict=True):
        distances = zip(scales, x, centres, strict=True)
        total -= weight * math.exp(-sum(scale * (xj - 1e-4 * centre) ** 2 for scale, xj, centre in distances))
    return total


def rosenbrock(x: Sequence[float]) -> float:
    """A curved valley to the minimum 0 at (1, …, 1). Source: Rosenbrock 1960, summed over neighbours for d > 2."""
    return sum(100.0 * (right - left**2) ** 2 + (1.0 - left) ** 2 for left, right in pairwise(x))


def ackley(x: Sequence[float]) -> float:
    """Many shallow local minima around the deep one, 0 at 0. Source: Ackley 1987, constants 20, 0.2, 2π."""
    mean_square = sum(xj**2 for xj in x) / len(x)
    mean_wave = sum(math.cos(2.0 * math.pi * xj) for xj in x) / len(x)
    return 20.0 * -math.expm1(-0.2 * math.sqrt(mean_square)) + math.e - math.exp(mean_wave)


def six_hump_camel(x1: float, x2: float) -> float:
    """Two equal minima among six over [-3, 3] x [-2, 2]. Source: Dixon and Szegö 1978."""
    return (4.0 - 2.1 * x1**2 + x1**4 / 3.0) * x1**2 + x1 * x2 + (-4.0 + 4.0 * x2**2) * x2**2


def tree(x: Mapping[str, float]) -> float:
    """A binary tree whose four leaves have a coordinate of their own, and each half a shared one; least: 0.1.

    Source: Jenatton et al. 2017, "Bayesian optimization with tree-structured dependencies".
    """
    if x["x1"] == 0:
        return (x["x4"] ** 2 + 0.1 if x["x2"] == 0 else x["x5"] ** 2 + 0.2) + x["r8"]
    return (x["x6"] ** 2 + 0.3 if x["x3"] == 0 else x["x7"] ** 2 + 0.4) + x["r9"]


def mixed(kind: str, x1: float, x2: float, layers: int, units: int) -> float:
    """A category that chooses the function of two numbers, and which two whole numbers suit it.

    In the manner of Func2C in Ru et al. 2020 ("Bayesian optimisation over multiple continuous and categorical inputs").
    """
    best_layers, best_log2_units = _MIXED_SIZES[kind]
    misfit = 0.1 * (layers - best_layers) ** 2 + 0.2 * (math.log2(units) - best_log2_units) ** 2
    if kind == "camel":
        return six_hump_camel(x1, x2) + misfit
    return (rosenbrock((x1, x2)) / 100.0 if kind == "rosenbrock" else ackley((x1, x2)) / 2.0) + misfit
