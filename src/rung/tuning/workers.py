"""The workers of one session, by number: which are free, and which get no more because everything fails on them."""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING, final

from rung.types import TrialState

if TYPE_CHECKING:
    from rung.rows import TrialRow

FAILURE_WINDOW_S = 60.0
_FAULTS = frozenset({"error", "oom", "exit", "crashed", "killed", "no_value", "bad_value"})


@final
class Workers:
    """Numbers from 0 to ``slots - 1``. ``last_failure``: of whichever worker, in words."""

    def __init__(self, slots: int, *, failures_in_a_row: int | None) -> None:
        self.last_failure = ""
        self._free = list(range(slots))  # a heap
        self._n_left = slots
        self._allowed = failures_in_a_row
        self._failures: dict[int, deque[float]] = {}

    @property
    def next_free(self) -> int | None:
        """The free worker with the lowest number."""
        return self._free[0] if self._free else None

    @property
    def are_all_paused(self) -> bool:
        """None is left, not even a busy one."""
        return self._n_left == 0

    def take_next(self) -> None:
        """The next free worker has got something to do."""
        heapq.heappop(self._free)

    def take(self, worker: int) -> bool:
        """Take this very worker, which works already; False when it isn't free, or there are not so many any more."""
        if worker not in self._free:
            return False
        self._free.remove(worker)
        heapq.heapify(self._free)
        return True

    def settle(self, trial: TrialRow, at: float) -> str:
        """A run has ended: its worker is free again, or is paused; then returns why."""
        if not self._has_failed_too_often(trial, at):
            heapq.heappush(self._free, trial.worker)
            return ""
        self._n_left -= 1
        return f"{self._allowed} failures in a row, the last one in trial {trial.number}"

    def _has_failed_too_often(self, trial: TrialRow, at: float) -> bool:
        if self._allowed is None or trial.state is TrialState.WAITING:
            return False  # what ended a waiting trial came from outside: that says nothing about the worker
        if trial.state is not TrialState.FAILED or trial.reason not in _FAULTS:
            self._failures.pop(trial.worker, None)
            return False
        first_line = trial.message.partition("\n")[0]  # the traceback below it is in the trial's record
        self.last_failure = f"trial {trial.number}: {trial.reason}: {first_line}"
        failures = self._failures.setdefault(trial.worker, deque(maxlen=self._allowed))
        failures.append(at)
        return len(failures) == self._allowed and failures[-1] - failures[0] <= FAILURE_WINDOW_S
