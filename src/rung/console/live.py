"""Progress on a terminal: a table of the newest trials that is kept up to date, above a line of totals."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, final

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rung.console._redirection import LogRedirection
from rung.console.picture import MOST_TRIALS, Picture
from rung.console.plain import banner, summary
from rung.console.table import GAP, Column, fitted, shortened
from rung.console.wording import MARKS
from rung.events import Event, SessionEnded, SessionStarted
from rung.types import TrialState

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rung.ledger import Ledger

_OTHER_LINES = 6  # of the terminal that the table must leave: header, totals, the prompt
_REFRESHES_PER_SECOND = 4
_STYLES = {
    MARKS[TrialState.RUNNING]: "cyan",
    MARKS[TrialState.WAITING]: "magenta",
    MARKS[TrialState.PAUSED]: "blue",
    MARKS[TrialState.COMPLETED]: "green",
    MARKS[TrialState.STOPPED]: "yellow",
    MARKS[TrialState.FAILED]: "red",
}


def can_be_live(stream: IO[str]) -> bool:
    """Whether the stream is a terminal that can move its cursor and show the signs of the table."""
    console = Console(file=stream)
    return console.is_terminal and not console.is_dumb_terminal and console.encoding.startswith("utf")


def rich_table(columns: Sequence[Column], width: int, lines: int) -> Table:
    """The first so many lines of the columns for which there is room, in so many cells."""
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim", show_edge=False)
    kept = fitted(columns, width)
    for column, cells in kept:
        table.add_column(shortened(column.title, cells), justify=column.justify, width=cells, no_wrap=True)
    for index in range(lines):
        row = [shortened(column.cells[index], cells) for column, cells in kept]
        table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    return table


def drawn(picture: Picture, width: int, height: int) -> RenderableType:
    """The table and the totals, for a terminal of that many cells and lines."""
    size = max(3, min(MOST_TRIALS, height - _OTHER_LINES))
    columns = picture.columns(size)
    return Group(rich_table(columns, width, len(columns[0].cells)), Text(picture.totals(size)))


@final
class LiveTable:
    """Keeps the picture of a study; a thread of rich's draws it, so that the tuner never waits for the terminal."""

    def __init__(self, stream: IO[str], *, store: str, max_trials: int | None) -> None:
        self._console = Console(file=stream, highlight=False)
        self._store = store
        self._max_trials = max_trials
        self._live: Live | None = None
        self._logs = LogRedirection()
        self._lock = threading.Lock()
        self._picture: Picture | None = None

    def __call__(self, event: Event, ledger: Ledger) -> None:
        """Take the event into the picture."""
        if isinstance(event, SessionStarted):
            self._begin(event, ledger)
        picture = self._picture
        if picture is None:
            return
        with self._lock:
            picture.take(event, ledger)
        if isinstance(event, SessionEnded):
            self.close()
            self._console.print(Text(summary(event, ledger)))

    def close(self) -> None:
        """Draw the picture for the last time and leave it on the screen."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
            self._logs.end()

    def _begin(self, event: SessionStarted, ledger: Ledger) -> None:
        self.close()
        self._picture = Picture(event, ledger, max_trials=self._max_trials)
        opening = banner(event, ledger, store=self._store, max_trials=self._max_trials)
        self._console.print(Text(opening, style="bold"), Text(), sep="\n")
        self._live = Live(
            get_renderable=self._draw,
            console=self._console,
            refresh_per_second=_REFRESHES_PER_SECOND,
            vertical_overflow="crop",
        )
        self._logs = LogRedirection()
        self._live.start()
        self._logs.begin()

    def _draw(self) -> RenderableType:
        picture = self._picture
        if picture is None:
            return Text()
        width, height = self._console.size
        with self._lock:
            return drawn(picture, width, height)
