"""``rung resume``: go on with a study, whatever stopped it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import structs

from rung.cli._complete import complete_target
from rung.cli._options import debug_option, progress_options, reading, store_option
from rung.cli._run_options import end_options, machine_options, message_option, no_end, resources_of
from rung.cli.main import tell
from rung.errors import ObjectiveError, SettingError
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.backends.resources import Resources
    from rung.cli._session import Order
    from rung.contracts import Scheduler, Store
    from rung.events import StudyCreated
    from rung.rows import StudyRow
    from rung.runtime.objective import Objective
    from rung.stopping import Criterion
    from rung.types import Json

_OPEN = (TrialState.RUNNING, TrialState.WAITING, TrialState.PAUSED)


@click.command()
@click.argument("target", metavar="STUDY[#N]", shell_complete=complete_target)
@message_option
@end_options
@machine_options
@store_option
@progress_options
@debug_option
def resume(target: str, store: str, *, as_json: bool, **options: Any) -> int:
    """Go on with a study, whatever stopped it; with #N, have one paused trial of it go on, too.

    Space, searcher, scheduler, seed and objective are those that the study began with; all that the options say is as
    before by default. Its running trials go on from their newest checkpoints, or from their beginning where they have
    none.
    """
    from rung.cli._session import conduct
    from rung.cli._target import find_target

    with reading(store) as opened:
        found = find_target(target, opened)
        order = (
            None if found.trial is not None and _is_run(opened, found.study) else _order(opened, found.study, options)
        )
        if found.trial is not None:
            _continue_trial(opened, found.study, found.trial, is_said=order is None)
        if order is None:
            return 0
        return conduct(structs.replace(order, progress="json" if as_json else options["progress"]), opened)


def _is_run(store: Store, study: str) -> bool:
    from rung.cli._command import is_run

    return is_run(store.tables.study(study))


def _continue_trial(store: Store, study: str, trial: int, *, is_said: bool) -> None:
    """Ask for a paused trial to go on; is_said: print what became of it, as no run follows that would show it."""
    from rung.cli._command import send
    from rung.commands import ContinueTrial

    sentence = send(store, study, ContinueTrial(trial))
    if is_said:
        click.echo(sentence)


def _order(store: Store, study: str, options: Mapping[str, Any]) -> Order:
    """What to run: as the study says, and its last session, and before these the options."""
    from rung._scheduling import has_end
    from rung.cli._session import Order, refuse_record, stored_limits, stored_scheduler
    from rung.space import Space
    from rung.tuning.opening import find_study

    created = find_study(store, study, resume="must")
    assert created is not None, "it must exist"
    row = store.tables.study(study)
    settings, limits = row.settings, stored_limits(row.settings)
    if not Space.from_json(created.space):  # runs by hand: what was cut off is brought to its end, and no more
        if not any(row.counts.get(state) for state in _OPEN):
            refuse_record(created)
        limits = structs.replace(limits, new_trials=0)
    stop = _stop(options["stop"], settings.get("stop"))
    max_trials = options["max_trials"] or settings.get("max_trials")
    is_open = max_trials is None and stop is None
    seconds = options["seconds"] or (settings.get("seconds") if is_open else None)
    scheduler = stored_scheduler(created)
    to_come = _to_come(store, row, scheduler)
    if limits.new_trials is None and not has_end(to_come, max_trials=max_trials, seconds=seconds, stop=stop):
        raise no_end(f" {study!r}", stop)
    return Order(
        study=study,
        objective=_objective(created, settings.get("objective", created.objective)),
        scheduler=scheduler,
        goal=created.goal,
        workers=options["workers"] or settings.get("workers"),
        resources=_resources(options, settings.get("resources")),
        resume="must",
        incumbent_from=settings.get("incumbent_from", "any"),
        limits=limits,
        max_trials=max_trials,
        seconds=seconds,
        stop=stop,
        message=options["message"],
        project_limit=options["project_limit"] or settings.get("project_limit"),
    )


def _to_come(store: Store, row: StudyRow, scheduler: Scheduler) -> Scheduler:
    """The scheduler with the searcher that has taken over, or waits to."""
    from rung.registry import build_scheduler
    from rung.tuning.steering import searcher_to_come

    try:
        return build_scheduler({**scheduler.spec(), "searcher": searcher_to_come(store, row)}, scheduler.space)
    except SettingError:  # the tuner will refuse it
        return scheduler


def _stop(texts: tuple[str, ...], stored: Json) -> Criterion | None:
    from rung.cli._stop import parse_stop
    from rung.stopping import criterion_from_json

    if texts or stored is None:
        return parse_stop(texts)
    return criterion_from_json(stored)


def _resources(options: Mapping[str, Any], stored: Json) -> Resources | None:
    """What is given now, and for the rest what was given before."""
    given = {name: options[name] for name in ("gpus", "gpus_per_trial", "memory") if options[name] is not None}
    return resources_of({"gpus": None, "gpus_per_trial": None, "memory": None, **(stored or {}), **given})


def _objective(created: StudyCreated, objective: Json) -> Objective:
    """What the study tunes; a script runs where the study began, as its command line may have relative paths."""
    from rung.cli._session import load_objective, unlike

    folder = created.provenance.get("directory")
    if objective is None:
        raise unlike(created, "what it tunes has no name by which it could be found again.")
    if isinstance(objective, str):
        try:
            return load_objective(objective, folder)
        except ObjectiveError as error:
            raise unlike(created, error.sentence) from error
    if folder is not None and Path(folder).is_dir() and Path(folder) != Path.cwd():
        tell(f"the trials run in {folder}, where the study began.")
        os.chdir(folder)
    return load_objective(list(objective))
