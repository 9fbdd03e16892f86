"""Values given point by point."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, final

from msgspec import structs

from rung.errors import SettingError
from rung.schedules._numbers import as_number
from rung.schedules.lengths import Horizon, Length, Steps, as_length, updates
from rung.schedules.schedule import Schedule, Unit


@final
class Table(Schedule, frozen=True, tag="table", forbid_unknown_fields=True):
    """The value of each point from its update on, or on the straight line to the next one; the first one before it.

    steps: where the points are, increasing. A table of lines ends at its last point; one of levels never ends.
    """

    steps: tuple[Length, ...]
    values: tuple[float, ...]
    between: Literal["levels", "lines"] = "levels"
    unit: Unit = "factor"

    def __post_init__(self) -> None:
        if not self.steps or len(self.steps) != len(self.values):
            raise SettingError(
                f"a table has {len(self.steps)} steps and {len(self.values)} values.", hint="Give pairs, at least one."
            )
        if not all(math.isfinite(value) for value in self.values):
            raise SettingError("a value in the table is not finite.", hint="Give numbers only.")
        for before, after in itertools.pairwise(self.steps):
            if isinstance(before, int) and isinstance(after, int) and before >= after:
                raise SettingError(f"update {after} stands after {before} in the table.", hint="Sort the points.")

    @property
    def length(self) -> Length | float:
        """The last point's place if lines lead there."""
        return self.steps[-1] if self.between == "lines" else math.inf

    def value(self, t: Any, maths: Any) -> Any:
        """The level, or the place on the line."""
        steps = [updates(each) for each in self.steps]
        if maths is not math:
            return self._values(t, steps, maths)
        index = bisect.bisect_right(steps, t) - 1
        if index < 0:
            return self.values[0]
        if self.between == "levels" or index == len(steps) - 1:
            return self.values[index]
        slope = (self.values[index + 1] - self.values[index]) / (steps[index + 1] - steps[index])
        return slope * (t - steps[index]) + self.values[index]

    def _values(self, t: Any, steps: Sequence[int], maths: Any) -> Any:
        if self.between == "lines":
            return maths.interp(t, steps, self.values)
        index = maths.maximum(maths.searchsorted(steps, t, side="right") - 1, 0)
        return maths.asarray(self.values)[index]

    def resolved(self, horizon: Horizon) -> Schedule:
        """With all points at updates."""
        return structs.replace(self, steps=tuple(horizon.updates(each) for each in self.steps))


def table(
    points: Iterable[tuple[Steps, float]],
    *,
    between: Literal["levels", "lines"] = "levels",
    unit: Unit = "factor",
) -> Schedule:
    """Values from certain updates on: pairs of an update and the value that holds from there until the next pair.

    Before the first pair its value holds as well, after the last one that of the last. between: ``"lines"`` leads
    straight from one point to the next. unit: ``"rate"`` for learning rates, or values of another hyperparameter, as
    they are. SettingError unless the updates increase.
    """
    if not isinstance(points, Iterable):
        raise SettingError(f"{points!r} are no points.", hint="Give pairs: table([(0, 1.0), (30, 0.1)]).")
    pairs = [_point(each) for each in points]
    if between not in {"levels", "lines"} or unit not in {"factor", "rate"}:
        raise SettingError(
            f"there is no table with between={between!r} and unit={unit!r}.",
            hint="There are levels and lines, factor and rate.",
        )
    return Table(tuple(step for step, _ in pairs), tuple(value for _, value in pairs), between, unit)


def multi_factor(milestones: Iterable[Steps], gamma: float = 0.1) -> Schedule:
    """gamma^(number of milestones m ≤ t): the new value holds from update m on. milestones: increasing."""
    if not isinstance(milestones, Iterable):
        raise SettingError(f"{milestones!r} are no milestones.", hint="Give a list: multi_factor([30, 60]).")
    base = as_number("gamma", gamma)
    if not 0 < base < math.inf:
        raise SettingError(f"gamma={gamma!r} gives no rate.", hint="Give a positive number.")
    return table([(0, 1.0), *((step, base**count) for count, step in enumerate(milestones, start=1))])


def _point(given: object) -> tuple[Length, float]:
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != 2:
        raise SettingError(f"{given!r} is no point.", hint="Give an update and its value: (30, 0.1).")
    return as_length(given[0], least=0), as_number("value", given[1])
