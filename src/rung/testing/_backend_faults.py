"""What goes wrong in objectives, and how a backend has to put it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from rung.testing import objectives
from rung.types import Outcome


class Fault(Struct, frozen=True, kw_only=True):
    """An objective, and the end that it has to come to.

    curve: what it reports first. reason: empty when it counts as finished. says: all that is in the message.
    says_not: what must not be in it.
    """

    objective: Callable[..., Any]
    curve: Mapping[int, float] = {}
    reason: str = ""
    says: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """How the run ends."""
        return Outcome.FAILED if self.reason else Outcome.FINISHED


FAULTS: tuple[Fault, ...] = (
    Fault(
        objective=objectives.raises,
        curve={1: 0.5},
        reason="error",
        says=("ValueError: it broke at 0.5\n", "objectives.py", "in raises", "and more"),
    ),
    Fault(objective=objectives.runs_out_of_memory, reason="oom", says=("MemoryError: no room",)),
    Fault(objective=objectives.runs_out_of_device_memory, reason="oom", says=("OutOfMemoryError: no room",)),
    Fault(objective=objectives.returns_none, reason="no_value", says=("Nothing was reported",)),
    Fault(objective=objectives.returns_text, reason="bad_value", says=("error can't be '0.5'",)),
    Fault(objective=objectives.returns_truth, reason="bad_value", says=("error can't be True",)),
    Fault(
        objective=objectives.returns_other_metric,
        reason="bad_value",
        says=("'error' is missing", "given: 'accuracy'"),
    ),
    Fault(objective=objectives.returns_nan, curve={1: math.nan}),
    Fault(objective=objectives.returns_infinity, curve={1: math.inf}),
    Fault(objective=objectives.reports_nan, curve={1: 0.5, 2: math.nan}),
    Fault(objective=objectives.exits, curve={1: 0.5}, reason="exit", says=("exited with 3",)),
    Fault(objective=objectives.exits_well, curve={1: 0.5}),
    Fault(objective=objectives.reports_twice, curve={2: 0.5}, reason="error", says=("Step 2", "after step 2")),
    Fault(objective=objectives.reports_backwards, curve={2: 0.5}, reason="error", says=("Step 1", "after step 2")),
    Fault(objective=objectives.reports_text, reason="error", says=("ReportError", "error can't be '0.5'")),
    Fault(objective=objectives.takes_too_little, reason="error", says=("takes depth", "also has rate")),
    Fault(objective=objectives.yields_nothing, reason="no_value", says=("Nothing was reported",)),
    Fault(objective=objectives.yields_text, curve={1: 0.5}, reason="bad_value", says=("error can't be 'much'",)),
    Fault(objective=objectives.yields_and_raises, curve={1: 0.5}, reason="error", says=("in yields_and_raises",)),
    Fault(objective=objectives.yields_and_returns, curve={1: 0.5, 2: 1.0}),
    Fault(objective=objectives.yields_and_reports, curve={1: 0.5}, reason="error", says=("Yield the metrics",)),
)
