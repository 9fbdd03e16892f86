"""The any-time curve of a study: how good the best result was after so many seconds, trials and steps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from rung.rows import TrialRow
from rung.types import Goal

Report: TypeAlias = tuple[int, int, float, Mapping[str, float]]
"""(trial, step, at, metrics), as ``Tables.reports`` gives them."""

_Entry: TypeAlias = tuple[float, int, int, float, int, int]
"""(at, trials, steps, loss, trial, step) of the incumbent."""


class Trajectory(Struct, frozen=True, kw_only=True):
    """The incumbent of a study over time: an entry for each improvement, and a last one for the newest report.

    All columns are equally long, and empty before the first finite value. at: seconds on the study's clock. trials:
    begun by then. steps: taken by then, over all trials, as far as reports tell. loss: of the incumbent, lower is
    better; it never rises. values: the same in the user's own direction. trial, step: which report that was.
    """

    goal: Goal
    at: tuple[float, ...] = ()
    trials: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()
    loss: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    trial: tuple[int, ...] = ()
    step: tuple[int, ...] = ()


def trajectory(trials: Sequence[TrialRow], reports: Iterable[Report], *, goal: Goal) -> Trajectory:
    """The any-time curve over all reports, in the order of their times; of equal values the earlier one stays.

    A trial that began from its parent's checkpoint has its first report counted as one step.
    """
    begun = sorted(row.started_at for row in trials)
    inherits = {row.number for row in trials if row.parent is not None}
    reached: dict[int, int] = {}
    steps = 0
    best: tuple[float, int, int] | None = None
    newest: _Entry | None = None
    entries: list[_Entry] = []
    for trial, step, at, metrics in sorted(reports, key=lambda report: report[2]):
        steps += step - reached.get(trial, step - 1 if trial in inherits else 0)
        reached[trial] = step
        loss = goal.loss(metrics)
        is_better = loss is not None and (best is None or loss < best[0])
        if loss is not None and is_better:
            best = (loss, trial, step)
        if best is not None:
            newest = (at, bisect_right(begun, at), steps, *best)
            entries += [newest] if is_better else []
    if newest is not None and newest != entries[-1]:
        entries.append(newest)
    if not entries:
        return Trajectory(goal=goal)
    at_, trials_, steps_, loss_, trial_, step_ = zip(*entries, strict=True)
    return Trajectory(
        goal=goal,
        at=at_,
        trials=trials_,
        steps=steps_,
        loss=loss_,
        values=tuple(map(goal.value, loss_)),
        trial=trial_,
        step=step_,
    )
