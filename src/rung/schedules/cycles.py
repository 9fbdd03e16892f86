"""Schedules that come back: restarts, cyclic rates, one cycle."""

from __future__ import annotations

from typing import Literal

from rung.errors import SettingError
from rung.schedules._numbers import as_number
from rung.schedules._one_cycle import OneCycle
from rung.schedules.combining import Repeat
from rung.schedules.decays import exponential
from rung.schedules.lengths import Steps, as_optional_length
from rung.schedules.ramps import constant, cosine, ramp
from rung.schedules.schedule import Schedule


def repeat(part: Schedule, times: int | None = None, *, stretch: float = 1.0, height: float = 1.0) -> Schedule:
    """The part again and again; without ``times``, for ever.

    Cycle k = 0, 1, … has ⌊n·stretch^k + 1/2⌋ updates, n being those of the part, and height^k times its values.
    """
    if not isinstance(part, Schedule):
        raise SettingError(f"{part!r} is no schedule.", hint="Give the cycle itself: repeat(cosine(10)).")
    return Repeat(part, times, as_number("stretch", stretch), as_number("height", height))


def restarts(
    first: Steps | None, *, stretch: float = 1.0, height: float = 1.0, end: float = 0.0, times: int | None = None
) -> Schedule:
    """Cosine cycles: end + (1 − end)·height^k·(1 + cos(π·u)) / 2, u being the place in cycle k, in [0, 1).

    first: length of the first cycle; the others as in ``repeat``. Source: Loshchilov and Hutter 2017, eq. 5, with
    stretch as their T_mult.
    """
    return _above(as_number("end", end), repeat(cosine(first), times, stretch=stretch, height=height))


def cyclic(
    up: Steps, down: Steps | None = None, *, low: float = 0.1, height: float = 1.0, gamma: float = 1.0
) -> Schedule:
    """Triangles from ``low`` to 1 in ``up`` updates and back in ``down``, by default as many.

    low + (1 − low)·height^k·gamma^t·(the triangle from 0 to 1 and back) in cycle k = 0, 1, … Source: Smith 2017,
    section 3: height 1 is triangular, 1/2 triangular2, gamma < 1 exp_range.
    """
    triangle = ramp(up, start=0.0, end=1.0).then(ramp(up if down is None else down))
    cycles = repeat(triangle, height=height)
    return _above(as_number("low", low), cycles if gamma == 1 else cycles * exponential(gamma))


def one_cycle(
    steps: Steps | None = None,
    *,
    peak_at: float = 0.3,
    start: float = 0.04,
    end: float = 4e-6,
    shape: Literal["cosine", "linear"] = "cosine",
    phases: Literal[2, 3] = 2,
) -> Schedule:
    """From ``start`` to 1 at update peak_at·n − 1, and to ``end`` at the last update n − 1, where it stays.

    phases: with 3 it is back at ``start`` at 2·(peak_at·n − 1). Source: Smith and Topin 2019; the corners are those of
    torch's OneCycleLR, with start = 1 / div_factor and end = start / final_div_factor.
    """
    if shape not in {"cosine", "linear"} or phases not in {2, 3}:
        raise SettingError(
            f"there is no cycle with shape={shape!r} and phases={phases!r}.",
            hint="There are cosine and linear, 2 and 3 phases.",
        )
    return OneCycle(
        as_optional_length(steps),
        as_number("peak_at", peak_at),
        as_number("start", start),
        as_number("end", end),
        shape,
        phases == 3,
    )


def _above(low: float, cycles: Schedule) -> Schedule:
    """Values in [0, 1] brought to [low, 1]."""
    if low == 0:
        return cycles
    raised: Schedule = constant(low) + constant(1 - low) * cycles
    return raised
