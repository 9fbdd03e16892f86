"""The filters of ``--where`` and of tables: ``lr<0.1 and state=done``, ``(opt=adam or opt=sgd) and not tag=bad``.

What stands on the left is the name of a column (``columns.py``), quoted where it has unusual signs; on the right stands
a word, a number, true, false, null, a duration such as ``2h``, or a quoted text. ``in`` takes several with commas
between them, ``~`` asks whether a text contains another, in whichever case.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar, final

from msgspec import Struct

from rung.columns import Column, Columns
from rung.errors import SettingError
from rung.matching import Operator, Value, matcher

_Row = TypeVar("_Row")
_Predicate: TypeAlias = Callable[[Any], bool]

_SIGNS: Final[dict[str, Operator]] = {
    "==": "=", "=": "=", "!=": "!=", "<=": "<=", "<": "<", ">=": ">=", ">": ">", "~": "~", "in": "in",
}  # fmt: skip
_KEYWORDS: Final = frozenset({"and", "or", "not", "in"})
_DEEPEST: Final = 50  # levels of parentheses and nots
_SHOWN: Final = 60  # characters of the text on each side of the mark
_TOKEN: Final = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>==|!=|<=|>=|[=<>~])|(?P<mark>[(),])"""
    r"""|(?P<word>[^\s()=<>~!,"']+)""",
    re.DOTALL,
)


class Comparison(Struct, frozen=True):
    """A column against a value, or against several with ``in``. at: where name and first value stand in the text."""

    name: str
    operator: Operator
    values: tuple[Value, ...]
    at: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        words = ", ".join(map(str, self.values))
        return f"{_spelled(self.name)} {self.operator} {words}"


class Not(Struct, frozen=True):
    """The opposite."""

    inner: Expression

    def __str__(self) -> str:
        return f"not {_grouped(self.inner)}"


class Joined(Struct, frozen=True):
    """Two parts or more, of which all must hold, or one."""

    word: Literal["and", "or"]
    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return f" {self.word} ".join(map(_grouped, self.parts))


Expression: TypeAlias = Comparison | Not | Joined


class Filter(NamedTuple):
    """A filter that was understood, with its text."""

    text: str
    expression: Expression

    def select(self, rows: Sequence[_Row], columns: Columns) -> list[_Row]:
        """The rows that pass. SettingError for an unknown column, or a value that a column can't be compared with."""
        passes = self._predicate(self.expression, columns)
        return [row for row in rows if passes(row)]

    def _predicate(self, expression: Expression, columns: Columns) -> _Predicate:
        if isinstance(expression, Not):
            inner = self._predicate(expression.inner, columns)
            return lambda row: not inner(row)
        if isinstance(expression, Joined):
            parts = [self._predicate(part, columns) for part in expression.parts]
            return _every(parts) if expression.word == "and" else _any(parts)
        at, at_value = expression.at
        try:
            column = columns.find(expression.name)
            at = at_value
            return _compared(column, expression)
        except SettingError as error:
            raise problem(self.text, at, error.sentence, hint=error.hint) from None


def parse(text: str) -> Filter:
    """The filter in a text. SettingError points at what is not understood."""
    return Filter(text, _Parser(text).whole())


def select(text: str | None, rows: Sequence[_Row], columns: Columns) -> list[_Row]:
    """The rows that pass the filter in a text, all without one."""
    return list(rows) if text is None else parse(text).select(rows, columns)


def problem(text: str, at: int, sentence: str, *, hint: str) -> SettingError:
    """The error that shows the filter with a mark below its ``at``-th character."""
    start, end = max(0, at - _SHOWN), at + _SHOWN
    shown = re.sub(r"\s", " ", text[start:end])
    before = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in shown[: at - start])
    return SettingError(f"{sentence}\n  {shown}\n  {' ' * before}^", hint=hint)


class _Token(NamedTuple):
    kind: str
    text: str
    at: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else self.text if self.kind == "quoted" else repr(self.text)


