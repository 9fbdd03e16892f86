"""What a Gaussian process believes about a study, along one or two of its hyperparameters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from rung.analysis.configs import Configs, Input, configs, places_along
from rung.errors import SettingError
from rung.events import Started
from rung.registry import build_searcher
from rung.rows import TrialRow
from rung.types import Config, Goal, Json

if TYPE_CHECKING:
    from rung.events import SearchEvent
    from rung.searchers.gp import GPSearcher
    from rung.space import Space

Column: TypeAlias = tuple[float | None, ...]

LEAST: Final = 4  # trials with a result; the shape that fewer give is that of the prior alone
ALONG_ONE: Final = 201  # points, at most
ALONG_TWO: Final = 41  # along each


class Held(Struct, frozen=True, kw_only=True):
    """What the hyperparameters that are not shown are held at.

    values: those of ``trial``, the best one in which all that are shown are active; where there is none, the middles of
    their domains. alike: the trials that have these values, too.
    """

    values: Mapping[str, Json] = {}
    trial: int | None = None
    alike: tuple[int, ...] = ()


class Posterior(Struct, frozen=True, kw_only=True):
    """The belief of a Gaussian process at the points of a grid; its columns are empty while too few trials have one.

    configs: the trials along the inputs, of which there are one or two. is_own: the model is that of the study's own
    searcher; else one made for the purpose. places: of the grid, along each input. mean, low, high: of the goal's
    metric, in the user's own direction: its median, and the ends of the band that holds it with 95 %. promise: the
    acquisition function of that name, in its own units; the higher, the sooner a configuration is tried. The columns
    have an entry for each combination of places, the last input's changing fastest, which is None where the space has
    no such configuration, and for numbers beyond all bounds. best: the combination that promises most.
    why: there is no belief for want of results, in a sentence; else empty.
    """

    configs: Configs
    held: Held = Held()
    is_own: bool = False
    acquisition: str = ""
    places: tuple[tuple[float, ...], ...] = ()
    mean: Column = ()
    low: Column = ()
    high: Column = ()
    promise: Column = ()
    best: tuple[float, ...] | None = None
    why: str = ""


def model_of(spec: Mapping[str, Json], began: Space, told: Iterable[SearchEvent]) -> tuple[GPSearcher, bool]:
    """A searcher that was told everything, and whether it is the study's own.

    spec: the JSON form of the study's own searcher. Where that is no Gaussian process, one with default options takes
    its place. began: the space at the beginning.
    """
    from rung.searchers.gp import GPSearcher

    is_own = spec.get("name") == "gp"
    searcher = build_searcher(spec, began) if is_own else GPSearcher(began)
    assert isinstance(searcher, GPSearcher), "the name stands for it"
    for event in told:
        is_foreign = isinstance(event, Started) and not is_own  # what it notes is meant for another searcher
        searcher.update(replace(event, notes={}) if is_foreign else event)
    return searcher, is_own


def posterior(
    searcher: GPSearcher, trials: Sequence[TrialRow], *, goal: Goal, inputs: Sequence[Input], is_own: bool
) -> Posterior:
    """What the model of a searcher believes along one or two inputs, all others held at the best trial's values.

    A value that this trial lacks, because another category brings a further hyperparameter, is that of the best trial
    that has one. trials: those that are shown; the model knows all. SettingError unless there are one or two inputs.
    """
    space, names = searcher.space, [each.name for each in inputs]
    if all(domain.size == 1 for domain in space.values()):
        raise SettingError("No hyperparameter of the space varies, so there is nothing to draw along.")
    if not 1 <= len(inputs) <= 2:
        given = ", ".join(names) or "none"
        raise SettingError(f"A posterior is along one or two hyperparameters, got {given}.", hint="Choose one or two.")
    base, held = _held(space, trials, names)
    grids = [space[name].grid(ALONG_ONE if len(names) == 1 else ALONG_TWO) for name in names]
    points = _configs(space, base, names, grids)
    found = Posterior(
        configs=configs(trials, goal=goal, inputs=inputs),
        held=held,
        is_own=is_own,
        acquisition=str(searcher.spec().get("acquisition", "")),
        places=tuple(
            tuple(place for place in places_along(each, grid) if place is not None)
            for each, grid in zip(inputs, grids, strict=True)
        ),
    )
    if (known := searcher.n_results) < LEAST:
        return replace(found, why=f"A posterior needs {LEAST} trials with a result, and there {_are(known)}.")
    asked = [point for point in points if point is not None]
    if not asked:
        return found
    picture = searcher.posterior(asked)
    mean, low, high = ([goal.value(float(loss)) for loss in losses] for losses in picture[:3])
    if goal.mode == "max":
        low, high = high, low
    promise = picture.acquisition.tolist()
    return replace(
        found,
        mean=_column(mean, points),
        low=_column(low, points),
        high=_column(high, points),
        promise=_column(promise, points),
        best=_best(_column(promise, points), found.places),
    )


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count}"


def _held(space: Space, trials: Sequence[TrialRow], names: Sequence[str]) -> tuple[list[float], Held]:
    """A point (d,) of the unit cube with values for all dimensions, and what is held there."""
    ranked = sorted((row.best_loss, row.number, row.config) for row in trials if row.best_loss is not None)
    inside = [(number, config) for _, number, config in ranked if space.is_allowed(config)]
    inside.sort(key=lambda each: any(name not in each[1] for name in names))
    encoded = space.encode([config for _, config in inside]).tolist()
    base = [next((row[j] for row in encoded if not math.isnan(row[j])), 0.5) for j in range(len(space))]
    trial, config = inside[0] if inside else (None, space.decode(base))
    values = _without(config, names)
    alike = tuple(row.number for row in trials if _without(row.config, names) == values)
    return base, Held(values=values, trial=trial, alike=alike)


def _without(config: Config, names: Sequence[str]) -> dict[str, Json]:
    return {name: value for name, value in config.items() if name not in names}


def _configs(
    space: Space, base: Sequence[float], names: Sequence[str], grids: Sequence[Sequence[Json]]
) -> list[Config | None]:
    """A configuration for each combination of values; None where the space has none."""
    columns = [space.names.index(name) for name in names]
    found: list[Config | None] = []
    for places in product(*(space[name].to_units(grid) for name, grid in zip(names, grids, strict=True))):
        point = list(base)
        for column, place in zip(columns, places, strict=True):
            point[column] = place
        config = space.decode(point)
        is_met = all(constraint.is_met(config) for constraint in space.constraints)
        found.append(config if is_met and all(name in config for name in names) else None)
    return found


def _column(numbers: Sequence[float], points: Sequence[object]) -> Column:
    """The numbers, which are there for all points but those that are None."""
    each = iter(numbers)
    spread = (None if point is None else next(each) for point in points)
    return tuple(number if number is not None and math.isfinite(number) else None for number in spread)


def _best(promise: Column, places: Sequence[Sequence[float]]) -> tuple[float, ...] | None:
    highest = max((number for number in promise if number is not None), default=None)
    return None if highest is None else list(product(*places))[promise.index(highest)]
