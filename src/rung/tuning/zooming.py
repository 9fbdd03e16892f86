"""One step from coarse to fine by hand: what the trials of a study say about where it should go on."""

from __future__ import annotations

import itertools
import shlex
from typing import TYPE_CHECKING, final

from msgspec import Struct, structs

from rung.commands import EditSpace
from rung.errors import RungError, SettingError
from rung.events import Ended, SpaceEdited, StudyCreated
from rung.history import History
from rung.searchers._tpe_outcomes import Outcomes
from rung.space import Constant, Space
from rung.space.editing import hull
from rung.space.zooming import Step, Zoomed, zoomed
from rung.tuning.engine import split_log
from rung.tuning.steering import SpaceEdit, ask_for_edit, plan_edit, space_to_come
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.contracts import Store


@final
class Zoom(Struct, frozen=True):
    """A step, and the edit that it takes. As a text: a line for each dimension, with the reason, and what follows.

    edit.command: the number of that edit in the study's inbox; None while it is not asked for.
    """

    zoomed: Zoomed
    edit: SpaceEdit

    @property
    def space(self) -> Space:
        """The space in which the study goes on."""
        return self.edit.after

    @property
    def changes(self) -> list[Step]:
        """The dimensions that have other values then, each with the reason."""
        return self.zoomed.changes

    def __str__(self) -> str:
        dropped = (f"not tried any more, as it lies outside: {dict(config)}" for config in self.edit.dropped)
        return "\n".join([str(self.zoomed), *dropped])


def plan_zoom(store: Store, study: str, *, top: float, margin: float) -> Zoom:
    """What ``Study.zoom`` would ask for; see there. Asks for nothing.

    Trials rank as for searchers, so one that was stopped early has the place that it had when it was stopped. All that
    was ever allowed, by the first space or by an edit, is allowed again.
    """
    now = space_to_come(store, store.tables.study(study))
    if not now:
        raise SettingError(f"the study {study!r} keeps runs by hand; there is no space in it to be searched.")
    _check_news(store, study)
    history, outcomes = _known(store, study)
    configs, rows = history.configs, outcomes.best(1.0, len(history))
    step = zoomed(
        now,
        hull(history.hull, now),
        [configs[row] for row in rows.tolist()],
        history.last_losses[rows].tolist(),
        [configs[row] for row, state in enumerate(history.states) if state is TrialState.FAILED],
        top=top,
        margin=margin,
    )
    return Zoom(step, plan_edit(store, study, {each.name: each.now for each in step.changes}))


def ask_for_zoom(store: Store, plan: Zoom) -> Zoom:
    """Put the new space into the study's inbox, unless nothing changes."""
    return structs.replace(plan, edit=ask_for_edit(store, plan.edit))


def _check_news(store: Store, study: str) -> None:
    """RungError where the ranges were set since the last result: the same trials must not narrow them once more.

    Edits that wait in the inbox count. Those that only pin, re-open or state beliefs don't, as they set no range.
    """
    space, is_set = Space({}), False
    wishes = (wish for _, wish in store.tables.pending(study))
    for event in itertools.chain((event for _, event in store.read(study)), wishes):
        if isinstance(event, Ended):
            is_set = False
        elif isinstance(event, StudyCreated):
            space = Space.from_json(event.space)
        elif isinstance(event, SpaceEdited | EditSpace):
            former, space = space, Space.from_json(event.space)
            is_set |= any(
                domain != former[name] and not isinstance(domain, Constant) and not isinstance(former[name], Constant)
                for name, domain in space.items()
            )
    if is_set:
        raise RungError(
            "no result has come in since the last zoom or edit of the ranges, so nothing new says where to go.",
            hint=f"Let some trials end first, or set ranges yourself by `rung edit {shlex.quote(study)} NAME=DOMAIN`.",
        )


def _known(store: Store, study: str) -> tuple[History, Outcomes]:
    """What a searcher would know of the study."""
    created, told = split_log(event for _, event in store.read(study))
    history, outcomes = History(Space.from_json(created.space)), Outcomes()
    for event in told:
        history.update(event)
        outcomes.update(event)
    return history, outcomes
