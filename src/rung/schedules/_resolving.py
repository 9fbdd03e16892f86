"""How the parts of a chain share the updates of a training."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import structs

from rung.errors import SettingError
from rung.schedules.lengths import Fraction, Horizon, Length, Mixed, updates
from rung.schedules.ramps import Constant
from rung.schedules.schedule import Schedule


def check_some(parts: Sequence[Schedule]) -> None:
    """SettingError when there are none."""
    if not parts:
        raise SettingError("there are no schedules to combine.", hint="Give one or more.")


def check_units(parts: Sequence[Schedule], verb: str) -> None:
    """SettingError when there are none, and for a rate and a factor."""
    check_some(parts)
    if len({each.unit for each in parts}) > 1:
        raise SettingError(
            f"a rate and a factor can't be {verb}.", hint="Multiply the factor by a learning rate: 0.3 * schedule."
        )


def span(part: Schedule) -> Length | Mixed | float | None:
    """The length of a part that others follow: so a constant without one takes what they leave."""
    return None if isinstance(part, Constant) and part.steps is None else part.length


def resolved_parts(parts: Sequence[Schedule], horizon: Horizon) -> list[Schedule]:
    """Each in updates: first those that say their length, then the one that takes the rest."""
    inner = structs.replace(horizon, is_whole=False, spare=0)
    is_open = parts[-1].length == math.inf
    limited = parts[:-1] if is_open else parts
    takers = [index for index, each in enumerate(limited) if span(each) is None]
    if len(takers) > 1:
        raise SettingError("several parts of the schedule have no length.", hint="Give all but one of them a length.")
    resolved = [each if index in takers else each.resolved(inner) for index, each in enumerate(parts)]
    lengths = [0 if index in takers else updates(each.length) for index, each in enumerate(resolved[: len(limited)])]
    for index in takers:
        rest = horizon.rest - sum(lengths)
        if rest < 1:
            raise SettingError(
                f"the other parts of the schedule take {sum(lengths)} of {horizon.rest} updates: none are left.",
                hint="Shorten them, or train for longer.",
            )
        taker = parts[index]
        is_constant = isinstance(taker, Constant)
        resolved[index] = (
            structs.replace(taker, steps=rest) if is_constant else taker.resolved(structs.replace(inner, rest=rest))
        )
    if not takers and (spare := _spare(limited, lengths, horizon, is_open=is_open)):
        longest = max(range(len(limited)), key=lengths.__getitem__)
        resolved[longest] = parts[longest].resolved(structs.replace(inner, spare=spare))
    return resolved


def _spare(parts: Sequence[Schedule], lengths: list[int], horizon: Horizon, *, is_open: bool) -> int:
    """What rounding leaves of the training when the parts are fractions of it. SettingError when they don't sum."""
    shares = [each.length.share for each in parts if isinstance(each.length, Fraction)]
    if not horizon.is_whole or not shares or len(shares) < len(parts):
        return horizon.spare
    whole = sum(shares)
    is_full = math.isclose(whole, 1.0, rel_tol=1e-9)
    if not is_full and not (is_open and whole < 1):
        raise SettingError(
            f"the fractions of the schedule sum to {whole:g}, not to 1.",
            hint="Leave out the length of one part: it takes what the others leave.",
        )
    return horizon.total - sum(lengths) if is_full else 0
