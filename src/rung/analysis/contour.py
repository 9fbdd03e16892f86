"""A map of the metric over two hyperparameters, as far as trials reach."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rung.analysis._frame import GREY, Span, fit_input, label, metric_label, new_figure, span_of
from rung.analysis._looks import STAR, color_scale
from rung.analysis.configs import Configs, Input, Tried
from rung.errors import SettingError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

FINENESS: Final = 200  # points of the map along each axis
LEVELS: Final = 12
MANY: Final = 200  # trials; more of them are drawn smaller
NEAR: Final = 1.0  # widths of the smoothing: farther than that from all trials the map is left empty
SMOOTHEST, FINEST = 0.15, 0.05  # the width of the smoothing, in parts of an axis, with few and with many trials


class Points(NamedTuple):
    """The trials with a value: their places and values, and their places in [0, 1]²."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    values: NDArray[np.float64]
    unit: NDArray[np.float64]


def plot_contour(configs: Configs, *, title: str = "") -> Figure:
    """The metric over two numeric hyperparameters, dark where it is good, with the trials as points.

    The map is a smooth mean over the trials near by, and covers only what lies between trials and near one; values far
    off count as the worst that are shown. Trials without a value are crosses. SettingError unless the inputs are two
    numbers. MissingExtraError without matplotlib.
    """
    if len(configs.inputs) != 2 or any(each.categories for each in configs.inputs):
        raise SettingError(
            f"A contour needs two numeric hyperparameters, got {_names(configs)}.",
            hint="Choose two of those that are numbers, or look at the kind slice.",
        )
    figure = new_figure(6.8, 5.2, title=title)
    axes = figure.subplots()
    points = _points(configs)
    label(axes, "", "", is_empty=not len(points.values))
    for which, index in (("x", 0), ("y", 1)):
        places = [place for tried in configs.tried if (place := tried.inputs[index]) is not None]
        fit_input(axes, "x" if which == "x" else "y", configs.inputs[index], places)
    if len(points.values):
        span = span_of(points.values.tolist(), goal=configs.goal, reach=3.0)
        _draw_map(axes, points, configs, span)
    _draw_trials(axes, configs)
    return figure


def _points(configs: Configs) -> Points:
    import numpy as np

    found = [(x, y, tried.value) for tried, x, y in _placed(configs) if tried.value is not None]
    x, y, values = np.array(found, dtype=float).reshape(-1, 3).T
    unit = np.column_stack([_to_unit(x, configs.inputs[0]), _to_unit(y, configs.inputs[1])])
    return Points(x, y, values, unit)


def _to_unit(places: NDArray[np.float64], each: Input) -> NDArray[np.float64]:
    import numpy as np

    scaled = np.log(places) if each.log else places
    ends = [math.log(end) if each.log else end for end in (each.low, each.high) if end is not None]
    low, high = min([*ends, *scaled.tolist()], default=0.0), max([*ends, *scaled.tolist()], default=1.0)
    return np.asarray((scaled - low) / (high - low if high > low else 1.0))


def _draw_map(axes: Axes, points: Points, configs: Configs, span: Span) -> None:
    import numpy as np
    from matplotlib.cm import ScalarMappable
    from matplotlib.patches import Polygon
    from scipy.spatial import ConvexHull, QhullError

    norm, colors = color_scale(span, goal=configs.goal)
    extend = "neither" if not span.beyond else "max" if configs.goal.mode == "min" else "min"
    name = f"best {metric_label(configs.goal)}"
    axes.figure.colorbar(ScalarMappable(norm, colors), ax=axes, extend=extend, label=name)
    low, high = sorted((span.good, span.bad))
    try:
        hull = ConvexHull(points.unit).vertices
    except (QhullError, ValueError):  # fewer than three points, or all on one line: nothing lies between them
        return
    if low == high:
        return
    u, v = np.meshgrid(*(np.linspace(each.min(), each.max(), FINENESS) for each in points.unit.T))
    values = points.values.clip(low, high)
    heights = _smoothed(np.column_stack([u.ravel(), v.ravel()]), points.unit, np.log(values) if span.log else values)
    inside = (high - low) * 1e-6  # of the outermost levels: a mean of equal values is off by a rounding error
    shown = (np.exp(heights) if span.log else heights).clip(low + inside, high - inside)
    shown = np.ma.masked_invalid(shown.reshape(u.shape))
    x, y = (_between(places, each, FINENESS) for places, each in zip(points[:2], configs.inputs, strict=True))
    levels = np.geomspace(low, high, LEVELS + 1) if span.log else np.linspace(low, high, LEVELS + 1)
    border = Polygon(np.column_stack([points.x, points.y])[hull], transform=axes.transData, visible=False)
    axes.add_patch(border)
    filled = axes.contourf(x, y, shown, levels=levels, norm=norm, cmap=colors, alpha=0.85, extend="both", zorder=1)
    lines = axes.contour(x, y, shown, levels=levels[1:-1], colors="white", linewidths=0.4, alpha=0.6, zorder=1)
    for each in (filled, lines):
        each.set_clip_path(border)


def _between(places: NDArray[np.float64], each: Input, count: int) -> NDArray[np.float64]:
    import numpy as np

    spaced = np.geomspace if each.log else np.linspace
    return np.asarray(spaced(places.min(), places.max(), count))


def _smoothed(at: NDArray[np.float64], points: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the values, weighted by a normal curve over the distance (Nadaraya 1964, Watson 1964).

    NaN far from all points, where it would be the value of the nearest one.
    """
    import numpy as np

    width = min(SMOOTHEST, max(FINEST, 0.5 / math.sqrt(len(values))))
    squares = ((at[:, None, :] - points[None, :, :]) ** 2).sum(axis=2) / (2.0 * width**2)
    nearest = squares.min(axis=1, keepdims=True)
    weights = np.exp(nearest - squares)
    means = weights @ values / weights.sum(axis=1)
    return np.where(nearest[:, 0] > NEAR**2 / 2.0, np.nan, means)


def _draw_trials(axes: Axes, configs: Configs) -> None:
    placed = _placed(configs)
    size = 4.5 if len(placed) < MANY else 2.5
    groups: tuple[tuple[bool, dict[str, Any]], ...] = (
        (True, {"marker": "o", "markersize": size, "color": "#202020", "markeredgecolor": "white"}),
        (False, {"marker": "x", "markersize": 5, "color": GREY}),
    )
    for has_value, marks in groups:
        group = [(x, y) for tried, x, y in placed if (tried.value is not None) == has_value]
        if group:
            name, width = ("trials", 0.5) if has_value else ("without a value", 1.0)
            axes.plot(*zip(*group, strict=True), **marks, markeredgewidth=width, linestyle="none", gid=name)
    for tried, x, y in placed:
        if tried.trial == configs.best_trial:
            axes.plot([x], [y], **STAR, gid="best")


def _placed(configs: Configs) -> list[tuple[Tried, float, float]]:
    """The trials in which both hyperparameters are active."""
    found = []
    for tried in configs.tried:
        x, y = tried.inputs
        if x is not None and y is not None:
            found.append((tried, x, y))
    return found


def _names(configs: Configs) -> str:
    return ", ".join(each.name for each in configs.inputs) or "none"
