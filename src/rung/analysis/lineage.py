"""From which trials a copy descends, and which hyperparameters trained it when: a schedule that a population found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Self, final

import msgspec
from msgspec import Struct

from rung.errors import SettingError, TrialNotFoundError
from rung.events import Changed, Event, Observed, Started
from rung.space.values import is_number
from rung.types import Config, Json

if TYPE_CHECKING:
    from rung.schedules import Schedule


class Segment(Struct, frozen=True, kw_only=True):
    """The steps after ``from_step`` up to ``to_step``, which ``trial`` was trained with one configuration."""

    trial: int
    from_step: int
    to_step: int
    config: Config


@final
class Lineage(Struct, frozen=True, kw_only=True):
    """How a trial came to be what it was at a step: by which segments, the first of them from step 0 on.

    error: the value of the metric at that step, in the user's own direction; None without one.
    """

    study: str
    metric: str
    error: float | None
    segments: tuple[Segment, ...]

    @property
    def trials(self) -> list[int]:
        """The trials of the segments, the oldest first."""
        return list(dict.fromkeys(segment.trial for segment in self.segments))

    @property
    def step(self) -> int:
        """Where it ends."""
        return self.segments[-1].to_step

    def schedule(self, name: str) -> Schedule:
        """A hyperparameter over the steps, as a table: at t, the number of steps done, the value for the next one.

        SettingError for a hyperparameter that isn't a number in all segments.
        """
        from rung.schedules import table

        points: list[tuple[int, float]] = []
        for segment in self.segments:
            value = segment.config.get(name)
            if not is_number(value):
                names = ", ".join(segment.config)
                raise SettingError(
                    f"{name!r} is no number at step {segment.from_step + 1}.", hint=f"There is: {names}."
                )
            if not points or points[-1][1] != value:
                points.append((segment.from_step, value))
        return table(points, unit="rate")

    def to_json(self) -> dict[str, Json]:
        """The JSON form; ``from_json`` reads it."""
        form: dict[str, Json] = msgspec.to_builtins(self)
        return form

    @classmethod
    def from_json(cls, form: Json) -> Self:
        """The lineage with that JSON form. SettingError when it is none."""
        try:
            line = msgspec.convert(form, cls)
        except msgspec.ValidationError as error:
            raise SettingError(f"This is no lineage: {error}.", hint="Give what Lineage.to_json() gave.") from error
        if not line.segments:
            raise SettingError("This is no lineage: it has no segments.", hint="Give what Lineage.to_json() gave.")
        return line


def lineage(events: Iterable[Event], trial: int, *, study: str, metric: str, until: int | None = None) -> Lineage:
    """The lineage of a trial up to the step ``until``, by default its last one, from the log of its study.

    A copy has it from its parent up to the step of the checkpoint that it began from. TrialNotFoundError for a trial
    that the log doesn't have; SettingError for one that has no steps, and for a step that it didn't come to.
    """
    runs = _runs(events)
    if trial not in runs:
        raise TrialNotFoundError(f"The study {study!r} has no trial {trial}.", hint=f"It has {len(runs)} trials.")
    metrics = runs[trial].metrics
    last = max(metrics, default=0)
    end = last if until is None else until
    if last < 1:
        raise SettingError(f"Trial {trial} has reported no step, so it has no lineage.", hint="Ask for another one.")
    if not 1 <= end <= last:
        raise SettingError(f"Trial {trial} has no step {end}.", hint=f"Its last one is {last}.")
    return Lineage(
        study=study, metric=metric, error=metrics.get(end, {}).get(metric), segments=tuple(_path(runs, trial, end))
    )


class _Run(Struct):
    """A trial as the log tells it. origin: the step that it began after. configs: (the step after which, which)."""

    parent: int | None
    origin: int
    configs: list[tuple[int, Config]]
    metrics: dict[int, Mapping[str, float]]


def _runs(events: Iterable[Event]) -> dict[int, _Run]:
    runs: dict[int, _Run] = {}
    for event in events:
        if isinstance(event, Started) and event.trial not in runs:
            origin = 0 if event.parent_checkpoint is None else event.parent_checkpoint.step
            runs[event.trial] = _Run(event.parent, origin, [(origin, event.config)], {})
        elif isinstance(event, Observed):
            runs[event.trial].metrics[event.step] = event.metrics
        elif isinstance(event, Changed):
            configs = runs[event.trial].configs
            configs.append((max(event.step, configs[0][0]), {**configs[-1][1], **event.changes}))
    return runs


def _path(runs: Mapping[int, _Run], trial: int, end: int) -> list[Segment]:
    """From step 0 to the end, through the ancestors of whom anything was copied."""
    run = runs[trial]
    before = _path(runs, run.parent, min(run.origin, end)) if run.parent is not None and run.origin else []
    return [*before, *_segments(trial, run, end)]


def _segments(trial: int, run: _Run, end: int) -> Sequence[Segment]:
    starts = [step for step, _ in run.configs]
    ends = [min(step, end) for step in (*starts[1:], end)]
    return [
        Segment(trial=trial, from_step=start, to_step=stop, config=config)
        for start, stop, (_, config) in zip(starts, ends, run.configs, strict=True)
        if start < stop
    ]
