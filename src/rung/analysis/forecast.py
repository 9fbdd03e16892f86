"""What a search is expected to come to: a forecast as a value, and as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from msgspec import Struct, structs

from rung.durations import duration_text

if TYPE_CHECKING:
    from rung.types import Json


@final
class RungForecast(Struct, frozen=True):
    """What is expected of one rung. step: where it is. steps: trained from the rung before up to it, by all trials.

    trials: how many get there, on average over the rehearsals; least, most: in any of them.
    """

    step: int
    trials: float
    least: int
    most: int
    steps: float


@final
class Forecast(Struct, frozen=True, kw_only=True):
    """What a search is expected to come to, on average over ``rehearsals`` of it.

    rungs: the lowest first. trials: begun, without copies of others. steps: trained in all; full_steps: what it would
    take to train each trial to the end. wall_steps: how long it takes, in the time of a step. utilisation: the share of
    that in which the workers are busy. has_length: False when nobody knows how long a training is, so that all of it
    counts as one step. step_s: the seconds of a step; None when unknown. per_hour: the price of an hour of a trial's
    runtime. left_out: what may end the search, or a trial, sooner, and was not forecast.
    """

    rungs: tuple[RungForecast, ...]
    trials: float
    workers: int
    steps: float
    full_steps: float
    wall_steps: float
    utilisation: float
    rehearsals: int
    has_length: bool = True
    step_s: float | None = None
    per_hour: float | None = None
    left_out: tuple[str, ...] = ()

    @property
    def wall_s(self) -> float | None:
        """Seconds from beginning to end; None when nobody knows how long a step takes."""
        return None if self.step_s is None else self.wall_steps * self.step_s

    @property
    def runtime_s(self) -> float | None:
        """Seconds that all trials take together; None when nobody knows how long a step takes."""
        return None if self.step_s is None else self.steps * self.step_s

    @property
    def cost(self) -> float | None:
        """The price of the runtime; None when nobody knows that, or the price of an hour."""
        return None if self.runtime_s is None or self.per_hour is None else self.runtime_s / 3600 * self.per_hour

    def to_json(self) -> dict[str, Json]:
        """The JSON form, with what follows from it."""
        derived = {"wall_s": self.wall_s, "runtime_s": self.runtime_s, "cost": self.cost}
        return {**structs.asdict(self), **derived, "rungs": [structs.asdict(rung) for rung in self.rungs]}

    def __str__(self) -> str:
        about = f"averages of {self.rehearsals} rehearsals" if self.rehearsals > 1 else "one rehearsal"
        lines = [*_table(self), *_totals(self), f"{about} with made-up values"]
        if self.left_out:
            lines.append(f"not forecast, and may end it sooner: {', '.join(self.left_out)}")
        return "\n".join(lines)


def _table(forecast: Forecast) -> Sequence[str]:
    """A line for each rung, under a heading; none where a training is all of one piece."""
    if not forecast.has_length:
        return [f"{_whole(forecast.trials)} trainings, each to its own end"]
    rows = [("rung", "trials that reach it", "steps")]
    for rung in forecast.rungs:
        spread = "" if rung.least == rung.most else f" ({rung.least:,} to {rung.most:,})"
        rows.append((f"{rung.step:,}", f"{_whole(rung.trials)}{spread}", _whole(rung.steps)))
    first, middle, last = (max(map(len, column)) for column in zip(*rows, strict=True))
    return [f"{step:>{first}}  {trials:<{middle}}  {steps:>{last}}" for step, trials, steps in rows]


def _totals(forecast: Forecast) -> Sequence[str]:
    """Steps, time and cost of all."""
    lines, noun = [], "steps" if forecast.has_length else "trainings"
    if forecast.has_length:
        share = forecast.steps / forecast.full_steps if forecast.full_steps else 0.0
        lines.append(
            f"{_whole(forecast.steps)} steps in all, {share:.0%} of what it takes to train "
            f"{_whole(forecast.trials)} trials to the end"
        )
    workers = "1 worker" if forecast.workers == 1 else f"{forecast.workers:,} workers"
    busy = f"{workers}, busy for {forecast.utilisation:.0%} of the time"
    if forecast.wall_s is None or forecast.runtime_s is None:
        return [*lines, f"as long as {_whole(forecast.wall_steps)} {noun} one after the other, with {busy}"]
    lines.append(f"{duration_text(forecast.wall_s)} with {busy}")
    price = "" if forecast.cost is None else f", which cost {forecast.cost:.4g}"
    each = f"{duration_text(forecast.step_s or 0.0)} a {noun.removesuffix('s')}"
    return [*lines, f"{duration_text(forecast.runtime_s)} of training at {each}{price}"]


def _whole(count: float) -> str:
    return f"{count:,.0f}"
