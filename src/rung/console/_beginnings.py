"""How the beginning of a run reads: what is trained, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.console.wording import settings
from rung.events import CHOSEN, REPLACES, WHY_CHOSEN

if TYPE_CHECKING:
    from rung.events import Started
    from rung.ledger import Ledger
    from rung.rows import TrialRow


def beginning(event: Started, ledger: Ledger) -> str:
    """What begins; of a further run, which checkpoint it goes on from."""
    name = f"trial {event.trial}"
    if event.cause in {"resumed", "retried"}:
        until = "" if event.until is None else f", up to step {event.until}"
        more = f", attempt {event.attempt}" if event.cause == "retried" else until
        return f"{name} {_again(event, ledger.trials[event.trial])}{more}"
    why = event.notes.get(WHY_CHOSEN)
    other = "" if why is None else f"; from here on {event.notes.get(CHOSEN)} suggests, because {why}"
    return f"{name} started: {settings(event.config)}{_copied(event)}{other}"


def _again(event: Started, row: TrialRow) -> str:
    if row.checkpoints:
        return f"goes on from its checkpoint after step {row.checkpoints[-1].step}"
    if event.parent_checkpoint is not None:
        return f"starts again from the checkpoint of trial {event.parent} after step {event.parent_checkpoint.step}"
    return "runs again without a checkpoint" if row.last_step else "starts again"


def _copied(event: Started) -> str:
    if event.parent is None:
        return ""
    replaced = event.notes.get(REPLACES)
    place = "" if replaced is None else f", in the place of trial {replaced}"
    if event.parent_checkpoint is None:
        return f"{place}, from the beginning, since trial {event.parent} has no checkpoint"
    return f"{place}, from the checkpoint of trial {event.parent} after step {event.parent_checkpoint.step}"
