"""What the live table shows, as plain text in columns, and how columns give way when there is little room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field
from rich.cells import cell_len, set_cell_size

from rung.console.wording import MARKS, clock, harmless, headline, number, setting
from rung.types import Goal, Json, TrialState

if TYPE_CHECKING:
    from rung.columns import Column as Asked
    from rung.rows import StudyRow, TrialRow

GAP = 2
"""Spaces between two columns."""

_LONGEST_SETTING = 14
_LONGEST_CELL = 60
_SHORTEST_NOTE = 12
_MANY = 1_000_000  # more than there are hyperparameters


class Column(Struct, kw_only=True):
    """One column of text.

    leaves: which columns go first when there is no room, highest first; 0 stays. least: the width in cells down to
    which it can be cut before any column has to go; None can't be cut.
    """

    title: str
    cells: list[str] = field(default_factory=list)
    justify: Literal["left", "right"] = "left"
    leaves: int = 0
    least: int | None = None

    @property
    def width(self) -> int:
        """Cells that title and contents need."""
        return max(cell_len(text) for text in (self.title, *self.cells))


def columns_of_cells(
    cells: Mapping[str, list[str]], *, words: Sequence[str], least: int, leaving: Mapping[str, int]
) -> list[Column]:
    """Columns of words, which can be cut down to ``least`` cells, and of numbers; leaving: when which of these go.

    cells: by title, and empty for a column that is left out.
    """
    return [
        Column(
            title=title,
            cells=column,
            justify="left" if title in words else "right",
            leaves=leaving.get(title, 0),
            least=least if title in words else None,
        )
        for title, column in cells.items()
        if column
    ]


def fitted(columns: Sequence[Column], width: int) -> list[tuple[Column, int]]:
    """The columns for which there is room, each with its width in cells."""
    kept = list(columns)
    while True:
        widths = [column.width for column in kept]
        excess = sum(widths) + GAP * (len(kept) - 1) - width
        for index, column in enumerate(kept):
            if excess > 0 and column.least is not None:
                cut = min(excess, max(0, widths[index] - max(column.least, cell_len(column.title))))
                widths[index] -= cut
                excess -= cut
        leaving = max(kept, key=lambda column: column.leaves)
        if excess <= 0 or leaving.leaves == 0:
            return list(zip(kept, widths, strict=True))
        kept.remove(leaving)


def shortened(text: str, width: int) -> str:
    """The text on one line of at most ``width`` cells, with an ellipsis where it was cut."""
    return cut(harmless(" ".join(text.split())), width)


def cut(line: str, width: int) -> str:
    """The line as it is where there is room for it, else with an ellipsis at its end."""
    if cell_len(line) <= width:
        return line
    return set_cell_size(line, max(0, width - 1)).rstrip() + "…"


def columns_of(trials: Sequence[TrialRow], study: StudyRow, *, at: float) -> list[Column]:
    """The table of these trials; ``at``: the study's clock now, in seconds."""
    goal = study.goal
    columns = [
        Column(title="#", cells=[str(row.number) for row in trials], justify="right"),
        Column(title="state", cells=[MARKS[row.state] for row in trials]),
    ]
    for place, name in enumerate(shown_names(trials, study)):
        values = [
            shortened(setting(row.config[name]), _LONGEST_SETTING) if name in row.config else "" for row in trials
        ]
        columns.append(Column(title=shortened(name, _LONGEST_SETTING), cells=values, leaves=2 + place))
    columns += [
        Column(title="step", cells=[_step(row) for row in trials], justify="right"),
        Column(
            title=shortened(goal.metric, _LONGEST_SETTING),
            cells=[_star(row, study) + _value(row.last_loss, goal) for row in trials],
            justify="right",
        ),
        Column(title="best@", cells=[_best(row, goal) for row in trials], leaves=_MANY),
        Column(title="time", cells=[clock(_seconds(row, at)) for row in trials], justify="right", leaves=_MANY + 1),
    ]
    if any(row.tags for row in trials):
        columns.append(Column(title="tags", cells=[" ".join(row.tags) for row in trials], leaves=_MANY - 1))
    columns.append(Column(title="note", cells=[_remarked(row) for row in trials], leaves=1, least=_SHORTEST_NOTE))
    return columns


def cell(column: Asked, row: TrialRow) -> str:
    """What a trial has in a column by which it can be asked."""
    value = column.get(row)
    if column.name == "state":
        return MARKS[row.state]
    if value is None:
        return ""
    if column.kind == "several":
        return " · ".join(value)
    return clock(value) if column.kind == "duration" else shortened(setting(value), _LONGEST_CELL)


def shown_names(trials: Sequence[TrialRow], study: StudyRow) -> list[str]:
    """The hyperparameters that have a column: those of the space in its order, then those that only given trials have.

    One that is held at a value has none, unless a trial has another, as from before it was pinned.
    """
    dimensions = study.space.get("dimensions", ()) if isinstance(study.space, Mapping) else ()
    known = {dimension["name"] for dimension in dimensions}
    shown = [dimension["name"] for dimension in dimensions if not _is_same_in_all(trials, dimension)]
    own = (name for trial in trials if trial.is_given for name in trial.config if name not in known)
    return list(dict.fromkeys((*shown, *own)))


def _is_same_in_all(trials: Sequence[TrialRow], dimension: Mapping[str, Json]) -> bool:
    if dimension.get("type") != "constant":
        return False
    name, value = dimension["name"], dimension.get("value")
    return all(trial.config.get(name, value) == value for trial in trials)


def note(row: TrialRow) -> str:
    """Why a trial is where it is."""
    if row.state is TrialState.RUNNING:
        if row.decided is not None:
            return f"told to {row.decided}: {row.message}" if row.message else f"told to {row.decided}"
        parent = "" if row.parent is None else f"from trial {row.parent}"
        return f"attempt {row.attempt}" if row.attempt > 1 and row.until is None else parent
    if row.state is TrialState.FAILED:
        message = headline(row.message)
        return f"{row.reason}: {message}" if message and message != row.reason else row.reason
    if row.state is TrialState.COMPLETED:
        return ""
    return headline(row.message) or row.reason


def _remarked(row: TrialRow) -> str:
    """The note, and what was last remarked on the trial."""
    remark = headline(row.notes[-1].text) if row.notes else ""
    return " · ".join(part for part in (note(row), remark) if part)


def window(running: Iterable[TrialRow], others: Iterable[TrialRow], size: int) -> list[TrialRow]:
    """At most ``size`` trials: the running ones by number, then the others, the newest first."""
    shown = sorted(running, key=lambda row: row.number)[-size:]
    rest = sorted(others, key=lambda row: row.last_at if row.ended_at is None else row.ended_at, reverse=True)
    return shown + rest[: size - len(shown)]


def _step(row: TrialRow) -> str:
    return str(row.last_step) if row.until is None else f"{row.last_step}/{row.until}"


def _value(loss: float | None, goal: Goal) -> str:
    return number(None if loss is None else goal.value(loss))


def _star(row: TrialRow, study: StudyRow) -> str:
    """The mark of the incumbent."""
    return "★ " if row.number == study.best_trial else ""


def _best(row: TrialRow, goal: Goal) -> str:
    return "—" if row.best_loss is None else f"{number(goal.value(row.best_loss))}@{row.best_step}"


def _seconds(row: TrialRow, at: float) -> float:
    return row.runtime + (max(0.0, at - row.launched_at) if row.state is TrialState.RUNNING else 0.0)
