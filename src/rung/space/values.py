"""The values of configs: plain JSON without NumPy scalars, and with True and 1 told apart."""

from __future__ import annotations

import math
import sys
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from rung.errors import SpaceError

if TYPE_CHECKING:
    from rung.types import Json

LARGEST_INT = 2**53  # beyond it, JSON readers that keep numbers as doubles (browsers) change integers

Frozen: TypeAlias = Any
"""None, bool, int, float, str, or tuples of these: JSON that nobody can change."""


def plain(value: Any) -> Any:
    """The Python value that a NumPy scalar or 0-d array holds; anything else as it is. Doesn't import NumPy."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.generic, numpy.ndarray)) and value.ndim == 0:
        return value.item()
    return value


def is_number(value: object) -> TypeGuard[float]:
    """An int or a float, but not a bool."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def real(value: object, name: str) -> float:
    """``value`` as a finite float, -0.0 as 0.0. SpaceError calls it ``name``."""
    number = plain(value)
    if not is_number(number):
        raise SpaceError(f"{name} must be a number, got {value!r}.")
    try:
        finite = float(number)
    except OverflowError:
        finite = math.inf
    if not math.isfinite(finite):
        raise SpaceError(
            f"{name} must be finite, got {number}.", hint="For numbers without bounds use normal(mean, std)."
        )
    return finite + 0.0


def whole(value: object, name: str) -> int:
    """``value`` as an int of at most 2**53 in size; 3.0 is 3. SpaceError calls it ``name``."""
    number = plain(value)
    if not is_number(number) or number != number // 1:  # NaN and infinity are unequal to their own floor, which is NaN
        raise SpaceError(f"{name} must be an integer, got {value!r}.", hint="For other numbers use Float.")
    if abs(number) > LARGEST_INT:
        raise SpaceError(f"{name} must lie within ±2**53, got {number}.", hint="Use Float for numbers this large.")
    return int(number)


def tidy(value: object, name: str) -> float:
    """``value`` as a finite number, an int where it is integral, so that equal numbers have one JSON form."""
    number = real(value, name)
    return int(number) if number.is_integer() and abs(number) <= LARGEST_INT else number


def flag(value: object, name: str) -> bool:
    """``value``, if it is True or False. SpaceError calls it ``name``."""
    if not isinstance(value, bool):
        raise SpaceError(f"{name} must be True or False, got {value!r}.")
    return value


def freeze(value: object) -> Frozen:
    """A JSON scalar, or a list or tuple of such, as a value that can't be changed. SpaceError for anything else."""
    value = plain(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # the text itself, also of an Enum that is a str
    if isinstance(value, int):
        return whole(value, "a value")
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, (list, tuple)):
        return tuple(freeze(item) for item in value)
    raise SpaceError(
        f"{value!r} can't stand in a config, which is JSON: None, bool, finite number, str, or a list of these.",
        hint='Give it a name, Choice({"name": object}), and look the name up in the training function.',
    )


def thaw(value: Frozen) -> Json:
    """A frozen value as JSON, where sequences are (new) lists."""
    return [thaw(item) for item in value] if type(value) is tuple else value


def identity(value: Any) -> Hashable:
    """A key that equal values share: 1 and 1.0, a list and a tuple; but not True and 1. TypeError when unhashable."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, (list, tuple)):
        return ("list", *[identity(item) for item in value])
    hash(value)
    return value  # type: ignore[no-any-return]  # the line above made sure


def distinct(values: Iterable[Json]) -> list[Json]:
    """The values without repetitions, in order."""
    return list({identity(value): value for value in values}.values())


def listing(values: Sequence[object], most: int = 8) -> str:
    """The values for a message, shortened where they are many."""
    shown = ", ".join(repr(thaw(value)) for value in values[:most])
    return f"{shown} and {len(values) - most} more" if len(values) > most else shown
