"""A study as a file of rows: CSV, JSON or Parquet."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from rung.analysis.table import Table, as_csv
from rung.errors import MissingExtraError, SettingError, StoreError

if TYPE_CHECKING:
    from rung.types import Json

Report: TypeAlias = tuple[int, int, float, Mapping[str, float]]
"""(trial, step, at, metrics), as ``Tables.reports`` gives them."""

REPORT_COLUMNS: Final = ("trial", "step", "at")
"""What a table of reports begins with."""


def report_table(reports: Iterable[Report]) -> Table:
    """One row per report: trial, step, the study's clock in seconds, and all metrics, None where there is none.

    A metric that is called like one of the first columns is found under ``metric.name``.
    """
    listed = list(reports)
    shown = {
        name: f"metric.{name}" if name in REPORT_COLUMNS else name
        for name in dict.fromkeys(name for *_, metrics in listed for name in metrics)
    }
    rows = tuple(
        {"trial": trial, "step": step, "at": at, **{shown[name]: metrics.get(name) for name in shown}}
        for trial, step, at, metrics in listed
    )
    return Table((*REPORT_COLUMNS, *shown.values()), rows)


def table_as_csv(table: Table) -> str:
    """The table as CSV with a line of names: integers and floats to the last digit, nothing for what is missing."""
    return as_csv(table.names, table.rows)


def table_as_json(table: Table) -> str:
    """The table as a JSON list of objects, with null for what is missing or not finite."""
    return json.dumps(_finite(list(table.rows)), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def table_as_parquet(table: Table) -> bytes:
    """The table as a Parquet file; a column with values of several types becomes text.

    MissingExtraError without pyarrow.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("A Parquet file", "parquet") from error
    columns = {name: pa.array(_of_one_type([row[name] for row in table.rows])) for name in table.names}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue().to_pybytes())


_FORMATS: Final[Mapping[str, Callable[[Table], str | bytes]]] = {
    ".csv": table_as_csv,
    ".json": table_as_json,
    ".parquet": table_as_parquet,
}


def write_table(table: Table, path: Path) -> None:
    """Write the table to a file in the format of its suffix; the file is whole or it is not there.

    SettingError for any other suffix; StoreError when the file can't be written.
    """
    check_suffix(path)
    content = _FORMATS[path.suffix.lower()](table)
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_bytes(content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StoreError(f"{str(path)!r} can't be written: {error.strerror}.", hint="Choose another place.") from error


def check_suffix(path: Path) -> None:
    """SettingError unless tables can be written to such a file."""
    if path.suffix.lower() not in _FORMATS:
        raise SettingError(
            f"{str(path)!r} names no format that a table can have.", hint="Let it end in .csv, .json or .parquet."
        )


def _finite(value: Json) -> Json:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _of_one_type(values: list[Any]) -> list[Any]:
    types = {type(value) for value in values if value is not None}
    if types == {int, float}:
        return [None if value is None else float(value) for value in values]
    is_plain = len(types) < 2 and types <= {bool, float, str}
    is_short = types == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values)
    is_texts = types == {list} and all(isinstance(item, str) for value in values if value for item in value)
    if is_plain or is_short or is_texts:
        return values
    return [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
