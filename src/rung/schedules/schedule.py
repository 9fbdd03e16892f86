"""What every schedule can do, and what it owes to those that are made of it."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from rung.errors import SettingError
from rung.schedules.lengths import Horizon, Length, Mixed, Steps, as_length, training_length

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rung.types import Json

_BLOCK: Final = 1 << 14  # values at a time: what is computed on the way to them stays in the cache

Unit: TypeAlias = Literal["factor", "rate"]
"""A factor multiplies the learning rate of an optimiser, a rate takes its place."""


class Schedule(Struct, frozen=True, tag_field="type"):
    """A pure function of the number of updates already done. Frozen; equal when the JSON forms are.

    ``schedule(t)`` is the value for the update after t others, so the first one takes ``schedule(0)``. Past its end a
    schedule holds its last value. Joined schedules are right-continuous: where one ends, the next one's first value
    holds. What is counted may as well be epochs, or the steps of a trial less one.

    ``0.3 * schedule`` makes a factor a rate; ``a * b`` and ``a + b`` combine values at the same update.
    """

    __array_ufunc__: ClassVar[None] = None  # so that NumPy's numbers leave ``number * schedule`` to this class

    def __call__(self, t: Any) -> Any:
        """The value for the update after ``t`` others; a float for a number, else an array of t's shape.

        t: ≥ 0, a number, a sequence or an array. SettingError for others, and for lengths that are not resolved.
        """
        if not isinstance(t, (int, float, Real)):
            return _over_array(self, t)
        if type(t) is not int:
            t = int(t) if isinstance(t, Integral) else float(t)  # NumPy's narrow numbers would round the value
        if not 0 <= t < math.inf:
            raise SettingError(f"there is no update {t!r}.", hint="They count from 0.")
        return float(self.value(t, math))

    @property
    def unit(self) -> Unit:
        """Whether the values are factors or rates."""
        return "factor"

    @property
    def length(self) -> Length | Mixed | float | None:
        """Where its end begins: ``math.inf`` when it has none, None when it takes what other parts leave."""
        return math.inf

    def value(self, t: Any, maths: Any) -> Any:
        """The value, without any check. t: a number and ``maths`` the module math, or an array and NumPy.

        For an array (n,) with n ≥ 1 it is an array (n,), or a number where all are the same.
        """
        raise NotImplementedError

    def resolved(self, horizon: Horizon) -> Schedule:
        """The same with all lengths in updates, as a part of a schedule that is being resolved."""
        del horizon
        return self

    def resolve(self, total_steps: Steps, *, steps_per_epoch: float | None = None) -> Schedule:
        """The same for a training of that length, with epochs, fractions and missing lengths in updates.

        Halves are rounded up, and no part vanishes; if fractions make up the whole, what rounding leaves over goes to
        the longest part. SettingError when the parts are longer than the training, when fractions do not sum to 1, and
        when nothing is left for a part that takes the rest.
        """
        total = training_length(total_steps, steps_per_epoch)
        whole = self.resolved(Horizon(total=total, rest=total, steps_per_epoch=steps_per_epoch))
        length = whole.length
        if isinstance(length, int) and length > total:
            raise SettingError(
                f"the schedule is {length} updates long and the training {total}.",
                hint="Shorten a part, or leave out the length of one: it takes what the others leave.",
            )
        return whole

    def then(self, following: Schedule) -> Schedule:
        """This one up to its end, and from there the other, which begins at its own 0.

        SettingError when this one never ends, and when one is a rate and the other a factor.
        """
        from rung.schedules._algebra import chain

        return chain(self, following)

    def until(self, steps: Steps) -> Schedule:
        """The same up to so many updates, where it ends: the value there is held."""
        from rung.schedules.combining import Until

        return Until(self, as_length(steps))

    def plot(self, steps: int | None = None, *, title: str = "") -> Figure:
        """The values over the updates, as a figure of matplotlib.

        steps: how many; what has no length yet is resolved for so many. By default up to the end and a tenth more.
        MissingExtraError without matplotlib.
        """
        from rung.schedules.plotting import plot

        return plot({"": self}, steps, title=title)

    def to_json(self) -> dict[str, Json]:
        """The JSON form, exact, for ``from_json``. SettingError for a function that can't be imported by name."""
        from rung.schedules.functions import name_of

        form: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(self, enc_hook=name_of))
        return form

    def __mul__(self, other: Any) -> Any:
        from rung.schedules._algebra import product, scaled

        if isinstance(other, Schedule):
            return product(self, other)
        return scaled(float(other), self) if isinstance(other, (int, float, Real)) else NotImplemented

    def __add__(self, other: Any) -> Any:
        from rung.schedules._algebra import total

        return total(self, other) if isinstance(other, Schedule) else NotImplemented

    __rmul__ = __mul__


def _over_array(schedule: Schedule, t: Any) -> Any:
    import numpy as np

    times = np.asarray(t)
    if times.size and times.dtype.kind not in "iuf":
        raise SettingError(f"{t!r} are no numbers of updates.", hint="Give numbers from 0 on.")
    is_whole = times.dtype.kind in "iu"
    times = times.astype(np.int64 if is_whole else np.float64, copy=False)
    values = np.empty(times.shape)
    given, found = times.reshape(-1), values.reshape(-1)
    for start in range(0, times.size, _BLOCK):
        block = given[start : start + _BLOCK]
        if not (block.min() >= 0 and (is_whole or block.max() < math.inf)):
            raise SettingError("some of the updates are negative, infinite or NaN.", hint="They count from 0.")
        found[start : start + _BLOCK] = schedule.value(block, np)
    return values
