"""Goes through a search before it is run: the same tuner and scheduler, on trials that train nothing."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from rung._scheduling import ends_by_itself, has_end
from rung.analysis.forecast import Forecast, RungForecast
from rung.analysis.utilisation import utilisation
from rung.backends._rehearsal import Rehearsal, Seen
from rung.checks import number, whole_number
from rung.durations import as_seconds, duration_text
from rung.errors import RungWarning, SettingError
from rung.registry import build_scheduler
from rung.stopping import Scope, as_criterion, criterion_from_json
from rung.tuner import Tuner

if TYPE_CHECKING:
    from rung.contracts import Scheduler
    from rung.space import Space
    from rung.stopping import Criterion
    from rung.types import Json

_MOST_REHEARSALS = 5
_ENOUGH_TRIALS = 2_000  # of all rehearsals together: from there on another one hardly changes the averages
_MOST_RUNGS = 12
_COUNTED = frozenset({"trials", "epochs"})
_TIMED = frozenset({"seconds", "cost"})


def forecast(
    scheduler: Scheduler,
    *,
    max_trials: int | None = None,
    seconds: float | str | None = None,
    stop: Criterion | str | None = None,
    workers: int = 1,
    max_t: int | None = None,
    step_seconds: float | str | None = None,
    per_hour: float | None = None,
    rehearsals: int | None = None,
) -> Forecast:
    """What a search with this scheduler comes to, before it is run: ``print(rung.forecast(scheduler, max_trials=50))``.

    A scheduler of the same form is run by the tuner on a virtual clock. Trials train nothing and report made-up losses,
    so which of them is better is left to chance; the searcher draws at random, unless it is a grid.

    max_trials, seconds, stop: when the search ends, as in ``rung.tune``. Criteria that look at values are left out, and
    so are those of time and cost as long as nobody says how long a step takes. workers: how many trials train at once.
    max_t: the steps of a full training, where the scheduler doesn't say. step_seconds: how long a step takes, such as
    ``30`` or ``"2min"``. per_hour: the price of an hour of a trial's runtime. rehearsals: how often to go through it;
    by default five times, or less with thousands of trials.

    SettingError when nothing that can be forecast says when the search ends, for a scheduler that can't be made again
    from its form, and for numbers out of range.
    """
    _check_counts(workers=workers, max_trials=max_trials, max_t=max_t, rehearsals=rehearsals)
    step_s = None if step_seconds is None else as_seconds(step_seconds, name="step_seconds")
    price = None if per_hour is None else number("per_hour", per_hour, at_least=0, example=2.5)
    left_out: list[str] = []
    form = _form(scheduler, left_out)
    limit = None if seconds is None else as_seconds(seconds, name="seconds")
    if limit is not None and step_s is None:
        left_out.append(f"seconds:{duration_text(limit)}")
        limit = None
    given = None if stop is None else as_criterion(stop, Scope.STUDY)
    kept = None if given is None else _forecastable(given.to_json(), left_out, timed=step_s is not None)
    criterion = None if kept is None else criterion_from_json(kept)
    if not has_end(scheduler, max_trials=max_trials, seconds=limit, stop=criterion):
        raise SettingError(
            "nothing that can be forecast says when the search ends.",
            hint="Give a number of trials or, where it ends by time or cost, how long a step takes.",
        )
    plan = _Plan(form, scheduler.space, max_trials, limit, criterion, workers, max_t, step_s or 1.0)
    courses: list[_Course] = []
    while len(courses) < (rehearsals or _MOST_REHEARSALS):
        courses.append(_rehearse(plan, seed=len(courses)))
        if rehearsals is None and sum(course.n_trials for course in courses) >= _ENOUGH_TRIALS:
            break
    rungs = _rungs(courses)
    n_trials = fmean(course.n_trials for course in courses)
    return Forecast(
        rungs=rungs,
        trials=n_trials,
        workers=workers,
        steps=sum(rung.steps for rung in rungs),
        full_steps=n_trials * max((rung.step for rung in rungs), default=0),
        wall_steps=fmean(course.wall_steps for course in courses),
        utilisation=fmean(course.utilisation for course in courses),
        rehearsals=len(courses),
        has_length=not any(course.seen.lacks_length for course in courses),
        step_s=step_s,
        per_hour=price,
        left_out=tuple(dict.fromkeys([*left_out, *_unseen(courses, form)])),
    )


class _Plan(NamedTuple):
    """What is gone through."""

    form: Mapping[str, Json]
    space: Space
    max_trials: int | None
    seconds: float | None
    stop: Criterion | None
    workers: int
    max_t: int | None
    step_s: float


class _Course(NamedTuple):
    """How a rehearsal went. n_trials: begun, without copies. wall_steps: how long it took, in the time of a step."""

    seen: Seen
    n_trials: int
    wall_steps: float
    utilisation: float


def _rehearse(plan: _Plan, *, seed: int) -> _Course:
    leaves = () if plan.stop is None else plan.stop.leaves()
    # Steps, time and cost may run out between two decisions; else nothing happens there that has to be gone through.
    is_watched = plan.seconds is not None or any(leaf.to_json()["type"] != "trials" for leaf in leaves)
    backend = Rehearsal(plan.workers, seed=seed, step_s=plan.step_s, length=plan.max_t, reports_all=is_watched)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RungWarning)  # of the plan's own searcher and scheduler they were given before
        return _go_through(plan, backend, seed=seed)


def _go_through(plan: _Plan, backend: Rehearsal, *, seed: int) -> _Course:
    scheduler = build_scheduler(plan.form, plan.space)
    tuner = Tuner(_trains_nothing, scheduler, backend=backend, seed=seed, stop=plan.stop)
    with tuner:
        study = tuner.run(max_trials=plan.max_trials, seconds=plan.seconds)
        row = study.row
        if row.ended_why == "interrupted":
            raise KeyboardInterrupt
        n_trials = sum(trial.parent is None for trial in study.trials)
        return _Course(backend.seen, n_trials, row.at / plan.step_s, utilisation(study.events(), at=row.at).share)


def _trains_nothing(**hyperparameters: object) -> None:
    """Stands for the objective."""


def _form(scheduler: Scheduler, left_out: list[str]) -> Mapping[str, Json]:
    """The form of the scheduler without what needs values: a searcher that learns, and criteria that stop trials."""
    form = dict(scheduler.spec())
    searcher = form.get("searcher") if ends_by_itself(scheduler) else {"name": "random"}
    while "criterion" in form and isinstance(form.get("within"), Mapping):
        left_out.append(str(criterion_from_json(form["criterion"])))
        form = dict(form["within"])
    return {**form, "searcher": searcher}


def _forecastable(form: Json, left_out: list[str], *, timed: bool) -> Json | None:
    """The part of a stop criterion's form that doesn't depend on values; None when there is none.

    left_out: gets the others. timed: whether it is known how long a step takes.
    """
    kind = form["type"]
    if kind in {"any", "all"}:
        kept = [part for each in form["parts"] if (part := _forecastable(each, left_out, timed=timed)) is not None]
        is_kept = bool(kept) if kind == "any" else len(kept) == len(form["parts"])
        return {**form, "parts": kept} if is_kept else None
    if kind in _COUNTED or (timed and kind in _TIMED and form.get("metric") is None):
        return form
    left_out.append(str(criterion_from_json(form)))
    return None


def _unseen(courses: Sequence[_Course], form: Mapping[str, Json]) -> Sequence[str]:
    """What the scheduler of this form stops within trainings whose length nobody knows."""
    if not any(course.seen.lacks_length and course.seen.decides_always for course in courses):
        return ()
    return (f"stops by {form.get('name') or form['class']}",)


def _rungs(courses: Sequence[_Course]) -> tuple[RungForecast, ...]:
    rungs, below = [], 0
    for step in _levels(course.seen for course in courses):
        reached = [sum(each.start < step <= each.last for each in course.seen.trained.values()) for course in courses]
        spent = [
            sum(max(0, min(each.last, step) - max(each.start, below)) for each in course.seen.trained.values())
            for course in courses
        ]
        rungs.append(RungForecast(step, fmean(reached), min(reached), max(reached), fmean(spent)))
        below = step
    return tuple(rungs)


def _levels(seen: Iterable[Seen]) -> Sequence[int]:
    """The steps at which decisions are due and runs end; powers of two and the last where that is nearly everywhere."""
    marks: set[int] = set()
    is_everywhere = False
    for each in seen:
        marks |= each.marks
        is_everywhere |= each.decides_always
    if not marks or (len(marks) <= _MOST_RUNGS and not is_everywhere):
        return sorted(marks)
    last = max(marks)
    return [*(2**power for power in range(last.bit_length()) if 2**power < last), last]


def _check_counts(**counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None:
            whole_number(name, count, at_least=1, example=10)
