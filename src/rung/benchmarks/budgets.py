"""What each run may spend, as people write it: ``50``, ``steps:2000``, ``trainings:20``, ``simulated:2h``."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast, get_args

from msgspec import Struct

from rung.analysis.comparison.runs import Axis, Budget
from rung.checks import whole_number
from rung.durations import as_seconds, duration_text
from rung.errors import SettingError

if TYPE_CHECKING:
    from rung.benchmarks.problem import Problem

Unit: TypeAlias = Literal["evaluations", "steps", "trainings", "simulated", "wall"]
"""What stands before the colon: configurations begun; steps over all of them; full trainings' worth of steps; seconds
on the problem's own clock; real seconds."""

_AXES: Final[dict[Unit, Axis]] = {
    "evaluations": "evaluations",
    "steps": "steps",
    "trainings": "steps",
    "simulated": "simulated_s",
    "wall": "wall_s",
}
_WORDS: Final = {axis: unit for unit, axis in _AXES.items() if unit != "trainings"}
_EXAMPLES: Final = "Write 50 or evaluations:50, steps:2000, trainings:20, simulated:2h or wall:10min."


class Allowance(Struct, frozen=True):
    """A budget before one knows on which problem. amount: seconds, or a whole number. workers: trials at once."""

    unit: Unit
    amount: float
    workers: int = 1

    def on(self, problem: Problem) -> Budget:
        """What that is on this problem."""
        length = problem.n_steps if self.unit == "trainings" else 1
        return Budget(_AXES[self.unit], self.amount * length, self.workers)


def read_budget(given: str | int, *, workers: int = 1) -> Allowance:
    """What a text such as ``steps:2000`` stands for; a number alone is of evaluations.

    workers: how many trials run at once within each run, on the problem's clock. SettingError for what can't be read.
    """
    workers = whole_number("workers", workers, at_least=1, example=4)
    word, colon, amount = str(given).strip().partition(":")
    if not colon:
        word, amount = "evaluations", word
    unit = _unit(word.strip(), given)
    if unit in {"simulated", "wall"}:
        return Allowance(unit, as_seconds(amount.strip(), name=f"budget {unit}"), workers)
    if not (amount.strip().isdecimal() and int(amount) > 0):
        raise SettingError(f"The budget {given!r} has no whole number of {unit}.", hint=_EXAMPLES)
    return Allowance(unit, int(amount), workers)


def budget_text(budget: Budget) -> str:
    """A budget in the words that ``read_budget`` reads, and behind them the workers where there are several."""
    word = _WORDS[budget.axis]
    amount = duration_text(budget.limit) if word in {"simulated", "wall"} else f"{budget.limit:.0f}"
    return f"{word}:{amount}" + (f" with {budget.workers} workers" if budget.workers > 1 else "")


def _unit(word: str, given: object) -> Unit:
    units = get_args(Unit)
    if word not in units:
        near = difflib.get_close_matches(word, units, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise SettingError(f"The budget {given!r} is counted in {word!r}, which is not known.", hint=guess + _EXAMPLES)
    return cast("Unit", word)
