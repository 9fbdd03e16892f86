"""What the figures of a study show, as plain columns: learning curves, configurations, and all at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from rung.analysis.configs import Configs, configs, numeric_inputs
from rung.analysis.trajectory import Report, Trajectory, trajectory
from rung.rows import TrialRow
from rung.space import Domain
from rung.types import Goal, Json, TrialState


class Curve(Struct, frozen=True, kw_only=True):
    """One trial over its steps.

    steps, at (seconds on the study's clock), values (the metric in the user's own direction): equally long, without the
    reports whose metric is no finite number. best_step: of the best value, the first of equals; None without values.
    """

    trial: int
    state: TrialState
    steps: tuple[int, ...] = ()
    at: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    best_step: int | None = None


class Curves(Struct, frozen=True, kw_only=True):
    """The learning curves of a study. best_trial: the incumbent's; None before the first value."""

    goal: Goal
    curves: tuple[Curve, ...] = ()
    best_trial: int | None = None


class Overview(Struct, frozen=True, kw_only=True):
    """A study at a glance."""

    trajectory: Trajectory
    curves: Curves
    configs: Configs


def curves(trials: Sequence[TrialRow], reports: Iterable[Report], *, goal: Goal) -> Curves:
    """The curve of each trial, by number, also of those that have not reported."""
    rows: dict[int, list[tuple[int, float, float]]] = {row.number: [] for row in trials}
    best: tuple[float, float, int] | None = None
    for trial, step, at, metrics in reports:
        loss = goal.loss(metrics)
        if loss is None:
            continue
        rows[trial].append((step, at, loss))
        if best is None or (loss, at, trial) < best:
            best = (loss, at, trial)
    found = (_curve(row, sorted(rows[row.number]), goal=goal) for row in sorted(trials, key=lambda row: row.number))
    return Curves(goal=goal, curves=tuple(found), best_trial=None if best is None else best[2])


def overview(
    trials: Sequence[TrialRow], reports: Iterable[Report], *, goal: Goal, space: Mapping[str, Domain]
) -> Overview:
    """The any-time curve, the learning curves and the configurations of one study."""
    kept = list(reports)
    learning = curves(trials, kept, goal=goal)
    return Overview(
        trajectory=trajectory(trials, kept, goal=goal),
        curves=learning,
        configs=configs(trials, goal=goal, inputs=numeric_inputs(space)[:2], best_trial=learning.best_trial),
    )


def to_json(figure: Struct) -> dict[str, Json]:
    """What a figure shows, as JSON: objects of lists; every number in it is finite."""
    form: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(figure))
    return form


def _curve(row: TrialRow, points: Sequence[tuple[int, float, float]], *, goal: Goal) -> Curve:
    if not points:
        return Curve(trial=row.number, state=row.state)
    steps, at, losses = zip(*points, strict=True)
    return Curve(
        trial=row.number,
        state=row.state,
        steps=steps,
        at=at,
        values=tuple(goal.value(loss) for loss in losses),
        best_step=steps[losses.index(min(losses))],
    )
