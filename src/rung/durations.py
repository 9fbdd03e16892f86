"""Durations as people write them: ``90``, ``90s``, ``30min``, ``2h``, ``1d12h``."""

from __future__ import annotations

import math
import re
from numbers import Real

from rung.errors import SettingError

_UNITS = {"d": 86_400.0, "h": 3600.0, "min": 60.0, "s": 1.0}
_PART = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_PARTS = re.compile("".join(rf"(?:(?P<{unit}>{_PART}){unit})?" for unit in _UNITS))
_NUMBER = re.compile(rf"{_PART}(?:[eE][+-]?[0-9]+)?")


def as_seconds(given: float | str, *, name: str = "duration") -> float:
    """The seconds that a number or a text stands for; a number without a unit is of seconds.

    SettingError, which calls the value ``name``, unless it is finite and more than 0.
    """
    seconds = _read(given) if isinstance(given, str) else _number(given)
    if seconds is None or not 0.0 < seconds < math.inf:
        raise SettingError(f"{name}={given!r} is not a duration.", hint="Write 90, 90s, 30min, 2h or 1d12h.")
    return seconds


def duration_text(seconds: float) -> str:
    """A short text that ``as_seconds`` reads: ``2h``, ``1h30min``, ``0.5s``; from a minute on to the second."""
    if round(seconds) < 60:
        return f"{seconds:.3g}s"
    parts, rest = [], round(seconds)
    for unit, length in _UNITS.items():
        count, rest = divmod(rest, int(length))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def _number(given: object) -> float | None:
    return None if isinstance(given, bool) or not isinstance(given, Real) else float(given)


def _read(text: str) -> float | None:
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    found = _PARTS.fullmatch(text)
    if not text or found is None:
        return None
    return sum(float(count) * _UNITS[unit] for unit, count in found.groupdict().items() if count is not None)
