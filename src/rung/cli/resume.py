"""``rung resume``: go on with a study, whatever stopped it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rung.cli._options import COUNT, SECONDS, debug_option, progress_options, reading, store_option
from rung.cli.main import tell
from rung.errors import ObjectiveError, RungError, SettingError

if TYPE_CHECKING:
    from rung.contracts import Scheduler
    from rung.events import StudyCreated
    from rung.runtime.objective import Objective


@click.command()
@click.argument("study")
@click.option("--trials", "max_trials", type=COUNT, metavar="N", help="The study's total; as before by default.")
@click.option("--seconds", type=SECONDS, metavar="S", help="Wall time of this run.")
@click.option("-w", "--workers", type=COUNT, metavar="N", help="Trials at the same time; as before by default.")
@store_option
@progress_options
@debug_option
def resume(study: str, store: str, *, as_json: bool, **options: Any) -> int:
    """Go on with a study, whatever stopped it.

    Space, searcher, scheduler, seed and objective are those that the study began with. Its running trials go on from
    their newest checkpoints, or from their beginning where they have none.
    """
    from rung._tune import ends_by_itself
    from rung.cli._session import Order, conduct, stored_limits
    from rung.tuning.opening import find_study

    with reading(store) as opened:
        created = find_study(opened, study, resume="must")
        assert created is not None, "it must exist"
        settings = opened.tables.study(study).settings
        max_trials = options["max_trials"] or settings.get("max_trials")
        seconds = options["seconds"] or (settings.get("seconds") if max_trials is None else None)
        scheduler = _scheduler(created)
        if max_trials is None and seconds is None and not ends_by_itself(scheduler):
            raise SettingError(f"nothing says when to end {study!r}.", hint="Give --trials N or --seconds S.")
        order = Order(
            study=study,
            objective=_objective(created),
            scheduler=scheduler,
            goal=created.goal,
            workers=options["workers"] or settings.get("workers"),
            resume="must",
            incumbent_from=settings.get("incumbent_from", "any"),
            limits=stored_limits(settings),
            max_trials=max_trials,
            seconds=seconds,
            progress="json" if as_json else options["progress"],
        )
        return conduct(order, opened)


def _scheduler(created: StudyCreated) -> Scheduler:
    from rung.registry import build_scheduler
    from rung.space import Space

    try:
        return build_scheduler(created.scheduler, Space.from_json(created.space))
    except SettingError as error:
        raise _unlike(created, error.sentence) from error


def _objective(created: StudyCreated) -> Objective:
    """What the study tunes; a script runs where the study began, as its command line may have relative paths."""
    from rung.cli._session import load_objective

    folder = created.provenance.get("directory")
    if created.objective is None:
        raise _unlike(created, "what it tunes has no name by which it could be found again.")
    if isinstance(created.objective, str):
        try:
            return load_objective(created.objective, folder)
        except ObjectiveError as error:
            raise _unlike(created, error.sentence) from error
    if folder is not None and Path(folder).is_dir() and Path(folder) != Path.cwd():
        tell(f"the trials run in {folder}, where the study began.")
        os.chdir(folder)
    return load_objective(list(created.objective))


def _unlike(created: StudyCreated, why: str) -> RungError:
    command, folder = created.provenance.get("command"), created.provenance.get("directory")
    hint = "Go on with it from the program that began it."
    if command and folder:
        hint = f"Run again what began it: cd {shlex.quote(folder)} && {command}"
    return RungError(f"the study {created.study!r} can't be resumed from here: {why}", hint=hint)
