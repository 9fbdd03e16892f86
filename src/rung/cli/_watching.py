"""The log of a study, told by the same renderers that tell a run."""

from __future__ import annotations

import io
import time
from collections import deque
from typing import TYPE_CHECKING, final

import click

from rung.events import SessionStarted, StudyCreated
from rung.ledger import Ledger

if TYPE_CHECKING:
    from rung.console import Renderer
    from rung.contracts import Store
    from rung.events import Event

PERIOD_S = 0.3
"""How long an event may lie in the store before a follower looks."""


@final
class StudyLog:
    """Tells a study's log on standard output; ``follow`` goes on while somebody runs the study."""

    def __init__(self, store: Store, study: str, *, as_json: bool) -> None:
        self._store = store
        self._study = study
        self._as_json = as_json
        self._ledger = Ledger()
        self._told = io.StringIO()
        self._renderer = self._new_renderer(None)
        self._sequence = 0

    def catch_up(self, *, last: int | None = None) -> None:
        """Tell what is in the log and hasn't been told yet, or only the ``last`` lines of it."""
        kept: deque[str] = deque(maxlen=last)
        for sequence, event in self._store.read(self._study, after=self._sequence):
            self._sequence = sequence
            kept.extend(self._lines(event))
            if last is None:
                _print(kept)
        _print(kept)

    def follow(self) -> None:
        """Tell what happens, until nobody runs the study."""
        while self._store.tables.study(self._study).owner is not None:
            time.sleep(PERIOD_S)
            self.catch_up()

    def _lines(self, event: Event) -> list[str]:
        self._ledger.apply(event)
        if isinstance(event, StudyCreated):
            return []
        if isinstance(event, SessionStarted):
            self._renderer = self._new_renderer(event.settings.get("max_trials"))
        self._renderer(event, self._ledger)
        lines = self._told.getvalue().splitlines()
        self._told.seek(0)
        self._told.truncate()
        return lines

    def _new_renderer(self, max_trials: int | None) -> Renderer:
        """Each session has its own, as each run of a tuner has."""
        if self._as_json:
            from rung.console.jsonlines import JsonLines

            return JsonLines(self._told, store=self._store.url, max_trials=max_trials)
        from rung.console.plain import PlainLines

        return PlainLines(self._told, store=self._store.url, max_trials=max_trials)


def _print(lines: deque[str]) -> None:
    while lines:
        click.echo(lines.popleft())
