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
