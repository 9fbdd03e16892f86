"""Up once and down once: the one-cycle policy."""

from __future__ import annotations

import itertools
import math
from typing import Any, Literal, final

from msgspec import structs

from rung.errors import SettingError
from rung.schedules.lengths import Horizon, Length, Period, updates
from rung.schedules.ramps import Ramp
from rung.schedules.schedule import Schedule


@final
class OneCycle(Schedule, frozen=True, tag="one-cycle", forbid_unknown_fields=True):
    """See ``one_cycle``."""

    steps: Period | None = None
    peak_at: float = 0.3
    start: float = 0.04
    end: float = 4e-6
    shape: Literal["cosine", "linear"] = "cosine"
    is_symmetric: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.peak_at < (0.5 if self.is_symmetric else 1):
            raise SettingError(
                f"peak_at={self.peak_at!r} leaves no time for a part of the cycle.",
                hint="Give a fraction of it, such as 0.3; with three phases below 0.5.",
            )

    @property
    def length(self) -> Length | None:
        """As given."""
        return self.steps

    def value(self, t: Any, maths: Any) -> Any:
        """By the formula of ``one_cycle``."""
        corners = self._corners(updates(self.steps))
        values: Any = self.end if maths is math else maths.full(t.shape, self.end)
        for (begin, low), (end, high) in itertools.pairwise(corners):
            way = Ramp(1, start=low, end=high, shape=self.shape)
            if maths is not math:
                inside = (t >= begin) & (t < end)
                values[inside] = way.value((t[inside] - begin) / (end - begin), maths)
            elif begin <= t < end:
                return way.value((t - begin) / (end - begin), maths)
        return values

    def _corners(self, steps: int) -> list[tuple[float, float]]:
        """Update and value of the corners."""
        peak, last = self.peak_at * steps - 1, steps - 1
        corners = [(0.0, self.start), (peak, 1.0)]
        if self.is_symmetric:
            corners.append((2 * peak, self.start))
        return [*corners, (last, self.end)]

    def resolved(self, horizon: Horizon) -> Schedule:
        """With its length in updates."""
        return structs.replace(self, steps=horizon.span(self.steps))
