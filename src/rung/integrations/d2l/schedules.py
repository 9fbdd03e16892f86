"""The book's learning-rate schedulers, chapter 12.11, as schedules: pure, so that calling one never changes it.

Each gives a rate, and takes MXNet's warmup: from ``warmup_begin_lr`` towards ``base_lr`` in ``warmup_steps`` updates,
or the former all the time where ``warmup_mode`` is "constant". Behind it all but the cosine go on as if there had been
none, as MXNet's do.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Literal

from rung.errors import SettingError
from rung.schedules import Schedule, constant, cosine, exponential, inverse_sqrt, ramp, table

Mode = Literal["linear", "constant"]


def SquareRootScheduler(  # noqa: N802  the book's name
    lr: float = 0.1, *, warmup_steps: int = 0, warmup_begin_lr: float = 0.0, warmup_mode: Mode = "linear"
) -> Schedule:
    """lr·(t + 1)^(−1/2)."""
    _check_warmup(lr, warmup_steps, warmup_begin_lr, warmup_mode)
    decay: Schedule = lr * (warmup_steps + 1) ** -0.5 * inverse_sqrt(warmup_steps + 1)
    return _warmed(decay, lr, warmup_steps, warmup_begin_lr, warmup_mode)


def FactorScheduler(  # noqa: N802  the book's name
    factor: float = 1.0,
    stop_factor_lr: float = 1e-7,
    base_lr: float = 0.1,
    *,
    warmup_steps: int = 0,
    warmup_begin_lr: float = 0.0,
    warmup_mode: Mode = "linear",
) -> Schedule:
    """max(stop_factor_lr, base_lr·factor^(t + 1)), what the book's object gives at call number t, the first being 0."""
    _check_warmup(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
    first = base_lr * factor ** (warmup_steps + 1)
    decay: Schedule = (
        stop_factor_lr * constant()
        if first <= stop_factor_lr
        else first * exponential(factor, floor=stop_factor_lr / first)
    )
    return _warmed(decay, base_lr, warmup_steps, warmup_begin_lr, warmup_mode)


def MultiFactorScheduler(  # noqa: N802  the book's name
    step: Sequence[int],
    factor: float = 1.0,
    base_lr: float = 0.01,
    *,
    warmup_steps: int = 0,
    warmup_begin_lr: float = 0.0,
    warmup_mode: Mode = "linear",
) -> Schedule:
    """base_lr·factor^(number of steps ≤ t). step: increasing."""
    _check_warmup(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
    if list(step) != sorted(set(step)):
        raise SettingError(f"the steps {list(step)} do not increase.", hint="Sort them.")
    passed = bisect.bisect_right(step, warmup_steps)
    points = [(0, factor**passed)]
    points += [(each - warmup_steps, factor ** (passed + count)) for count, each in enumerate(step[passed:], start=1)]
    decay: Schedule = base_lr * table(points)
    return _warmed(decay, base_lr, warmup_steps, warmup_begin_lr, warmup_mode)


def CosineScheduler(  # noqa: N802, PLR0917  the book's name and signature
    max_update: int,
    base_lr: float = 0.01,
    final_lr: float = 0.0,
    warmup_steps: int = 0,
    warmup_begin_lr: float = 0.0,
    warmup_mode: Mode = "linear",
) -> Schedule:
    """final_lr + (base_lr − final_lr)·(1 + cos(π·(t − W) / (T − W))) / 2 for W ≤ t ≤ T, and final_lr from then on.

    max_update: T, the warmup's W = ``warmup_steps`` included.
    """
    _check_warmup(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
    if max_update <= warmup_steps:
        raise SettingError(
            f"a warmup of {warmup_steps} updates leaves none of {max_update} for the cosine.",
            hint="max_update counts the warmup as well.",
        )
    decay: Schedule = base_lr * cosine(max_update - warmup_steps, end=final_lr / base_lr)
    return _warmed(decay, base_lr, warmup_steps, warmup_begin_lr, warmup_mode)


def _check_warmup(base_lr: float, steps: int, begin: float, mode: str) -> None:
    if base_lr <= 0:
        raise SettingError(f"{base_lr!r} is no learning rate to begin with.", hint="Give a positive number.")
    if steps < 0 or not 0 <= begin <= base_lr:
        raise SettingError(
            f"warmup_steps={steps!r} and warmup_begin_lr={begin!r} are no warmup to {base_lr!r}.",
            hint="Give 0 steps or more, and a rate from 0 to that.",
        )
    if mode not in {"linear", "constant"}:
        raise SettingError(f"there is no warmup_mode {mode!r}.", hint="There are linear and constant.")


def _warmed(decay: Schedule, base_lr: float, steps: int, begin: float, mode: Mode) -> Schedule:
    if steps == 0:
        return decay
    warm: Schedule = base_lr * ramp(steps, start=begin / base_lr, end=1.0, shape=mode)
    return warm.then(decay)
