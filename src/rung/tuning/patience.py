"""Waiting for a person, where nothing else can bring a study on."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from typing import final


@final
class Patience:
    """Says once each time what a study waits for, and naps so that the inbox has some time to fill.

    say: to the person.
    """

    def __init__(self, study: str, say: Callable[[str], None]) -> None:
        self._study = shlex.quote(study)
        self._say = say
        self._said = ("", 0)

    def wait(self, what: str, n_trials: int, *, seconds: float) -> None:
        """Wait so long for ``what``; said again when there are more trials than before."""
        if (what, n_trials) != self._said:
            self._said = (what, n_trials)
            self._say(
                f"The study waits: {what}. Give it one by `rung add {self._study} NAME=VALUE …`, have another "
                f"searcher go on by `rung edit {self._study} --searcher tpe`, or end it by `rung stop {self._study}`."
            )
        time.sleep(seconds)
