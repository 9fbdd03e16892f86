"""Hyperparameters of TensorBoard as domains. TensorBoard is not imported: its objects are known by what they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from rung.errors import SpaceError
from rung.space.categories import Choice, Constant, Ordinal
from rung.space.domain import Domain
from rung.space.integers import Int
from rung.space.reals import Float


@runtime_checkable
class HParam(Protocol):
    """What ``hp.HParam("units", hp.Discrete([16, 32]))`` gives."""

    name: str
    domain: Any
    display_name: str | None
    description: str | None


@runtime_checkable
class Discrete(Protocol):
    """What ``hp.Discrete([16, 32])`` gives; TensorBoard sorts the values."""

    dtype: type
    values: Sequence[Any]
    sample_uniform: Any


@runtime_checkable
class Interval(Protocol):
    """What ``hp.RealInterval(0.1, 0.2)`` and ``hp.IntInterval(16, 32)`` give; both ends belong to it."""

    dtype: type
    min_value: float
    max_value: float
    sample_uniform: Any


def from_hparam(given: HParam | Discrete | Interval) -> Domain:
    """The domain that is meant. SpaceError for a hyperparameter without one.

    RealInterval becomes Float, IntInterval Int, Discrete an Ordinal of numbers or a Choice of others, and what has one
    value only a Constant.
    """
    domain = given.domain if isinstance(given, HParam) else given
    if isinstance(domain, Interval):
        if domain.min_value == domain.max_value:
            return Constant(domain.min_value)
        if domain.dtype is int:
            return Int(int(domain.min_value), int(domain.max_value))
        return Float(domain.min_value, domain.max_value)
    if isinstance(domain, Discrete):
        values = list(dict.fromkeys(domain.values))
        if len(values) == 1:
            return Constant(values[0])
        return Ordinal(values) if domain.dtype in {int, float} else Choice(values)
    raise SpaceError(
        f"{given!r} does not say what it can be.",
        hint="Give it a domain, as in hp.HParam('units', hp.IntInterval(16, 64)).",
    )


def by_name(given: Any) -> Any:
    """A list of hyperparameters as a mapping from their names; anything else as it is. SpaceError for a name twice."""
    if isinstance(given, Mapping) or not isinstance(given, Sequence) or isinstance(given, str) or not given:
        return given
    if not all(isinstance(each, HParam) for each in given):
        return given
    named = {each.name: each for each in given}
    if len(named) < len(given):
        twice = [each.name for each in given if named[each.name] is not each]
        raise SpaceError(f"there are two hyperparameters {twice[0]!r}.", hint="Give one of them another name.")
    return named
