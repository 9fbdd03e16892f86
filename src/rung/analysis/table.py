"""The trials of a study as a table: flat rows for data frames, spreadsheets and programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, TypeAlias

from msgspec import Struct

from rung.columns import hyperparameters
from rung.errors import MissingExtraError
from rung.rows import StudyRow, TrialRow
from rung.types import Json

Cell: TypeAlias = Callable[[TrialRow], Json]

_FRONT: Final[Mapping[str, Cell]] = {
    "number": lambda row: row.number,
    "state": lambda row: str(row.state),
}
_BACK: Final[Mapping[str, Cell]] = {
    "best_step": lambda row: row.best_step,
    "step": lambda row: row.last_step,
    "runtime": lambda row: row.runtime,
    "started": lambda row: row.started_at,
    "ended": lambda row: row.ended_at,
    "attempt": lambda row: row.attempt,
    "worker": lambda row: row.worker,
    "parent": lambda row: row.parent,
    "retry_of": lambda row: row.retry_of,
    "given": lambda row: row.is_given,
    "reason": lambda row: row.reason,
    "message": lambda row: row.message,
    "tags": lambda row: list(row.tags),
    "notes": lambda row: [note.text for note in row.notes],
}
_VALUES: Final = ("best", "value")


class Table(Struct, frozen=True):
    """Rows that all have the same names, in one order."""

    names: tuple[str, ...]
    rows: tuple[dict[str, Json], ...]


def trial_table(study: StudyRow, trials: Sequence[TrialRow], last_metrics: Mapping[int, Mapping[str, float]]) -> Table:
    """One row per trial: number, state, hyperparameters, values, steps, times in seconds, tags, all metrics.

    best and value are the goal's metric in the user's own direction, at its best and at the last step; the metrics
    behind, the goal's first, are those of the last report. A hyperparameter
    or a metric that is called like another column is found under ``config.name`` or ``metric.name``; what a trial
    doesn't have is None. last_metrics: by trial, as ``Tables.last_metrics`` gives them.
    """
    goal = study.goal
    cells: dict[str, Cell] = dict(_FRONT)
    taken = {*_FRONT, *_BACK, *_VALUES}
    for name in hyperparameters(study, trials):
        cells[f"config.{name}" if name in taken else name] = _setting(name)
    cells["best"] = lambda row: None if row.best_loss is None else goal.value(row.best_loss)
    cells["value"] = lambda row: None if row.last_loss is None else goal.value(row.last_loss)
    cells |= _BACK
    for name in dict.fromkeys([goal.metric, *(name for row in trials for name in last_metrics.get(row.number, ()))]):
        shown = f"metric.{name}" if name in cells else name
        cells[shown] = _metric(last_metrics, name)
    rows = tuple({shown: cell(row) for shown, cell in cells.items()} for row in trials)
    return Table(tuple(cells), rows)


def as_csv(names: Sequence[str], rows: Sequence[Mapping[str, Json]]) -> str:
    """The rows as CSV under their names: nothing for what is missing, texts as they are, else JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_written(row[name]) for name in names] for row in rows)
    return text.getvalue()


def as_pandas(table: Table) -> Any:
    """A pandas.DataFrame; MissingExtraError without pandas."""
    try:
        pandas: Any = import_module("pandas")
    except ImportError as error:
        raise MissingExtraError("A table for pandas", "pandas") from error
    return pandas.DataFrame(list(table.rows), columns=list(table.names))


def as_polars(table: Table) -> Any:
    """A polars.DataFrame; values of several types in one column become texts. MissingExtraError without polars."""
    try:
        polars: Any = import_module("polars")
    except ImportError as error:
        raise MissingExtraError("A table for polars", "polars") from error
    columns = {name: _of_one_type([row[name] for row in table.rows]) for name in table.names}
    return polars.DataFrame(columns, strict=False)


def _setting(name: str) -> Cell:
    return lambda row: row.config.get(name)


def _metric(metrics: Mapping[int, Mapping[str, float]], name: str) -> Cell:
    return lambda row: metrics.get(row.number, {}).get(name)


def _written(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of_one_type(values: list[Any]) -> list[Any]:
    types = {type(value) for value in values if value is not None}
    if len(types) < 2 or types == {int, float}:
        return values
    return [None if value is None else _written(value) for value in values]
