"""Values as people write them, and how they compare with those of a column."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from rung.columns import Column
from rung.errors import SettingError
from rung.types import Json

Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">=", "~", "in"]

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_PART_OF_DURATION: Final = re.compile(r"(\d+\.?\d*|\.\d+)(days?|d|h|min|m|s)", re.ASCII)
_SECONDS: Final = {"d": 86_400.0, "day": 86_400.0, "days": 86_400.0, "h": 3600.0, "min": 60.0, "m": 60.0, "s": 1.0}
_LONGEST_INTEGER: Final = 300  # digits
_ORDERS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_EXAMPLES: Final = {"duration": ("a duration", "90s or 2h"), "moment": ("a date", "2026-11-20 or 2026-11-20T18:30")}
_COMPLETED: Final = ("done", "completed")
_WORDS: Final[Mapping[str, Json]] = {
    "null": None,
    "true": True,
    "false": False,
    "None": None,
    "True": True,
    "False": False,  # as Python spells them
}


class Value(Struct, frozen=True):
    """A value as somebody wrote it. A quoted one is a text, whatever it looks like."""

    text: str
    is_quoted: bool = False

    def __str__(self) -> str:
        return '"' + re.sub(r'(["\\])', r"\\\1", self.text) + '"' if self.is_quoted else self.text

    @property
    def plain(self) -> Json:
        """None, a bool, a number or a text."""
        if self.is_quoted:
            return self.text
        if self.text in _WORDS:
            return _WORDS[self.text]
        return self.text if (number := self.number) is None else number

    @property
    def number(self) -> float | None:
        """The number that is written here, None if there is none."""
        if self.is_quoted or _NUMBER.fullmatch(self.text) is None:
            return None
        is_whole = self.text.lstrip("+-").isdecimal() and len(self.text) <= _LONGEST_INTEGER
        return int(self.text) if is_whole else float(self.text)


def matcher(column: Column, operator: Operator, values: tuple[Value, ...]) -> Callable[[Any], bool]:
    """Whether a value of the column compares so. SettingError when the column has no such values.

    A missing value is like ``null`` and like nothing else; ``!=`` doesn't hold for it either. Of several texts one has
    to be like it, and with ``!=`` none.
    """
    if operator == "~":
        part = values[0].text.casefold()
        return lambda own: any(part in _text(each).casefold() for each in _each(own))
    if operator in _ORDERS:
        limit, order = _limit(column, operator, values[0]), _ORDERS[operator]
        return lambda own: isinstance(own, int | float) and not isinstance(own, bool) and order(own, limit)
    tests = [_equals(column, value) for value in values]
    if operator == "!=":
        if values[0].plain is None:
            return lambda own: not tests[0](own)
        return lambda own: (own is not None) and not tests[0](own)
    return lambda own: any(test(own) for test in tests)


def seconds_in(text: str) -> float | None:
    """The seconds of a duration such as ``90s``, ``2h`` or ``1h30min``; None if it is none."""
    if _PART_OF_DURATION.sub("", text) or not text:
        return None
    return sum(float(count) * _SECONDS[unit] for count, unit in _PART_OF_DURATION.findall(text))


def _equals(column: Column, value: Value) -> Callable[[Any], bool]:
    plain, text = value.plain, value.text
    if plain is None:
        return lambda own: own is None or own == ()
    if column.words:
        text = _word(column, text)
    elif column.kind in {"number", "duration", "moment"}:
        limit = _limit(column, "=", value)
        return lambda own: own is not None and own == limit
    elif column.kind == "flag" and not isinstance(plain, bool):
        raise SettingError(f"{column.name!r} is true or false, not {text!r}.", hint=f"Use {column.name}=true.")

    def is_equal(own: Any) -> bool:
        if isinstance(own, bool) or isinstance(plain, bool):
            return own is plain or own == text
        if isinstance(own, int | float):
            return not isinstance(plain, str) and own == plain
        return any(_text(each) == text for each in _each(own))

    return is_equal


def _limit(column: Column, operator: str, value: Value) -> float:
    """The number that a value stands for in this column."""
    number = value.number
    if column.kind == "duration" and number is None and not value.is_quoted:
        number = seconds_in(value.text)
    if column.kind == "moment":
        number = _unix(value.text)
    if column.kind in {"text", "flag", "several"}:
        raise SettingError(
            f"{column.name!r} is no number, so {operator!r} means nothing for it.", hint="Use = or != or ~ (contains)."
        )
    if number is None:
        wanted, example = _EXAMPLES.get(column.kind, ("a number", "0.1"))
        if operator != "=":
            raise SettingError(
                f"{operator!r} compares numbers, and {value.text!r} is {'a text' if value.is_quoted else 'none'}.",
                hint=f"Write {wanted} such as {example}.",
            )
        raise SettingError(f"{column.name!r} is {wanted}, not {value.text!r}.", hint=f"Write it like {example}.")
    return number


def _word(column: Column, text: str) -> str:
    if text == _COMPLETED[0] and text not in column.words:  # as the tables call it
        text = _COMPLETED[1]
    if text in column.words:
        return text
    near = difflib.get_close_matches(text, [*column.words, _COMPLETED[0]], n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(column.words)}."
    raise SettingError(f"{column.name!r} is never {text!r}.", hint=hint)


def _unix(text: str) -> float | None:
    try:
        return dt.datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _each(own: Any) -> tuple[Any, ...]:
    if own is None:
        return ()
    return own if isinstance(own, tuple) else (own,)


def _text(own: Any) -> str:
    return own if isinstance(own, str) else json.dumps(own)
