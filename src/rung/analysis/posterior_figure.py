"""The picture of a Gaussian process: what it believes and, below or beside it, what it would try next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from rung.analysis._frame import GREY, MARGIN, fit_input, fit_values, label, metric_label, new_figure, span_of
from rung.analysis._looks import STAR
from rung.analysis._posterior_looks import (
    BELIEF,
    NAMES,
    NEXT,
    PROMISE,
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
from rung.analysis.posterior import Posterior
from rung.analysis.slices import draw_silent, placed_along

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

MARK: Final = 3.0  # points, the height of the mark at a mean
ROOM: Final = 0.6  # of the values' span, that the band gets above and below them
HEADROOM: Final = 1.3  # of the lower panel, over the highest promise


def plot_posterior(found: Posterior, *, title: str = "") -> Figure:
    """Along one hyperparameter the mean, its 95 % band and the trials, and below them how much each value promises.

    Along two, maps of the mean, of half the band's width and of the promise. What the others are held at stands below;
    trials that have these values are dark, all others pale. MissingExtraError without matplotlib.
    """
    if len(found.configs.inputs) == 1:
        figure = new_figure(7.4, 6.0, title=title)
        upper, lower = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1.3]})
        each = found.configs.inputs[0]
        tried = [place for tried in found.configs.tried if (place := tried.inputs[0]) is not None]
        label(lower, "", "", is_empty=False)
        fit_input(lower, "x", each, [*tried, *found.places[0]])
        _draw_trials(upper, found)
        _draw_belief(upper, found)
        _draw_promise(lower, found)
        _mark_best(upper, lower, found)
        add_legend(figure, (upper, lower), found, columns=3)
    else:
        from rung.analysis._posterior_maps import draw_maps

        figure = new_figure(13.5, 4.9, title=title)
        draw_maps(figure, found)
    return figure


def _draw_trials(axes: Axes, found: Posterior) -> None:
    """The trials, and an axis of values that suits them."""
    values = [tried.value for tried in found.configs.tried if tried.value is not None]
    label(axes, "", metric_label(found.configs.goal), is_empty=False)
    say_empty(axes, found)
    placed = placed_along(found.configs, 0)
    for name, trials, look in groups_of(found):
        group = [(x, tried.value) for x, tried in placed if tried.value is not None and tried.trial in trials]
        if group:
            axes.plot(*zip(*group, strict=True), **look, label=name, gid=name)
    for x, tried in placed:
        if tried.trial == found.held.trial and tried.value is not None:
            axes.plot([x], [tried.value], **{**STAR, "markersize": 13}, label=star_name(found), gid="held")
    draw_silent(axes, found.configs, 0)
    if values:
        _fit_values(axes, found, values)


def _fit_values(axes: Axes, found: Posterior, values: Sequence[float]) -> None:
    """Show the values, and as much of the band as does not flatten them."""
    goal = found.configs.goal
    fit_values(axes, values, goal=goal, reach=REACH, what="trial")
    span = span_of(values, goal=goal, reach=REACH)
    low, high = sorted((span.good, span.bad))
    if span.log:
        axes.set_ylim(low / 3.0, high * 3.0)
        return
    width = (high - low) or abs(high) or 1.0
    if not math.isfinite(width):
        return
    bottom = max(min([low, *(end for end in found.low if end is not None)]), low - ROOM * width)
    top = min(max([high, *(end for end in found.high if end is not None)]), high + ROOM * width)
    axes.set_ylim(bottom - MARGIN * width, top + MARGIN * width)


def _draw_belief(axes: Axes, found: Posterior) -> None:
    """The mean and the band, as far as the axis reaches."""
    if not found.mean:
        return
    axes.set_autoscaley_on(False)
    bad = axes.get_ylim()[found.configs.goal.mode == "min"]
    places, mean = found.places[0], numbers(found.mean)
    low, high = bounded(found.low, found, bad), bounded(found.high, found, bad)
    if is_listed(found.configs.inputs[0], places):
        name = "95 % band" if _is_seen(axes, low, high) else "95 % band (narrower than the mark)"
        axes.vlines(places, low, high, color=BELIEF, linewidth=14, alpha=0.25, label=name, gid="band")
        axes.plot(places, mean, "_", color=BELIEF, markersize=20, markeredgewidth=2.5, label="mean", gid="mean")
        _name_unseen(axes, found)
    else:
        axes.fill_between(places, low, high, color=BELIEF, alpha=0.18, linewidth=0, label="95 % band", gid="band")
        axes.plot(places, mean, color=BELIEF, linewidth=1.8, zorder=1.9, label="mean", gid="mean")


def _is_seen(axes: Axes, low: Floats, high: Floats) -> bool:
    """Whether some band is taller than the mark at its mean, as far as the axis reaches."""
    import numpy as np

    ends = [np.clip(end, *axes.get_ylim()) for end in (low, high)]
    bottom, top = (axes.transData.transform(np.column_stack([np.zeros(len(end)), end]))[:, 1] for end in ends)
    return bool(np.nanmax(top - bottom) > MARK * axes.figure.dpi / 72.0)


def _name_unseen(axes: Axes, found: Posterior) -> None:
    """In a column whose mean is not to be seen, where it is, or that the space has no such configuration."""
    low, high = axes.get_ylim()
    bad_above = found.configs.goal.mode == "min"
    for place, mean, promise in zip(found.places[0], found.mean, found.promise, strict=True):
        is_above = bad_above if mean is None else mean > high
        if mean is not None and low <= mean <= high:
            continue
        words = f"{'↑' if is_above else '↓'} mean" + ("" if mean is None else f"\n{mean:.3g}")
        if mean is None and promise is None:
            is_above, words = True, "not in\nthe space"
        axes.text(
            place,
            0.97 if is_above else 0.03,
            words,
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="top" if is_above else "bottom",
            fontsize="small",
            color=GREY if promise is None else BELIEF,
            gid="unseen",
        )


def _draw_promise(axes: Axes, found: Posterior) -> None:
    """The acquisition function, as far as it is worth showing."""
    axes.set_ylabel(NAMES.get(found.acquisition, found.acquisition), fontsize="small")
    if not found.mean:
        axes.set_yticks([])
        return
    promise, bottom = promise_of(found)
    places = found.places[0]
    if is_listed(found.configs.inputs[0], places):
        axes.vlines(places, bottom, promise, color=PROMISE, linewidth=14, alpha=0.6, gid="promise")
    else:
        axes.fill_between(places, bottom, promise, color=PROMISE, alpha=0.25, linewidth=0)
        axes.plot(places, promise, color=PROMISE, linewidth=1.4, gid="promise")
    height = (max(each for each in found.promise if each is not None) - bottom) or 1.0
    axes.set_ylim(bottom, bottom + HEADROOM * height)


def _mark_best(upper: Axes, lower: Axes, found: Posterior) -> None:
    """What promises most, across both panels."""
    if found.best is None:
        return
    each = found.configs.inputs[0]
    for axes in (upper, lower):
        axes.axvline(found.best[0], color=PROMISE, linewidth=1.0, linestyle="--", zorder=1)
    highest = max(promise for promise in found.promise if promise is not None)
    lower.plot(found.best, [highest], **NEXT, label=f"most at {word_at(found.best[0], each)}", gid="promises most")
