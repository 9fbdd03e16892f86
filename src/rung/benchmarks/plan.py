"""What is to be run: methods x problems x seeds, less what there are results of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from msgspec import Struct

from rung.benchmarks._seeds import read_seeds
from rung.benchmarks.budgets import Allowance, budget_text, read_budget
from rung.benchmarks.method import Task
from rung.benchmarks.methods import is_own, method
from rung.benchmarks.one_run import Assignment, initial_points
from rung.benchmarks.problems.catalogue import problems as named_problems
from rung.checks import whole_number
from rung.errors import MissingExtraError, RungError, SettingError

if TYPE_CHECKING:
    from rung.analysis.comparison.runs import Key, Run
    from rung.benchmarks.method import Method
    from rung.benchmarks.problem import Problem
    from rung.benchmarks.results import Results
    from rung.types import Goal, Json

N_INITIAL: Final = 3
"""How many random configurations all methods try first, the same ones for one problem and seed."""


class Skipped(NamedTuple):
    """A method that can't be run here. why: what it needs, in a sentence. hint: what to do."""

    method: str
    why: str
    hint: str


class Plan(Struct, frozen=True, kw_only=True):
    """What a benchmark consists of. assignments: all runs, in an order in which any beginning of it is balanced."""

    methods: tuple[Method, ...]
    problems: tuple[Problem, ...]
    seeds: tuple[int, ...]
    allowance: Allowance
    n_initial: int
    skipped: tuple[Skipped, ...]
    assignments: tuple[Assignment, ...]

    @property
    def keys(self) -> frozenset[Key]:
        """Which runs belong to it."""
        return frozenset(each.key for each in self.assignments)

    def left(self, results: Results, *, retry_failed: bool = False) -> tuple[Assignment, ...]:
        """The runs that there are no results of. A failed run is a result too, unless it is to be tried again."""
        done = {run.key for run in results.runs if not (retry_failed and run.failed)}
        return tuple(each for each in self.assignments if each.key not in done)

    def refuse_others(self, results: Results, folder: Path) -> None:
        """SettingError when there are runs on the same problems that could not be compared with those of the plan."""
        for on in self.problems:
            there = [run for run in results.runs if run.problem == on.name]
            for run in there:
                if difference := _difference(run, on, self.allowance, self.n_initial):
                    raise SettingError(
                        f"{folder} has runs on {on.name} that differ from those asked for: {difference}.",
                        hint="Choose another folder, or ask for what is there.",
                    )


def plan_benchmark(
    methods: Iterable[str],
    problems: Iterable[str],
    *,
    seeds: str | int | Iterable[int],
    budget: str | int,
    workers: int = 1,
    n_initial: int = N_INITIAL,
    data_dir: str | Path | None = None,
    command: str = "",
) -> Plan:
    """The plan for these methods and problems by name, or sets of problems; see ``run_benchmark``.

    Methods whose packages aren't there are skipped. SettingError for what is not known or makes no sense;
    MissingExtraError when no method could be run.
    """
    n_initial = whole_number("n_initial", n_initial, at_least=0, example=3)
    allowance, chosen = read_budget(budget, workers=workers), read_seeds(seeds)
    folder = None if data_dir is None else str(data_dir)
    found = named_problems(problems, data_dir=folder)
    able, skipped = _methods(methods)
    for what, names in (("method", able), ("problem", found)):
        if not names:
            raise SettingError(f"No {what} was named.", hint="`rung bench list` says what there is.")
    for how in filter(lambda how: is_own(how.name), able):
        _check_options(how, found, allowance.workers)
    return Plan(
        methods=tuple(able),
        problems=tuple(found),
        seeds=chosen,
        allowance=allowance,
        n_initial=n_initial,
        skipped=tuple(skipped),
        assignments=tuple(
            Assignment(on.name, how.name, seed, allowance.on(on), n_initial, folder, command)
            for seed in chosen
            for on in found
            for how in able
        ),
    )


def _methods(names: Iterable[str]) -> tuple[list[Method], list[Skipped]]:
    """Those that can be run, and those that can't; MissingExtraError when that is all of them."""
    able: list[Method] = []
    skipped: list[Skipped] = []
    missing: MissingExtraError | None = None
    for name in dict.fromkeys(map(str.strip, names)):
        try:
            able.append(method(name))
        except MissingExtraError as error:
            skipped.append(Skipped(name, error.sentence, error.hint))
            missing = missing or error
    if missing is not None and not able:
        raise missing
    return able, skipped


def _check_options(how: Method, problems: Sequence[Problem], workers: int) -> None:
    """SettingError when the method can be made for none of the problems, as with an option that is out of range."""
    for on in problems:
        try:
            how.make(Task(on.space, (), on.n_steps, 0, workers))
        except RungError as error:
            refusal = error
        except Exception:  # noqa: BLE001  somebody's own class, whose runs will say what is wrong with it
            return
        else:
            return
    raise SettingError(f"{how.name} can't be made: {refusal.sentence}", hint=refusal.hint) from refusal


def _difference(run: Run, on: Problem, allowance: Allowance, n_initial: int) -> str:
    """How a run differs in what it had to do, in words; empty when it doesn't."""
    budget = allowance.on(on)
    if run.budget != budget:
        return f"their budget was {budget_text(run.budget)}, and {budget_text(budget)} is asked for"
    if run.goal != on.goal:
        return f"their goal was {_goal(run.goal)}, and now it is {_goal(on.goal)}"
    if (there := run.notes.get("initial", n_initial)) != n_initial:
        here = len(initial_points(on, run.seed, n_initial))  # a small space may have no more
        if there != here:
            return f"they began with {there} given configurations, and {here} are asked for"
    for noun, past, now in (("best known value", run.best_known, on.best), ("median", run.median, on.median)):
        if past != now:
            return f"the {noun} was {past}, and now it is {now}"
    return _space_difference(run.space, msgspec.json.decode(msgspec.json.encode(on.space.to_json())))


def _space_difference(there: Json, here: Json) -> str:
    if there == here:
        return ""
    past, now = (_dimensions(form) for form in (there, here))
    for name in [*past, *(name for name in now if name not in past)]:
        if past.get(name) != now.get(name):
            return f"in their space {name!r} was {_shown(past.get(name))}, and now it is {_shown(now.get(name))}"
    return "their space had other conditions, constraints or another order"


def _dimensions(form: Json) -> dict[str, Json]:
    dimensions: Sequence[dict[str, Json]] = form.get("dimensions", ())
    return {each["name"]: {key: each[key] for key in each if key != "name"} for each in dimensions}


def _shown(form: Json) -> str:
    return "not there" if form is None else msgspec.json.encode(form).decode()


def _goal(goal: Goal) -> str:
    return f"{goal.metric} ({goal.mode})"
