"""Checks of the numbers from which rungs follow."""

from __future__ import annotations

from rung.checks import whole_number
from rung.errors import SettingError


def training_lengths(max_t: object, grace_period: object, reduction_factor: object) -> tuple[int, int, int]:
    """The three numbers from which rungs follow, checked. SettingError also where no trial reaches the first rung."""
    longest = whole_number("max_t", max_t, at_least=1, example=81)
    first = whole_number("grace_period", grace_period, at_least=1, example=1)
    factor = whole_number("reduction_factor", reduction_factor, at_least=2, example=3)
    check_first_rung(longest, first)
    return longest, first, factor


def check_first_rung(max_t: int, step: int, *, name: str = "grace_period") -> None:
    """SettingError where no trial reaches the first rung, because that is past the end of a full training.

    name: of the setting that says at which step the rung is.
    """
    if max_t < step:
        raise SettingError(
            f"max_t={max_t} is below {name}={step}, so no trial could reach the first rung.",
            hint=f"Use {name} <= {max_t}, or a higher max_t.",
        )
