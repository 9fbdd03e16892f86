"""When each worker ran which trial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from rung.analysis._frame import GREY, label, new_figure, time_unit
from rung.analysis._looks import LOOKS
from rung.events import Ended, Event, Interrupted, Started

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOST: Final = "lost"
COLORS: Final[Mapping[str, str]] = {**{str(state): look.color for state, look in LOOKS.items()}, LOST: "#D55E00"}
WORDS: Final[Mapping[str, str]] = {
    **{str(state): look.word for state, look in LOOKS.items()},
    LOST: "lost, tried again",
}
DARK: Final = frozenset({"completed", "failed", "stopped"})
NARROW: Final = 0.0012  # of the axis: bars below are drawn without an edge, which would hide them
LETTER: Final = 0.008  # of the axis: the room that a letter takes


class Run(Struct, frozen=True, kw_only=True):
    """One run of a trial. began, ended: seconds on the study's clock; ended is None while it runs.

    how: the state in which it left the trial, ``running``, or ``lost`` when something outside ended it.
    """

    trial: int
    attempt: int
    worker: int
    began: float
    ended: float | None = None
    how: str = "running"


class Timeline(Struct, frozen=True, kw_only=True):
    """The runs of a study in the order in which they began. at: the study's clock now, in seconds."""

    runs: tuple[Run, ...] = ()
    at: float = 0.0


def timeline(events: Iterable[Event], trials: Iterable[int], *, at: float) -> Timeline:
    """The runs of these trials, from the log of their study."""
    wanted = set(trials)
    runs: dict[tuple[int, int], Run] = {}
    for event in events:
        if not isinstance(event, Started | Interrupted | Ended) or event.trial not in wanted:
            continue
        key = event.trial, event.attempt
        if isinstance(event, Started):
            runs[key] = Run(trial=event.trial, attempt=event.attempt, worker=event.worker, began=event.at)
        elif runs[key].ended is None:  # a paused trial that is stopped later has no run at that time
            how = LOST if isinstance(event, Interrupted) else str(event.state)
            begun = runs[key]
            runs[key] = Run(
                trial=begun.trial,
                attempt=begun.attempt,
                worker=begun.worker,
                began=begun.began,
                ended=event.at,
                how=how,
            )
    return Timeline(runs=tuple(runs.values()), at=at)


def plot_timeline(timeline: Timeline, *, title: str = "") -> Figure:
    """One line of bars per worker, coloured by what became of each run, with trial numbers where there is room.

    MissingExtraError without matplotlib.
    """
    workers = sorted({run.worker for run in timeline.runs})
    figure = new_figure(10, min(12.0, 1.7 + 0.42 * max(1, len(workers))), title=title)
    axes = figure.subplots()
    end = max([timeline.at, *(run.ended or run.began for run in timeline.runs)], default=0.0) or 1.0
    unit, seconds = time_unit(end)
    for how, color in COLORS.items():
        group = [run for run in timeline.runs if run.how == how]
        if group:
            _draw_bars(axes, group, workers, color=color, unit=seconds, end=end)
    label(axes, f"time spent on the study ({unit})", "worker", is_empty=False)
    axes.set(xlim=(0, 1.005 * end / seconds), ylim=(len(workers) - 0.4, -0.6))
    step = -(-len(workers) // 30) or 1
    axes.set_yticks(range(0, len(workers), step), labels=[str(worker) for worker in workers[::step]])
    axes.grid(visible=False, axis="y")
    if timeline.runs:
        _add_legend(figure, timeline)
    else:
        axes.text(0.5, 0.5, "no run yet", transform=axes.transAxes, ha="center", va="center", color=GREY)
    return figure


def _draw_bars(
    axes: Axes, group: Sequence[Run], workers: Sequence[int], *, color: str, unit: float, end: float
) -> None:
    from matplotlib.collections import PolyCollection

    places = {worker: index for index, worker in enumerate(workers)}
    lengths = [(end if run.ended is None else run.ended) - run.began for run in group]
    bars = [
        _bar(run.began / unit, (run.began + length) / unit, places[run.worker])
        for run, length in zip(group, lengths, strict=True)
    ]
    edges = [0.6 if length > NARROW * end else 0.0 for length in lengths]
    axes.add_collection(PolyCollection(bars, color=color, edgecolor="white", linewidths=edges, gid=group[0].how))
    for run, length in zip(group, lengths, strict=True):
        word = str(run.trial) if run.attempt == 1 else f"{run.trial}·{run.attempt}"
        if length > LETTER * (len(word) + 0.4) * end:
            middle = (run.began + length / 2) / unit
            shade = "white" if run.how in DARK else "black"
            axes.text(middle, places[run.worker], word, ha="center", va="center", fontsize="small", color=shade)


def _bar(left: float, right: float, middle: float) -> list[tuple[float, float]]:
    low, high = middle - 0.4, middle + 0.4
    return [(left, low), (right, low), (right, high), (left, high)]


def _add_legend(figure: Figure, timeline: Timeline) -> None:
    from matplotlib.patches import Patch

    counts = {how: sum(run.how == how for run in timeline.runs) for how in COLORS}
    handles = [
        Patch(color=COLORS[how], label=f"{WORDS[how]} ({count} run{'' if count == 1 else 's'})")
        for how, count in counts.items()
        if count
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
