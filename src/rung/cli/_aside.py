"""A run by hand for a study that searches: it runs beside the study, which gets its result when it is over.

So the study stays free meanwhile, for a tuner and for other runs by hand. And no tuner takes this run up again, which
may have had another program.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, final

from msgspec.structs import replace

from rung.cli._command import send_record
from rung.cli._tracking import LIMITS, Echo, end_at_first_interrupt, exit_code, place_for_one
from rung.cli.main import INTERRUPTED, tell
from rung.commands import Record
from rung.console.plain import Teller
from rung.errors import StudyMismatchError
from rung.events import Ended, Started
from rung.places import OUTPUT, trial_folder
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Space
from rung.store import MemoryStore
from rung.tuning.interrupts import heed_interrupts
from rung.tuning.labels import Labels
from rung.tuning.loop import Loop
from rung.tuning.opening import OpenStudy, new_study
from rung.tuning.recording import checked_config
from rung.tuning.setup import opened
from rung.tuning.steering import space_to_come
from rung.types import Remark, TrialState

if TYPE_CHECKING:
    from rung.contracts import Store
    from rung.events import Event, StudyCreated
    from rung.ledger import Ledger
    from rung.runtime.objective import Objective
    from rung.types import Config, Goal, Json


def searches(created: StudyCreated) -> bool:
    """Whether the study searches a space; else it keeps runs by hand."""
    return bool(Space.from_json(created.space).names)


def config_for(store: Store, created: StudyCreated, config: Config, goal: Goal, project: str | None) -> dict[str, Json]:
    """The configuration as the study has it. RungError when the run would be none of that study's.

    RungWarning where its searcher can't place the configuration.
    """
    if goal != created.goal:
        raise StudyMismatchError(
            f"the study {created.study!r} judges {created.goal.mode} {created.goal.metric}, "
            f"not {goal.mode} {goal.metric}.",
            hint="Leave that out, or give another name to begin a new study. Nothing was run.",
        )
    Labels(project=project or "").check_project(created)
    return checked_config(config, space_to_come(store, store.tables.study(created.study)))


@final
class Aside:
    """Runs one configuration beside its study. note: on the run."""

    def __init__(self, store: Store, created: StudyCreated, *, note: str) -> None:
        self._store = store
        self._created = created
        self._name = created.study
        self._note = note
        self._tell = Teller()
        self._echo: Echo | None = None
        self._ended: Ended | None = None
        self._folder = Path()

    def run(self, objective: Objective, config: Config) -> int:
        """Run it to its end, and record it; returns the exit code of the program, or 130 if it was ended before."""
        files = self._store.folder(self._name)
        files.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="by-hand-", dir=files))
        try:
            store = MemoryStore(folder=folder)
            self._run(store, objective, config)
            result = self._result(store)
            if result is not None and self._folder.is_dir():
                kept = folder.with_suffix(".ended")
                self._folder.rename(kept)
                result = replace(result, files=str(kept))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if result is None:
            tell(f"{self._name}: the run was ended before its first report, so nothing is recorded")
        else:
            trial, sentence = send_record(self._store, self._name, result)
            tell(f"{self._name}: {sentence if trial is None else f'recorded as trial {trial}'}")
        return INTERRUPTED if self._ended is None else exit_code(self._ended)

    def _run(self, store: Store, objective: Objective, config: Config) -> None:
        """A study of its own that is forgotten: only what it has found out counts."""
        scheduler, goal = BasicScheduler(RandomSearcher(Space({}))), self._created.goal
        created = new_study(self._name, scheduler, goal, seed=self._created.seed, objective=None)
        study, backend = OpenStudy(store, scheduler, created, is_new=True), place_for_one()
        self._folder = trial_folder(study.folder, 0)
        try:
            with opened(backend, self._name, objective, study.folder):
                session = study.begin(slots=backend.slots, now=backend.now, observers=[self._observe])
                loop = Loop(session, backend, folder=study.folder, limits=LIMITS, given=[config])
                with heed_interrupts(loop, say=tell):
                    why = loop.run()
                study.leave(session, why)
        finally:
            if self._echo is not None:
                self._echo.close()

    def _observe(self, event: Event, ledger: Ledger) -> None:
        sentence = (self._tell(event, ledger) or "").replace("trial 0", "the run", 1)
        if isinstance(event, Started):
            tell(f"{self._name}: {sentence}; it becomes a trial when it ends")
            self._echo = Echo(self._folder / OUTPUT)
            end_at_first_interrupt()
        elif isinstance(event, Ended) and self._echo is not None:
            self._echo.close()
            self._ended = event
            tell(f"{self._name}: {sentence}")

    def _result(self, store: Store) -> Record | None:
        """What it came to; None when it was ended before there was anything to learn."""
        row = store.tables.trial(self._name, 0)
        ended = self._ended
        result = Record(
            config=row.config,
            reports=tuple((step, dict(metrics)) for _, step, _, metrics in store.tables.reports(self._name, 0)),
            state=TrialState.STOPPED,
            message="ended by Ctrl-C",
            seconds=row.runtime,
            notes=(*((Remark(self._note, time.time()),) if self._note else ()), *row.notes),
            checkpoints=tuple(replace(each, path=self._within(each.path)) for each in row.checkpoints),
            artifacts=tuple(replace(each, path=self._within(each.path)) for each in row.artifacts),
        )
        if ended is None:
            return result if result.reports else None
        return replace(result, state=ended.state, reason=ended.reason, message=ended.message, exit_code=ended.exit_code)

    def _within(self, path: str) -> str:
        return str(Path(path).relative_to(self._folder))
