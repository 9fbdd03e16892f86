"""The live progress of a study: one set of events, as a table in a terminal or a notebook, as lines or as JSON."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from types import TracebackType
from typing import IO, TYPE_CHECKING, Literal, Protocol, Self, TypeAlias, final, get_args

from rung.errors import SettingError

if TYPE_CHECKING:
    from rung.events import Event
    from rung.ledger import Ledger
    from rung.tuning.session import Observer

ProgressMode: TypeAlias = Literal["auto", "live", "notebook", "plain", "json", "off"]
"""``live``: a table that is kept up to date. ``notebook``: the same in the output of a cell. ``plain``: a line for each
event worth telling. ``json``: an object per event. ``auto``: live on a terminal, notebook in a notebook, else plain."""


class Renderer(Protocol):
    """Shows the events of one session as they come."""

    def __call__(self, event: Event, ledger: Ledger) -> None:
        """Take a committed event, with the ledger after its whole transaction."""

    def close(self) -> None:
        """Bring the picture to its end. Idempotent."""


@final
class Progress:
    """A context in which ``observers`` show what happens; output that can't be written ends the show, not the study."""

    def __init__(self, renderer: Renderer | None, stream: IO[str]) -> None:
        self._renderer = renderer
        self._stream = stream
        self.observers: tuple[Observer, ...] = () if renderer is None else (self._observe,)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._renderer is not None:
            self._guard(self._renderer.close)

    def _observe(self, event: Event, ledger: Ledger) -> None:
        renderer = self._renderer
        if renderer is not None:
            self._guard(lambda: renderer(event, ledger))

    def _guard(self, show: Callable[[], None]) -> None:
        try:
            show()
        except (OSError, UnicodeError):  # a closed pipe, a full disk, signs that the stream doesn't know
            self._give_up()
        except ValueError:
            if not self._stream.closed:
                raise
            self._give_up()

    def _give_up(self) -> None:
        renderer, self._renderer = self._renderer, None
        if renderer is not None:
            with contextlib.suppress(OSError, ValueError):
                renderer.close()


def make_progress(
    mode: ProgressMode, *, stream: IO[str] | None = None, store: str = "", max_trials: int | None = None
) -> Progress:
    """The progress of one session in that mode, on ``stream`` (standard output by default; a notebook has none).

    store: the address to show. max_trials: the total that the study is to reach, if there is one.
    SettingError for an unknown mode.
    """
    if mode not in get_args(ProgressMode):
        raise SettingError(
            f"progress={mode!r} is not known.", hint=f"Use one of {', '.join(map(repr, get_args(ProgressMode)))}."
        )
    out = sys.stdout if stream is None else stream
    if mode == "off":
        return Progress(None, out)
    if mode == "json":
        from rung.console.jsonlines import JsonLines

        return Progress(JsonLines(out, store=store, max_trials=max_trials), out)
    if mode == "notebook" or (mode == "auto" and stream is None and "IPython" in sys.modules):
        from rung.console.notebook import NotebookTable, is_notebook

        if mode == "notebook" or is_notebook():
            return Progress(NotebookTable(store=store, max_trials=max_trials), out)
    if mode == "live" or (mode == "auto" and out.isatty()):
        from rung.console.live import LiveTable, can_be_live

        if mode == "live" or can_be_live(out):
            return Progress(LiveTable(out, store=store, max_trials=max_trials), out)
    from rung.console.plain import PlainLines

    return Progress(PlainLines(out, store=store, max_trials=max_trials), out)
