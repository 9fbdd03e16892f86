"""Slices: the value of each trial against each of its hyperparameters, one panel for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from rung.analysis._frame import GREY, fit_input, fit_values, label, metric_label, new_figure
from rung.analysis._looks import STAR
from rung.analysis.configs import Configs, Tried
from rung.analysis.parallel import GOLDEN, SPREAD
from rung.errors import SettingError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REACH: Final = 3.0  # as ``span_of`` has it
SIZES: Final = ((30, 28.0), (300, 16.0), (math.inf, 8.0))  # up to so many points, so large: in points²
MOST_COLUMNS: Final = 4
COLORS: Final = "cividis_r"  # reads the same for colour-blind people; the newest trials are dark


def plot_slices(configs: Configs, *, title: str = "") -> Figure:
    """One panel per hyperparameter with the best value of each trial, dark for late trials.

    Trials without a value stand as crosses above. SettingError when no hyperparameter varies.
    MissingExtraError without matplotlib.
    """
    from matplotlib.ticker import MaxNLocator

    if not configs.inputs:
        raise SettingError("No hyperparameter of the space varies, so there is nothing to draw along.")
    count = len(configs.inputs)
    columns = min(count, MOST_COLUMNS)
    rows = math.ceil(count / columns)
    figure = new_figure(max(5.0, 3.3 * columns), 3.4 * rows + 0.3, title=title)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel().tolist()
    drawn = None
    for index, axes in enumerate(panels[:count]):
        drawn = _draw_slice(axes, configs, index) or drawn
    values = [tried.value for tried in configs.tried if tried.value is not None]
    fit_values(panels[0], values, goal=configs.goal, reach=REACH, what="trial")
    for index, axes in enumerate(panels[:count]):
        if index % columns:
            axes.set_ylabel("")
        draw_silent(axes, configs, index)
    for axes in panels[count:]:
        axes.remove()
    if drawn is not None:
        figure.colorbar(drawn, ax=panels[:count], label="trial", ticks=MaxNLocator(integer=True), aspect=30)
    return figure


def _draw_slice(axes: Axes, configs: Configs, index: int) -> Any:
    """The points of one panel; None when there are none."""
    from matplotlib.colors import Normalize

    each = configs.inputs[index]
    placed = [(x, tried.value, tried.trial) for x, tried in placed_along(configs, index) if tried.value is not None]
    is_waiting = all(tried.value is None for tried in configs.tried)
    label(axes, "", metric_label(configs.goal), is_empty=is_waiting)
    fit_input(axes, "x", each, [place for tried in configs.tried if (place := tried.inputs[index]) is not None])
    if not placed:
        if not is_waiting:
            axes.text(0.5, 0.5, "not active yet", transform=axes.transAxes, ha="center", va="center", color=GREY)
        return None
    newest = max(tried.trial for tried in configs.tried)
    points = axes.scatter(
        [x for x, _, _ in placed],
        [value for _, value, _ in placed],
        c=[trial for _, _, trial in placed],
        norm=Normalize(0, max(1, newest)),
        cmap=COLORS,
        s=next(size for most, size in SIZES if len(placed) < most),
        edgecolors="white",
        linewidths=0.3,
        gid="trials",
    )
    for x, value, trial in placed:
        if trial == configs.best_trial:
            axes.plot([x], [value], **{**STAR, "markersize": 13}, gid="best")
    return points


def draw_silent(axes: Axes, configs: Configs, index: int) -> None:
    """Crosses above the panel for trials without a value."""
    silent = [x for x, tried in placed_along(configs, index) if tried.value is None]
    if silent:
        marks: dict[str, Any] = {
            "marker": "x",
            "color": GREY,
            "markersize": 4.5,
            "markeredgewidth": 1.0,
            "linestyle": "none",
            "clip_on": False,
        }
        axes.plot(silent, [1.03] * len(silent), transform=axes.get_xaxis_transform(), **marks, gid="without a value")


def placed_along(configs: Configs, index: int) -> Sequence[tuple[float, Tried]]:
    """Where each trial stands along one hyperparameter; of a category, somewhere near its middle."""
    is_category = bool(configs.inputs[index].categories)
    return [
        (place + (SPREAD * ((tried.trial * GOLDEN) % 1.0 - 0.5) if is_category else 0.0), tried)
        for tried in configs.tried
        if (place := tried.inputs[index]) is not None
    ]
