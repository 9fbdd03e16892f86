"""hyperopt's ``hp``: hyperparameters with a label, to stand anywhere in dicts, lists and tuples.

Bounds mean what they mean there: ``loguniform`` takes the logarithms of its bounds, ``q`` rounds to its multiples.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

from rung.errors import SpaceError
from rung.integrations.hyperopt._nodes import Parameter, Rounded, Weighed, multiple
from rung.space import Choice, Float, Int, Normal

__all__ = [
    "choice",
    "lognormal",
    "loguniform",
    "normal",
    "pchoice",
    "qlognormal",
    "qloguniform",
    "qnormal",
    "quniform",
    "randint",
    "uniform",
    "uniformint",
]


def uniform(label: str, low: float, high: float) -> Parameter:
    """A number from low to high."""
    return Parameter(_label(label), Float(low, high))


def loguniform(label: str, low: float, high: float) -> Parameter:
    """A number from exp(low) to exp(high), evenly over its logarithm."""
    return Parameter(_label(label), Float(*_exponentials(label, low, high), log=True))


def quniform(label: str, low: float, high: float, q: float) -> Parameter:
    """The multiples of q to which numbers from low to high are rounded, all equally often."""
    step = _step(label, q)
    first, last = math.floor(low / step + 0.5), math.ceil(high / step - 0.5)  # an end halfway has a share of 0
    return Parameter(_label(label), Float(multiple(first * step, step), multiple(last * step, step), step=step))


def qloguniform(label: str, low: float, high: float, q: float) -> Parameter:
    """The multiple of q nearest to what ``loguniform`` draws; the study has the number before it is rounded."""
    domain = Float(*_exponentials(label, low, high), log=True)
    return Parameter(_label(label), domain, Rounded(q=_step(label, q)))


def normal(label: str, mu: float, sigma: float) -> Parameter:
    """A number with a normal distribution, cut at seven standard deviations."""
    return Parameter(_label(label), Normal(mu, sigma))


def qnormal(label: str, mu: float, sigma: float, q: float) -> Parameter:
    """The multiple of q nearest to what ``normal`` draws; the study has the number before it is rounded."""
    return Parameter(_label(label), Normal(mu, sigma), Rounded(q=_step(label, q)))


def lognormal(label: str, mu: float, sigma: float) -> Parameter:
    """A number whose logarithm has a normal distribution; the study has the logarithm."""
    return Parameter(_label(label), Normal(mu, sigma), Rounded(is_log=True))


def qlognormal(label: str, mu: float, sigma: float, q: float) -> Parameter:
    """The multiple of q nearest to what ``lognormal`` draws; the study has the logarithm before it is rounded."""
    return Parameter(_label(label), Normal(mu, sigma), Rounded(is_log=True, q=_step(label, q)))


def randint(label: str, low: int, high: int | None = None) -> Parameter:
    """A whole number below high, from low on; with a single bound, that is high, and low is 0."""
    first, end = (0, low) if high is None else (low, high)
    return Parameter(_label(label), Int(first, end - 1))


def uniformint(label: str, low: float, high: float) -> Parameter:
    """A whole number from low to high, both included, all equally often."""
    return Parameter(_label(label), Int(math.floor(low + 0.5), math.ceil(high - 0.5)))


def choice(label: str, options: Iterable[Any]) -> Parameter:
    """One of the options, which may hold hyperparameters of their own; ``fmin`` returns its index."""
    listed = _options(label, options)
    return Parameter(_label(label), Choice(range(len(listed))), options=listed)


def pchoice(label: str, p_options: Iterable[tuple[float, Any]]) -> Parameter:
    """One of the options of pairs (probability, option). The study has a number from 0 to 1 for where it falls."""
    pairs = _options(label, p_options)
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise SpaceError(
            f"hp.pchoice({label!r}) takes pairs of a probability and an option.",
            hint=f"Write hp.pchoice({label!r}, [(0.2, 'a'), (0.8, 'b')]).",
        )
    shares = [share for share, _ in pairs]
    if not math.isclose(math.fsum(shares), 1.0, rel_tol=1e-6) or min(shares) <= 0:
        raise SpaceError(
            f"the probabilities of hp.pchoice({label!r}) must be above 0 and add up to 1, got {shares}.",
            hint="Leave out what has no probability.",
        )
    ends = (*itertools.accumulate(shares[:-1]), 1.0)
    return Parameter(_label(label), Float(0.0, 1.0), Weighed(ends), tuple(option for _, option in pairs))


def _label(label: object) -> str:
    if not isinstance(label, str) or not label:
        raise SpaceError(
            f"the first argument is a label, got {label!r}.", hint="Name the hyperparameter: hp.uniform('x', 0, 1)."
        )
    return label


def _options(label: object, options: Iterable[Any]) -> tuple[Any, ...]:
    listed = tuple(options)
    if not listed:
        raise SpaceError(f"{label!r} has no options to choose among.", hint="Give at least one.")
    return listed


def _step(label: object, q: float) -> float:
    if not q > 0:
        raise SpaceError(f"{label!r} needs q > 0, got q={q!r}.", hint="Use the same without the leading q for no step.")
    return float(q)


def _exponentials(label: object, low: float, high: float) -> tuple[float, float]:
    if not high < math.log(1e300):
        raise SpaceError(
            f"{label!r} takes the logarithms of its bounds, and exp({high!r}) is beyond all numbers.",
            hint=f"Write np.log({high!r}) for the bound {high!r}.",
        )
    return math.exp(low), math.exp(high)
