"""Rows of a table as trials: of a CSV file, of a JSON list, or of what rung itself has exported."""

from __future__ import annotations

import csv
import difflib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from rung.errors import SettingError, SpaceError
from rung.interchange.given import GivenStudy, GivenTrial, in_a_row
from rung.interchange.inference import infer_space
from rung.space import Float, Int, Normal
from rung.types import Goal, Json, TrialState

if TYPE_CHECKING:
    from rung.space import Space

_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,300}")
_WORDS: Final[Mapping[str, Json]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("nan", "NaN", "NAN"), math.nan),
    **dict.fromkeys(("inf", "Infinity"), math.inf),
    **dict.fromkeys(("-inf", "-Infinity"), -math.inf),
}
_SHOWN: Final = 5


class Record(Struct, frozen=True):
    """One row with where it stands, as in ``line 17``. Missing values are left out."""

    where: str
    values: Mapping[str, Json]


class Roles(Struct, frozen=True, kw_only=True):
    """What the columns of a table are.

    config: column -> hyperparameter. metrics: column -> metric; the one that is judged is ``value``. is_exported: the
    other columns have the names and meanings that rung gives them when it exports.
    """

    config: Mapping[str, str]
    value: str
    metrics: Mapping[str, str] = {}
    is_exported: bool = False


def read_csv(path: Path) -> tuple[list[str], list[Record]]:
    """The names and rows of a CSV file with a line of names; numbers, true and false are read as such.

    SettingError names the lines that have other fields than there are names.
    """
    lines = csv.reader(_text(path).splitlines(keepends=True))
    try:
        names = next(lines, [])
        _check_names(names, path)
        records, problems = _read_rows(lines, names)
    except csv.Error as error:
        raise SettingError(f"{path.name}: line {lines.line_num}: {error}.", hint="Look for a missing quote.") from error
    _refuse(path, problems)
    return names, records


def _read_rows(lines: Any, names: Sequence[str]) -> tuple[list[Record], list[str]]:
    """The rows that a ``csv.reader`` has left, and what is wrong with the others."""
    records, problems = [], []
    for cells in lines:
        where = f"line {lines.line_num}"
        if not cells:
            continue
        if len(cells) != len(names):
            problems.append(f"{where} has {len(cells)} fields where {len(names)} belong")
            continue
        values = {name: _value(cell) for name, cell in zip(names, cells, strict=True) if cell != ""}
        records.append(Record(where, values))
    return records, problems


