"""Values of hyperparameters that can't stand in a log, under names that can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from rung.errors import SpaceError
from rung.space import Choice
from rung.space.values import freeze

_LONGEST_NAME: Final = 60


def as_dimension(given: Any) -> Any:
    """What stands for a domain: a list or 1-d array becomes a Choice, of names where values can't stand in a log."""
    if not is_listed(given):
        return given
    values = list(given)
    return Choice(values) if all(map(_is_scalar, values)) else Choice(_named(values))


def is_listed(given: Any) -> bool:
    """Whether it lists values, as scikit-learn's parameter grids do."""
    return isinstance(given, np.ndarray) or (isinstance(given, Sequence) and not isinstance(given, str | bytes))


def _is_scalar(value: object) -> bool:
    """Whether a configuration can carry it as it is. Sequences come back from a log as lists, so they can't."""
    try:
        return not isinstance(freeze(value), tuple)
    except SpaceError:
        return False


def _named(values: Sequence[Any]) -> dict[str, Any]:
    """A name for each value: short, and the same in each process."""
    named: dict[str, Any] = {}
    for value in values:
        name = stem = _text(value)
        count = 1
        while name in named:
            count += 1
            name = f"{stem} #{count}"
        named[name] = value
    return named


def _text(value: object) -> str:
    """A short text without addresses in memory."""
    if isinstance(value, str):
        return value
    if isinstance(name := getattr(value, "__name__", None), str):  # of functions and classes
        return name
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST_NAME and " at 0x" not in text else type(value).__name__
