"""How searchers and schedulers with their options are written in a line."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from rung.errors import SettingError

if TYPE_CHECKING:
    from rung.types import Json

_NO_OPTIONS: Final = {"name", "class", "searcher"}  # what forms have besides options
_PART = re.compile(r"\s*(?P<name>[^\s()=]+)\s*(?:\((?P<options>.*)\))?\s*", re.DOTALL)


def read_part(text: str, whole: str) -> dict[str, Json]:
    """The form of ``asha(max_t=27)``, which is a part of the whole line. SettingError for what can't be read."""
    match = _PART.fullmatch(text)
    if match is None:
        raise SettingError(
            f"The method {whole!r} can't be read at {text.strip()!r}.",
            hint="Write tpe, asha+tpe or asha(max_t=27)+tpe.",
        )
    form: dict[str, Json] = {"name": match["name"]}
    for option in outside_parentheses(match["options"] or "", ","):
        if not option.strip():
            continue
        name, equals, value = option.partition("=")
        if not equals or not name.strip().isidentifier():
            raise SettingError(
                f"The method {whole!r} has the option {option.strip()!r} without a value.", hint="Write name=value."
            )
        if name.strip() in _NO_OPTIONS:
            raise SettingError(
                f"The method {whole!r} has an option {name.strip()!r}, which is no option.",
                hint="The name stands before the parentheses, and a searcher behind a plus sign: asha+random.",
            )
        form[name.strip()] = _json_or_text(value.strip())
    return form


def _json_or_text(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text


def outside_parentheses(text: str, separator: str) -> list[str]:
    """The parts between separators that stand in no brackets of any kind; brackets in strings count too."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts
