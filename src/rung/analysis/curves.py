"""What the figures of a study show, as plain columns: learning curves, configurations, and all at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from rung.analysis.trajectory import Report, Trajectory, trajectory
from rung.rows import TrialRow
from rung.space import Distribution, Domain, Float, Int, Normal
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


class Input(Struct, frozen=True):
    """A hyperparameter that can stand along an axis.

    log: its domain is spread over the logarithm. low, high: the ends of its domain, None where there is none.
    """

    name: str
    log: bool = False
    low: float | None = None
    high: float | None = None


class Tried(Struct, frozen=True, kw_only=True):
    """One trial's place among the configurations. value: its best one, in the user's own direction, or None."""

    trial: int
    state: TrialState
    inputs: tuple[float, ...]
    value: float | None = None


class Configs(Struct, frozen=True, kw_only=True):
    """The configurations tried, along the first numeric hyperparameters of the space (two at most).

    Trials in which one of them is not active are left out.
    """

    goal: Goal
    inputs: tuple[Input, ...] = ()
    tried: tuple[Tried, ...] = ()
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


def configs(trials: Sequence[TrialRow], *, goal: Goal, space: Mapping[str, Domain], best_trial: int | None) -> Configs:
    """Where each trial's configuration lies and how good its best report was."""
    inputs = _inputs(space)
    tried = tuple(
        Tried(
            trial=row.number,
            state=row.state,
            inputs=tuple(float(row.config[each.name]) for each in inputs),
            value=None if row.best_loss is None else goal.value(row.best_loss),
        )
        for row in trials
        if all(each.name in row.config for each in inputs)
    )
    return Configs(goal=goal, inputs=inputs, tried=tried, best_trial=best_trial)


def overview(
    trials: Sequence[TrialRow], reports: Iterable[Report], *, goal: Goal, space: Mapping[str, Domain]
) -> Overview:
    """The any-time curve, the learning curves and the configurations of one study."""
    kept = list(reports)
    learning = curves(trials, kept, goal=goal)
    return Overview(
        trajectory=trajectory(trials, kept, goal=goal),
        curves=learning,
        configs=configs(trials, goal=goal, space=space, best_trial=learning.best_trial),
    )


def to_json(figure: Trajectory | Curves | Configs | Overview) -> dict[str, Json]:
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


def _inputs(space: Mapping[str, Domain]) -> tuple[Input, ...]:
    inputs: list[Input] = []
    for name, domain in space.items():
        if domain.size == 1:
            continue
        if isinstance(domain, Float | Int):
            inputs.append(Input(name, domain.log, float(domain.low), float(domain.high)))
        elif isinstance(domain, Normal):
            inputs.append(Input(name, low=domain.low, high=domain.high))
        elif isinstance(domain, Distribution):
            inputs.append(Input(name))
    return tuple(inputs[:2])
