"""Files of rows, as they come: CSV, JSON and Parquet."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from rung.errors import MissingExtraError, SettingError

if TYPE_CHECKING:
    from rung.types import Json

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
    refuse(path, problems)
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
    text = _text(path)
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise SettingError(f"{str(path)!r} is not JSON: {error}.", hint="Give a JSON list of objects.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SettingError(f"{str(path)!r} is not a JSON list of objects.", hint='Give [{"lr": 0.1, "error": 0.3}, …].')
    return _records(list(dict.fromkeys(name for row in rows for name in row)), rows, path)


def read_parquet(path: Path) -> tuple[list[str], list[Record]]:
    """The names and rows of a Parquet file of numbers, texts, flags and lists of them; null is what is missing.

    SettingError for values of other types; MissingExtraError without pyarrow.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("A Parquet file", "parquet") from error
    content = _bytes(path)
    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        message = f"{str(path)!r} is no Parquet file that can be read: {str(error).splitlines()[0]}"
        raise SettingError(message.rstrip(".") + ".", hint="Write it again, or give a CSV file.") from error
    names = list(table.column_names)
    _check_names(names, path)
    names, records = _records(names, table.to_pylist(), path)
    refuse(path, [problem for record in records for problem in _foreign(record)])
    return names, records


def _records(names: list[str], rows: Sequence[Mapping[str, Json]], path: Path) -> tuple[list[str], list[Record]]:
    _check_names(names, path)
    records = [
        Record(f"row {number}", {name: value for name, value in row.items() if value is not None})
        for number, row in enumerate(rows, 1)
    ]
    return names, records


def _foreign(record: Record) -> Iterator[str]:
    """Values that JSON, and so a study, has no form for."""
    for name, value in record.values.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            yield f"{record.where}: {name} is a {type(value).__name__}, which no study can hold"


def refuse(path: Path, problems: Sequence[str]) -> None:
    """SettingError with these sentences about single rows, if there are any; the first few of them."""
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
        return _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingError(f"{str(path)!r} is not a text in UTF-8.", hint="Save it as CSV in UTF-8.") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingError(f"{str(path)!r} can't be read: {error.strerror}.", hint="Check the path.") from error


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
