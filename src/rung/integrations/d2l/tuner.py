"""The book's tuner, with rung's engine, log and records behind it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rung.events import Ended, Started
from rung.integrations.d2l.adapt import BookScheduler, OpaqueScheduler, as_scheduler
from rung.integrations.d2l.hyperparameters import HyperParameters
from rung.tuner import Tuner
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.bookkeeping import Record
    from rung.contracts import Scheduler, Store
    from rung.events import Event
    from rung.ledger import Ledger
    from rung.rows import TrialRow


class HPOTuner(HyperParameters):
    """Runs trials one after the other and keeps the tables that the book plots.

    scheduler: in the book's style, or one of rung's. objective: hyperparameters in, error out. store, study, workers,
    seed: as for ``rung.Tuner``, which is the attribute ``tuner``; in a store, ``run`` goes on with the study of that
    name. ``bookkeeping`` may be redefined; it is called once for each completed trial.
    """

    scheduler: BookScheduler | Scheduler
    objective: Callable[..., Any]
    workers: int | None

    def __init__(
        self,
        scheduler: BookScheduler | Scheduler,
        objective: Callable[..., Any],
        *,
        store: Store | str | Path = "memory",
        study: str | None = None,
        workers: int | None = None,
        seed: int | None = None,
    ) -> None:
        self.save_hyperparameters()
        self.incumbent: dict[str, Any] | None = None
        self.incumbent_error: float | None = None
        self.incumbent_trajectory: list[float | None] = []
        self.cumulative_runtime: list[float] = []
        self.current_runtime = 0.0
        self.records: list[dict[str, Any]] = []
        self._adapted = as_scheduler(scheduler)
        self._booked: set[int] = set()
        self.tuner = Tuner(
            objective,
            self._adapted,
            store=store,
            study=study,
            workers=workers,
            seed=seed,
            incumbent_from="final",
            observers=[self._observe],
        )
        weakref.finalize(self, self.tuner.close)  # the book's tuner is never closed

    def run(self, number_of_trials: int) -> None:
        """Run so many more trials."""
        self._book()
        self.tuner.run(number_of_trials)

    def bookkeeping(self, config: dict[str, Any], error: float, runtime: float) -> None:
        """Take a completed trial into the tables. runtime: seconds."""
        self.records.append({"config": config, "error": error, "runtime": runtime})
        if self.incumbent_error is None or error < self.incumbent_error:
            self.incumbent, self.incumbent_error = config, error
        self.incumbent_trajectory.append(self.incumbent_error)
        self.current_runtime += runtime
        self.cumulative_runtime.append(self.current_runtime)

    def _observe(self, event: Event, ledger: Ledger) -> None:
        if isinstance(event, Started):
            again = "" if event.attempt == 1 else " again"
            _say(f"Trial {event.trial}{again}: config = {self._config(event.trial, event.config)}")
        elif isinstance(event, Ended) and event.state.is_final:
            self._book()
            which = "" if self.workers in {None, 1} else f"trial {event.trial}: "
            _say(f"    {which}{_outcome(event, ledger.trials[event.trial])}")

    def _book(self) -> None:
        """Bookkeeping of what has ended and is not in the tables yet; of a resumed study, that is all it has."""
        for record in self.tuner.records:
            if record.trial not in self._booked:
                self._booked.add(record.trial)
                self._book_record(record)

    def _book_record(self, record: Record) -> None:
        if record.error is None:
            self.current_runtime += record.runtime  # it took its time, too
        else:
            self.bookkeeping(self._config(record.trial, record.config), record.error, record.runtime)

    def _config(self, trial: int, config: Any) -> dict[str, Any]:
        """As its scheduler knows it: with ``max_epochs`` where that was set."""
        known = self._adapted.config_of(trial) if isinstance(self._adapted, OpaqueScheduler) else None
        return known or dict(config)


def _outcome(event: Ended, row: TrialRow) -> str:
    if event.state is TrialState.COMPLETED:
        return f"error = {row.last_loss}, runtime = {row.runtime}"
    return f"{event.state}: {event.message or event.reason}"


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  the book's tuner prints what it does
