"""How figures tell methods apart, the same in all figures of one comparison; and how they name its axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from rung.analysis._frame import time_unit
from rung.analysis.comparison.result import Comparison
from rung.analysis.comparison.runs import Axis

# Those that Okabe and Ito (2008) chose for colour-blind people, without their yellow, which is too pale for a line.
COLORS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
Dash: TypeAlias = Literal["-", "--", ":", "-."]
DASHES: Final[tuple[Dash, ...]] = get_args(Dash)
BAND: Final = 0.15  # opacity
LINE: Final = 1.6  # points
NOUNS: Final[Mapping[Axis, str]] = {
    "evaluations": "evaluations",
    "steps": "steps of training",
    "simulated_s": "simulated time",
    "wall_s": "wall-clock time",
}


class MethodLook(NamedTuple):
    """Colour and dashes of a line."""

    color: str
    dash: Dash


def looks_of(methods: Sequence[str]) -> Mapping[str, MethodLook]:
    """Colours first, then the same ones with other dashes."""
    return {
        method: MethodLook(COLORS[number % len(COLORS)], DASHES[number // len(COLORS) % len(DASHES)])
        for number, method in enumerate(methods)
    }


def short_names(names: Sequence[str], most: int = 22) -> tuple[str, ...]:
    """The names, long ones with an ellipsis in their middle; where that makes two alike, with what differs."""
    found = [_without_middle(name, most) for name in names]
    alike = [[other for other, short in zip(names, found, strict=True) if short == own] for own in found]
    return tuple(
        short if len(group) == 1 else _with_difference(name, _common(group), most)
        for name, short, group in zip(names, found, alike, strict=True)
    )


def _common(names: Sequence[str]) -> int:
    """How many letters all of them begin with."""
    return next((place for place, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1), 0)


def _without_middle(name: str, most: int) -> str:
    if len(name) <= most:
        return name
    tail = (most - 1) // 2
    return f"{name[: most - 1 - tail]}…{name[-tail:]}"


def _with_difference(name: str, place: int, most: int) -> str:
    """The beginning, and what stands around the first place at which it differs from others."""
    start = max(place - 4, most // 3 + 1)
    return f"{name[: most // 3]}…{name[start : start + most - most // 3 - 2]}…"


class Ruler(NamedTuple):
    """What a horizontal axis says. unit: by which numbers are divided."""

    label: str
    unit: float


def ruler_of(axis: Axis, end: float) -> Ruler:
    """Times in a unit that reads well."""
    if axis in {"evaluations", "steps"}:
        return Ruler(NOUNS[axis], 1.0)
    name, seconds = time_unit(end)
    return Ruler(f"{NOUNS[axis]} [{name}]", seconds)


def shared_ruler(comparison: Comparison) -> Ruler:
    """That of figures over all problems."""
    if comparison.is_share:
        return Ruler(f"{NOUNS[comparison.axis]} [% of each problem's end]", 0.01)
    return ruler_of(comparison.axis, comparison.grid[-1] if comparison.grid else 0.0)
