"""Events, commands and other values as JSON text, exactly: what is decoded equals what was encoded.

JSON has no NaN, no infinities and no lone surrogates. A text that needs them stays valid JSON all the same: the numbers
stand as null, and one more field of the outermost object, ``$nonfinite``, lists where they belong; a lone surrogate
stands as its escape. Such texts take a slower road; all others are read and written by msgspec alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Generic, TypeVar, cast, final, get_args

import msgspec

from rung.commands import Command, UnknownCommand
from rung.errors import StoreError, StoreVersionError
from rung.events import Event

T = TypeVar("T")

_SIDE_FIELD = "$nonfinite"
_NAMES = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@final
class Codec(Generic[T]):
    """Turns one type of value, or a union of tagged structs, into JSON text and back.

    Fields that the type doesn't know are ignored, so that a newer rung may add some; an unknown kind is an error,
    because dropping an event would falsify the log. noun: what the values are called in messages.
    """

    def __init__(self, target: Any, noun: str) -> None:
        self._target = target
        self._noun = noun
        self._kinds = frozenset(
            kind.__struct_config__.tag for kind in get_args(target) if isinstance(kind, type(msgspec.Struct))
        )
        self._write = msgspec.json.Encoder().encode
        self._read = msgspec.json.Decoder(target).decode

    def encode(self, value: T) -> str:
        """The value as JSON text; StoreError when it holds something that has no place in JSON."""
        try:
            text = self._write(value).decode()
        except UnicodeEncodeError:
            return _write_exactly(msgspec.to_builtins(value))
        except (TypeError, RecursionError) as error:
            raise StoreError(f"This {self._noun} can't be written as JSON: {error}.", hint=_PLAIN) from error
        if "null" in text:  # stands for None or for a number that isn't finite; most texts have neither
            parts = msgspec.to_builtins(value)
            if any(True for _ in _nonfinite(parts)):
                return _write_exactly(parts)
        return text

    def decode(self, text: str) -> T:
        """The value of this text; StoreVersionError for what only a newer rung can have written."""
        if _SIDE_FIELD not in text:
            try:
                return cast("T", self._read(text))
            except msgspec.DecodeError:
                pass
        return self._decode_by_parts(text)

    def _decode_by_parts(self, text: str) -> T:
        try:
            parts = json.loads(text)
        except ValueError as error:
            raise StoreError(f"A stored {self._noun} is damaged: {error}.", hint=_DAMAGED) from error
        if isinstance(parts, dict):
            _restore(parts)
        try:
            return cast("T", msgspec.convert(parts, self._target))
        except msgspec.ValidationError as error:
            raise self._unreadable(parts, error) from error

    def _unreadable(self, parts: Any, error: msgspec.ValidationError) -> StoreError:
        kind = _kind(parts)
        if self._kinds and kind not in self._kinds:
            sentence = f"The store holds a {self._noun} of the kind {kind!r}, which this version of rung doesn't know."
        else:
            of_kind = f" of the kind {kind!r}" if kind else ""
            sentence = f"The store holds a {self._noun}{of_kind} that this version of rung can't read: {error}."
        return StoreVersionError(sentence, hint=_NEWER)


_PLAIN = "Use plain Python values: None, bool, int, float, str, and lists and string-keyed dicts of these."
_DAMAGED = "Restore the store from a backup."
_NEWER = "Install the version of rung that wrote it, or a newer one."


def _kind(parts: Any) -> Any:
    return parts.get("type") if isinstance(parts, dict) else None


def _write_exactly(parts: dict[str, Any]) -> str:
    found = [[*path, name] for path, name in _nonfinite(parts)]
    for *path, last, _ in found:
        holder: Any = parts
        for step in path:
            holder = holder[step]
        holder[last] = None
    return json.dumps({**parts, _SIDE_FIELD: found}, allow_nan=False, separators=(",", ":"))


def _nonfinite(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, float):
        if not math.isfinite(value):
            yield path, str(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _nonfinite(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _nonfinite(item, (*path, index))


def _restore(parts: dict[str, Any]) -> None:
    for *path, last, name in parts.pop(_SIDE_FIELD, ()):
        holder: Any = parts
        for step in path:
            holder = holder[step]
        holder[last] = _NAMES[name]


EVENTS: Codec[Event] = Codec(Event, "event")
COMMANDS: Codec[Command] = Codec(Command, "command")


def decode_command(text: str) -> Command | UnknownCommand:
    """The command of this text. What only a newer rung can have written is no error: it can be refused."""
    try:
        return COMMANDS.decode(text)
    except StoreVersionError:
        return UnknownCommand(str(_kind(json.loads(text))))
