"""Schedules made of schedules."""

from __future__ import annotations

import bisect
import functools
import itertools
import math
import operator
from typing import TYPE_CHECKING, Any, TypeAlias, final

from msgspec import structs

from rung.errors import SettingError
from rung.schedules._one_cycle import OneCycle
from rung.schedules._resolving import check_some, check_units, resolved_parts, span
from rung.schedules.decays import Exponential, Inverse
from rung.schedules.functions import Function
from rung.schedules.lengths import Epochs, Fraction, Horizon, Length, Mixed, updates
from rung.schedules.ramps import Constant, Ramp, Tanh
from rung.schedules.schedule import Schedule, Unit
from rung.schedules.tables import Table


@final
class Scaled(Schedule, frozen=True, tag="scaled", forbid_unknown_fields=True):
    """A rate: that number times a schedule of factors."""

    rate: float
    part: AnySchedule

    def __post_init__(self) -> None:
        if not 0 <= self.rate < math.inf:
            raise SettingError(f"{self.rate!r} is no learning rate.", hint="Give a finite number from 0 on.")
        if self.part.unit == "rate":
            raise SettingError(
                f"{self.rate!r} times a schedule that is a rate already.",
                hint="To change a rate, multiply it by a factor: constant(0.5) * schedule.",
            )

    @property
    def unit(self) -> Unit:
        """A rate."""
        return "rate"

    @property
    def length(self) -> Length | Mixed | float | None:
        """That of the part."""
        return self.part.length

    def value(self, t: Any, maths: Any) -> Any:
        """The product."""
        return self.rate * self.part.value(t, maths)

    def resolved(self, horizon: Horizon) -> Schedule:
        """The part resolved."""
        return Scaled(self.rate, self.part.resolved(horizon))


@final
class Until(Schedule, frozen=True, tag="until", forbid_unknown_fields=True):
    """A schedule that ends where another length says."""

    part: AnySchedule
    steps: Length

    @property
    def unit(self) -> Unit:
        """That of the part."""
        return self.part.unit

    @property
    def length(self) -> Length:
        """As given."""
        return self.steps

    def value(self, t: Any, maths: Any) -> Any:
        """The part's value, held from the end on."""
        end = updates(self.steps)
        return self.part.value(min(t, end) if maths is math else maths.minimum(t, end), maths)

    def resolved(self, horizon: Horizon) -> Schedule:
        """Both resolved; what the part lacks in length is up to this end."""
        steps = horizon.span(self.steps)
        inner = structs.replace(horizon, rest=steps, is_whole=False, spare=0)
        return Until(self.part.resolved(inner), steps)


class _Together(Schedule, frozen=True):
    """Several schedules over the same updates."""

    parts: tuple[AnySchedule, ...]

    @property
    def length(self) -> Length | Mixed | float | None:
        """The longest of those that end; those that do not end have no say, unless there are no others."""
        lengths = {each.length for each in self.parts if each.length != math.inf}
        known = [each for each in lengths if isinstance(each, int)]
        if lengths and len(known) == len(lengths):
            return max(known)
        return Mixed() if len(lengths) > 1 else next(iter(lengths), math.inf)

    def resolved(self, horizon: Horizon) -> Schedule:
        """All parts resolved against the same."""
        return type(self)(tuple(each.resolved(horizon) for each in self.parts))


@final
class Product(_Together, frozen=True, tag="product", forbid_unknown_fields=True):
    """Values multiplied; a rate if one of them is."""

    def __post_init__(self) -> None:
        check_some(self.parts)
        if sum(each.unit == "rate" for each in self.parts) > 1:
            raise SettingError("a rate times a rate is no rate.", hint="Let all but one of them be factors.")

    @property
    def unit(self) -> Unit:
        """A rate if one part is."""
        return "rate" if any(each.unit == "rate" for each in self.parts) else "factor"

    def value(self, t: Any, maths: Any) -> Any:
        """The product of all values."""
        return functools.reduce(operator.mul, (each.value(t, maths) for each in self.parts))


@final
class Sum(_Together, frozen=True, tag="sum", forbid_unknown_fields=True):
    """Values added; all rates or all factors."""

    def __post_init__(self) -> None:
        check_units(self.parts, "added")

    @property
    def unit(self) -> Unit:
        """That of all parts."""
        return self.parts[0].unit

    def value(self, t: Any, maths: Any) -> Any:
        """The sum of all values."""
        return functools.reduce(operator.add, (each.value(t, maths) for each in self.parts))


