"""A study in a TOML file: all that the options of ``rung run`` say, under the same names."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta, Struct, structs

from rung.cli._options import UsageProblem
from rung.cli._space import parse_domain
from rung.cli._stop import parse_stop
from rung.durations import as_seconds
from rung.errors import SettingError, SpaceError
from rung.space import as_domain
from rung.stopping import Scope

if TYPE_CHECKING:
    from rung.space import Domain

_Count: TypeAlias = Annotated[int, Meta(ge=1)]
_DURATIONS = ("seconds", "trial_seconds", "stall_seconds", "project_limit")
_OPTIONS = {"trials": "max_trials"}
"""Key of the file -> the option of ``rung run``, where the two differ."""


class _Search(Struct, kw_only=True):
    """[search]: what proposes configurations, and what decides how long each is trained."""

    searcher: str | None = None
    scheduler: str | None = None
    max_t: int | None = None
    grace_period: int | Literal["auto"] | None = None
    reduction_factor: int | float | None = None
    variant: Literal["stopping", "promotion", "synchronous"] | None = None


class _Resources(Struct, kw_only=True):
    """[resources]: what each trial gets of the machine."""

    gpus: str | list[int | str] | None = None
    gpus_per_trial: float | None = None
    memory: int | str | None = None


class _File(Struct, kw_only=True):
    """The whole file; what stands above the first table comes first."""

    name: str | None = None
    new: bool | None = None
    incumbent_from: Literal["any", "final"] | None = None
    project: str | None = None
    message: str | None = None
    tags: list[str] | None = None
    objective: str | None = None
    script: list[str] | None = None
    store: str | None = None
    metric: str | None = None
    mode: Literal["min", "max"] | None = None
    trials: _Count | None = None
    seconds: float | str | None = None
    stop: list[str] | None = None
    stop_trial: list[str] | None = None
    project_limit: float | str | None = None
    trial_seconds: float | str | None = None
    stall_seconds: float | str | None = None
    workers: _Count | None = None
    seed: Annotated[int, Meta(ge=0)] | None = None
    init: dict[str, Any] | None = None
    prior: dict[str, Any] | None = None
    space: dict[str, Any] | None = None
    search: _Search | None = None
    resources: _Resources | None = None


class StudyFile(Struct, frozen=True, kw_only=True):
    """What a file says. options: by the names that ``rung run`` has for them; only those that are given.

    words: the objective, as it would stand on the command line. folder: where the file is.
    """

    words: tuple[str, ...]
    domains: Mapping[str, Any]
    init: Mapping[str, Any]
    priors: Mapping[str, Any]
    options: Mapping[str, Any]
    folder: Path


def read_study_file(path: Path) -> StudyFile:
    """The study of that file. UsageProblem names what is wrong in it, and the table where it stands."""
    try:
        form = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageProblem(f"{path} can't be read: {error.strerror}.", hint="Check its path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{path} is not TOML: {error}.", hint="Texts need quotes, and lists brackets.") from error
    _check_keys(form, _File, path, table="")
    try:
        found = msgspec.convert(form, _File)
    except msgspec.ValidationError as error:
        sentence, hint = _in_words(str(error))
        raise UsageProblem(f"{path}: {sentence}", hint=hint) from error
    if found.objective is not None and found.script is not None:
        raise UsageProblem(f"{path} has both objective and script.", hint="Keep the one that is to be tuned.")
    return StudyFile(
        words=tuple(found.script or ()) if found.objective is None else (found.objective,),
        domains={name: _domain(name, value, path) for name, value in (found.space or {}).items()},
        init=found.init or {},
        priors=found.prior or {},
        options=_options(found, path),
        folder=path.parent.resolve(),
    )


def _options(found: _File, path: Path) -> dict[str, Any]:
    given = structs.asdict(found)
    for name in ("objective", "script", "space", "init", "prior"):
        del given[name]
    for table in ("search", "resources"):
        inner = given.pop(table)
        given |= structs.asdict(inner) if inner is not None else {}
    for name in _DURATIONS:
        if given[name] is not None:
            try:
                given[name] = as_seconds(given[name], name=name)
            except SettingError as error:
                raise UsageProblem(f"{path}: {error.sentence}", hint=error.hint) from error
    parse_stop(given["stop"] or (), option=f"{path}: stop")
    parse_stop(given["stop_trial"] or (), option=f"{path}: stop_trial", scope=Scope.TRIAL)
    return {_OPTIONS.get(name, name): value for name, value in given.items() if value is not None}


def _domain(name: str, value: Any, path: Path) -> Domain:
    where = f"{path}: [space] {name}"
    if isinstance(value, str):
        return parse_domain(value, where=where)
    try:
        return as_domain(value, name=name)
    except SpaceError as error:
        raise UsageProblem(f"{where}: {error.sentence}", hint=error.hint) from error


def _check_keys(form: Mapping[str, Any], kind: type[Struct], path: Path, *, table: str) -> None:
    """UsageProblem for a key that means nothing, with the nearest one; in the tables within, too."""
    known = {each.name: each for each in structs.fields(kind)}
    for key, value in form.items():
        if key not in known:
            raise UsageProblem(f"{path}: there is no key {key!r} {_place(table)}.", hint=_nearest(key, known))
        inner = [each for each in get_args(known[key].type) if isinstance(each, type) and issubclass(each, Struct)]
        if inner and isinstance(value, Mapping):
            _check_keys(value, inner[0], path, table=key)


def _nearest(key: str, known: Collection[str]) -> str:
    for home, kind in (("", _File), ("search", _Search), ("resources", _Resources)):
        if key in {each.name for each in structs.fields(kind)}:
            return f"It belongs {_place(home)}."
    near = difflib.get_close_matches(key, known, n=1)
    return f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."


def _place(table: str) -> str:
    return f"in [{table}]" if table else "at the top, before the first table"


_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
_FOUND = {**_WORDS, "float": "a number with a fraction"}
_EXPECTED = re.compile(
    r"Expected `(?P<wanted>[^`]+)`(?P<least>[^,]*?)(?:, got `(?P<got>[^`]+)`)? - at `\$\.(?P<at>.+)`"
)
_INVALID = re.compile(r"Invalid enum value (.+) - at `\$\.(.+)`")


def _in_words(complaint: str) -> tuple[str, str]:
    """What msgspec says of a value, as a sentence and a hint."""
    found = _EXPECTED.fullmatch(complaint)
    if found is None:
        invalid = _INVALID.fullmatch(complaint)
        if invalid is None:
            return f"{complaint}.", "The command line's options say what belongs where: `rung run --help`."
        return f"{_key(invalid[2])} can't be {invalid[1]}.", "`rung run --help` lists what it can be."
    wanted = " or ".join(_WORDS.get(each, each) for each in found["wanted"].split(" | ") if each != "null")
    got = f", not {_FOUND.get(found['got'], found['got'])}" if found["got"] else ""
    least = found["least"].replace(" >= ", " of at least ")
    return f"{_key(found['at'])} must be {wanted}{least}{got}.", "TOML has texts in quotes and numbers without."


def _key(path: str) -> str:
    table, dot, key = path.rpartition(".")
    return f"[{table}] {key}" if dot else path
