"""The points that runs have tried, a square for each method, with the values along its sides; matplotlib, no pyplot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, Final, Literal

from rung.analysis._frame import GREY, fit_input, label, metric_label, new_figure, plain
from rung.analysis._looks import STAR
from rung.analysis.comparison._method_looks import LINE, looks_of, short_names
from rung.analysis.comparison.tried import Attempt, Box, Scene
from rung.errors import SettingError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from rung.analysis.configs import Tried

SIDE: Final = 3.6  # inches of a panel with all that is around it
MOST_COLUMNS: Final = 3
STRIP: Final = 0.24  # height of the values beside a square, over its side
FAINTEST: Final = 0.2  # opacity of the first point; the last one has 1
POINT: Final = 22.0  # points²
REACH: Final = 4.0  # of the values: so many times the distance from the best one to the median
ROOM: Final = 0.08  # of the strip, beyond the best and the worst value


def plot_tried(
    scene: Scene, *, methods: Sequence[str] = (), only: Sequence[str] = (), columns: int = MOST_COLUMNS, title: str = ""
) -> Figure:
    """What the runs of a scene tried, a panel for each; faint points came first, and a star is the best.

    Ticks along the sides are the different values. Beside each hyperparameter stand the values of the metric, the
    better the farther out, and as a line what it comes to by that hyperparameter alone, where the function is known.
    methods: in the order in which looks are given out; by default that of the scene. only: some of them.
    SettingError when nothing varies that is a number; MissingExtraError without matplotlib.
    """
    if not scene.inputs:
        raise SettingError("No hyperparameter that is a number varies, so there is nothing to draw along.")
    attempts = [each for each in scene.attempts if not only or each.method in only]
    names = [each.method for each in scene.attempts]
    looks = looks_of(methods or names)
    short = dict(zip(names, short_names(names), strict=True))
    columns = min(columns, len(attempts))
    rows = math.ceil(len(attempts) / columns)
    figure = new_figure(SIDE * columns, SIDE * rows + (0.3 if title else 0.0), title=title)
    panels = _panels(figure, rows, columns, len(scene.inputs))[: len(attempts)]
    for panel, attempt in zip(panels, attempts, strict=True):
        panel[0].set_title(plain(short[attempt.method]), fontsize="medium", fontweight="bold")
        _draw(panel, scene, attempt, looks[attempt.method].color)
    for axes in {*figure.axes}.difference(*panels):
        axes.set_axis_off()
    return figure


def _panels(figure: Figure, rows: int, columns: int, n_inputs: int) -> list[list[Axes]]:
    """The axes of each panel: one, or what is above the square, the square, and what is beside it."""
    if n_inputs == 1:
        return [[axes] for axes in figure.subplots(rows, columns, squeeze=False).flat]
    ratios = {"width_ratios": (1, STRIP) * columns, "height_ratios": (STRIP, 1) * rows}
    grid = figure.subplots(2 * rows, 2 * columns, squeeze=False, gridspec_kw=ratios)
    corners = [(2 * row, 2 * column) for row in range(rows) for column in range(columns)]
    return [[grid[row, column], grid[row + 1, column], grid[row + 1, column + 1]] for row, column in corners]


def _draw(panel: Sequence[Axes], scene: Scene, attempt: Attempt, color: str) -> None:
    if len(panel) == 1:
        _draw_alone(panel[0], scene, attempt, color)
        return
    above, square, beside = panel
    above.sharex(square)
    beside.sharey(square)
    _draw_values(above, scene, attempt, color, along="x")
    _draw_values(beside, scene, attempt, color, along="y")
    _draw_square(square, scene, attempt, color)
    for axes in (above, beside):
        axes.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
        axes.grid(visible=False)
        axes.spines[["left", "bottom"]].set_visible(False)
    above.set_ylabel("better →", fontsize="small")
    beside.set_xlabel("better →", fontsize="small")


def _draw_alone(axes: Axes, scene: Scene, attempt: Attempt, color: str) -> None:
    """The values along the only hyperparameter that is a number."""
    label(axes, "", metric_label(scene.goal), is_empty=all(each.value is None for each in attempt.configs.tried))
    fit_input(axes, "x", scene.inputs[0], _places(attempt, 0))
    for box in attempt.boxes:
        _draw_box(axes, box)
    _draw_response(axes, scene, along="x")
    placed = [(each, x, each.value) for each in attempt.configs.tried for x in each.inputs if x is not None]
    _draw_points(axes, attempt, [(each, x, value) for each, x, value in placed if value is not None], color)
    _draw_ticks(axes, attempt, color, along="x")
    axes.set_ylim(_limits(scene))


def _draw_square(axes: Axes, scene: Scene, attempt: Attempt, color: str) -> None:
    """The points, with boxes behind them."""
    label(axes, "", "", is_empty=not attempt.configs.tried)
    for which, index in (("x", 0), ("y", 1)):
        fit_input(axes, "x" if which == "x" else "y", scene.inputs[index], _places(attempt, index))
    for box in attempt.boxes:
        _draw_box(axes, box)
    placed = _placed(attempt)
    _draw_points(axes, attempt, [each for each in placed if each[0].value is not None], color)
    silent = [(x, y) for each, x, y in placed if each.value is None]
    if silent:
        axes.plot(*zip(*silent, strict=True), "x", color=GREY, markersize=5, zorder=3, gid="without a value")
    _draw_ticks(axes, attempt, color, along="x")
    _draw_ticks(axes, attempt, color, along="y")


def _draw_points(axes: Axes, attempt: Attempt, placed: Sequence[tuple[Tried, float, float]], color: str) -> None:
    """The trials with a value, the fainter the earlier, and the best one."""
    from matplotlib.colors import to_rgb

    last = max((each.trial for each in attempt.configs.tried), default=0) or 1
    shades = [(*to_rgb(color), min(1.0, FAINTEST + (1.0 - FAINTEST) * each.trial / last)) for each, _, _ in placed]
    if placed:
        _, x, y = zip(*placed, strict=True)
        axes.scatter(x, y, c=shades, s=POINT, edgecolors=color, linewidths=0.6, zorder=3, gid="trials")
    for each, x_best, y_best in placed:
        if each.trial == attempt.configs.best_trial:
            axes.plot([x_best], [y_best], **{**STAR, "markersize": 12}, zorder=4, gid="best")


def _draw_box(axes: Axes, box: Box) -> None:
    """The outline of a box; along a single hyperparameter from below to above."""
    from matplotlib.patches import Rectangle

    ends = [*box.ends, (-math.inf, math.inf)][:2]
    (left, right), (bottom, top) = (
        (max(low, least), min(high, most))
        for (low, high), (least, most) in zip(ends, (axes.get_xlim(), axes.get_ylim()), strict=True)
    )
    outline = Rectangle(
        (left, bottom), right - left, top - bottom, fill=False, edgecolor=GREY, linewidth=0.9, gid="box"
    )
    axes.add_patch(outline)


def _draw_values(axes: Axes, scene: Scene, attempt: Attempt, color: str, *, along: Literal["x", "y"]) -> None:
    """The values of the metric beside the square, the better the farther out."""
    label(axes, "", "", is_empty=False)
    _draw_response(axes, scene, along=along)
    index = 0 if along == "x" else 1
    placed = [(place, each.value) for each in attempt.configs.tried if (place := each.inputs[index]) is not None]
    dots = [(place, value) for place, value in placed if value is not None]
    if dots:
        places, values = zip(*dots, strict=True)
        x, y = (places, values) if along == "x" else (values, places)
        axes.scatter(x, y, color=color, s=POINT / 2, linewidths=0, alpha=0.75, gid="values")
    low, high = _limits(scene)
    ends = (low, high) if scene.goal.mode == "max" else (high, low)
    if along == "x":
        axes.set_ylim(ends)
    else:
        axes.set_xlim(ends)


def _draw_response(axes: Axes, scene: Scene, *, along: Literal["x", "y"]) -> None:
    """What the metric comes to along one hyperparameter, where that is known."""
    if scene.responses:
        line = scene.responses[0 if along == "x" else 1]
        x, y = (line.places, line.values) if along == "x" else (line.values, line.places)
        axes.plot(x, y, color=GREY, linewidth=LINE * 0.7, gid="response")


def _draw_ticks(axes: Axes, attempt: Attempt, color: str, *, along: Literal["x", "y"]) -> None:
    """A tick for each different value, inwards from the side."""
    from matplotlib.markers import TICKRIGHT, TICKUP

    places = sorted(set(_places(attempt, 0 if along == "x" else 1)))
    sides = [0.0] * len(places)
    marks: dict[str, Any] = {"linestyle": "none", "markersize": 9, "markeredgewidth": 1.1, "color": color}
    if along == "x":
        axes.plot(places, sides, marker=TICKUP, transform=axes.get_xaxis_transform(), **marks, gid="values of x")
    else:
        axes.plot(sides, places, marker=TICKRIGHT, transform=axes.get_yaxis_transform(), **marks, gid="values of y")


def _limits(scene: Scene) -> tuple[float, float]:
    """The ends of the axis of values, the same in all panels; what is far off is left outside."""
    values = [each.value for attempt in scene.attempts for each in attempt.configs.tried if each.value is not None]
    values += [value for response in scene.responses for value in response.values]
    if not values:
        return 0.0, 1.0
    best, worst = (min(values), max(values)) if scene.goal.mode == "min" else (max(values), min(values))
    reach = REACH * abs(median(values) - best) or abs(worst - best)
    low, high = sorted((best, max(worst, best - reach) if best > worst else min(worst, best + reach)))
    margin = ROOM * (high - low) or 1.0
    return low - margin, high + margin


def _placed(attempt: Attempt) -> list[tuple[Tried, float, float]]:
    """The trials in which both hyperparameters are active, with their places."""
    found = []
    for each in attempt.configs.tried:
        x, y = each.inputs
        if x is not None and y is not None:
            found.append((each, x, y))
    return found


def _places(attempt: Attempt, index: int) -> list[float]:
    return [place for each in attempt.configs.tried if (place := each.inputs[index]) is not None]
