"""Search spaces on the command line: ``lr=log:1e-4:1``, ``opt=adam,sgd``, ``units=int:16:256:step=16``, ``seed=5``.

Nothing in it means anything to a shell, so that nothing needs quotes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, final

from msgspec import Struct

from rung.cli._options import UsageProblem
from rung.errors import SpaceError
from rung.space import Choice, Constant, Float, Int, Normal, Ordinal

if TYPE_CHECKING:
    from rung.space import Domain

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_RANGE = re.compile(rf"({_NUMBER.pattern})(?:\.\.|:)({_NUMBER.pattern})")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}


@final
class _Kind(Struct, frozen=True):
    """How a kind of domain is written and made, and what it needs.

    options: what may follow its two numbers, as ``name=number``.
    """

    form: str
    make: Callable[..., Domain]
    options: tuple[str, ...]
    needs: str


_KINDS: Mapping[str, _Kind] = {
    "float": _Kind("float:LOW:HIGH", Float, ("step",), "LOW at most HIGH"),
    "log": _Kind("log:LOW:HIGH", partial(Float, log=True), ("step",), "LOW above 0 and at most HIGH"),
    "int": _Kind("int:LOW:HIGH", Int, ("step",), "whole numbers, LOW at most HIGH"),
    "logint": _Kind(
        "logint:LOW:HIGH", partial(Int, log=True), ("step",), "whole numbers, LOW above 0 and at most HIGH"
    ),
    "normal": _Kind("normal:MEAN:STD", Normal, ("low", "high"), "STD above 0 and low below high"),
}
_LISTS: Mapping[str, Callable[[list[Any]], Domain]] = {"choice": Choice, "ordinal": Ordinal}
_SAME = {"uniform": "float"}
_FORMS = (
    "NAME=KIND:LOW:HIGH with the kinds float, log, int, logint (both ends included; :step=S may follow) or "
    "normal:MEAN:STD, or NAME=A,B,C for a choice, NAME=ordinal:A,B,C, NAME=VALUE for a constant"
)


def parse_domains(texts: Sequence[str], option: str = "-s") -> dict[str, Domain]:
    """The hyperparameters of all ``-s``. UsageProblem says which one is wrong, and what would be right."""
    domains: dict[str, Domain] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise UsageProblem(f"{option} {text!r} has no name and value.", hint=f"Write {_FORMS}.")
        if name in domains:
            raise UsageProblem(f"{option} {name!r} is given twice.", hint="Give each hyperparameter once.")
        domains[name] = parse_domain(value, where=f"{option} {text!r}")
    return domains


def parse_domain(text: str, *, where: str) -> Domain:
    """The domain that a text such as ``log:1e-4:1`` stands for; UsageProblem says ``where`` it is wrong."""
    try:
        return _domain(text)
    except _BadFormError as error:
        raise UsageProblem(f"{where}: {error}", hint=error.hint) from error
    except SpaceError as error:
        raise UsageProblem(f"{where}: {error.sentence}", hint=error.hint or f"Write {_FORMS}.") from error


def parse_values(texts: Sequence[str], option: str) -> dict[str, Any]:
    """``name=value`` for each; numbers, true, false and null are read as such."""
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageProblem(f"{option} {text!r} has no name and value.", hint=f"Write {option} lr=0.1.")
        if name in values:
            raise UsageProblem(f"{option} {name!r} is given twice.", hint="Give each name once.")
        values[name] = parse_value(value)
    return values


def parse_priors(texts: Sequence[str]) -> dict[str, str]:
    """The beliefs of all ``--prior``: ``lr=~1e-3`` or ``lr=~1e-3:high``. The tilde may be missing."""
    priors: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value.strip("~ "):
            raise UsageProblem(
                f"--prior {text!r} has no name and value.",
                hint="Write --prior lr=~1e-3, or with low, medium or high confidence lr=~1e-3:high.",
            )
        if name in priors:
            raise UsageProblem(f"--prior {name!r} is given twice.", hint="Give each name once.")
        priors[name] = value if value.startswith("~") else f"~{value}"
    return priors


def parse_value(text: str) -> int | float | bool | str | None:
    """A number, true, false or null where it reads as one; else the text."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    return _WORDS.get(text, text)


class _BadFormError(Exception):
    """A value of ``-s`` that has none of the forms."""

    def __init__(self, message: str, *, hint: str = f"Write {_FORMS}.") -> None:
        super().__init__(message)
        self.hint = hint


def _domain(value: str) -> Domain:
    if found := _RANGE.fullmatch(value):
        raise _looks_like_range(value, *found.groups())
    kind, colon, rest = value.partition(":")
    if not colon:
        words = value.split(",")
        return Choice(_values(words)) if len(words) > 1 else Constant(parse_value(value))
    if kind == "constant":
        return Constant(parse_value(rest))
    if kind in _LISTS:
        return _LISTS[kind](_values(rest.split(",")))
    kind = _SAME.get(kind, kind)
    if kind in _KINDS:
        return _of_kind(_KINDS[kind], rest.split(":"))
    known = [*_KINDS, *_SAME, *_LISTS, "constant"]
    near = difflib.get_close_matches(kind, known, n=1)
    guess = f"Did you mean {near[0]}:{rest}? " if near else ""
    raise _BadFormError(
        f"there is no kind {kind!r}.",
        hint=f"{guess}There are {', '.join(known)}; for a text with a colon in it, write constant:{value}.",
    )


def _looks_like_range(text: str, low: str, high: str) -> _BadFormError:
    """The problem with a text that was hardly meant as one."""
    ends = f"{low}:{high}"
    kinds = ["int", "logint"] if _WHOLE.fullmatch(low) and _WHOLE.fullmatch(high) else ["float", "log"]
    if float(low) <= 0.0:  # has no logarithm
        kinds.pop()
    forms = " or ".join(f"{kind}:{ends}" for kind in kinds)
    return _BadFormError(f"{text!r} is no range.", hint=f"Write {forms}; as a text, constant:{text}.")


def _of_kind(kind: _Kind, parts: Sequence[str]) -> Domain:
    numbers = [part for part in parts if "=" not in part]
    options = [part.partition("=") for part in parts if "=" in part]
    form = kind.form + "".join(f"[:{option}={option[0].upper()}]" for option in kind.options)
    if len(numbers) != 2:
        raise _BadFormError(f"it has {len(numbers)} numbers where 2 belong.", hint=f"Write {form}.")
    for option, _, _ in options:
        if option not in kind.options:
            raise _BadFormError(f"it has no option {option!r}.", hint=f"Write {form}.")
    given = {option: _number(value, form) for option, _, value in options}
    places = [_number(part, form) for part in numbers]
    try:
        return kind.make(*places, **given)
    except SpaceError as error:
        raise _BadFormError(error.sentence, hint=f"Write {form}, with {kind.needs}.") from error


def _number(text: str, form: str) -> float:
    value = parse_value(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _BadFormError(f"{text!r} is not a number.", hint=f"Write {form}.")
    return value


def _values(words: Sequence[str]) -> list[Any]:
    if "" in words:
        raise _BadFormError("it has an empty value.", hint="Separate the values by single commas: adam,sgd.")
    return [parse_value(word) for word in words]
