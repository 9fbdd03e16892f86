"""Tables of trainings as ``.npz`` files of NumPy, so that anybody can bring one.

===================  =============================================================================================
``about``            a string, JSON: ``{"format": 1, "space": …, "goal": {"metric": "error", "mode": "min"},
                     "lookup": "exact", "caveat": ""}`` with the JSON form of a space
``config/<name>``    for each hyperparameter its values, one per row: numbers, booleans or strings (n_configs,)
``values``           the metric after each step (n_configs, n_steps), finite
``costs``            the seconds that each step took (n_configs, n_steps), finite, at least 0
===================  =============================================================================================

``lookup`` is ``exact`` where the table has every configuration of its space, and otherwise ``nearest``: then a
configuration that it lacks gets the row nearest to it. Spaces have no conditions and no constraints.
"""

from __future__ import annotations

import itertools
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, cast, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rung.errors import RungError, SettingError, SpaceError
from rung.space import Space
from rung.types import Goal

if TYPE_CHECKING:
    from rung.types import Config

FORMAT: Final = 1
_HINT = "The layout is described in rung.benchmarks.problems.table_files; save_table() writes it."
_CONFIG = "config/"

Lookup = Literal["exact", "nearest"]


@final
@dataclass(frozen=True)
class TableContent:
    """What is in a table, checked. values, costs: (n_configs, n_steps)."""

    space: Space
    goal: Goal
    caveat: str
    configs: Sequence[Config]
    values: NDArray[np.float64]
    costs: NDArray[np.float64]


