"""One run of a benchmark: a method on a problem with a seed, from its names to its result."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sys
import time
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec import structs

from rung.analysis.comparison.runs import Budget, Key, Run
from rung.benchmarks.driver import drive
from rung.benchmarks.method import Task
from rung.benchmarks.methods import method
from rung.benchmarks.problems.catalogue import problem
from rung.provenance import describe_machine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rung.benchmarks.method import Method
    from rung.benchmarks.problem import Problem
    from rung.types import Config, Json

_OWN_ERROR: Final = re.compile(r"^rung\.errors\.\w+: ")
_DRAWS: Final = 100  # per initial point, until a small space is taken to have no more
_MATTER: Final = ("numpy", "scipy", "torch", "sklearn", "onnxruntime")  # to values and times, wherever they are loaded
_DISTRIBUTIONS: Final = {"sklearn": "scikit-learn"}


class Assignment(NamedTuple):
    """A run that is to be made.

    n_initial: how many configurations all methods try first; the same for one problem and seed. data_dir: where the
    problem's data are. command: the line that has asked for it.
    """

    problem: str
    method: str
    seed: int
    budget: Budget
    n_initial: int
    data_dir: str | None = None
    command: str = ""

    @property
    def key(self) -> Key:
        """What names the run."""
        return Key(self.problem, self.method, self.seed)


def execute(assignment: Assignment) -> Run:
    """Make the run. What the method does wrong stands in the result; SettingError for names that nobody knows."""
    began, started = _cpu_s(), time.time()
    on, how = problem(assignment.problem, data_dir=assignment.data_dir), method(assignment.method)
    study_seed = seed_of(on.name, assignment.seed)
    points = initial_points(on, assignment.seed, assignment.n_initial)
    budget = assignment.budget
    task = Task(on.space, points, on.n_steps, study_seed, budget.workers, full_trainings(budget, on.n_steps))
    found = drive(on, lambda: how.make(task), budget, seed=study_seed)
    failed, _, traceback = found.failed.partition("\n")
    return structs.replace(
        _without_result(assignment, on, how, started=started, initial=len(points), traceback=traceback),
        points=found.points,
        completed=found.completed,
        cpu_s=_cpu_s() - began,
        failed=in_words(failed),
        versions=_versions((*how.packages, *_loaded())),
    )


def failed_run(assignment: Assignment, why: str, *, traceback: str = "", output: str = "") -> Run:
    """The result of a run that has not come to one. why: in a line. output: the end of what it has printed."""
    on, how = problem(assignment.problem, data_dir=assignment.data_dir), method(assignment.method)
    run = _without_result(assignment, on, how, initial=assignment.n_initial, traceback=traceback, output=output)
    return structs.replace(run, failed=why)


def in_words(last_line: str) -> str:
    """What an exception says, with its class in front; errors of rung are sentences already."""
    return _OWN_ERROR.sub("", last_line)


def full_trainings(budget: Budget, n_steps: int) -> int | None:
    """How many full trainings a budget pays for, at least one; None where time limits it."""
    if budget.axis not in {"evaluations", "steps"}:
        return None
    return max(1, int(budget.limit if budget.axis == "evaluations" else budget.limit / n_steps))


def seed_of(problem_name: str, seed: int) -> int:
    """The seed of every method on one problem, below 2**31: rung's own then draw the same random configurations."""
    words = np.random.SeedSequence([seed, zlib.crc32(problem_name.encode())]).generate_state(1)
    return int(words[0]) >> 1


def initial_points(on: Problem, seed: int, count: int) -> tuple[Config, ...]:
    """Up to ``count`` different random configurations, the same for one problem and seed."""
    rng = np.random.default_rng(np.random.SeedSequence(seed_of(on.name, seed), spawn_key=(0, 0)))
    found: list[Config] = []
    for _ in range(count * _DRAWS):
        if len(found) == count:
            break
        config = on.space.sample(rng)
        if config not in found:
            found.append(config)
    return tuple(found)


def _without_result(assignment: Assignment, on: Problem, how: Method, **notes: Json) -> Run:
    """What is known of a run before it has found anything. notes: besides those that all runs have."""
    told = {
        "machine": describe_machine(),
        "python": platform.python_version(),
        "command": assignment.command,
        **notes,
    }
    return Run(
        problem=on.name,
        method=how.name,
        seed=assignment.seed,
        goal=on.goal,
        budget=assignment.budget,
        points=(),
        space=on.space.to_json(),
        best_known=on.best,
        median=on.median,
        caveat=on.caveat,
        versions=_versions(how.packages),
        notes={name: value for name, value in told.items() if value != ""},
    )


def _cpu_s() -> float:
    """Processor seconds of this process and the children it has waited for."""
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def _loaded() -> list[str]:
    """The distributions that have a say in values and times."""
    return [_DISTRIBUTIONS.get(module, module) for module in _MATTER if module in sys.modules]


def _versions(packages: Iterable[str]) -> dict[str, str]:
    return {package: importlib.metadata.version(package) for package in dict.fromkeys(packages)}