def read_json(path: Path) -> tuple[list[str], list[Record]]:
    """The names and rows of a JSON list of objects; null stands for what is missing."""
    try:
        rows = json.loads(_text(path))
    except ValueError as error:
        raise SettingError(f"{str(path)!r} is not JSON: {error}.", hint="Give a JSON list of objects.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SettingError(f"{str(path)!r} is not a JSON list of objects.", hint='Give [{"lr": 0.1, "error": 0.3}, …].')
    names = list(dict.fromkeys(name for row in rows for name in row))
    _check_names(names, path)
    records = [
        Record(f"row {number}", {name: value for name, value in row.items() if value is not None})
        for number, row in enumerate(rows, 1)
    ]
    return names, records


def roles_of(names: Sequence[str], *, metric: str, metrics: Sequence[str] = (), skipped: Sequence[str] = ()) -> Roles:
    """What the columns are: what rung exported is known, else all that is not named is a hyperparameter."""
    if tuple(names[:2]) == ("number", "state") and {"best", "value", "best_step", "step", "notes"} <= set(names):
        first_known, behind = names.index("best"), names.index("notes") + 1
        return Roles(
            config={name: name.removeprefix("config.") for name in names[2:first_known]},
            value="value",
            metrics={name: name.removeprefix("metric.") for name in names[behind:]},
            is_exported=True,
        )
    for name in (metric, *metrics, *skipped):
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"The columns are: {', '.join(names)}."
            raise SettingError(f"There is no column {name!r}.", hint=hint)
    taken = {metric, *metrics, *skipped}
    return Roles(
        config={name: name for name in names if name not in taken},
        value=metric,
        metrics={name: name for name in metrics if name != metric},
    )


def study_of(records: Sequence[Record], roles: Roles, goal: Goal, *, path: Path, space: Space | None) -> GivenStudy:
    """The rows as trials. SettingError names the rows that can't be: a text where a number belongs, and the like.

    space: None infers the smallest one that has all values. A row without a value is a failed trial.
    """
    if not records or not roles.config:
        what = "rows" if not records else "hyperparameters"
        raise SettingError(f"{str(path)!r} has no {what}.", hint="Give a table with one row per trial.")
    if space is not None and (unknown := sorted(space.keys() - set(roles.config.values()))):
        raise SettingError(
            f"No column is called {unknown[0]!r}, as a hyperparameter of the space is.", hint="Rename it."
        )
    _refuse(path, list(_problems(records, roles, space)))
    remarks: list[str] = []
    if space is None:
        columns = {
            own: [record.values[name] for record in records if name in record.values]
            for name, own in roles.config.items()
        }
        space, remarks = infer_space({name: values for name, values in columns.items() if values})
    trials = in_a_row([_trial(record, roles, goal, space) for record in records])
    return GivenStudy(space=space, goal=goal, trials=trials, source=path.name, remarks=tuple(remarks))


def _trial(record: Record, roles: Roles, goal: Goal, space: Space) -> tuple[GivenTrial, float]:
    values = record.values
    config = {own: _in(space, own, values[name]) for name, own in roles.config.items() if name in values}
    others = {own: float(values[name]) for name, own in roles.metrics.items() if name in values}
    reports: dict[int, dict[str, float]] = {}
    if roles.is_exported and "best" in values:
        reports[int(values["best_step"])] = {goal.metric: float(values["best"])}
    if roles.value in values:
        step = int(values["step"]) if roles.is_exported else 1
        reports[step] = {goal.metric: float(values[roles.value]), **others}
    state, reason, message = _ending(values, roles, has_value=bool(reports))
    trial = GivenTrial(
        config=config,
        state=state,
        reports=tuple(sorted(reports.items())),
        reason=reason,
        message=message,
        origin={"imported": record.where},
        tags=_texts(values.get("tags")) if roles.is_exported else (),
        notes=_texts(values.get("notes")) if roles.is_exported else (),
        started=0.0,
        ended=0.0,
    )
    return trial, float(values.get("runtime", 0.0)) if roles.is_exported else 0.0


def _ending(values: Mapping[str, Json], roles: Roles, *, has_value: bool) -> tuple[TrialState, str, str]:
    """State, reason and message of a trial."""
    if not roles.is_exported:
        return (TrialState.COMPLETED, "", "") if has_value else (TrialState.FAILED, "no_value", "it has no value")
    state = TrialState(values["state"])
    if not state.is_final:
        return TrialState.FAILED, "lost", f"it was {state} when it was exported"
    reason = str(values.get("reason", "error")) if state is TrialState.FAILED else ""
    return state, reason, str(values.get("message", ""))


def _problems(records: Sequence[Record], roles: Roles, space: Space | None) -> Iterator[str]:
    """What is wrong with single rows."""
    numeric = {roles.value, *roles.metrics, *(("best", "best_step", "step", "runtime") if roles.is_exported else ())}
    for name, own in roles.config.items():
        if space is not None and own in space:
            if isinstance(space[own], Float | Int | Normal):
                numeric.add(name)
        elif space is None:
            values = [record.values[name] for record in records if name in record.values]
            if 2 * sum(map(_is_number, values)) > len(values):
                numeric.add(name)
    for record in records:
        for name, value in record.values.items():
            if name in numeric and not _is_number(value):
                yield f"{record.where}: {name} is {value!r}, not a number"
            elif name in roles.config and isinstance(value, float) and not math.isfinite(value):
                yield f"{record.where}: {name} is {value}, which no hyperparameter can be"
        if roles.is_exported:
            yield from _exported_problems(record)


def _exported_problems(record: Record) -> Iterator[str]:
    values = record.values
    if values.get("state") not in list(TrialState):
        yield f"{record.where}: state is {values.get('state')!r}, which none is called"
    for needed, by in (("step", "value"), ("best_step", "best")):
        if by in values and (not _is_number(values.get(needed)) or values[needed] < 1):
            yield f"{record.where}: {by} has no {needed}"


def _refuse(path: Path, problems: Sequence[str]) -> None:
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise SettingError(
            f"{path.name}: {'; '.join(problems[:_SHOWN])}{more}.", hint="Mend these rows; nothing was imported."
        )


def _check_names(names: Sequence[str], path: Path) -> None:
    if not names or "" in names or len(set(names)) < len(names):
        raise SettingError(
            f"{str(path)!r} does not begin with a name for each column, all different.",
            hint="Give a first line such as lr,batch_size,error.",
        )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise SettingError(f"{str(path)!r} can't be read: {error.strerror}.", hint="Check the path.") from error
    except UnicodeDecodeError as error:
        raise SettingError(f"{str(path)!r} is not a text in UTF-8.", hint="Save it as CSV in UTF-8.") from error


def _value(cell: str) -> Json:
    if _WHOLE.fullmatch(cell):
        return int(cell)
    if _NUMBER.fullmatch(cell):
        return float(cell)
    if cell[0] in "[{":
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return _WORDS.get(cell, cell)


def _in(space: Space, name: str, value: Json) -> Json:
    """The value as the space writes it; as it is where the space has no such value."""
    try:
        return space[name].validate(value) if name in space else value
    except SpaceError:
        return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
