"""Figures of a comparison along its axis: each problem, all together, and the ranks. matplotlib, without pyplot."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from rung.analysis._frame import MARGIN, label, metric_label, new_figure, plain
from rung.analysis.comparison._method_looks import BAND, LINE, MethodLook, Ruler, looks_of, ruler_of, shared_ruler
from rung.analysis.comparison.result import Column, Comparison, MethodResult, ProblemResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Center: TypeAlias = Literal["median", "mean"]

COLUMNS: Final = 3  # of panels
LETTERS_PER_INCH: Final = 11.0  # of the legend
LEGEND_LINE: Final = 8  # letters that would fit in the place of a line and its margins
NARROW: Final = 4.4  # inches: readable on a telephone
SLANT: Final = 0.63  # height of a figure over its width
SHORT: Final = 500.0  # end over beginning of a logarithmic axis, up to which powers of ten are too few ticks
DECADE: Final = 10.0  # and up to which their halves and fifths are too few as well
EARLY: Final = 0.15  # of the horizontal axis, from where all lines are shown
MIDDLE: Final = 0.5  # of it, from where all bands are
ROOM: Final = 4.0  # times the height of these, up to which all that comes before is shown as well


def plot_any_time(comparison: Comparison, *, center: Center = "median", title: str = "") -> Figure:
    """The best value so far on each problem, a panel each.

    center: what the lines are; the median stands within the quartiles of the runs, the mean within its bootstrap
    interval. MissingExtraError without matplotlib.
    """
    problems = comparison.problems
    columns = min(COLUMNS, len(problems))
    rows = -(-len(problems) // columns)
    figure = new_figure(max(5.0, 4.2 * columns), 3.2 * rows + 0.7, title=title)
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for panel, problem in zip(panels, problems, strict=False):
        _draw_problem(panel, comparison, problem, center=center)
        n_seeds = len(problem.seeds)
        panel.set_title(f"{plain(problem.problem)} · {n_seeds} seed{'' if n_seeds == 1 else 's'}", fontsize="medium")
    for unused in panels[len(problems) :]:
        unused.set_axis_off()
    band = "quartiles of the runs" if center == "median" else f"its {_interval_words(comparison)}"
    _add_legend(figure, comparison, f"{center} and {band}")
    return figure


def plot_problem(
    comparison: Comparison, problem: ProblemResult, *, center: Center = "median", width: float = NARROW
) -> Figure:
    """One problem's panel alone, without a legend: for a page that has the keys of all methods in its own text.

    center: as in ``plot_any_time``. width: in inches. MissingExtraError without matplotlib.
    """
    figure = new_figure(width, SLANT * width, title="")
    _draw_problem(figure.subplots(), comparison, problem, center=center)
    return figure


def plot_regret(comparison: Comparison, *, title: str = "", width: float = 7, has_legend: bool = True) -> Figure:
    """Mean normalised regret over all shared problems with its interval. MissingExtraError without matplotlib.

    width: in inches.
    """
    figure = new_figure(width, SLANT * width, title=title)
    axes = figure.subplots()
    ruler = shared_ruler(comparison)
    looks = looks_of(comparison.methods)
    bands = [
        _draw_band(axes, comparison.grid, (each.regret, each.low, each.high), looks[each.method], ruler)
        for each in comparison.aggregates
    ]
    if bands and min(min(band.low) for band in bands) > 0:
        _set_log(axes)
    label(axes, ruler.label, "mean normalised regret", is_empty=not bands)
    axes.set_xlim(left=0)
    words = f"mean {_problems(comparison)} with its {_interval_words(comparison)} over {_seeds(comparison)}"
    if has_legend:
        _add_legend(figure, comparison, words)
    return figure


def plot_ranks(comparison: Comparison, *, title: str = "", width: float = 7, has_legend: bool = True) -> Figure:
    """The average rank of each method along the axis, best at the top. MissingExtraError without matplotlib.

    width: in inches.
    """
    figure = new_figure(width, SLANT * width, title=title)
    axes = figure.subplots()
    ruler = shared_ruler(comparison)
    looks = looks_of(comparison.methods)
    for each in comparison.aggregates:
        _draw_band(axes, comparison.grid, (each.rank, each.rank, each.rank), looks[each.method], ruler)
    axes.set_ylim(len(comparison.methods) + 0.15, 0.85)
    axes.set_yticks(range(1, len(comparison.methods) + 1))
    label(axes, ruler.label, "average rank (1 is best)", is_empty=not comparison.aggregates)
    axes.set_xlim(left=0)
    if has_legend:
        _add_legend(figure, comparison, f"average {_problems(comparison)} over {_seeds(comparison)}")
    return figure


class Band(NamedTuple):
    """What was drawn at which places: the line, and the lower and upper end of the band around it."""

    places: Sequence[float]
    line: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]

    def needed(self, end: float) -> tuple[float, ...]:
        """The numbers that a figure must show; of a line that is over before, where it came to.

        end: of the horizontal axis.
        """
        last = len(self.places) - 1
        early, middle = (min(bisect_left(self.places, share * end), last) for share in (EARLY, MIDDLE))
        return (*self.line[early:], *self.low[middle:], *self.high[middle:])


def _draw_problem(axes: Axes, comparison: Comparison, problem: ProblemResult, *, center: Center) -> None:
    end = problem.grid[-1]
    ruler = ruler_of(comparison.axis, end)
    looks = looks_of(comparison.methods)
    drawn = [_draw_method(axes, problem, each, looks[each.method], ruler, center=center) for each in problem.methods]
    bands = [band for band in drawn if band.line]
    if bands:
        _fit(axes, bands, end / ruler.unit, may_be_log=problem.goal.mode == "min")
    label(axes, ruler.label, metric_label(problem.goal), is_empty=False)
    axes.set_xlim(left=0)


def _draw_method(
    axes: Axes, problem: ProblemResult, result: MethodResult, look: MethodLook, ruler: Ruler, *, center: Center
) -> Band:
    """Draw a curve up to where its last run ended."""
    curve = result.curve
    columns = (curve.median, curve.lower, curve.upper) if center == "median" else (curve.mean, curve.low, curve.high)
    until = bisect_left(problem.grid, curve.end)  # the first place at which the run is over
    return _draw_band(axes, problem.grid[: until + 1], columns, look, ruler)


def _draw_band(
    axes: Axes, grid: Sequence[float], columns: tuple[Column, Column, Column], look: MethodLook, ruler: Ruler
) -> Band:
    """Draw a line within its band where there are numbers.

    columns: the line, and the lower and upper end of the band.
    """
    rows = [(place / ruler.unit, *row) for place, *row in zip(grid, *columns, strict=False) if None not in row]
    if not rows:
        return Band((), (), (), ())
    places, line, low, high = zip(*rows, strict=True)
    axes.plot(places, line, color=look.color, linestyle=look.dash, linewidth=LINE, drawstyle="steps-post")
    axes.fill_between(places, low, high, color=look.color, alpha=BAND, linewidth=0, step="post")
    return Band(places, line, low, high)


def _fit(axes: Axes, bands: Sequence[Band], end: float, *, may_be_log: bool) -> None:
    """Let the axis show where the lines differ, which is not where they begin; bands are whole in the later half."""
    needed = [value for band in bands for value in band.needed(end)]
    drawn = [value for band in bands for column in (band.line, band.low, band.high) for value in column]
    if may_be_log and min(drawn) > 0:
        logs, all_logs = list(map(math.log, needed)), list(map(math.log, drawn))
        is_wide = max(logs) - min(logs) > math.log(DECADE)
        if is_wide or (not _has_room(needed, drawn) and _has_room(logs, all_logs)):
            axes.set_yscale("log")
            axes.set_ylim(*map(math.exp, _limits(logs, all_logs)))
            _set_log(axes)
            return
    if 0 < max(drawn) - min(drawn) < math.inf:
        axes.set_ylim(*_limits(needed, drawn))


def _has_room(needed: Sequence[float], drawn: Sequence[float]) -> bool:
    """Whether all that was drawn can be shown: what is needed keeps its height, or has none."""
    height = max(needed) - min(needed)
    return height == 0 or max(drawn) - min(drawn) <= ROOM * height


def _limits(needed: Sequence[float], drawn: Sequence[float]) -> tuple[float, float]:
    shown = drawn if _has_room(needed, drawn) else needed
    low, high = min(shown), max(shown)
    return low - MARGIN * (high - low), high + MARGIN * (high - low)


def _set_log(axes: Axes) -> None:
    """A logarithmic axis of what was drawn, with plain numbers at its ticks: small exponents are hard to read."""
    from matplotlib.ticker import AutoLocator, LogLocator, NullFormatter, StrMethodFormatter

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    subs = (1.0, 2.0, 5.0) if high / low < SHORT else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=8) if high / low > DECADE else AutoLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _add_legend(figure: Figure, comparison: Comparison, words: str) -> None:
    from matplotlib.lines import Line2D

    looks = looks_of(comparison.methods)
    lines = [
        Line2D([], [], color=look.color, linestyle=look.dash, linewidth=LINE, label=plain(method))
        for method, look in looks.items()
    ]
    widest = max(map(len, comparison.methods)) + LEGEND_LINE
    columns = max(1, min(len(lines), int(figure.get_figwidth() * LETTERS_PER_INCH / widest)))
    figure.legend(
        handles=lines,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        title=words,
        title_fontproperties={"size": "small"},
    )


def _interval_words(comparison: Comparison) -> str:
    return f"{100 * comparison.confidence:g} % interval"


def _problems(comparison: Comparison) -> str:
    count = len(comparison.shared)
    return f"on {plain(comparison.shared[0])}" if count == 1 else f"on {count} problems"


def _seeds(comparison: Comparison) -> str:
    counts = sorted({len(each.seeds) for each in comparison.problems if each.problem in comparison.shared})
    if counts == [1]:
        return "1 seed"
    return f"{'–'.join(map(str, dict.fromkeys((counts[0], counts[-1]))))} seeds" if counts else "seeds"
