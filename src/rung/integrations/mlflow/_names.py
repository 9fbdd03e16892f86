"""What parameters and metrics are called in MLflow."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import chain, count
from typing import Final, final

_FORBIDDEN: Final = re.compile(r"[^/\w.\- ]")
"""What MLflow takes in no name of a parameter or metric, on no platform."""


def as_name(text: str) -> str:
    """The name with ``_`` for each sign that MLflow forbids."""
    return _FORBIDDEN.sub("_", text)


@final
class Names:
    """Names of one study in MLflow, where no two are the same: those that would be are numbered as they come.

    known: the names that are there, each with what it stands for. reserved: those that nothing may get.
    """

    def __init__(self, known: Mapping[str, str], *, reserved: Collection[str] = ()) -> None:
        self._taken = {*known, *reserved}
        self._names = {text: name for name, text in known.items() if name not in reserved}

    def knows(self, text: str) -> bool:
        """Whether it has a name."""
        return text in self._names

    def of(self, text: str) -> str:
        """The name of it, from now on."""
        name = self._names.get(text)
        if name is None:
            plain = as_name(text)
            tries = chain([plain], (f"{plain}_{number}" for number in count(2)))
            name = self._names[text] = next(each for each in tries if each not in self._taken)
            self._taken.add(name)
        return name
