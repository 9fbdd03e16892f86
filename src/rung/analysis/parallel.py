"""Parallel coordinates: each trial is a line through its hyperparameters to its value."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from rung.analysis._frame import GREY, MOST_TICKS, new_figure, plain, shortened, span_of
from rung.analysis._looks import BEST, color_scale
from rung.analysis.configs import Configs, Input, Tried
from rung.types import Goal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOWHERE: Final = -0.14  # height of what has no place on an axis, which reaches from 0 to 1
SPREAD: Final = 0.6  # of the room between two categories; lines are spread over it so that they can be counted
GOLDEN: Final = 0.6180339887498949  # its multiples are spread evenly over [0, 1)
REACH: Final = 3.0  # as ``span_of`` has it
CLOSE: Final = 0.05  # of an axis: ticks nearer than that would overlap
MOST_NUMBERS: Final = 6  # on one axis
FAINTEST: Final = 0.15  # opacity of lines among thousands
LONGEST_NAME: Final = 14  # letters that have room above an axis; longer ones lean


class Rail(NamedTuple):
    """One vertical axis. height: where a value stands on it, from 0 to 1. ticks: (height, word)."""

    title: str
    height: Callable[[float], float]
    ticks: Sequence[tuple[float, str]]
    categories: int = 0


def plot_parallel(configs: Configs, *, title: str = "") -> Figure:
    """One line per trial over all hyperparameters, dark where the value is good; the best trial stands out.

    The last axis has the good end above. Lines of trials without a value are dotted. What a trial doesn't have, such as
    a hyperparameter that is not active in it, stands below the axis. MissingExtraError without matplotlib.
    """
    figure = new_figure(max(5.0, 1.6 * (len(configs.inputs) + 1)), 4.8, title=title)
    axes = figure.subplots()
    values = [tried.value for tried in configs.tried if tried.value is not None]
    rails = [_rail(each, _places(configs, index)) for index, each in enumerate(configs.inputs)]
    rails.append(_value_rail(values, goal=configs.goal))
    heights = [(tried, _heights(tried, rails)) for tried in configs.tried]
    _draw_rails(axes, rails, missing=[any(line[index] < 0 for _, line in heights) for index in range(len(rails))])
    _draw_lines(axes, heights, configs, values)
    if not configs.tried:
        axes.text(0.5, 0.5, "no trial yet", transform=axes.transAxes, ha="center", va="center", color=GREY)
    return figure


def _places(configs: Configs, index: int) -> list[float]:
    return [place for tried in configs.tried if (place := tried.inputs[index]) is not None]


def _rail(each: Input, places: Sequence[float]) -> Rail:
    if each.categories:
        count = len(each.categories)
        ticks = [((index + 0.5) / count, shortened(each.categories[index])) for index in _thinned(count)]
        return Rail(each.name, lambda place: (place + 0.5) / count, ticks, categories=count)
    ends = [end for end in (each.low, each.high) if end is not None]
    low, high = min([*ends, *places], default=0.0), max([*ends, *places], default=1.0)
    whole = high - low > 1.0 and all(place.is_integer() for place in (*ends, *places))
    return _numbers(each.name, low, high, log=each.log, whole=whole)


def _value_rail(values: Sequence[float], *, goal: Goal) -> Rail:
    if not values:
        return Rail(goal.metric, lambda _: 0.5, [])
    span = span_of(values, goal=goal, reach=REACH)
    low, high = sorted((span.good, span.bad))
    rail = _numbers(goal.metric, low, high, log=span.log)
    if goal.mode == "min":
        ticks = [(1.0 - height, word) for height, word in rail.ticks]
        rail = rail._replace(height=_upside_down(rail.height), ticks=ticks)
    if span.beyond:
        ticks = [tick for tick in rail.ticks if tick[0] > CLOSE]
        rail = rail._replace(ticks=[*ticks, (0.0, f"{span.bad:.3g} or worse")])
    return rail


def _upside_down(height: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: 1.0 - height(value)


def _numbers(name: str, low: float, high: float, *, log: bool, whole: bool = False) -> Rail:
    from matplotlib.ticker import MaxNLocator

    scale: Callable[[float], float] = math.log if log else float
    start, width = scale(low), scale(high) - scale(low)
    if not 0.0 < width < math.inf:
        return Rail(name, lambda _: 0.5, [(0.5, f"{low:g}")])

    def height(value: float) -> float:
        return min(max((scale(value) - start) / width, 0.0), 1.0) if value > 0 or not log else 0.0

    locator = MaxNLocator(MOST_NUMBERS, integer=whole, steps=[1, 2, 2.5, 5, 10])
    marks = _log_ticks(low, high) if log else locator.tick_values(low, high)
    return Rail(name, height, [(height(tick), f"{tick:g}") for tick in marks if low <= tick <= high])


def _log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten; less than two decades have 2 and 5 between them, and less than a factor of two only their ends."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if high / low < 100 else (1,)
    stride = -(-(last - first) // MOST_NUMBERS)
    marks = [float(f"{step}e{power}") for power in range(first, last + 1, stride) for step in steps]
    shown = [mark for mark in marks if low <= mark <= high]
    return shown if len(shown) > 1 else [low, high]


def _thinned(count: int) -> range:
    return range(0, count, -(-count // MOST_TICKS))


def _heights(tried: Tried, rails: Sequence[Rail]) -> list[float]:
    """Where the trial's line crosses each axis; of a category, somewhere near its middle."""
    shift = (tried.trial * GOLDEN) % 1.0 - 0.5
    line = []
    for rail, place in zip(rails, (*tried.inputs, tried.value), strict=True):
        height = NOWHERE if place is None else rail.height(place)
        line.append(height + shift * SPREAD / rail.categories if rail.categories and place is not None else height)
    return line