def save_table(
    path: str | Path,
    *,
    space: Space,
    goal: Goal,
    configs: Iterable[Config],
    values: ArrayLike,
    costs: ArrayLike,
    lookup: Lookup = "exact",
    caveat: str = "",
) -> None:
    """Write a table; an old one of this name is replaced only by a whole new one.

    values, costs: (n_configs, n_steps), seconds. caveat: one sentence on why a summary over problems should leave it
    out, or empty. SettingError says what is wrong with the content, and then nothing is written.
    """
    target = Path(path)
    about = {
        "format": FORMAT,
        "space": space.to_json(),
        "goal": {"metric": goal.metric, "mode": goal.mode},
        "lookup": lookup,
        "caveat": caveat,
    }
    rows = _valid(target, space, list(configs))
    arrays: dict[str, Any] = {
        "about": np.array(json.dumps(about)),
        "values": _as_array(target, "values", values),
        "costs": _as_array(target, "costs", costs),
        **{_CONFIG + name: np.array([row.get(name) for row in rows]) for name in space},
    }
    _content(target, arrays)
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as file:
            np.savez_compressed(file, **arrays)
        part.replace(target)
    except OSError as error:
        raise SettingError(
            f"{path} can't be written: {error.strerror or error}.", hint="Give a path in a folder that exists."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def read_table(path: Path) -> TableContent:
    """The table in a file. SettingError says what is wrong with it, and where."""
    if not path.exists():
        raise SettingError(f"There is no table {path}.", hint="Give the path of an .npz file.")
    try:
        with zipfile.ZipFile(path), np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise SettingError(f"{path} can't be read as a table: {error}.", hint=_HINT) from error
    return _content(path, arrays)


def config_key(config: Config) -> str:
    """A text that is the same for equal configurations, where values are as their domains give them."""
    return json.dumps(list(config.values()))


def _content(path: Path, arrays: Mapping[str, Any]) -> TableContent:
    about = _about(path, arrays)
    try:
        space = Space.from_json(about["space"])
        goal = Goal(str(about["goal"]["metric"]), about["goal"]["mode"])
    except KeyError as error:
        _refuse(path, f"'about' has no {error}.")
    except (RungError, TypeError) as error:
        _refuse(path, f"'about' describes no table: {error}")
    if goal.mode not in {"min", "max"}:
        _refuse(path, f"the mode is 'min' or 'max', and here it is {goal.mode!r}.")
    if space.conditions or space.constraints:
        _refuse(path, "its space has conditions or constraints, which a table can't have.")
    configs = _valid(path, space, _configs(path, space, arrays))
    values, costs = _tables(path, arrays, len(configs))
    match about.get("lookup"):
        case "exact":
            _check_whole(path, space, configs)
        case "nearest":
            pass
        case other:
            _refuse(path, f"lookup is 'exact' or 'nearest', and here it is {other!r}.")
    return TableContent(space, goal, str(about.get("caveat", "")), configs, values, costs)


def _about(path: Path, arrays: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        about = json.loads(str(_array(path, arrays, "about")))
    except ValueError as error:
        _refuse(path, f"'about' is no JSON: {error}.")
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        _refuse(path, f"'about' should be a JSON object with format {FORMAT}, and is {str(about)[:80]}.")
    return cast("Mapping[str, Any]", about)


def _array(path: Path, arrays: Mapping[str, Any], name: str) -> Any:
    if name not in arrays:
        _refuse(path, f"it has no array {name!r}; there are: {', '.join(arrays) or 'none'}.")
    return arrays[name]


def _column(path: Path, arrays: Mapping[str, Any], name: str) -> list[Any]:
    column = _array(path, arrays, name)
    if column.ndim != 1 or column.dtype.kind not in "biufU":
        _refuse(
            path, f"{name!r} should be a list of numbers, booleans or strings, and is {column.dtype} {column.shape}."
        )
    return cast("list[Any]", column.tolist())


def _configs(path: Path, space: Space, arrays: Mapping[str, Any]) -> list[Config]:
    columns = [_column(path, arrays, _CONFIG + name) for name in space]
    if len({len(column) for column in columns}) > 1:
        sizes = ", ".join(f"{name}: {len(column)}" for name, column in zip(space, columns, strict=True))
        _refuse(path, f"hyperparameters have different numbers of rows ({sizes}).")
    return [dict(zip(space, row, strict=True)) for row in zip(*columns, strict=True)]


def _valid(path: Path, space: Space, configs: Sequence[Config]) -> list[Config]:
    valid: list[Config] = []
    first_of: dict[str, int] = {}
    for row, config in enumerate(configs):
        try:
            valid.append(space.validate(config))
        except SpaceError as error:
            _refuse(path, f"the configuration of row {row} is not in its space: {error}")
        first = first_of.setdefault(config_key(valid[-1]), row)
        if first != row:
            _refuse(path, f"rows {first} and {row} have the same configuration, {dict(config)}.")
    if not valid:
        _refuse(path, "it has no rows.")
    return valid


def _tables(path: Path, arrays: Mapping[str, Any], n_rows: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values, costs = _array(path, arrays, "values"), _array(path, arrays, "costs")
    if values.ndim != 2 or len(values) != n_rows or not values.size:
        _refuse(
            path,
            f"'values' should have a row for each of {n_rows} configurations and a column for each step, and has the "
            f"shape {values.shape}.",
        )
    if costs.shape != values.shape:
        _refuse(path, f"'costs' should have the shape {values.shape} of 'values', and has {costs.shape}.")
    for name, table in (("values", values), ("costs", costs)):
        if table.dtype.kind not in "biuf":
            _refuse(path, f"{name!r} should be numbers, and is {table.dtype}.")
        wrong = ~np.isfinite(table) if name == "values" else ~(np.isfinite(table) & (table >= 0))
        if wrong.any():
            row, step = np.argwhere(wrong)[0].tolist()
            raise SettingError(
                f"{path}: {name}[{row}, {step}] is {table[row, step]}.",
                hint="Seconds are at least 0."
                if name == "costs"
                else "Give a training that diverged the worst value that makes sense, such as an error of 1.",
            )
    return values.astype(np.float64), costs.astype(np.float64)


def _as_array(path: Path, name: str, given: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(given)
    except ValueError as error:
        raise SettingError(f"{path}: {name!r} has rows of different lengths.", hint=_HINT) from error


def _check_whole(path: Path, space: Space, configs: Sequence[Config]) -> None:
    if len(configs) == space.size:
        return
    hint = "Add the rows, or say lookup='nearest'."
    if len(configs) < space.size < float("inf"):
        known = set(map(config_key, configs))
        values = [domain.grid(int(domain.size)) for domain in space.values()]
        every = (dict(zip(space, row, strict=True)) for row in itertools.product(*values))
        lacking = next(config for config in every if config_key(config) not in known)
        many = f"{space.size - len(configs):,} of {space.size:,}"
        raise SettingError(f"{path}: the table lacks {many} configurations, such as {lacking}.", hint=hint)
    raise SettingError(f"{path}: the space has infinitely many configurations, and the table some.", hint=hint)


def _refuse(path: Path, what: str) -> NoReturn:
    raise SettingError(f"{path}: {what}", hint=_HINT)
