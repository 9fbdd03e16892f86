"""What ``rung show`` tells of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, final

from msgspec import Struct, structs

from rung.bookkeeping import Incumbent, seen_study, state_of
from rung.cli._command import resume_line
from rung.cli._facts import (
    incumbent_of,
    moment,
    objective_name,
    remark_facts,
    remark_line,
    study_facts,
    why_of,
)
from rung.cli._output import print_facts
from rung.cli._wishes import described
from rung.commands import EditSpace, StopStudy
from rung.console.wording import counted, dimension, lasted, method, number, plural, settings
from rung.errors import SpaceError
from rung.rows import StudyRow
from rung.space import Space
from rung.stopping import criterion_from_json
from rung.tuning.starter import Limits
from rung.tuning.steering import SpaceEdit

if TYPE_CHECKING:
    from rung.commands import Command, UnknownCommand
    from rung.contracts import Store
    from rung.types import Json

_Lines = list[tuple[str, str]]


@final
class Page(Struct, frozen=True):
    """A study, its best, and the commands that nobody has answered yet."""

    store: Store
    row: StudyRow
    best: Incumbent | None
    asked: Sequence[tuple[int, Command | UnknownCommand]]


def read_page(store: Store, study: str) -> Page:
    """StudyNotFoundError when there is none of that name."""
    row = seen_study(store.tables.study(study))
    asked = store.tables.pending(study)
    if row.owner is None:  # a stop that came too late stops nothing
        asked = [(number, command) for number, command in asked if not isinstance(command, StopStudy)]
    return Page(store, row, incumbent_of(row, store), asked)


def facts(page: Page) -> dict[str, Json]:
    """The page in JSON."""
    row, best = page.row, page.best
    told = {**study_facts(row, page.store), **_set_up(row), "sessions": row.sessions, "store": page.store.url}
    if best is not None:
        told["best"] = {**told["best"], "config": dict(best.config)}
    told["notes"] = [remark_facts(remark) for remark in row.notes]
    told["asked"] = [{"command": number, "what": _asked(row, command)} for number, command in page.asked]
    return told


def _set_up(row: StudyRow) -> dict[str, Json]:
    """What the study is set up with by now, in JSON form."""
    names = ("space", "searcher", "scheduler", "objective", "seed", "settings", "provenance")
    return {name: getattr(row, name) for name in names}


def print_page(page: Page) -> None:
    """The page in words."""
    print_facts([*_labels(page), *_what(page.row), *_how_far(page), *_provenance(page.row.provenance), *_next(page)])


def _labels(page: Page) -> _Lines:
    row = page.row
    state = why_of(row)
    lines = [
        ("study", row.name),
        ("project", row.project),
        ("about", row.message),
        ("tags", " ".join(row.tags)),
        ("state", state),
        ("store", page.store.url),
    ]
    return [line for line in lines if line[1]]


def _what(row: StudyRow) -> _Lines:
    space = Space.from_json(row.space)
    return [
        ("objective", objective_name(row)),
        ("goal", f"{row.goal.mode} {row.goal.metric}"),
        ("method", method(row)),
        ("space", "\n".join(f"{name}: {dimension(space, name)}" for name in space)),
        ("seed", str(row.seed)),
        ("settings", settings(_plain_settings(row.settings)) if row.settings else "none"),
    ]


def _how_far(page: Page) -> _Lines:
    row, best = page.row, page.best
    total = sum(row.counts.values())
    lines = [("trials", f"{total}: {counted(row.counts)}" if total else "none yet")]
    if best is not None:
        value = f"{row.goal.metric} {number(best.error)} in trial {best.trial} at step {best.step}"
        lines.append(("best", f"{value}\n{settings(best.config)}"))
    spent = f"{lasted(row.at)} in {plural(row.sessions, 'session')}"
    lines.append(("time", f"{spent}; finished runs took {lasted(row.runtime)} together" if row.runtime else spent))
    lines.append(("created", moment(row.created_unix)))
    return lines


def _plain_settings(stored: Mapping[str, Json]) -> dict[str, Json]:
    """The settings on one level, without the limits that are as always; the stop criterion as one writes it."""
    usual = structs.asdict(Limits())
    given = {name: value for name, value in stored.items() if name != "limits"}
    if "stop" in given:
        given["stop"] = str(criterion_from_json(given["stop"]))
    return given | {name: value for name, value in stored.get("limits", {}).items() if usual.get(name) != value}


def _provenance(provenance: Mapping[str, Json]) -> _Lines:
    if not provenance:
        return []
    git = provenance.get("git")
    code = "" if not git else f"git {git['commit'][:10]}{' with changes' if git['dirty'] else ''}"
    packages = (f"{name} {version}" for name, version in provenance.get("packages", {}).items())
    return [
        ("on", f"{provenance.get('host', '')}: {provenance.get('directory', '')}"),
        ("command", str(provenance.get("command", ""))),
        ("code", ", ".join(part for part in (code, f"Python {provenance.get('python', '')}", *packages) if part)),
    ]


def _next(page: Page) -> _Lines:
    """What people have said and asked for, and what is to be done."""
    row = page.row
    lines: _Lines = []
    if row.notes:
        lines.append(("notes", "\n".join(map(remark_line, row.notes))))
    if page.asked:
        lines.append(("asked", "\n".join(f"{_asked(row, command)} (not yet)" for _, command in page.asked)))
    if state_of(row) in {"stopped", "paused", "interrupted"} or (page.asked and row.owner is None):
        lines.append(("go on", resume_line(page.store, row)))
    return lines


def _asked(row: StudyRow, command: Command | UnknownCommand) -> str:
    """What a command does; of an edit, how the space will differ from that in force."""
    sentence = described(row, command)
    if not isinstance(command, EditSpace):
        return sentence
    try:
        plan = SpaceEdit(row.name, Space.from_json(row.space), Space.from_json(command.space))
    except SpaceError:  # the tuner will refuse it
        return sentence
    return "; ".join([sentence, *map(str, plan.changes)])