@final
class Chain(Schedule, frozen=True, tag="chain", forbid_unknown_fields=True):
    """One schedule after the other."""

    parts: tuple[AnySchedule, ...]

    def __post_init__(self) -> None:
        check_units(self.parts, "joined")
        if any(span(each) == math.inf for each in self.parts[:-1]):
            raise SettingError(
                "a schedule that never ends has none after it.", hint="Say its end: a.until(500).then(b)."
            )

    @property
    def unit(self) -> Unit:
        """That of all parts."""
        return self.parts[0].unit

    @property
    def length(self) -> Length | Mixed | float | None:
        """The sum of the lengths; None if a part takes the rest."""
        lengths = [*(span(each) for each in self.parts[:-1]), self.parts[-1].length]
        if lengths[-1] == math.inf:
            return math.inf
        if None in lengths:
            return None
        if all(isinstance(each, Fraction) for each in lengths):
            return Fraction(min(1.0, sum(each.share for each in lengths if isinstance(each, Fraction))))
        known = [each for each in lengths if isinstance(each, int)]
        return sum(known) if len(known) == len(lengths) else Mixed()

    def value(self, t: Any, maths: Any) -> Any:
        """The value of the part in which t is."""
        if maths is not math:
            return self._values(t, maths)
        for part in self.parts[:-1]:
            end = updates(span(part))
            if t < end:
                return part.value(t, maths)
            t = t - end
        return self.parts[-1].value(t, maths)

    def _values(self, t: Any, maths: Any) -> Any:
        ends = list(itertools.accumulate(updates(span(part)) for part in self.parts[:-1]))
        first, last = (bisect.bisect_right(ends, time) for time in (t.min(), t.max()))
        starts = [0, *ends]
        if first == last:
            return self.parts[first].value(t - starts[first], maths)
        values = maths.empty(t.shape)
        for index in range(first, last + 1):
            inside = t >= starts[index]
            if index < last:
                inside &= t < starts[index + 1]
            values[inside] = self.parts[index].value(t[inside] - starts[index], maths)
        return values

    def resolved(self, horizon: Horizon) -> Schedule:
        """All parts resolved; see ``Schedule.resolve`` for what is checked."""
        return Chain(tuple(resolved_parts(self.parts, horizon)))


@final
class Repeat(Schedule, frozen=True, tag="repeat", forbid_unknown_fields=True):
    """The same again and again; see ``repeat``."""

    part: AnySchedule
    times: int | None = None
    stretch: float = 1.0
    height: float = 1.0

    def __post_init__(self) -> None:
        if self.part.length == math.inf:
            raise SettingError("what never ends can't be repeated.", hint="Say its end: a.until(500).")
        if self.part.length in {0, None}:
            raise SettingError("the length of a cycle is missing.", hint="Give that of each part.")
        if self.times is not None and (not isinstance(self.times, int) or self.times < 1):
            raise SettingError(f"times={self.times!r} leaves no cycle.", hint="Give a whole number from 1, or None.")
        if not (1 <= self.stretch < math.inf and 0 < self.height <= 1):
            raise SettingError(
                f"cycles can't be stretched by {self.stretch!r} and have {self.height!r} times the height.",
                hint="stretch is at least 1; height is above 0 and at most 1.",
            )

    @property
    def unit(self) -> Unit:
        """That of the part."""
        return self.part.unit

    @property
    def length(self) -> Length | Mixed | float | None:
        """Of all cycles together."""
        if self.times is None:
            return math.inf
        one = self.part.length
        if isinstance(one, int):
            return one * self.times if self.stretch == 1 else self._starts(self.times)[-1]
        cycles = self.times if self.stretch == 1 else (self.stretch**self.times - 1) / (self.stretch - 1)
        if isinstance(one, Fraction):
            return Fraction(one.share * cycles)
        return Epochs(one.count * cycles) if isinstance(one, Epochs) else Mixed()

    def value(self, t: Any, maths: Any) -> Any:
        """The part's value at the same place of the cycle, times the cycle's height."""
        first = updates(self.part.length)
        cycle, start, length = self._cycle(t, first) if maths is math else self._cycles(t, first, maths)
        place = t - start if self.stretch == 1 else (t - start) * first / length
        value = self.part.value(place, maths)
        return value if self.height == 1 else self.height**cycle * value

    def _cycle(self, t: Any, first: int) -> tuple[int, int, int]:
        """Number, start and length of the cycle in which t is; past the end, of the last one."""
        last = math.inf if self.times is None else self.times - 1
        if self.stretch == 1:
            cycle = int(min(t // first, last))
            return cycle, cycle * first, first
        cycle, start, length = 0, 0, first
        while t >= start + length and cycle < last:
            cycle, start = cycle + 1, start + length
            length = self._length_of(cycle, first)
        return cycle, start, length

    def _cycles(self, t: Any, first: int, maths: Any) -> tuple[Any, Any, Any]:
        """The same for an array."""
        if self.stretch == 1:
            cycle = t // first if self.times is None else maths.minimum(t // first, self.times - 1)
            return cycle, cycle * first, first
        starts = maths.asarray(self._starts(self._cycle(t.max(initial=0), first)[0] + 1))
        cycle = maths.minimum(maths.searchsorted(starts, t, side="right") - 1, len(starts) - 2)
        return cycle, starts[cycle], maths.diff(starts)[cycle]

    def _starts(self, cycles: int) -> list[int]:
        """Where each of the cycles begins, and the last one ends."""
        first = updates(self.part.length)
        return list(itertools.accumulate((self._length_of(cycle, first) for cycle in range(cycles)), initial=0))

    def _length_of(self, cycle: int, first: int) -> int:
        return math.floor(first * self.stretch**cycle + 0.5)

    def resolved(self, horizon: Horizon) -> Schedule:
        """The part resolved; the rest that it may take is the whole training."""
        inner = structs.replace(horizon, is_whole=False, spare=0)
        return structs.replace(self, part=self.part.resolved(inner))


if TYPE_CHECKING:
    AnySchedule: TypeAlias = Schedule
else:  # what JSON forms are read by
    AnySchedule = (
        Chain | Constant | Exponential | Function | Inverse | OneCycle | Product | Ramp | Repeat | Scaled | Sum | Table
        | Tanh | Until
    )  # fmt: skip
