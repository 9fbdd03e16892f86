"""Progress in a notebook: a card in the cell's output that is kept up to date, and the live view of any study."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, final

from rung.checks import number
from rung.console.picture import MOST_TRIALS, Picture
from rung.console.plain import banner, summary
from rung.errors import SettingError
from rung.events import Event, SessionEnded, SessionStarted

if TYPE_CHECKING:
    from rung.console.table import Column
    from rung.ledger import Ledger
    from rung.study import Study

PERIOD_S = 0.5
"""The least time from one update of a card to the next: a browser has more to do than to draw it."""

_CELL = "text-align:{};padding:0 0.8em 0 0;white-space:nowrap;font-family:monospace"


def is_notebook() -> bool:
    """Whether this process is the kernel of a notebook; IPython in a terminal is none."""
    package = sys.modules.get("IPython")
    shell = None if package is None else package.get_ipython()
    return getattr(shell, "kernel", None) is not None


def show_live(study: Study, *, every_s: float = PERIOD_S) -> None:
    """Show a study's card and keep it up to date until nobody runs the study, or until the cell is interrupted.

    For a study that another process runs. every_s: seconds between two looks. SettingError outside a notebook.
    """
    number("every_s", every_s, above=0, example=2)
    card = _Card()
    try:
        while True:
            is_over = study.row.owner is None  # asked first, so that the card is that of the end
            card.show(study._repr_html_())  # by this name every notebook finds it
            if is_over:
                return
            time.sleep(every_s)
    except KeyboardInterrupt:
        return


@final
class NotebookTable:
    """The newest trials and the totals as a table in the cell's output, drawn anew at events."""

    def __init__(self, *, store: str, max_trials: int | None, now: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._max_trials = max_trials
        self._now = now
        self._card = _Card()
        self._drawn_at = 0.0
        self._banner = self._summary = ""
        self._picture: Picture | None = None

    def __call__(self, event: Event, ledger: Ledger) -> None:
        """Take the event into the picture, and draw it unless that was done just now."""
        if isinstance(event, SessionStarted):
            self._card = _Card()
            self._picture = Picture(event, ledger, max_trials=self._max_trials)
            self._banner = banner(event, ledger, store=self._store, max_trials=self._max_trials)
            self._summary, self._drawn_at = "", -PERIOD_S
        if self._picture is None:
            return
        self._picture.take(event, ledger)
        if isinstance(event, SessionEnded):
            self._summary = summary(event, ledger)
        if self._summary or self._now() - self._drawn_at >= PERIOD_S:
            self._draw()

    def close(self) -> None:
        """Draw the picture for the last time."""
        if self._picture is not None:
            self._draw()

    def _draw(self) -> None:
        assert self._picture is not None
        self._drawn_at = self._now()
        picture = self._picture
        lines = [f"<b>{html.escape(self._banner)}</b>", _table(picture.columns(MOST_TRIALS))]
        lines += [html.escape(line) for line in (picture.totals(MOST_TRIALS), self._summary) if line]
        self._card.show("".join(f"<div>{line}</div>" for line in lines))


@final
class _Card:
    """Some HTML in the output of the cell, replaced when it changes."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._shown = ""

    def show(self, text: str) -> None:
        """Show this instead of what was shown before."""
        if text == self._shown:
            return
        display = _display()
        content, self._shown = display.HTML(text), text
        if self._handle is None:
            self._handle = display.display(content, display_id=True)
        else:
            self._handle.update(content)


def _display() -> Any:
    """IPython's module of that name, which a notebook has loaded; nothing is imported here."""
    display = sys.modules.get("IPython.display")
    if display is None:
        raise SettingError(
            "there is no notebook here to show it in.",
            hint="In a terminal, `rung top` and `rung log STUDY -f` show how a study goes.",
        )
    return display


def _table(columns: Sequence[Column]) -> str:
    heads = "".join(_cell("th", column, column.title) for column in columns)
    rows = [
        "".join(_cell("td", column, column.cells[index]) for column in columns)
        for index in range(len(columns[0].cells))
    ]
    return f"<table><tr>{heads}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _cell(tag: str, column: Column, text: str) -> str:
    return f'<{tag} style="{_CELL.format(column.justify)}">{html.escape(text)}</{tag}>'
