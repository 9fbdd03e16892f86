"""What stored studies are about and how they search, in few words."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from rung.types import Json

Options: TypeAlias = Mapping[tuple[str, str], Json]
"""(part, option) -> value; the part is scheduler or searcher."""

UNNAMED: Final = "a function without a name"
PLAIN: Final = "basic"  # the scheduler that lets every trial run to its end
LONGEST: Final = 40  # characters of an option's value
_WORD: Final = re.compile(r"[A-Za-z][\w.-]*")


def problem_names(objectives: Sequence[Json]) -> list[str]:
    """What each objective is called: the same for equal ones, different for others.

    objectives: ``module:function``, ``file.py:function``, a script's argument list, or None.
    """
    short = {_key(each): _brief(each) for each in objectives}
    clashing = {name for name, count in Counter(short.values()).items() if count > 1}
    return [_full(each) if short[_key(each)] in clashing else short[_key(each)] for each in objectives]


def method_names(forms: Sequence[Mapping[str, Json]]) -> list[str]:
    """What each method is called: the same for equal ones, different for others, such as ``asha+random``.

    The options by which methods of one name differ stand in it: ``asha(reduction_factor=2)+random``. forms: those of
    schedulers, each with its searcher, as ``spec()`` gives them.
    """
    short = _named(forms, longest=LONGEST)
    return short if len(set(short)) == len({_key(form) for form in forms}) else _named(forms, longest=None)


def _named(forms: Sequence[Mapping[str, Json]], *, longest: int | None) -> list[str]:
    """The names with values cut to so many characters, whether or not that leaves them different."""
    heads = [_head(form) for form in forms]
    options = [_options(form) for form in forms]
    alike: dict[tuple[str, str], list[Options]] = {}
    for head, own in zip(heads, options, strict=True):
        alike.setdefault(head, []).append(own)
    return [
        _name(head, {place: value for place, value in own.items() if _differs(place, alike[head])}, longest)
        for head, own in zip(heads, options, strict=True)
    ]


def _key(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def _brief(objective: Json) -> str:
    if isinstance(objective, str):
        place, colon, name = objective.rpartition(":")
        return f"{Path(place).name}:{name}" if colon and place.endswith(".py") else objective
    return _full(objective)


def _full(objective: Json) -> str:
    if objective is None:
        return UNNAMED
    return objective if isinstance(objective, str) else shlex.join(objective)


def _head(form: Mapping[str, Json]) -> tuple[str, str]:
    """The names of scheduler and searcher; the searcher's is empty where the scheduler has none that shows."""
    searcher = form.get("searcher")
    return _called(form), "" if searcher is None else _called(searcher)


def _called(form: Mapping[str, Any]) -> str:
    return str(form.get("opaque") or form.get("name") or form.get("class") or "unnamed")


def _options(form: Mapping[str, Json]) -> Options:
    apart = {"name", "class", "opaque", "searcher"}
    own = {("scheduler", option): value for option, value in form.items() if option not in apart}
    searcher = form.get("searcher") or {}
    return own | {("searcher", option): value for option, value in searcher.items() if option not in apart}


def _differs(place: tuple[str, str], options: Iterable[Options]) -> bool:
    return len({_key(own.get(place)) for own in options}) > 1


def _name(head: tuple[str, str], shown: Options, longest: int | None) -> str:
    parts = []
    for part, name in zip(("scheduler", "searcher"), head, strict=True):
        told = ", ".join(f"{option}={_value(value, longest)}" for (of, option), value in shown.items() if of == part)
        parts.append(f"{name}({told})" if told else name)
    scheduler, searcher = parts
    if not searcher:
        return scheduler
    return searcher if scheduler == PLAIN else f"{scheduler}+{searcher}"


def _value(value: Json, longest: int | None) -> str:
    text = value if isinstance(value, str) and _WORD.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    return text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"
