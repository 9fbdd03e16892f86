"""hyperopt's ``early_stop``: when ``fmin`` ends before ``max_evals``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rung.integrations.hyperopt._trials import Trials


def no_progress_loss(
    iteration_stop_count: int = 20, percent_increase: float = 0.0
) -> Callable[..., tuple[bool, list[Any]]]:
    """To stop after so many trials in a row without a loss lower than the best by ``percent_increase`` percent."""

    def has_stalled(trials: Trials, best: float | None = None, without: int = 0) -> tuple[bool, list[Any]]:
        newest = trials.trials[-1]["result"].get("loss")
        if best is None:
            return False, [newest, without + 1]
        is_better = newest is not None and newest < best - abs(best * percent_increase / 100)
        best, without = (newest, 0) if is_better else (best, without + 1)
        return without >= iteration_stop_count, [best, without]

    return has_stalled
