"""How long a part of a schedule is: so many updates, so many epochs, or a fraction of the whole training."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Annotated, Any, TypeAlias, final

from msgspec import Meta, Struct

from rung.errors import SettingError
from rung.schedules._numbers import as_number


@final
class Epochs(Struct, frozen=True, tag="epochs", forbid_unknown_fields=True):
    """So many passes over the training examples; need not be whole."""

    count: float

    def __post_init__(self) -> None:
        if not 0 < as_number("count", self.count) < math.inf:
            raise SettingError(f"Epochs({self.count!r}) is no length.", hint="Give a positive number.")


@final
class Fraction(Struct, frozen=True, tag="fraction", forbid_unknown_fields=True):
    """That part of the whole training, in [0, 1]."""

    share: float

    def __post_init__(self) -> None:
        if not 0 <= as_number("share", self.share) <= 1:
            raise SettingError(
                f"{self.share!r} is no fraction of the training.",
                hint="An int is a number of updates, a float in [0, 1] a fraction of them all; Epochs(10) are epochs.",
            )


Length: TypeAlias = Annotated[int, Meta(ge=0)] | Epochs | Fraction
"""Updates, epochs, or a fraction of the training."""


@final
class Mixed(Struct, frozen=True):
    """A length that is made of several kinds, so that it is known only when it is resolved."""


Period: TypeAlias = Annotated[int, Meta(ge=1)] | Epochs | Fraction
"""The same, and not zero."""


@final
class Horizon(Struct, frozen=True, kw_only=True):
    """What lengths are resolved against.

    total: updates of the whole training. rest: those that a part without a length takes. is_whole: whether what is
    resolved has to fill the whole training. spare: what rounding has left over for this part, possibly negative.
    """

    total: int
    rest: int
    steps_per_epoch: float | None = None
    is_whole: bool = True
    spare: int = 0

    def span(self, length: Length | None) -> int:
        """The length of a part as a number of updates, with what rounding has left over. None: the rest."""
        if length is None:
            return self.rest
        spare = self.spare if isinstance(length, Fraction) else 0
        return max(1, self.updates(length) + spare) if spare else self.updates(length)

    def updates(self, length: Length) -> int:
        """A length as a number of updates, halves rounded up; at least 1 unless it is 0."""
        if isinstance(length, int):
            return length
        if isinstance(length, Fraction):
            return _rounded(length.share * self.total)
        if self.steps_per_epoch is None:
            raise SettingError(
                f"{length.count:g} epochs are of unknown length.", hint="Give resolve() steps_per_epoch as well."
            )
        return _rounded(length.count * self.steps_per_epoch)


Steps: TypeAlias = int | float | Epochs | Fraction
"""A length as people give it: an int is a number of updates, a float a fraction of the training."""


def as_length(given: Any, *, least: int = 1) -> Length:
    """An int is a number of updates, a float a fraction of the training; Epochs and Fraction are themselves.

    least: the smallest number of updates that is allowed, 0 or 1. SettingError for anything else.
    """
    if isinstance(given, Epochs):
        return given
    if isinstance(given, bool) or not isinstance(given, (Fraction, Integral, Real)):
        raise SettingError(f"{given!r} is no length.", hint="Give updates (500), a fraction (0.05) or Epochs(5).")
    if isinstance(given, Fraction):
        length: int | Fraction = given
    else:
        length = int(given) if isinstance(given, Integral) else Fraction(float(given))
    size = length if isinstance(length, int) else length.share
    if size < 0 or (size == 0 and least > 0):
        raise SettingError(f"a length of {size!r} is too short.", hint=f"Give {least} or more.")
    return length


def as_optional_length(given: Any, *, least: int = 1) -> Length | None:
    """The same; None is what the other parts leave of the training."""
    return None if given is None else as_length(given, least=least)


def updates(length: Any) -> int:
    """The length as a number of updates. SettingError when it has not been resolved."""
    if type(length) is int:
        return length
    if length is None:
        what = "the rest of the training"
    elif isinstance(length, Epochs):
        what = f"{length.count:g} epochs"
    elif isinstance(length, Fraction):
        what = f"{length.share:g} of the training"
    elif isinstance(length, Mixed):
        what = "of a length that depends on the training"
    else:
        raise SettingError("this schedule never ends.", hint="Say how long it holds by until(steps).")
    raise SettingError(
        f"a part of this schedule is {what}, so its value is not known yet.",
        hint="Call resolve(total_steps, steps_per_epoch=…) first, and use what it returns.",
    )


def training_length(total_steps: Any, steps_per_epoch: Any) -> int:
    """The length of a whole training as a number of updates. SettingError when it is none."""
    if steps_per_epoch is not None and not 0 < as_number("steps_per_epoch", steps_per_epoch) < math.inf:
        raise SettingError(f"steps_per_epoch={steps_per_epoch!r} is no number of updates.", hint="Give 1 or more.")
    given = as_length(total_steps)
    total = Horizon(total=0, rest=0, steps_per_epoch=steps_per_epoch).updates(given)
    if total < 1:
        raise SettingError(f"{total_steps!r} is no length of a training.", hint="Give the number of its updates.")
    return total


def _rounded(size: float) -> int:
    return 0 if size == 0 else max(1, math.floor(size + 0.5))
