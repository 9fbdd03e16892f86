"""How the runs of a comparison came about: what a reader needs to make them again, beyond what they found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from rung.analysis.comparison.runs import Key, Run
from rung.types import Json

_KNOWN = frozenset({"command", "machine", "python", "started", "initial", "traceback", "output"})


class Spent(Struct, frozen=True):
    """What the runs of one method spent on average.

    n_runs: how many runs that is. n_evaluations: configurations begun. simulated_s: on the problem's own clock.
    """

    method: str
    n_runs: int
    n_evaluations: float
    n_steps: float
    simulated_s: float


class Failure(Struct, frozen=True):
    """Runs of one method on one problem that had no proper end, all for one reason. traceback, output: of the first."""

    problem: str
    method: str
    seeds: tuple[int, ...]
    reason: str
    traceback: str = ""
    output: str = ""


class Told(Struct, frozen=True):
    """Something that runs say of themselves, and how many of them say it."""

    words: str
    n_runs: int


class Note(Struct, frozen=True):
    """A field of the runs' notes that has no place of its own in a report, with its different values."""

    name: str
    values: tuple[Told, ...]


class Ignored(Struct, frozen=True):
    """A line of the results file that doesn't count. line: its number, from 1."""

    line: int
    reason: str


class Circumstances(Struct, frozen=True, kw_only=True):
    """Everything about the runs of a comparison but their results.

    began, ended: unix seconds of the first run's beginning and the last one's end; None where no run says when.
    initial: how many configurations all methods of a problem were given to begin with. missing: runs that were meant
    to be there. source: the file of the results; command: the line that made the report; or empty.
    """

    n_runs: int
    cpu_s: float
    wall_s: float
    spent: tuple[Spent, ...]
    commands: tuple[Told, ...] = ()
    machines: tuple[Told, ...] = ()
    pythons: tuple[Told, ...] = ()
    initial: tuple[int, ...] = ()
    began: float | None = None
    ended: float | None = None
    failures: tuple[Failure, ...] = ()
    missing: tuple[Key, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    notes: tuple[Note, ...] = ()
    source: str = ""
    command: str = ""


def circumstances_of(
    runs: Sequence[Run],
    *,
    ignored: Iterable[tuple[int, str]] = (),
    missing: Iterable[Key] = (),
    source: str = "",
    command: str = "",
) -> Circumstances:
    """What the runs tell of how they were made. They may be in any order.

    ignored: number and reason of lines that are no runs.
    """
    ordered = sorted(runs, key=lambda run: run.key)
    beginnings = [(each, _wall_s(run)) for run in ordered if isinstance(each := run.notes.get("started"), int | float)]
    initial = {each for run in ordered if isinstance(each := run.notes.get("initial"), int)}
    return Circumstances(
        n_runs=len(ordered),
        cpu_s=sum(run.cpu_s for run in ordered),
        wall_s=sum(map(_wall_s, ordered)),
        spent=tuple(_spent(method, ordered) for method in sorted({run.method for run in ordered})),
        commands=_told(ordered, "command"),
        machines=_told(ordered, "machine"),
        pythons=_told(ordered, "python"),
        initial=tuple(sorted(initial)),
        began=min((began for began, _ in beginnings), default=None),
        ended=max((began + wall_s for began, wall_s in beginnings), default=None),
        failures=_failures(ordered),
        missing=tuple(sorted(missing)),
        ignored=tuple(Ignored(line, reason) for line, reason in sorted(ignored)),
        notes=tuple(
            Note(name, _told(ordered, name))
            for name in sorted({name for run in ordered for name in run.notes} - _KNOWN)
        ),
        source=source,
        command=command,
    )


def _wall_s(run: Run) -> float:
    return run.points[-1].wall_s if run.points else 0.0


def _spent(method: str, runs: Sequence[Run]) -> Spent:
    """Of the runs that have a record."""
    ends = [run.points[-1] for run in runs if run.method == method and run.points]
    count = max(1, len(ends))
    return Spent(
        method=method,
        n_runs=len(ends),
        n_evaluations=sum(end.n_evaluations for end in ends) / count,
        n_steps=sum(end.n_steps for end in ends) / count,
        simulated_s=sum(end.simulated_s for end in ends) / count,
    )


def _told(runs: Sequence[Run], name: str) -> tuple[Told, ...]:
    """What runs say under a name, the most frequent first."""
    counts = Counter(_words(run.notes[name]) for run in runs if name in run.notes)
    counts.pop("", None)
    return tuple(Told(words, count) for words, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _words(note: Json) -> str:
    return note if isinstance(note, str) else msgspec.json.encode(note, order="sorted").decode()


def _failures(runs: Sequence[Run]) -> tuple[Failure, ...]:
    alike: dict[tuple[str, str, str], list[Run]] = {}
    for run in runs:
        if run.failed:
            alike.setdefault((run.problem, run.method, run.failed), []).append(run)
    return tuple(
        Failure(
            problem,
            method,
            tuple(run.seed for run in found),
            reason,
            traceback=_words(found[0].notes.get("traceback", "")),
            output=_words(found[0].notes.get("output", "")),
        )
        for (problem, method, reason), found in alike.items()
    )
