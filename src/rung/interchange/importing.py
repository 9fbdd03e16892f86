"""From results of elsewhere to a study in a store that can be gone on with."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from rung import registry
from rung.errors import RungWarning
from rung.interchange.given import events_of
from rung.provenance import collect_provenance
from rung.store.maintenance import write_whole
from rung.store.owner import current_owner
from rung.tuning.engine import Engine
from rung.tuning.opening import new_study
from rung.tuning.recording import full_training

if TYPE_CHECKING:
    from rung.contracts import Store
    from rung.events import Event, StudyCreated
    from rung.interchange.given import GivenStudy
    from rung.types import Json


def import_study(store: Store, name: str, given: GivenStudy, **settings: Any) -> None:
    """Write trials that ran elsewhere as a study; ``settings`` as ``log_of`` takes them.

    All is written or, but for the bare beginning of a study, nothing; then importing it again completes it.
    StudyExistsError when the name is taken.
    """
    write_whole(store, *log_of(name, given, **settings))


def log_of(
    name: str,
    given: GivenStudy,
    *,
    searcher: str = "auto",
    scheduler: str = "basic",
    options: Mapping[str, Any] | None = None,
    seed: int | None = None,
    objective: Json = None,
) -> tuple[StudyCreated, list[Event]]:
    """The first event and the others of a study of these trials. SettingError when it can't be.

    searcher, scheduler, options: what the study is gone on with; options are the scheduler's, as far as its name does
    not say them. objective: a reference ``module:function`` or an argument list, so that ``rung resume`` finds it.
    RungWarning when trials have values that the space does not have, as the searcher can't place them.
    """
    built = registry.scheduler(scheduler, registry.searcher(searcher, given.space), **(options or {}))
    unix, provenance = time.time(), collect_provenance()
    given = _in_full(given, full_training(built.spec(), ()))
    created = new_study(name, built, given.goal, seed=seed, objective=objective)
    provenance = {**provenance, "source": given.source}
    created = replace(created, unix=unix, provenance=provenance, message=f"imported from {given.source}")
    events = events_of(given, owner=current_owner(), unix=unix, provenance=provenance)
    engine = Engine(built, log=lambda: ())
    for event in (created, *events):  # what can't be folded must be known before anything is written
        engine.fold(event)
    _point_out_strays(given)
    return created, events


def _in_full(given: GivenStudy, full: int) -> GivenStudy:
    """With the values at the step of a full training, where nobody knows their steps."""
    if given.has_steps:
        return given
    trials = [replace(trial, reports=tuple((full, each) for _, each in trial.reports)) for trial in given.trials]
    return replace(given, trials=tuple(trials))


def _point_out_strays(given: GivenStudy) -> None:
    space = given.space
    strays = [
        {name for name, value in trial.config.items() if name in space and not space[name].contains(value)}
        for trial in given.trials
    ]
    if any(strays):
        names = ", ".join(name for name in space if any(name in each for each in strays))
        warnings.warn(
            RungWarning(
                f"there are values outside the space in {sum(map(bool, strays))} of {len(strays)} trials, of {names}.",
                hint="They are recorded, but the searcher learns little or nothing from them.",
            ),
            stacklevel=3,
        )