@final
class _Parser:
    """Reads ``or`` over ``and`` over ``not`` over comparisons."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._next = 0
        self._depth = 0

    def whole(self) -> Expression:
        """All of the text."""
        expression = self._joined("or")
        if self._token.kind != "end":
            raise self._unexpected("'and' or 'or'")
        return expression

    def _split(self) -> Sequence[_Token]:
        tokens, at = [], 0
        while at < len(self._text):
            if self._text[at].isspace():
                at += 1
                continue
            found = _TOKEN.match(self._text, at)
            if found is None:
                if self._text[at] == "!":
                    what, hint = "'!' without '=' behind it", "`!=` is unequal, `not` the opposite."
                else:
                    what, hint = "a quotation mark without its end", 'A quotation mark within a text is written \\".'
                raise problem(self._text, at, f"The filter has {what}.", hint=hint)
            tokens.append(_Token(str(found.lastgroup), found[0], at))
            at = found.end()
        return [*tokens, _Token("end", "", at)]

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> bool:
        """Whether the next token is one of these words or signs; if so, goes past it."""
        is_next = self._token.kind in {"word", "mark"} and self._token.text in texts
        self._next += is_next
        return is_next

    def _joined(self, word: Literal["and", "or"]) -> Expression:
        parts = [self._joined("and") if word == "or" else self._single()]
        while self._take(word):
            parts.append(self._joined("and") if word == "or" else self._single())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _single(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise problem(self._text, self._token.at, "The filter is nested too deeply.", hint="Use fewer parentheses.")
        expression: Expression
        if self._take("not"):
            expression = Not(self._single())
        elif self._take("("):
            expression = self._joined("or")
            if not self._take(")"):
                raise self._unexpected("')'")
        else:
            expression = self._comparison()
        self._depth -= 1
        return expression

    def _comparison(self) -> Comparison:
        name = self._token
        if not (name.kind == "quoted" or (name.kind == "word" and name.text not in _KEYWORDS)):
            raise self._unexpected("the name of a column")
        self._next += 1
        sign = self._token
        if sign.kind != "sign" and (sign.kind, sign.text) != ("word", "in"):
            raise self._unexpected(f"a comparison of {name} such as '='")
        self._next += 1
        is_grouped = sign.text == "in" and self._take("(")
        at = self._token.at
        values = [self._value()]
        while sign.text == "in" and self._take(","):
            values.append(self._value())
        if is_grouped and not self._take(")"):
            raise self._unexpected("')'")
        return Comparison(_plain(name), _SIGNS[sign.text], tuple(values), (name.at, at))

    def _value(self) -> Value:
        token = self._token
        if not (token.kind == "quoted" or (token.kind == "word" and token.text not in _KEYWORDS)):
            raise self._unexpected("a value")
        self._next += 1
        return Value(_plain(token), is_quoted=token.kind == "quoted")

    def _unexpected(self, wanted: str) -> SettingError:
        sentence = f"The filter should have {wanted} here, not {self._token}."
        return problem(self._text, self._token.at, sentence, hint="Write it like: lr<0.1 and (opt=adam or state=done)")


def _compared(column: Column, comparison: Comparison) -> _Predicate:
    get, matches = column.get, matcher(column, comparison.operator, comparison.values)
    return lambda row: matches(get(row))


def _every(parts: Sequence[_Predicate]) -> _Predicate:
    return lambda row: all(part(row) for part in parts)


def _any(parts: Sequence[_Predicate]) -> _Predicate:
    return lambda row: any(part(row) for part in parts)


def _plain(token: _Token) -> str:
    return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL) if token.kind == "quoted" else token.text


def _grouped(expression: Expression) -> str:
    return f"({expression})" if isinstance(expression, Joined) else str(expression)


def _spelled(name: str) -> str:
    found = _TOKEN.fullmatch(name)
    is_word = found is not None and found.lastgroup == "word" and name not in _KEYWORDS
    return name if is_word else str(Value(name, is_quoted=True))
