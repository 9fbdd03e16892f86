"""Several strategies on the same objective, each with the same budget and seeds: the runs, and what each has tried."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeGuard

import numpy as np
from msgspec import structs

from rung._compare import checked_trials, opened
from rung._repeat import Repeat, Wanted, planned, run_all
from rung._scheduling import training_length
from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.repeats import on_code, source_of
from rung.analysis.comparison.side_by_side import SideBySide
from rung.analysis.comparison.studies import StudyLog, runs_of_studies
from rung.analysis.comparison.tried import Response, Scene, attempt_of, most_important
from rung.benchmarks.fitting import fitted
from rung.benchmarks.problems.catalogue import problem as problem_named
from rung.benchmarks.problems.classical import Function
from rung.events import Started
from rung.rows import StudyRow
from rung.runtime.objective import Objective, as_objective
from rung.searchers.zoom import NOTE as ZOOM
from rung.space import Space, as_space
from rung.store import MemoryStore
from rung.tuning.setup import checked_goal, reference_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rung._trial import Trial
    from rung.analysis.comparison.runs import Run
    from rung.benchmarks.problem import Problem
    from rung.contracts import Store
    from rung.events import Event
    from rung.types import Goal

STRATEGIES: Final = ("grid", "random", "zoom", "tpe", "gp")
TRIALS: Final = 25
SEEDS: Final = 10
PROBLEM: Final = "important:2"

Progress = Literal["plain", "off"]

_PLACES: Final = 101  # of a response
_OTHERS: Final = 200  # random configurations over which it is averaged


class _Task(NamedTuple):
    """What all strategies have to do. name: of the studies, before the method and seed. problem: None of an own one."""

    name: str
    objective: Objective
    space: Space
    goal: Goal
    trials: int
    seeds: int | Sequence[int]
    workers: int | None = None
    problem: Problem | None = None


def side_by_side(
    objective: Callable[..., object] | Sequence[str] | str | Objective,
    space: Space | Mapping[str, object],
    *,
    strategies: Sequence[str] = STRATEGIES,
    trials: int = TRIALS,
    seeds: int | Sequence[int] = SEEDS,
    metric: str = "error",
    mode: Literal["min", "max"] = "min",
    workers: int | None = None,
    store: Store | str | Path = "memory",
    study: str | None = None,
    along: Sequence[str] = (),
    progress: Progress = "plain",
) -> SideBySide:
    """Run each strategy on an objective with each seed, and tell what they tried and which one is better.

    strategies: methods as ``Study.compare`` takes them; a grid gets as many points as fit into the trials. trials: of
    each run. seeds: how many, or which. store: where the runs are kept, as studies named like ``lenet~random~3``; those
    that are there are not run again. study: the name before the ``~``. along: the one or two hyperparameters of the
    picture; by default the numbers that matter most. All else as ``rung.tune`` takes it.

    SettingError for what can't be run, before anything runs. KeyboardInterrupt after Ctrl-C, once the run in flight is
    in order.
    """
    target = as_objective(objective)
    goal = checked_goal(metric, mode)
    task = _Task(study or target.name, target, as_space(space), goal, trials, seeds, workers)
    with opened(store, create=True) as place:
        return _compared(task, strategies, place, along, progress)


def on_problem(
    name: str = PROBLEM,
    *,
    strategies: Sequence[str] = STRATEGIES,
    trials: int = TRIALS,
    seeds: int | Sequence[int] = SEEDS,
    along: Sequence[str] = (),
    data_dir: str | Path | None = None,
    progress: Progress = "plain",
) -> SideBySide:
    """The same on a benchmark problem by name, in this process; nothing is kept but the result.

    Values count as they are seen, so on a problem with noise with the noise. See ``side_by_side``.
    """
    problem = problem_named(name, data_dir=data_dir)
    objective = as_objective(_trainer(problem))
    task = _Task(problem.name, objective, problem.space, problem.goal, trials, seeds, problem=problem)
    return _compared(task, strategies, MemoryStore(), along, progress)


def _compared(
    task: _Task, strategies: Sequence[str], place: Store, along: Sequence[str], progress: Progress
) -> SideBySide:
    checked_trials(task.trials)
    most_important(task.space, (), goal=task.goal, names=along)  # says what is wrong with names before anything runs
    length = training_length(task.objective) or (1 if task.problem is None else task.problem.n_steps)
    fitting = [fitted(name.strip(), task.space, task.trials, max_t=length) for name in strategies]
    chosen = {each.method: each for each in fitting}
    pattern = StudyRow(  # nobody has run it: it is what all repeats have in common
        name=task.name,
        goal=task.goal,
        seed=0,
        space=task.space.to_json(),
        searcher={},
        scheduler={"name": "basic", "max_t": length},
        objective=reference_of(task.objective),
        created_unix=0.0,
    )
    wanted = Wanted(list(chosen), task.seeds, task.trials, task.workers, task.objective)
    plan = planned(pattern, place, wanted)
    run_all(plan, place, progress=progress)
    repeats = plan.repeats
    rows = {each.name: _called(place.tables.study(each.name), task) for each in repeats}
    logs = [StudyLog(rows[each.name], _events(place, each.name), chosen[each.method].name) for each in repeats]
    runs, remarks = runs_of_studies(logs, trials=task.trials)
    if task.problem is not None:
        runs = tuple(_without_study(run) for run in runs)
    found = compare_runs(runs, methods=[each.name for each in chosen.values()])
    remarks = (*on_code(list(rows.values()), source_of(task.objective)), *remarks)
    first = {chosen[each.method].name: each for each in repeats if each.seed == repeats[0].seed}
    return SideBySide(
        comparison=structs.replace(found, warnings=(*remarks, *found.warnings)),
        runs=runs,
        scene=_scene(task, place, first, along),
        strategies=tuple(chosen.values()),
    )


def _called(row: StudyRow, task: _Task) -> StudyRow:
    """The study with a name for what it tunes, where nothing else has given it one."""
    if row.objective is not None and task.problem is None:
        return row
    name = task.objective.name if task.problem is None else task.problem.name
    settings = {key: value for key, value in row.settings.items() if key != "objective"}
    return structs.replace(row, objective=name, settings=settings)


def _without_study(run: Run) -> Run:
    """A run whose study is not kept."""
    return structs.replace(run, notes={name: value for name, value in run.notes.items() if name != "study"})


def _events(place: Store, study: str) -> Iterator[Event]:
    return (event for _, event in place.read(study))


def _scene(task: _Task, place: Store, first: Mapping[str, Repeat], along: Sequence[str]) -> Scene:
    """What the first run of each strategy tried, along what matters most in these runs."""
    logs = [_events(place, each.name) for each in first.values()]
    inputs = most_important(task.space, logs, goal=task.goal, names=along)
    attempts = tuple(
        attempt_of(
            method,
            each.seed,
            place.tables.trials(each.name),
            goal=task.goal,
            inputs=inputs,
            best_trial=place.tables.study(each.name).best_trial,
            boxes=_boxes(_events(place, each.name)),
        )
        for method, each in first.items()
    )
    responses = tuple(response(task.problem, each.name) for each in inputs) if _is_known(task.problem) else ()
    return Scene(goal=task.goal, inputs=inputs, attempts=attempts, responses=responses)


def _boxes(events: Iterable[Event]) -> list[Mapping[str, Sequence[float]]]:
    """The parts of the space to which the search has narrowed itself, one after the other, as its notes say."""
    notes = (event.notes.get(ZOOM) for event in events if isinstance(event, Started))
    boxes = (note["box"] for note in notes if isinstance(note, Mapping) and "box" in note)
    return [box for box, _ in itertools.groupby(boxes)]


def _is_known(problem: Problem | None) -> TypeGuard[Function]:
    """Whether its values can be had anywhere, one by one."""
    return isinstance(problem, Function) and not (problem.space.conditions or problem.space.constraints)


def response(function: Function, name: str) -> Response:
    """What a function comes to along one dimension, on average over random values of the others."""
    rng = np.random.default_rng(0)
    others = [function.space.sample(rng) for _ in range(_OTHERS)]
    domain = function.space[name]
    places = list(dict.fromkeys(domain.from_unit(float(u)) for u in np.linspace(0.0, 1.0, _PLACES)))
    values = [np.mean([function.formula({**config, name: place}) for config in others]) for place in places]
    return Response(tuple(map(float, places)), tuple(map(float, values)))


def _trainer(problem: Problem) -> Callable[[Trial], Iterator[dict[str, float]]]:
    """The problem as an objective of the tuner."""

    def train(trial: Trial) -> Iterator[dict[str, float]]:
        for step in problem.train(trial.config, trial.seed):
            yield {problem.goal.metric: step.value}

    return train
