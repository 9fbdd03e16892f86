"""Distributions for the defaults of a model function's parameters, whose names become the labels.

Arguments are those of ``rung.integrations.hyperopt.hp``, without the label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, final

from rung.errors import SpaceError
from rung.integrations.hyperopt import hp
from rung.integrations.hyperopt._nodes import Parameter

__all__ = [
    "Unlabelled",
    "choice",
    "lognormal",
    "loguniform",
    "normal",
    "qlognormal",
    "qloguniform",
    "qnormal",
    "quniform",
    "randint",
    "uniform",
]


@final
@dataclass(frozen=True)
class Unlabelled:
    """A hyperparameter that has no name yet."""

    labelled: Callable[[str], Parameter]


def choice(options: Iterable[Any]) -> Unlabelled:
    """One of the options. SpaceError for a distribution among them, as it would have no name."""
    listed = tuple(options)
    if any(isinstance(option, Unlabelled) for option in listed):
        raise SpaceError(
            "a distribution can't be an option of choice().",
            hint="Give it a parameter of its own, which the model function reads where it needs it.",
        )
    return Unlabelled(lambda label: hp.choice(label, listed))


def uniform(low: float, high: float) -> Unlabelled:
    """A number from low to high."""
    return Unlabelled(lambda label: hp.uniform(label, low, high))


def loguniform(low: float, high: float) -> Unlabelled:
    """A number from exp(low) to exp(high), evenly over its logarithm."""
    return Unlabelled(lambda label: hp.loguniform(label, low, high))


def quniform(low: float, high: float, q: float) -> Unlabelled:
    """The multiples of q to which numbers from low to high are rounded."""
    return Unlabelled(lambda label: hp.quniform(label, low, high, q))


def qloguniform(low: float, high: float, q: float) -> Unlabelled:
    """The multiple of q nearest to what ``loguniform`` draws."""
    return Unlabelled(lambda label: hp.qloguniform(label, low, high, q))


def normal(mu: float, sigma: float) -> Unlabelled:
    """A number with a normal distribution."""
    return Unlabelled(lambda label: hp.normal(label, mu, sigma))


def qnormal(mu: float, sigma: float, q: float) -> Unlabelled:
    """The multiple of q nearest to what ``normal`` draws."""
    return Unlabelled(lambda label: hp.qnormal(label, mu, sigma, q))


def lognormal(mu: float, sigma: float) -> Unlabelled:
    """A number whose logarithm has a normal distribution."""
    return Unlabelled(lambda label: hp.lognormal(label, mu, sigma))


def qlognormal(mu: float, sigma: float, q: float) -> Unlabelled:
    """The multiple of q nearest to what ``lognormal`` draws."""
    return Unlabelled(lambda label: hp.qlognormal(label, mu, sigma, q))


def randint(low: int, high: int | None = None) -> Unlabelled:
    """A whole number below high, from low on; with a single bound, that is high, and low is 0."""
    return Unlabelled(lambda label: hp.randint(label, low, high))
