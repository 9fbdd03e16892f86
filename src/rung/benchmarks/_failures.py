"""Runs that have no result of their own making."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from typing import TYPE_CHECKING, Final

from rung.analysis.comparison.runs import Run
from rung.benchmarks.methods import method
from rung.benchmarks.problems.catalogue import problem
from rung.provenance import describe_machine

if TYPE_CHECKING:
    from rung.benchmarks.one_run import Assignment


_OWN_ERROR: Final = re.compile(r"^rung\.errors\.\w+: ")


def in_words(last_line: str) -> str:
    """What an exception says, with its class in front; errors of rung are sentences already."""
    return _OWN_ERROR.sub("", last_line)


def failed_run(assignment: Assignment, why: str, *, traceback: str = "", output: str = "") -> Run:
    """The result of a run that has not come to one. why: in a line. output: the end of what it has printed."""
    on, how = problem(assignment.problem, data_dir=assignment.data_dir), method(assignment.method)
    notes = {
        "machine": describe_machine(),
        "python": platform.python_version(),
        "initial": assignment.n_initial,
        "command": assignment.command,
        "traceback": traceback,
        "output": output,
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
        failed=why,
        versions={package: importlib.metadata.version(package) for package in how.packages},
        notes={name: value for name, value in notes.items() if value != ""},
    )
