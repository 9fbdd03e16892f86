"""What all figures share: how they begin, what their axes say, and how far their axes reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from rung.analysis.configs import Input
from rung.errors import MissingExtraError
from rung.types import Goal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REACH: Final = 8.0  # of the axis: so many times the distance from the best value to the median
DECADES: Final = 20.0  # median over best from which on a linear axis would hide the differences among the good
MARGIN: Final = 0.04  # of an axis, at each end
LARGEST_LOG: Final = 708.0  # exp() of more is no normal float; nor is that of less than its negative
MOST_TICKS: Final = 12  # categories that are named on one axis
LETTER: Final = 6.4  # points, with what must be between two words its share
MOST_LETTERS: Final = 24  # of all of them together, side by side on a panel
GREY: Final = "#606060"


class Span(NamedTuple):
    """The part of an axis that is worth showing, from its good end to its bad end.

    log: the good values differ by factors rather than amounts. beyond: how many values lie past the bad end.
    """

    good: float
    bad: float
    log: bool = False
    beyond: int = 0


def span_of(values: Sequence[float], *, goal: Goal, reach: float = REACH) -> Span:
    """The span from the best value to the worst that is at most ``reach`` times as far from it as the median.

    So a few runs that diverge don't flatten all others. Where positive losses spread over orders of magnitude the span
    is logarithmic and whole. values: finite, one at least.
    """
    losses = sorted(value if goal.mode == "min" else -value for value in values)
    best, middle, worst = losses[0], median(losses), losses[-1]
    if goal.mode == "min" and best > 0 and middle / best > DECADES:
        return Span(best, worst, log=True)
    if middle == best:
        return Span(goal.value(best), goal.value(worst))
    shown = [loss for loss in losses if loss <= best + reach * (middle - best)]
    return Span(goal.value(best), goal.value(shown[-1]), beyond=len(losses) - len(shown))


def fit_values(
    axes: Axes,
    values: Sequence[float],
    *,
    goal: Goal,
    reach: float = REACH,
    what: str = "report",
    which: Literal["x", "y"] = "y",
) -> None:
    """Let an axis show the span of these values, and say above the panel how many lie beyond it.

    what: of what these are the values, one each; empty where the figure itself says what is beyond.
    """
    if not values:
        return
    span = span_of(values, goal=goal, reach=reach)
    if span.log:
        axes.set(**{f"{which}scale": "log"})
    elif span.beyond:
        margin = MARGIN * (span.bad - span.good)
        axes.set(**{f"{which}lim": tuple(sorted((span.good - margin, span.bad + margin)))})
        if what:
            upwards, downwards = ("↑", "↓") if which == "y" else ("→", "←")
            reports = f"1 {what}" if span.beyond == 1 else f"{span.beyond:,} {what}s"
            say_above(axes, f"{upwards if goal.mode == 'min' else downwards} {reports} beyond")


def say_above(axes: Axes, words: str) -> None:
    """A remark above the panel, where it covers nothing."""
    axes.annotate(words, (1.0, 1.01), xycoords="axes fraction", ha="right", va="bottom", fontsize="small", color=GREY)


def fit_input(axes: Axes, which: Literal["x", "y"], each: Input, values: Sequence[float]) -> None:
    """Let an axis show the whole domain of a hyperparameter, and values outside it if there are any."""
    if each.categories:
        _fit_categories(axes, which, each)
        return
    axes.set(**{f"{which}scale": "log" if each.log else "linear", f"{which}label": plain(each.name)})
    ends = [end for end in (each.low, each.high) if end is not None]
    low, high = min([*ends, *values], default=0.0), max([*ends, *values], default=0.0)
    if not 0.0 < high - low < math.inf:
        return
    if not each.log:
        axes.set(**{f"{which}lim": (low - MARGIN * (high - low), high + MARGIN * (high - low))})
        return
    width = math.log(high) - math.log(low)
    start, end = math.log(low) - MARGIN * width, math.log(high) + MARGIN * width
    axes.set(**{f"{which}lim": (math.exp(max(start, -LARGEST_LOG)), math.exp(min(end, LARGEST_LOG)))})
    _set_log_ticks(axes, which, ends=(low, high))


def _set_log_ticks(axes: Axes, which: Literal["x", "y"], *, ends: tuple[float, float]) -> None:
    """As many ticks as have room for their numbers: two or three in each of a few decades, else one, or one in some."""
    from matplotlib.ticker import LogLocator, NullLocator

    axis = axes.xaxis if which == "x" else axes.yaxis
    room = axes.get_window_extent().width * 72.0 / axes.figure.dpi if which == "x" else math.inf
    decades = math.log10(ends[1]) - math.log10(ends[0])
    least = LETTER * max(len(_power(10.0 ** math.floor(math.log10(end)))) for end in ends)
    is_short = decades < 2.02
    subs: tuple[float, ...] = (1.0,)
    if is_short and math.log10(2.0) * room / decades > least:  # from 1 to 2, and from 5 to 10
        subs = (1.0, 2.0, 5.0)
    elif is_short and (math.log10(3.0) * room / decades > least or decades < 1.5):
        subs = (1.0, 3.0)
    numticks: Any = 10 if is_short else "auto"  # by the room, which matplotlib's type stubs don't know
    axis.set_major_locator(LogLocator(subs=subs, numticks=numticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(lambda place, _: _power(place))


def _power(place: float) -> str:
    """The number as it is written in the fewest letters: 1e-5 rather than 1e-05 or 0.00001."""
    mantissa, exponent = f"{place:.5e}".split("e")
    return f"{place:g}" if -4 < int(exponent) < 5 else f"{float(mantissa):g}e{int(exponent)}"


def _fit_categories(axes: Axes, which: Literal["x", "y"], each: Input) -> None:
    """A tick for each category, or for every k-th where there are too many to read; long ones lean."""
    count = len(each.categories)
    shown = range(0, count, -(-count // MOST_TICKS))
    words = [shortened(each.categories[index]) for index in shown]
    axes.set(**{f"{which}label": plain(each.name), f"{which}lim": (-0.5, count - 0.5), f"{which}ticks": list(shown)})
    leaning = which == "x" and sum(map(len, words)) > MOST_LETTERS
    axes.set(**{f"{which}ticklabels": words})
    if leaning:
        axes.tick_params(axis="x", labelrotation=35)
        for tick in axes.get_xticklabels():
            tick.set(ha="right", rotation_mode="anchor")


def shortened(word: str, most: int = 16) -> str:
    """The word for an axis, with an ellipsis where it is too long."""
    return plain(word if len(word) <= most else f"{word[: most - 1]}…")


def new_figure(width: float, height: float, *, title: str) -> Figure:
    """An empty figure; width and height in inches. MissingExtraError without matplotlib."""
    try:
        from matplotlib.figure import Figure as MatplotlibFigure
    except ImportError as error:
        raise MissingExtraError("Plotting", "plot") from error
    figure = MatplotlibFigure(figsize=(width, height), dpi=120, layout="constrained")
    if title:
        figure.suptitle(plain(title))
    return figure


def label(axes: Axes, x: str, y: str, *, is_empty: bool) -> None:
    """Name the axes and take away what is no data; an empty figure says that it is."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)
    if is_empty:
        axes.text(0.5, 0.5, "no value yet", transform=axes.transAxes, ha="center", va="center", color=GREY)


def metric_label(goal: Goal) -> str:
    """The metric's name and which way is better."""
    return f"{plain(goal.metric)} ({'lower' if goal.mode == 'min' else 'higher'} is better)"


def plain(text: str) -> str:
    """The text as matplotlib shows it letter by letter, without reading mathematics into dollar signs."""
    return text.replace("$", r"\$")


def time_unit(longest: float) -> tuple[str, float]:
    """The unit in which so many seconds read well, and its length in seconds."""
    units = (("s", 1.0, 300.0), ("min", 60.0, 3 * 3600.0), ("h", 3600.0, 3 * 86400.0))
    for name, seconds, limit in units:
        if longest < limit:
            return name, seconds
    return "days", 86400.0
