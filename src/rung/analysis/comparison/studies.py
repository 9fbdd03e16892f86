"""From stored studies to runs that can be compared."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from rung.analysis.comparison._study_names import UNNAMED, method_names, problem_names
from rung.analysis.comparison.recording import Recorder
from rung.analysis.comparison.runs import Budget, Run
from rung.bookkeeping import state_of
from rung.errors import SettingError
from rung.events import Ended, Observed, SessionStarted, Started
from rung.space import Space

if TYPE_CHECKING:
    from rung.events import Event
    from rung.rows import StudyRow
    from rung.types import Json

_UNFINISHED: Final[Mapping[str, str]] = {
    "new": "has not begun",
    "running": "is still running",
    "stopped": "was stopped",
    "paused": "was paused",
    "interrupted": "was interrupted",
}
"""The states of a study that has not come to its end, as claims."""


_LIKE: Final = "Compare only studies that had the same problem to solve."


class StudyLog(NamedTuple):
    """A stored study. events: its log, read once. method: what its method is called; by default as it is set up."""

    row: StudyRow
    events: Iterable[Event]
    method: str = ""


class StudyRuns(NamedTuple):
    """The runs that studies are, in their order, and sentences on what a reader must know about them."""

    runs: tuple[Run, ...]
    remarks: tuple[str, ...]


def runs_of_studies(studies: Sequence[StudyLog], *, trials: int | None = None) -> StudyRuns:
    """Each study as a run: what it tunes is the problem, its scheduler and searcher are the method.

    The budget is the number of trials that a study was to have, or has if those are more. trials: only so many count,
    the first ones. A study that has not come to its end is a failed run, which keeps what it has found.
    Runs are paired by the seeds of their studies; those that find no partner so are numbered in the order of their
    seeds. SettingError where goals, spaces, numbers of trials, or rules for the incumbent, differ on one problem.
    """
    rows = [study.row for study in studies]
    problems = problem_names([row.settings.get("objective", row.objective) for row in rows])
    derived = method_names([row.scheduler for row in rows])
    methods = [study.method or name for study, name in zip(studies, derived, strict=True)]
    limits = [_limit(row, trials) for row in rows]
    seeds: dict[int, int] = {}
    remarks: list[str] = []
    for problem in dict.fromkeys(problems):
        here = [index for index, each in enumerate(problems) if each == problem]
        _refuse_differences([rows[index] for index in here], [limits[index] for index in here])
        own, given = [methods[index] for index in here], [rows[index].seed for index in here]
        paired = _paired(own, given)
        remarks += _on_pairs(problem, own, [seed != number for seed, number in zip(given, paired, strict=True)])
        seeds |= dict(zip(here, paired, strict=True))
    runs = tuple(
        _run(study, problems[index], methods[index], seeds[index], limit=limits[index], trials=trials)
        for index, study in enumerate(studies)
    )
    return StudyRuns(runs, (*remarks, *_remarks(runs)))


def _limit(row: StudyRow, trials: int | None) -> int:
    """How many trials the study could spend, or those that count; SettingError where it could not have so many."""
    could = max(_begun(row), row.settings.get("max_trials") or 0)
    if trials is not None and could < trials:
        more = f"rung resume {shlex.quote(row.name)} --trials {trials}"
        raise SettingError(
            f"The study {row.name!r} has only {could} of {trials} trials.",
            hint=f"Compare the first {could} of each, or let it have more: {more}",
        )
    return could if trials is None else trials


def _begun(row: StudyRow) -> int:
    return sum(row.counts.values())


def _refuse_differences(rows: Sequence[StudyRow], limits: Sequence[int]) -> None:
    first, least = rows[0], min(limits)
    for row, limit in zip(rows, limits, strict=True):
        if limit != limits[0]:
            raise SettingError(
                f"The studies had different budgets: {first.name!r} {limits[0]} trials, {row.name!r} {limit}.",
                hint=f"Compare the first {least} trials of each: trials={least}, or --trials {least}.",
            )
        if row.goal != first.goal:
            raise SettingError(
                f"The studies had different goals: {first.name!r} {_goal(first)}, {row.name!r} {_goal(row)}.",
                hint=_LIKE,
            )
        if row.space != first.space:
            raise SettingError(
                f"The studies searched different spaces: {first.name!r} and {row.name!r} differ in "
                f"{_difference(first, row)}.",
                hint=_LIKE,
            )
        if _rule(row) != _rule(first):
            raise SettingError(
                f"The incumbent of {first.name!r} is from {_rule(first)!r} reports, that of {row.name!r} from "
                f"{_rule(row)!r} ones.",
                hint="Compare studies with the same incumbent_from.",
            )


def _goal(row: StudyRow) -> str:
    return f"{row.goal.metric} ({row.goal.mode})"


def _difference(first: StudyRow, other: StudyRow) -> str:
    """The hyperparameters in which their spaces differ, with what they are in each."""
    left, right = (Space.from_json(row.space) for row in (first, other))
    differing = [name for name in {**left, **right} if left.get(name) != right.get(name)]
    told = [f"{name} ({left.get(name, 'not there')} and {right.get(name, 'not there')})" for name in differing]
    return "; ".join(told) or "their conditions, their constraints or the order of their hyperparameters"


def _rule(row: StudyRow) -> Json:
    return row.settings.get("incumbent_from", "any")


def _paired(methods: Sequence[str], seeds: Sequence[int]) -> list[int]:
    """A seed for each run on one problem, different within its method.

    One run of each method keeps a seed that all methods have; the others are numbered in the order of their seeds.
    """
    of_method: dict[str, list[int]] = {}
    for index in sorted(range(len(seeds)), key=lambda index: seeds[index]):
        of_method.setdefault(methods[index], []).append(index)
    common = set.intersection(*({seeds[index] for index in own} for own in of_method.values()))
    found = list(seeds)
    for own in of_method.values():
        kept: set[int] = set()
        free = (number for number in itertools.count() if number not in common)
        for index in own:
            if seeds[index] in common and seeds[index] not in kept:
                kept.add(seeds[index])
            else:
                found[index] = next(free)
    return found


def _run(study: StudyLog, problem: str, method: str, seed: int, *, limit: int, trials: int | None) -> Run:
    row = study.row
    recorder = Recorder(row.goal, incumbent_from=_rule(row))
    workers, begun, ended = 1, set(), set()
    for event in study.events:
        if isinstance(event, SessionStarted):
            workers = event.slots
        if not isinstance(event, Started | Observed | Ended) or (trials is not None and event.trial >= trials):
            continue
        recorder.update(event)
        begun.add(event.trial)
        if isinstance(event, Ended) and event.state.is_final:
            ended.add(event.trial)
    is_whole = state_of(row) == "done" or (len(begun) == trials and begun == ended)
    made = row.provenance
    notes: dict[str, Json] = {
        "study": row.name,
        "seed": "" if seed == row.seed else row.seed,
        "workers": workers,
        "machine": ", ".join(str(made[name]) for name in ("host", "platform") if name in made),
        "python": made.get("python", ""),
        "command": made.get("command", ""),
        "started": row.created_unix,
    }
    return Run(
        problem=problem,
        method=method,
        seed=seed,
        goal=row.goal,
        budget=Budget("evaluations", limit),
        points=recorder.points,
        space=row.space,
        failed="" if is_whole else f"{_UNFINISHED[state_of(row)]} with {len(ended)} of {limit} trials at their end",
        versions=made.get("packages", {}),
        notes={name: value for name, value in notes.items() if value != ""},
    )


def _on_pairs(problem: str, methods: Sequence[str], changed: Sequence[bool]) -> list[str]:
    if not any(changed) or len(methods) == len(set(methods)):  # with one run of each there is nothing to pair
        return []
    why = f"{problem}: not every method has the same seeds, each once"
    return [f"{why}; {sum(changed)} of {len(changed)} studies are paired in the order of their seeds."]


def _remarks(runs: Sequence[Run]) -> list[str]:
    found = [f"The study {run.notes['study']!r} {run.failed}." for run in runs if run.failed]
    unnamed = [run for run in runs if run.problem == UNNAMED]
    if len(unnamed) > 1:
        found.append(
            f"What {len(unnamed)} of the studies tune has no name, so nothing shows that it is the same function."
        )
    workers = sorted({run.notes["workers"] for run in runs})
    if len(workers) > 1:
        found.append(
            f"The studies had between {workers[0]} and {workers[-1]} workers, so their seconds can't be compared."
        )
    return found
