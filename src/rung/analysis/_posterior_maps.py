"""The picture of a posterior along two hyperparameters: maps of the belief and of what it promises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from rung.analysis._frame import GREY, fit_input, label, metric_label, span_of
from rung.analysis._looks import STAR, color_scale
from rung.analysis._posterior_looks import (
    NAMES,
    NEXT,
    REACH,
    add_legend,
    bounded,
    groups_of,
    is_listed,
    numbers,
    promise_of,
    say_empty,
    star_name,
    word_at,
)
from rung.analysis.configs import Input, Tried
from rung.analysis.parallel import GOLDEN, SPREAD
from rung.analysis.posterior import Posterior

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

LEVELS: Final = 14
NOWHERE: Final = "#ECECEC"  # where the space has no configuration


class Map(NamedTuple):
    """What one panel shows. heights: one for each combination of places. extend: where colours go on past the norm."""

    title: str
    heights: Floats
    norm: Normalize
    colors: Colormap
    extend: Literal["neither", "min", "max", "both"] = "neither"


def draw_maps(figure: Figure, found: Posterior) -> None:
    """Three panels, all with the trials."""
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    for axes in panels:
        label(axes, "", "", is_empty=False)
        axes.grid(visible=False)
        say_empty(axes, found)
        for index, which in enumerate(("x", "y")):
            tried = [place for each in found.configs.tried if (place := each.inputs[index]) is not None]
            fit_input(axes, "x" if which == "x" else "y", found.configs.inputs[index], [*tried, *found.places[index]])
    for axes in panels[1:]:
        axes.set_ylabel("")
    for axes, shown in zip(panels, _maps(found) if found.mean else (), strict=False):
        _draw_map(axes, found, shown)
    for axes in panels:
        _draw_trials(axes, found)
    if found.best is not None:
        words = " and ".join(
            f"{each.name} = {word_at(place, each)}"
            for place, each in zip(found.best, found.configs.inputs, strict=True)
        )
        panels[-1].plot(*([place] for place in found.best), **NEXT, label=f"most at {words}", gid="promises most")
    add_legend(figure, panels, found, columns=5)


def _maps(found: Posterior) -> Sequence[Map]:
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm, Normalize

    goal, shown = found.configs.goal, [number for number in found.mean if number is not None]
    span = span_of(shown or [0.0], goal=goal, reach=REACH)
    norm, colors = color_scale(span, goal=goal)
    extend: Any = "neither" if not span.beyond else "max" if goal.mode == "min" else "min"
    bad = math.inf if goal.mode == "min" else -math.inf
    half = _half_widths(found)
    widest = min(float(np.nanmax(half)), max(abs(span.bad - span.good), float(np.nanmin(half))))
    widths = LogNorm(span.good, span.bad) if span.log else Normalize(0.0, widest)
    promise, bottom = promise_of(found)
    name = NAMES.get(found.acquisition, found.acquisition)
    return [
        Map(f"mean of {metric_label(goal)}", bounded(found.mean, found, bad), norm, colors, extend),
        Map("half the width of the 95 % band", half, widths, colormaps["cividis"], "both" if span.log else "max"),
        Map(name, promise, Normalize(bottom, float(np.nanmax(promise))), colormaps["YlGn"]),
    ]


def _half_widths(found: Posterior) -> Floats:
    high, low = numbers(found.high), numbers(found.low)
    return np.where(np.isnan(high - low) & ~np.isnan(numbers(found.promise)), math.inf, (high - low) / 2.0)


def _draw_map(axes: Axes, found: Posterior, shown: Map) -> None:
    """Levels with lines between them where both axes are dense; else one cell for each value."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm

    (x, y), (along_x, along_y) = found.places, found.configs.inputs
    low, high = shown.norm.vmin or 0.0, shown.norm.vmax or 0.0
    heights = np.ma.masked_invalid(shown.heights.reshape(len(x), len(y)).T.clip(low, high))
    look: dict[str, Any] = {"norm": shown.norm, "cmap": shown.colors.with_extremes(bad=NOWHERE), "zorder": 1}
    axes.set_facecolor(NOWHERE)
    if low < high and not is_listed(along_x, x) and not is_listed(along_y, y):
        spaced = np.geomspace if isinstance(shown.norm, LogNorm) else np.linspace
        levels = spaced(low, high, LEVELS + 1)
        axes.contourf(x, y, heights, levels=levels, **look)
        axes.contour(x, y, heights, levels=levels, colors="white", linewidths=0.4, alpha=0.6, zorder=1)
    else:
        across, up = _edges(x, along_x), _edges(y, along_y)
        axes.pcolormesh(across, up, heights, **look)
        axes.set(xlim=_widened(axes.get_xlim(), across), ylim=_widened(axes.get_ylim(), up))
    axes.set_title(shown.title, loc="left", fontsize="medium")
    axes.figure.colorbar(ScalarMappable(shown.norm, shown.colors), ax=axes, extend=shown.extend)


def _widened(limits: tuple[float, float], edges: Floats) -> tuple[float, float]:
    return min(limits[0], edges[0]), max(limits[1], edges[-1])


def _edges(places: Sequence[float], each: Input) -> Floats:
    """Where the cells of these places meet; those of listed values are whole, the outermost of others halves."""
    scaled = np.log(places) if each.log else np.asarray(places)
    middles = (scaled[1:] + scaled[:-1]) / 2.0
    first, last = scaled[0], scaled[-1]
    if is_listed(each, places):
        first, last = 2.0 * first - middles[0], 2.0 * last - middles[-1]
    edges = np.concatenate([[first], middles, [last]])
    return np.exp(edges) if each.log else edges


def _draw_trials(axes: Axes, found: Posterior) -> None:
    placed = [(tried, _shifted(tried, found.configs.inputs)) for tried in found.configs.tried]
    for name, trials, look in groups_of(found):
        group = [place for tried, place in placed if place and tried.value is not None and tried.trial in trials]
        if group:
            axes.plot(*zip(*group, strict=True), **look, label=name, gid=name)
    silent = [place for tried, place in placed if place and tried.value is None]
    if silent:
        axes.plot(*zip(*silent, strict=True), "x", color=GREY, label="without a value", gid="without a value")
    for tried, place in placed:
        if place and tried.trial == found.held.trial:
            axes.plot([place[0]], [place[1]], **{**STAR, "markersize": 13}, label=star_name(found), gid="held")


def _shifted(tried: Tried, inputs: Sequence[Input]) -> tuple[float, float] | None:
    """Where a trial is drawn: of a category, somewhere near its middle; None where one of the two is not active."""
    shift = SPREAD * ((tried.trial * GOLDEN) % 1.0 - 0.5)
    x, y = (
        None if place is None else place + (shift if each.categories else 0.0)
        for place, each in zip(tried.inputs, inputs, strict=True)
    )
    return None if x is None or y is None else (x, y)
