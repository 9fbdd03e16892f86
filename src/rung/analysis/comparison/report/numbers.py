"""Numbers as a report shows them: as many digits as say something."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from rung.analysis.comparison.bootstrap import Interval
from rung.analysis.comparison.runs import Axis, Budget

DIGITS: Final = 3  # significant ones
DECIMALS: Final = 6  # at most; smaller numbers are powers of ten
MORE_DECIMALS: Final = 2  # that narrow intervals may add to a column of wide ones
LARGEST: Final = 1e7  # from which on numbers are powers of ten
NOTHING: Final = "–"

_UNITS: Final[dict[Axis, tuple[str, str]]] = {
    "evaluations": ("evaluation", "evaluations"),
    "steps": ("step of training", "steps of training"),
    "simulated_s": ("simulated", "simulated"),
    "wall_s": ("of wall-clock time", "of wall-clock time"),
}


def value(number: float | None, *, beside: Sequence[float] = ()) -> str:
    """Three significant digits, and more where it takes them to tell it from the numbers beside it; a dash for None.

    ``1,234`` from a thousand on, and powers of ten for what is very small or very large.
    """
    if number is None or not math.isfinite(number):
        return NOTHING
    return _shown(number, _decimals([number, *beside], spread=_spread([number, *beside])))


def values(column: Sequence[float | None]) -> tuple[str, ...]:
    """A column of numbers with the same decimals, so many that they can be told apart; dashes for None."""
    return intervals([None if each is None else Interval(each, each, each) for each in column], is_single=True)


def interval(found: Interval | None) -> str:
    """``0.12 [0.08, 0.17]``: all three with the same number of decimals; a dash for None."""
    return intervals([found])[0]


def intervals(column: Sequence[Interval | None], *, is_single: bool = False) -> tuple[str, ...]:
    """A column of them with the same decimals, so many that intervals and differences can be seen; dashes for None.

    is_single: shows the estimates alone.
    """
    there = [(each.estimate, each.low, each.high) for each in column if each is not None]
    estimates = [three[0] for three in there]
    everything = [number for three in there for number in three]
    if not everything:
        return (NOTHING,) * len(column)
    coarse = _decimals(everything, spread=_spread(estimates))
    narrow = max(_decimals(three, spread=_spread(three)) for three in there)
    decimals = coarse if is_single or coarse > DECIMALS else max(coarse, min(narrow, coarse + MORE_DECIMALS, DECIMALS))
    return tuple(NOTHING if each is None else _triple(each, decimals, is_single=is_single) for each in column)


def p_value(p: float) -> str:
    """``0.013``, or ``< 0.001`` for a smaller one."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def percent(share: float | None) -> str:
    """``80 %``, with a digit more below ten; a dash for None."""
    if share is None:
        return NOTHING
    per_cent = 100 * share
    if 0 < per_cent < 0.1:
        return "< 0.1 %"
    return f"{per_cent:.0f} %" if per_cent >= 9.95 or per_cent == 0 else f"{per_cent:.1f} %"


def seconds(duration: float | None) -> str:
    """``3.2 ms``, ``12 s``, ``5 min 10 s``, ``3 h 20 min``; a dash for None."""
    if duration is None:
        return NOTHING
    if duration == 0:
        return "0 s"
    if duration < 0.9995:
        return f"{_plain(1000 * duration)} ms" if duration >= 1e-6 else "< 0.001 ms"
    if duration < 99.5:
        return f"{_plain(duration)} s"
    whole = round(duration)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(duration / 60)
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} days {minutes % 1440 // 60} h"


def spent(amount: float | None, axis: Axis) -> str:
    """A place on an axis: a count, or a duration."""
    if amount is None:
        return NOTHING
    if axis in {"simulated_s", "wall_s"}:
        return seconds(amount)
    return f"{amount:,.0f}" if amount == round(amount) else f"{amount:,.1f}"


def budget(given: Budget) -> str:
    """``50 evaluations``, ``2 h 0 min simulated, 4 workers``."""
    one, many = _UNITS[given.axis]
    workers = "" if given.workers == 1 else f", {given.workers} workers"
    return f"{spent(given.limit, given.axis)} {one if given.limit == 1 else many}{workers}"


def counted(number: int, one: str, many: str = "") -> str:
    """``1 seed``, ``2,000 seeds``."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def listed(words: Sequence[str], *, last: str = "and") -> str:
    """``a, b and c``."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def ranges(numbers: Iterable[int]) -> str:
    """``0–4, 7``: whole numbers, each once."""
    ordered = sorted(set(numbers))
    found = []
    for _, run in groupby(enumerate(ordered), key=lambda each: each[1] - each[0]):
        members = [number for _, number in run]
        if len(members) < 3:
            found += [f"{number}" for number in members]
        else:
            found.append(f"{members[0]}–{members[-1]}")
    return ", ".join(found)


def _plain(number: float) -> str:
    return _fixed(number, _decimals([number], spread=0.0))


def _triple(found: Interval, decimals: int, *, is_single: bool) -> str:
    middle, low, high = (_shown(each, decimals) for each in (found.estimate, found.low, found.high))
    return middle if is_single else f"{middle} [{low}, {high}]"


def _shown(number: float, decimals: int) -> str:
    """With so many decimals, or as a power of ten where they would show next to nothing of it, or far too much."""
    if decimals > DECIMALS or abs(number) >= LARGEST or 0 < abs(number) < 10.0**-decimals:
        return _with_power(number)
    return _fixed(number, decimals)


def _spread(numbers: Sequence[float]) -> float:
    return max(numbers) - min(numbers)


def _decimals(numbers: Sequence[float], *, spread: float) -> int:
    """As many as show three digits of the largest number and two of the spread.

    More than ``DECIMALS`` where even the largest number is too small for that many.
    """
    first = DIGITS - 1 - _power(max(map(abs, numbers)))
    return first if first > DECIMALS else min(DECIMALS, max(0, first, 1 - _power(spread)))


def _power(number: float) -> int:
    """Of ten, of the first of its digits that are shown; for 0, which needs none, one above them."""
    return int(f"{number:.{DIGITS - 1}e}".partition("e")[2]) if number > 0 else DIGITS


def _fixed(number: float, decimals: int) -> str:
    text = f"{number:,.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text.replace("-", "−")


def _with_power(number: float) -> str:
    if number == 0:
        return "0"
    digits, _, power = f"{number:.{DIGITS - 1}e}".partition("e")
    return f"{digits}e{int(power)}".replace("-", "−")