def _draw_rails(axes: Axes, rails: Sequence[Rail], *, missing: Sequence[bool]) -> None:
    axes.axis("off")
    axes.set(xlim=(-0.35, len(rails) - 0.55), ylim=(NOWHERE - 0.05, 1.08))
    is_leaning = any(len(rail.title) > LONGEST_NAME for rail in rails)
    box = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
    for x, (rail, has_missing) in enumerate(zip(rails, missing, strict=True)):
        axes.plot([x, x], [0, 1], color="#404040", linewidth=1.2, zorder=5)
        is_last = x == len(rails) - 1
        axes.text(
            x,
            1.05,
            plain(rail.title),
            ha="left" if is_leaning else "center",
            va="bottom",
            rotation=25 if is_leaning else 0,
            rotation_mode="anchor",
            weight="bold" if is_last else "normal",
        )
        for height, word in rail.ticks:
            axes.plot([x - 0.02, x], [height, height], color="#404040", linewidth=1, zorder=5)
            axes.text(x - 0.035, height, word, ha="right", va="center", fontsize="small", zorder=6, bbox=box)
        if has_missing:
            axes.plot([x], [NOWHERE], "_", color="#404040", zorder=5)
            word = "no value" if is_last else "not active"
            axes.text(x, NOWHERE - 0.03, word, ha="center", va="top", fontsize="small", color=GREY, zorder=6)


def _draw_lines(
    axes: Axes, heights: Sequence[tuple[Tried, list[float]]], configs: Configs, values: Sequence[float]
) -> None:
    from matplotlib.collections import LineCollection

    goal = configs.goal
    xs = range(len(configs.inputs) + 1)
    judged = [(tried, line) for tried, line in heights if tried.value is not None and tried.trial != configs.best_trial]
    judged.sort(key=lambda pair: pair[1][-1])  # the good ones on top
    silent = [line for tried, line in heights if tried.value is None]
    opacity = max(FAINTEST, min(0.85, 6.0 / math.sqrt(len(heights) or 1)))
    dotted = LineCollection(
        [list(zip(xs, line, strict=True)) for line in silent],
        colors="#707070",
        linestyles="dotted",
        linewidths=1.0,
        alpha=opacity,
        gid="without a value",
    )
    axes.add_collection(dotted)
    if values:
        norm, colors = color_scale(span_of(values, goal=goal, reach=REACH), goal=goal)
        lines = LineCollection(
            [list(zip(xs, line, strict=True)) for _, line in judged],
            array=[tried.value for tried, _ in judged],
            norm=norm,
            cmap=colors,
            linewidths=1.2,
            alpha=opacity,
            gid="with a value",
        )
        axes.add_collection(lines)
    for tried, line in heights:
        if tried.trial == configs.best_trial:
            axes.plot(xs, line, color=BEST, linewidth=2.6, zorder=4, gid="best")
            word = f"best: trial {tried.trial}, {tried.value:.4g}"
            axes.text(len(xs) - 1 + 0.06, 1.0, word.replace(", ", "\n"), color=BEST, va="center", fontsize="small")
