"""The study behind a search: what is to be evaluated next, and what came of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast, final

from msgspec import Struct

from rung.errors import ExhaustedError, SettingError, StudyMismatchError, StudyNotFoundError
from rung.integrations.sklearn._rows import METRIC
from rung.store import open_store
from rung.tuner import Tuner
from rung.tuning.setup import free_name
from rung.tuning.starter import Limits
from rung.types import Action

if TYPE_CHECKING:
    from rung.contracts import Scheduler, Tables
    from rung.tuning.hand import Asked
    from rung.types import Config


_NAME: Final = "search"


class Due(Struct, frozen=True):
    """A trial that is to be evaluated, with so much of the resource where there is one."""

    trial: int
    config: Config
    resource: int | None = None


@final
class Record:
    """Asks a tuner for trials and tells it their scores. resource: the name of what is searched over, if anything."""

    def __init__(self, tuner: Tuner, tables: Tables, study: str, *, is_new: bool, resource: str | None) -> None:
        self.study = study
        self._tuner, self._tables, self._is_new, self._resource = tuner, tables, is_new, resource

    def past(self) -> Iterator[tuple[int, Config, int, Mapping[str, float]]]:
        """(trial, configuration, step, metrics) of all that was told in earlier sessions, in that order."""
        if self._is_new:
            return
        configs = {row.number: row.config for row in self._tables.trials(self.study)}
        told = sorted(self._tables.reports(self.study), key=lambda report: report[2])
        yield from ((trial, configs[trial], step, metrics) for trial, step, _, metrics in told)

    def left_open(self) -> list[Due]:
        """The trials that an earlier session has begun and not finished."""
        running = [] if self._is_new else self._tables.running(self.study)
        return [self._due(row.number, row.config) for row in running]

    def ask(self, count: int) -> list[Due]:
        """At most so many trials, none when there is nothing to be asked for now."""
        if count < 1:
            return []
        try:
            begun = self._tuner.ask(count)
        except ExhaustedError:
            return []
        return [self._due(asked.number, asked.config) for asked in cast("list[Asked]", begun)]

    def tell(self, due: Due, metrics: Mapping[str, float]) -> Due | None:
        """Take the scores of a trial; what is due of it next, None when it is over or paused."""
        decision = self._tuner.tell(due.trial, metrics, step=due.resource)
        row = self._tables.trial(self.study, due.trial)
        is_over = decision.action is not Action.CONTINUE or row.state.is_final
        return None if is_over else self._due(due.trial, row.config)

    def _due(self, trial: int, config: Config) -> Due:
        """The next evaluation of a trial: at the next step at which the scheduler wants to be told."""
        row = self._tables.trial(self.study, trial)
        if self._resource is None and row.until is None:
            return Due(trial, config)
        if self._resource is None:
            raise SettingError(
                "this scheduler gives more to the better candidates, and nothing says of what.",
                hint='Give resource="n_samples", or the name of a parameter such as "n_estimators".',
            )
        if row.until is None or row.decide_at is None:
            raise SettingError(
                f"this scheduler doesn't say how much of {self._resource!r} a candidate is to get.",
                hint="Use 'asha', 'halving' or 'hyperband'.",
            )
        ahead = [step for step in (*row.decide_at, row.until) if step > row.last_step]
        return Due(trial, config, min(ahead))


@contextlib.contextmanager
def open_record(
    scheduler: Scheduler,
    *,
    store: str | Path,
    study: str | None,
    seed: int | None,
    n_trials: int,
    resource: str | None,
    mark: str | None,
) -> Iterator[Record]:
    """Begin a study, or go on with it.

    mark: stands for what is evaluated, data and splits; StudyMismatchError when the study has another one.
    """
    with contextlib.closing(open_store(str(store), create=True)) as opened:
        name = study or free_name(opened, _NAME)
        is_new = not _is_there(opened.tables, name, mark)
        limits, tags = Limits(max_trials=n_trials), () if mark is None else (mark,)
        tuner = Tuner(
            None, scheduler, metric=METRIC, mode="max", store=opened, study=name, seed=seed, limits=limits, tags=tags
        )
        with tuner:
            yield Record(tuner, opened.tables, name, is_new=is_new, resource=resource)


def _is_there(tables: Tables, study: str, mark: str | None) -> bool:
    """Whether the store has the study; StudyMismatchError when it has one that is about something else."""
    try:
        row = tables.study(study)
    except StudyNotFoundError:
        return False
    if mark not in row.tags:
        raise StudyMismatchError(
            f"the study {study!r} is about other data, other splits or another estimator.",
            hint="Give another study=…; to go on with this one, cv must give the same splits: set its random_state.",
        )
    return True
