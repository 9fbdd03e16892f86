"""Who suggested each trial of a study, as its log tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, final

from msgspec import Struct

from rung.events import CHOSEN, WHY_CHOSEN, SearcherChanged, Started, StudyCreated
from rung.history import is_point

if TYPE_CHECKING:
    from rung.events import Event
    from rung.types import Json


@final
class Origin(Struct, frozen=True):
    """Who suggested a trial: ``person``, or the registered name of a searcher; of a copy, that of the scheduler.

    why: that one, where ``auto`` chose it; of a copy, which trial it goes on from.
    """

    by: str
    why: str = ""


def origins(events: Iterable[Event]) -> Iterator[tuple[int, Origin]]:
    """(trial, origin) of each trial, in the order in which they began. events: the log, from its beginning."""
    searcher = scheduler = ""
    for event in events:
        if isinstance(event, StudyCreated | SearcherChanged):
            searcher = _name(event.searcher)
        if isinstance(event, StudyCreated):
            scheduler = _name(event.scheduler)
        elif isinstance(event, Started) and event.attempt == 1:
            yield event.trial, _origin(event, searcher, scheduler)


def _origin(event: Started, searcher: str, scheduler: str) -> Origin:
    if event.parent is not None:
        return Origin(scheduler, f"a copy of trial {event.parent}")
    if event.cause == "given" or is_point(event.notes):
        return Origin("person")
    chosen = event.notes.get(CHOSEN)
    return Origin(searcher) if chosen is None else Origin(chosen, event.notes.get(WHY_CHOSEN, ""))


def _name(form: Json) -> str:
    """Of the form of a searcher, or of what stands there instead: nothing where nothing is searched."""
    if not isinstance(form, Mapping):
        return "person"
    return str(form.get("name") or form.get("class") or form.get("opaque"))
