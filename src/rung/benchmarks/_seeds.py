"""Which seeds: ``30`` for 0 to 29, ``5-9``, ``0,3,7``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from rung.errors import SettingError

_RANGE: Final = re.compile(r"(\d+)-(\d+)")
_EXAMPLES: Final = "Write 30 for the seeds 0 to 29, 5-9, or 0,3,7."
_MOST: Final = 100_000  # in one range; more is a slip of the hand, and would fill the memory with runs to be made


def read_seeds(given: str | int | Iterable[int]) -> tuple[int, ...]:
    """The seeds, each once, in the order given. A number alone says how many, from 0.

    SettingError for what can't be read, for none at all, for very many, and below 0.
    """
    if isinstance(given, int):
        given = str(given)
    seeds = tuple(dict.fromkeys(_read(given) if isinstance(given, str) else given))
    if not seeds or min(seeds) < 0:
        raise SettingError(f"seeds={given!r} names no seed from 0.", hint=_EXAMPLES)
    return seeds


def _read(text: str) -> Iterator[int]:
    if text.strip().isdecimal():
        yield from _between(0, int(text) - 1)
        return
    for part in map(str.strip, text.split(",")):
        if found := _RANGE.fullmatch(part):
            yield from _between(int(found[1]), int(found[2]))
        elif part.isdecimal():
            yield int(part)
        elif part or text.strip() == "":
            raise SettingError(f"seeds={text!r} can't be read.", hint=_EXAMPLES)


def _between(first: int, last: int) -> range:
    if last - first >= _MOST:
        raise SettingError(f"These are {last - first + 1:,} seeds, and at most {_MOST:,} are taken.", hint=_EXAMPLES)
    return range(first, last + 1)
