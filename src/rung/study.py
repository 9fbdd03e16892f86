"""The read side of one study: incumbent, records, table, plot, best checkpoint. What ``tune()`` returns."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from rung import bookkeeping
from rung.bookkeeping import Incumbent, IncumbentFrom, Record
from rung.errors import CheckpointError
from rung.space import Space
from rung.store import open_store
from rung.types import Checkpoint, Config

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rung.contracts import Store
    from rung.rows import StudyRow, TrialRow


def open_study(name: str, store: str | Path, *, incumbent_from: IncumbentFrom = "any") -> Study:
    """A study of an existing store, for reading. StoreNotFoundError, StudyNotFoundError."""
    opened = open_store(str(store), create=False)
    try:
        return Study(opened, name, incumbent_from=incumbent_from)
    except BaseException:
        opened.close()
        raise


@final
class Study:
    """One study, read from its store at each access, so that it is up to date while a tuner writes."""

    def __init__(self, store: Store, name: str, *, incumbent_from: IncumbentFrom = "any") -> None:
        self.name = name
        self._store = store
        self._incumbent_from: IncumbentFrom = incumbent_from
        self.row  # noqa: B018  # a name that does not exist is told at once

    @property
    def row(self) -> StudyRow:
        """Settings, state and counts of the study."""
        return self._store.tables.study(self.name)

    @property
    def trials(self) -> list[TrialRow]:
        """All trials by number."""
        return list(self._store.tables.trials(self.name))

    @property
    def best(self) -> Incumbent | None:
        """The incumbent with its trial, step, configuration and error; None before there is one."""
        return bookkeeping.find_incumbent(self.row, {row.number: row for row in self.trials}, self._incumbent_from)

    @property
    def incumbent(self) -> Config | None:
        """The best configuration; None before there is one."""
        best = self.best
        return None if best is None else best.config

    @property
    def incumbent_error(self) -> float | None:
        """The incumbent's value of the metric."""
        best = self.best
        return None if best is None else best.error

    @property
    def records(self) -> list[Record]:
        """Configuration, error and runtime of each finished trial, in the order in which they ended."""
        return bookkeeping.records(self.trials, self.row.goal, self._incumbent_from)

    def curve(self, trial: int) -> list[tuple[int, Mapping[str, float]]]:
        """(step, metrics) of one trial."""
        return [(step, metrics) for _, step, _, metrics in self._store.tables.reports(self.name, trial)]

    def best_checkpoint(self) -> Checkpoint:
        """The checkpoint of the incumbent's best step; ``rung.load_checkpoint`` gives the weights in it.

        CheckpointError when that step left none, as functions without ``trial.epochs`` do.
        """
        best = self.best
        if best is None:
            raise CheckpointError(f"the study {self.name!r} has no value yet, so there is no best checkpoint.")
        trial = next(row for row in self.trials if row.number == best.trial)
        for checkpoint in reversed(trial.checkpoints):
            if checkpoint.step == best.step:
                return checkpoint
        raise CheckpointError(
            f"trial {best.trial} kept no checkpoint of its best step {best.step}.",
            hint="`for epoch in trial.epochs(n, model=model, optimizer=optimizer)` saves one after every epoch; with "
            "every=k only after each k-th.",
        )

    def plot(self, path: str | Path | None = None, *, step_name: str = "step") -> Figure:
        """The study at a glance: any-time curve, learning curves, configurations. With a path, saved as a picture.

        step_name: what a step is called on the axes, such as ``epoch``. MissingExtraError without matplotlib.
        """
        from rung.analysis.curves import overview
        from rung.analysis.plots import plot_overview

        row = self.row
        reports = self._store.tables.reports(self.name)
        seen = overview(self.trials, reports, goal=row.goal, space=Space.from_json(row.space))
        figure = plot_overview(seen, step_name=step_name, title=self.name)
        if path is not None:
            figure.savefig(path)
        return figure

    def close(self) -> None:
        """Let go of the store; the study can't be read any more. Needed only where files must not stay open."""
        self._store.close()

    def __repr__(self) -> str:
        best = self.best
        found = "no value yet" if best is None else f"{self.row.goal.metric} {best.error:g} in trial {best.trial}"
        return f"<Study {self.name!r}: {len(self.trials)} trials, {found}>"


def resume_command(store: Store, name: str) -> str:
    """The command line that goes on with a study, or what to do when there is none."""
    if store.url == "memory":
        return "the same script (the store is in memory, so this run's results end with the process)"
    return f"rung resume {shlex.quote(name)} --store {shlex.quote(store.url)}"


def spec_summary(row: StudyRow) -> dict[str, Any]:
    """What a study was set up with, in JSON form."""
    return {
        "space": row.space,
        "searcher": row.searcher,
        "scheduler": row.scheduler,
        "objective": row.objective,
        "seed": row.seed,
        "settings": dict(row.settings),
        "provenance": dict(row.provenance),
    }
