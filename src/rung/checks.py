"""Checks of numbers that are given as settings: those of NumPy and other libraries will do, bool and text won't.

What comes back is Python's own number. SettingError names the setting, what is allowed and what was given; its hint is
the ``example``, a number or a text that begins with one, such as ``"8, or leave it out"``.
"""

from __future__ import annotations

import math
import operator
from typing import SupportsFloat

from rung.errors import SettingError


def whole_number(name: str, value: object, *, at_least: int, example: int | str) -> int:
    """``value`` as an int; 3.0 is no whole number."""
    try:
        found = operator.index(value)  # type: ignore[arg-type]  # what has no index is refused
    except TypeError:
        found = None
    if found is None or isinstance(value, bool) or found < at_least:
        raise _refused(name, value, f"a whole number, at least {at_least}", example)
    return found


def number(
    name: str,
    value: object,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
    at_most: float = math.inf,
    may_be_infinite: bool = False,
    example: float | str,
) -> float:
    """``value`` as a float within these bounds, never NaN; infinity only where it may be."""
    given = as_float(value)
    found = math.nan if given is None else given
    is_usable = above < found < below or (may_be_infinite and found == math.inf)
    if not (is_usable and at_least <= found <= at_most):
        bounds = {"above": above, "at least": at_least, "below": below, "at most": at_most}
        limits = " and ".join(f"{word} {bound:g}" for word, bound in bounds.items() if math.isfinite(bound))
        is_bounded = may_be_infinite or min(below, at_most) < math.inf
        allowed = "a number" if is_bounded else "a finite number"
        raise _refused(name, value, f"{allowed}, {limits}" if limits else allowed, example)
    return found


def as_float(value: object) -> float | None:
    """The number in a Python, NumPy or tensor scalar, NaN and infinity too; None for what is no single number."""
    is_other = isinstance(value, bool | str | bytes | complex) or _is_array_of_other(value)
    if is_other or not isinstance(value, SupportsFloat):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):  # an array of several, or too large
        return None


def _is_array_of_other(value: object) -> bool:
    """Whether the values in an array or tensor are truth values, complex, or none at all."""
    dtype = getattr(value, "dtype", "float")
    kind = str(getattr(dtype, "name", dtype)).rpartition(".")[2]  # torch's has no name, and begins with torch's
    return not kind.startswith(("float", "bfloat", "int", "uint"))


def _refused(name: str, value: object, allowed: str, example: object) -> SettingError:
    return SettingError(f"{name} must be {allowed}, not {value!r}.", hint=f"Give for instance {example}.")
