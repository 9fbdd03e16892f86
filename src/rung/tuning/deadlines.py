"""When a run of a trial must be over, and what becomes of one that isn't."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

from rung.tuning.starter import Limits
from rung.types import Action

if TYPE_CHECKING:
    from rung.rows import TrialRow
    from rung.tuning.intake import Intake
    from rung.tuning.session import Session


@final
class Deadlines:
    """Ends the runs that have broken a limit. What comes before a run has its process, as imports do, is not its own.

    When to look again is a moment on the study's clock, so that simulated trials always end the same way.
    """

    def __init__(self, session: Session, intake: Intake, limits: Limits, *, runs_in_caller: bool) -> None:
        self._ledger = session.ledger
        self._intake = intake
        self._limits = limits
        self._runs_in_caller = runs_in_caller
        self._next_at = -math.inf

    def hold(self, at: float) -> None:
        """End by force what must be over at this moment of the study's clock."""
        if at <= self._next_at:
            return
        limits = self._limits
        allowed = (limits.stop_grace_s, limits.trial_seconds, limits.stall_seconds)
        self._next_at = at + min(seconds for seconds in allowed if seconds is not None)
        for _, trial in sorted(self._ledger.running.items()):
            heard_at = max(trial.last_at, self._intake.heard_at.get(trial.number, 0.0))
            has_begun = self._runs_in_caller or trial.pid is not None
            end, reason, message = _latest_end(trial, limits, heard_at, has_begun=has_begun)
            if at > end:
                self._intake.end_by_force(trial, reason=reason, message=message)
            else:
                self._next_at = min(self._next_at, end)
        self._intake.commit()


def _latest_end(trial: TrialRow, limits: Limits, heard_at: float, *, has_begun: bool) -> tuple[float, str, str]:
    """When a run must be over, and the reason and message of its failure if it isn't."""
    if trial.decided is Action.STOP:
        return trial.decided_at + limits.stop_grace_s, "", ""
    ends = [(math.inf, "", "")]
    if trial.decided is not None:
        ends.append((trial.decided_at + limits.stop_grace_s, "", ""))
    elif trial.until is not None and trial.last_step >= trial.until:
        ends.append((heard_at + limits.stop_grace_s, "", ""))
    if has_begun and (allowed := limits.trial_seconds) is not None:
        ends.append((trial.launched_at + allowed, "timeout", f"took more than {allowed:g} s"))
    if has_begun and (allowed := limits.stall_seconds) is not None:
        ends.append((heard_at + allowed, "stalled", f"no report for {allowed:g} s"))
    return min(ends)
