"""What runs have tried: the points of each along the hyperparameters that matter most, and which these are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct, structs

from rung.analysis.configs import Configs, Input, chosen, configs, numeric_inputs
from rung.errors import SettingError
from rung.events import Ended, Observed, Started

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rung.events import Event
    from rung.rows import TrialRow
    from rung.space import Space
    from rung.types import Goal

MOST_AXES: Final = 2


class Box(Struct, frozen=True):
    """A part of the space to which a search narrowed itself.

    ends: low and high along each hyperparameter shown; infinite where there is none.
    """

    ends: tuple[tuple[float, float], ...]


class Attempt(Struct, frozen=True, kw_only=True):
    """The points of one run. boxes: in the order in which it narrowed itself to them."""

    method: str
    seed: int
    configs: Configs
    boxes: tuple[Box, ...] = ()

    def n_values(self, axis: int) -> int:
        """How many different values of a hyperparameter it tried."""
        return len({place for tried in self.configs.tried if (place := tried.inputs[axis]) is not None})


class Response(Struct, frozen=True):
    """What the metric comes to along one hyperparameter, on average over all values of the others."""

    places: tuple[float, ...]
    values: tuple[float, ...]


class Scene(Struct, frozen=True, kw_only=True):
    """One run of each method, along the same hyperparameters: two, or as many as there are, the more important first.

    responses: one for each of them where the function is known, else none.
    """

    goal: Goal
    inputs: tuple[Input, ...]
    attempts: tuple[Attempt, ...]
    responses: tuple[Response, ...] = ()


def attempt_of(
    method: str,
    seed: int,
    trials: Sequence[TrialRow],
    *,
    goal: Goal,
    inputs: Sequence[Input],
    best_trial: int | None = None,
    boxes: Sequence[Mapping[str, Sequence[float]]] = (),
) -> Attempt:
    """The points of a run along these hyperparameters. boxes: name -> low and high, whole along what is not in it."""
    return Attempt(
        method=method,
        seed=seed,
        configs=configs(trials, goal=goal, inputs=inputs, best_trial=best_trial),
        boxes=tuple(Box(tuple(_ends(box, each) for each in inputs)) for box in boxes),
    )


def most_important(
    space: Space, runs: Sequence[Iterable[Event]], *, goal: Goal, names: Sequence[str] = ()
) -> tuple[Input, ...]:
    """Two numeric hyperparameters, or all where there are fewer: by default those that matter most in these runs.

    runs: the logs of studies over this space. names: the two, or the one, to be taken. SettingError for others, and
    for more.
    """
    from rung.analysis.importance import importance

    numeric = numeric_inputs(space)
    if names:
        if len(names) > MOST_AXES:
            raise SettingError(
                f"A picture has two axes, and these are {len(names)} hyperparameters: {', '.join(names)}.",
                hint="Name two of them.",
            )
        return chosen(numeric, names)
    pooled = list(_pooled(runs))
    trials = {event.trial for event in pooled}
    shares = {each.name: each.share for each in importance(pooled, trials, goal=goal, began=space).shares}
    order = sorted(numeric, key=lambda each: shares.get(each.name, 0.0), reverse=True)
    return tuple(order[:MOST_AXES])


def _pooled(runs: Sequence[Iterable[Event]]) -> Iterator[Started | Observed | Ended]:
    """What searchers were told in all of them, as if it were one study: the trials are numbered on."""
    before = 0
    for run in runs:
        count = 0
        for event in run:
            if isinstance(event, Started | Ended) or (isinstance(event, Observed) and event.loss is not None):
                count = max(count, event.trial + 1)
                yield structs.replace(event, trial=before + event.trial)
        before += count


def _ends(box: Mapping[str, Sequence[float]], along: Input) -> tuple[float, float]:
    low, high = box.get(along.name, (along.low, along.high))
    return (-math.inf if low is None else float(low), math.inf if high is None else float(high))
