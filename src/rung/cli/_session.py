"""What ``run`` and ``resume`` have in common: a tuner with its progress, and the exit code that tells how it went."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from rung._trial import importing_training_code
from rung.backends.resources import Resources
from rung.cli.main import FAILED, INTERRUPTED, NOTHING_SUCCEEDED, tell, tell_error
from rung.console import make_progress
from rung.errors import ObjectiveError, RungError, SettingError, StudyPausedError
from rung.registry import build_scheduler
from rung.runtime.objective import Objective, as_objective
from rung.space import Space
from rung.stopping import Criterion
from rung.tuner import Tuner
from rung.tuning.starter import Limits
from rung.types import Goal, TrialState

if TYPE_CHECKING:
    from rung.bookkeeping import IncumbentFrom
    from rung.console import ProgressMode
    from rung.contracts import Scheduler, Store
    from rung.events import StudyCreated
    from rung.rows import StudyRow
    from rung.tuning.opening import Resume


class Order(Struct, frozen=True, kw_only=True):
    """What to run, and for how long. max_trials: the study's total. seconds: of this run. project_limit: seconds."""

    study: str
    objective: Objective
    scheduler: Any
    goal: Goal
    workers: int | None
    resume: Resume
    seed: int | None = None
    incumbent_from: IncumbentFrom = "any"
    limits: Limits = Limits()
    max_trials: int | None = None
    seconds: float | None = None
    stop: Criterion | None = None
    resources: Resources | None = None
    project: str | None = None
    message: str = ""
    tags: tuple[str, ...] = ()
    project_limit: float | None = None
    progress: ProgressMode = "auto"


def load_objective(words: list[str] | str, folder: str | None = None) -> Objective:
    """The script with that argument list, or the function ``module:function`` or ``file.py:function``.

    Modules are looked for in the working directory first, and then in ``folder``. ObjectiveError when there is no such
    function or program.
    """
    if not isinstance(words, str):
        if shutil.which(words[0]) is None:
            raise ObjectiveError(f"there is no program {words[0]!r}.", hint="Check its name, or give its path.")
        return as_objective(words)
    for place in (folder, str(Path.cwd())):
        if place is not None and place not in sys.path:
            sys.path.insert(0, place)
    with importing_training_code():
        return as_objective(words)


def conduct(order: Order, store: Store) -> int:
    """Run the study; returns the exit code."""
    shown = make_progress(order.progress, store=store.url, max_trials=order.max_trials)
    tuner = Tuner(
        order.objective,
        order.scheduler,
        metric=order.goal.metric,
        mode=order.goal.mode,
        store=store,
        study=order.study,
        workers=order.workers,
        resources=order.resources,
        seed=order.seed,
        resume=order.resume,
        incumbent_from=order.incumbent_from,
        limits=order.limits,
        stop=order.stop,
        project=order.project,
        message=order.message,
        tags=order.tags,
        project_limit=order.project_limit,
        observers=shown.observers,
    )
    try:
        with shown, tuner:
            study = tuner.run(max_trials=order.max_trials, seconds=order.seconds)
            row = study.row
            has_run = any(trial.session == row.sessions for trial in study.trials)
    except KeyboardInterrupt:  # the tuner has said how to go on
        return INTERRUPTED
    except StudyPausedError as error:
        tell_error(error)
        return FAILED if _has_succeeded(tuner.study.row) else NOTHING_SUCCEEDED
    if row.ended_why == "interrupted":
        return INTERRUPTED
    if not has_run:
        _point_out_idleness(order, row)
    return 0 if _has_succeeded(row) else NOTHING_SUCCEEDED


def _point_out_idleness(order: Order, row: StudyRow) -> None:
    """A run that found nothing to do says why."""
    if order.max_trials and row.ended_why == "done":
        tell(f"nothing was left to do for {order.study!r}.", "Raise --trials to go on.")
    elif row.ended_why == "criterion":
        tell(f"nothing was left to do for {order.study!r}: {row.ended_message}.", "Give another --stop to go on.")


def stored_scheduler(created: StudyCreated) -> Scheduler:
    """A fresh scheduler like the one that the study began with; RungError when it can't be made from its name."""
    try:
        return build_scheduler(created.scheduler, Space.from_json(created.space))
    except SettingError as error:
        raise unlike(created, error.sentence) from error


def unlike(created: StudyCreated, why: str) -> RungError:
    """The error for a study that can't be gone on with from the command line as it stands."""
    command, folder = created.provenance.get("command"), created.provenance.get("directory")
    hint = "Go on with it from the program that began it."
    if created.objective is None and "source" in created.provenance:  # it was imported
        name = shlex.quote(created.study)
        hint = f"Say what it tunes: rung run -n {name} -- python train.py, or rung run -n {name} module:function."
    elif command and folder:
        hint = f"Run again what began it: cd {shlex.quote(folder)} && {command}"
    return RungError(f"the study {created.study!r} can't be resumed from here: {why}", hint=hint)


def refuse_record(created: StudyCreated) -> None:
    """RungError for a study that searches nothing, since it keeps what people have run by hand."""
    if not Space.from_json(created.space):
        raise RungError(
            f"the study {created.study!r} keeps runs by hand; there is nothing in it to search.",
            hint=f"Record another one: rung track -n {shlex.quote(created.study)} lr=0.1 -- python train.py",
        )


def stored_limits(settings: Mapping[str, Any]) -> Limits:
    """The limits on trials that a study was begun with."""
    known = {name: value for name, value in settings.get("limits", {}).items() if name in Limits.__struct_fields__}
    return structs.replace(Limits(), **known)


def _has_succeeded(row: StudyRow) -> bool:
    """Whether any trial came to a good end, or any is left that may."""
    failed = row.counts.get(TrialState.FAILED, 0)
    return failed == 0 or sum(row.counts.values()) > failed
