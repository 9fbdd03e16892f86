"""How a benchmark is shown while it runs: a line that is kept up to date, lines now and then, or JSON."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, Final, Protocol, final

from rung.console.jsonlines import finite
from rung.console.wording import clock, harmless, plural

if TYPE_CHECKING:
    from rung.analysis.comparison.runs import Run
    from rung.benchmarks.runner import Show, Standing

_QUIET_S: Final = 10.0
"""Between two lines that say how far it is, where nothing else is to be said."""


class _Renderer(Protocol):
    def __call__(self, standing: Standing, run: Run | None, /) -> None: ...


def standing_text(standing: Standing) -> str:
    """How far it is: ``117/240 runs, 1 failed, 2 running, 2.5/s, CPU 0:51, 0:49 left``."""
    done = standing.before + standing.finished
    parts = [f"{done}/{plural(standing.total, 'run')}"]
    if standing.failed:
        parts.append(f"{standing.failed} failed")
    if standing.running:
        parts.append(f"{standing.running} running")
    if standing.finished:
        parts += [f"{_rate(standing)} runs/s", f"CPU {clock(standing.cpu_s)}"]
    if done < standing.total:
        parts.append("time left unknown" if standing.left_s is None else f"{clock(standing.left_s)} left")
    return ", ".join(parts)


def failure_text(run: Run) -> str:
    """A failed run, and why."""
    return f"failed: {run.key}: {run.failed}"


@contextlib.contextmanager
def shown(mode: str, stream: IO[str] | None = None) -> Iterator[Show | None]:
    """What shows a benchmark in this mode (``auto``, ``live``, ``plain``, ``json``, ``off``) while it lasts.

    Output that can't be written ends the show, not the benchmark.
    """
    out = sys.stdout if stream is None else stream
    if mode == "off":
        yield None
        return
    if mode == "json":
        yield _Guard(_JsonLines(out))
        return
    from rung.console.live import can_be_live

    if mode == "live" or (mode == "auto" and out.isatty() and can_be_live(out)):
        with _live(out) as renderer:
            yield _Guard(renderer)
        return
    yield _Guard(_PlainLines(out))


@final
class _Guard:
    """Hands on until that fails."""

    def __init__(self, renderer: _Renderer) -> None:
        self._renderer: _Renderer | None = renderer

    def __call__(self, standing: Standing, run: Run | None, /) -> None:
        if self._renderer is None:
            return
        try:
            self._renderer(standing, run)
        except (OSError, UnicodeError):  # a closed pipe, a full disk, signs that the stream doesn't know
            self._renderer = None


@final
class _PlainLines:
    """A line at the beginning and the end, one for each failed run, and one now and then."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._due_s = 0.0

    def __call__(self, standing: Standing, run: Run | None, /) -> None:
        if run is not None and run.failed:
            self._write(standing, failure_text(run))
        is_over = standing.before + standing.finished == standing.total
        if standing.elapsed_s >= self._due_s or (is_over and run is not None):
            self._due_s = standing.elapsed_s + _QUIET_S
            self._write(standing, standing_text(standing))

    def _write(self, standing: Standing, text: str) -> None:
        self._stream.write(f"{clock(standing.elapsed_s):>7}  {harmless(text)}\n")
        self._stream.flush()


@final
class _JsonLines:
    """An object per run that is over, of the type ``run``, with how far it is; before the first one a ``benchmark``."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._has_begun = False

    def __call__(self, standing: Standing, run: Run | None, /) -> None:
        if not self._has_begun:
            self._has_begun = True
            write_json_line(self._stream, {"type": "benchmark", "runs": standing.total, "there": standing.before})
        if run is not None:
            write_json_line(self._stream, {"type": "run", **_facts(run), **standing._asdict()})


def write_json_line(stream: IO[str], fields: dict[str, Any]) -> None:
    """One object on a line of its own."""
    stream.write(json.dumps(finite(fields), allow_nan=False) + "\n")
    stream.flush()


@contextlib.contextmanager
def _live(stream: IO[str]) -> Iterator[_Renderer]:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    with Live(console=console, refresh_per_second=4) as live:

        def show(standing: Standing, run: Run | None) -> None:
            if run is not None and run.failed:
                console.print(Text(harmless(failure_text(run)), style="red"))
            live.update(Text(standing_text(standing), no_wrap=True, overflow="ellipsis"))

        yield show


def _facts(run: Run) -> dict[str, Any]:
    last = run.points[-1] if run.points else None
    return {
        "problem": run.problem,
        "method": run.method,
        "seed": run.seed,
        "best": None if last is None else last.best,
        "wall_s": None if last is None else last.wall_s,
        "run_cpu_s": run.cpu_s,
        "why": run.failed,
    }


def _rate(standing: Standing) -> str:
    return f"{standing.finished / max(standing.elapsed_s, 0.001):.2g}"
