"""Numbers as people give them: of Python, NumPy and others, or refused by name."""

from __future__ import annotations

from numbers import Integral

from rung.checks import as_float
from rung.errors import SettingError


def as_number(name: str, given: object) -> float:
    """The number as a float, whatever library it is of. SettingError for anything else, such as text and bool."""
    found = as_float(given)
    if found is None:
        raise SettingError(f"{name}={given!r} is no number.", hint=f"Give a number: {name}=0.1.")
    return found


def check_whole(name: str, given: object) -> None:
    """SettingError for what is no integer."""
    if isinstance(given, bool) or not isinstance(given, Integral):
        raise SettingError(f"{name}={given!r} is no whole number.", hint=f"Give a whole number: {name}=5.")
