"""Where the configurations of trials lie among the hyperparameters, as numbers along axes, and how good they were."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from rung.errors import SettingError
from rung.rows import TrialRow
from rung.space import Choice, Distribution, Domain, Float, Int, Normal, Ordinal
from rung.space.values import is_number
from rung.types import Goal, Json, TrialState


class Input(Struct, frozen=True):
    """A hyperparameter that can stand along an axis.

    log: its domain is spread over the logarithm. low, high: the ends of its domain, None where there is none.
    categories: of one that is no number, all values in words; a value's place is its index here.
    """

    name: str
    log: bool = False
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()


class Tried(Struct, frozen=True, kw_only=True):
    """One trial's place among the configurations; None where a hyperparameter is not active.

    value: its best one, in the user's own direction, or None.
    """

    trial: int
    state: TrialState
    inputs: tuple[float | None, ...]
    value: float | None = None


class Configs(Struct, frozen=True, kw_only=True):
    """The configurations tried, along some hyperparameters. best_trial: None before the first value."""

    goal: Goal
    inputs: tuple[Input, ...] = ()
    tried: tuple[Tried, ...] = ()
    best_trial: int | None = None


def configs(
    trials: Sequence[TrialRow], *, goal: Goal, inputs: Sequence[Input], best_trial: int | None = None
) -> Configs:
    """Where each trial's configuration lies and how good its best report was.

    best_trial: the first of those with the best value by default.
    """
    with_value = [(row.best_loss, row.number) for row in trials if row.best_loss is not None]
    if best_trial is None and with_value:
        best_trial = min(with_value)[1]
    places = {each.name: _places_of_words(each) for each in inputs}
    tried = tuple(
        Tried(
            trial=row.number,
            state=row.state,
            inputs=tuple(
                _place(row.config[name], words) if name in row.config else None for name, words in places.items()
            ),
            value=None if row.best_loss is None else goal.value(row.best_loss),
        )
        for row in trials
    )
    return Configs(goal=goal, inputs=tuple(inputs), tried=tried, best_trial=best_trial)


def inputs_of(space: Mapping[str, Domain], trials: Sequence[TrialRow]) -> tuple[Input, ...]:
    """All hyperparameters that vary; categories that only trials have come after those of the space."""
    return tuple(found for name, domain in space.items() if (found := _input(name, domain, trials)) is not None)


def numeric_inputs(space: Mapping[str, Domain]) -> tuple[Input, ...]:
    """The hyperparameters that are numbers and vary."""
    return tuple(each for each in inputs_of(space, ()) if not each.categories)


def places_along(along: Input, values: Sequence[Json]) -> tuple[float | None, ...]:
    """Where values of a hyperparameter stand along its axis; None for those that have no place there."""
    words = _places_of_words(along)
    return tuple(_place(value, words) for value in values)


def chosen(inputs: Sequence[Input], names: Sequence[str]) -> tuple[Input, ...]:
    """Those with these names, in their order; SettingError names the nearest for one that is none of them."""
    known = {each.name: each for each in inputs}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known) or 'none'}."
            raise SettingError(f"There is no hyperparameter {name!r} that varies.", hint=hint)
    return tuple(known[name] for name in dict.fromkeys(names))


def _input(name: str, domain: Domain, trials: Sequence[TrialRow]) -> Input | None:
    if domain.size == 1:
        return None
    if isinstance(domain, Float | Int):
        return Input(name, domain.log, float(domain.low), float(domain.high))
    if isinstance(domain, Normal):
        return Input(name, low=domain.low, high=domain.high)
    if isinstance(domain, Distribution):
        return Input(name)
    if isinstance(domain, Choice | Ordinal):
        values = [*domain.values, *(row.config[name] for row in trials if name in row.config)]
    else:
        values = [row.config[name] for row in trials if name in row.config]
    return Input(name, categories=tuple(dict.fromkeys(map(_word, values))))


def _places_of_words(along: Input) -> Mapping[str, float]:
    return {word: float(index) for index, word in enumerate(along.categories)}


def _place(value: Json, words: Mapping[str, float]) -> float | None:
    """Where a value stands; words: the places of categories, none along an axis of numbers."""
    if words:
        return words.get(_word(value))
    return float(value) if is_number(value) and math.isfinite(value) else None


def _word(value: Json) -> str:
    if isinstance(value, str):
        return value
    return f"{value:g}" if isinstance(value, float) else json.dumps(value)
