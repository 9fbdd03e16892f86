"""Figures of a study: the any-time curve, the learning curves, the configurations, and all three at a glance.

They are matplotlib figures that nobody else knows of: no pyplot, no window, no changed settings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from rung.analysis._frame import Span, fit_input, fit_values, label, metric_label, new_figure, plain, span_of, time_unit
from rung.analysis._looks import BEST, CROWD, FAINT, LOOKS, STAR, Look, color_scale
from rung.analysis.configs import Configs, Tried
from rung.analysis.curves import Curve, Curves, Overview
from rung.analysis.trajectory import Trajectory
from rung.errors import SettingError
from rung.types import TrialState

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure

Over: TypeAlias = Literal["seconds", "trials", "epochs"]


def plot_trajectory(
    trajectory: Trajectory, *, over: Over = "seconds", step_name: str = "step", title: str = ""
) -> Figure:
    """The incumbent's metric over the seconds, trials or epochs spent. MissingExtraError without matplotlib."""
    figure = new_figure(7, 4, title=title)
    _draw_trajectory(figure.subplots(), trajectory, over=over, step_name=step_name)
    return figure


def plot_curves(curves: Curves, *, step_name: str = "step", title: str = "") -> Figure:
    """One line per trial over its steps, its end marked by what became of it; the incumbent stands out.

    step_name: what a step is, for people. MissingExtraError without matplotlib.
    """
    figure = new_figure(8, 5, title=title)
    _draw_curves(figure.subplots(), curves, step_name=step_name)
    _add_legend(figure, curves, columns=3, step_name=step_name)
    return figure


def plot_configs(configs: Configs, *, title: str = "") -> Figure:
    """Each trial at its place among the configurations, coloured by its best value; with one input, against that value.

    MissingExtraError without matplotlib.
    """
    figure = new_figure(6, 5, title=title)
    _draw_configs(figure.subplots(), configs)
    return figure


def plot_overview(overview: Overview, *, step_name: str = "step", title: str = "") -> Figure:
    """A study at a glance: the any-time curve over all reports, the learning curves and the configurations tried.

    The last panel is left out when no hyperparameter is a number. MissingExtraError without matplotlib.
    """
    panels = 3 if overview.configs.inputs else 2
    figure = new_figure(5 * panels, 4.8, title=title)
    left, middle, *right = figure.subplots(1, panels)
    _draw_trajectory(left, overview.trajectory, over="seconds", behind=overview.curves.curves)
    left.set_title("Best so far, and every report", loc="left", fontsize="medium")
    _draw_curves(middle, overview.curves, step_name=step_name)
    middle.set_title("Learning curves", loc="left", fontsize="medium")
    for axes in right:
        _draw_configs(axes, overview.configs)
        axes.set_title("Configurations tried", loc="left", fontsize="medium")
    _add_legend(figure, overview.curves, columns=2 * panels, step_name=step_name)
    return figure


def _draw_trajectory(
    axes: Axes, trajectory: Trajectory, *, over: Over, step_name: str = "step", behind: Sequence[Curve] = ()
) -> None:
    from matplotlib.ticker import MaxNLocator

    unit, seconds = time_unit(trajectory.at[-1] if trajectory.at else 0.0)
    spent: Mapping[Over, tuple[Sequence[float], str]] = {
        "seconds": ([at / seconds for at in trajectory.at], f"time spent on the study ({unit})"),
        "trials": (trajectory.trials, "trials begun"),
        "epochs": (trajectory.steps, f"{plain(step_name)}s taken, all trials together"),
    }
    x, x_label = spent[over]
    if behind:
        at = [each / seconds for curve in behind for each in curve.at]
        values = [value for curve in behind for value in curve.values]
        axes.scatter(at, values, s=10, color=FAINT, linewidths=0, gid="reports")
        fit_values(axes, values, goal=trajectory.goal)
    axes.plot(x, trajectory.values, color=BEST, linewidth=2, drawstyle="steps-post", gid="best so far")
    loss = trajectory.loss
    better = [index for index in range(len(loss)) if index == 0 or loss[index] < loss[index - 1]]
    marks = [x[index] for index in better], [trajectory.values[index] for index in better]
    axes.plot(*marks, "o", color=BEST, markersize=5, gid="improvements")
    label(axes, x_label, metric_label(trajectory.goal), is_empty=not loss)
    axes.set_xlim(left=0)
    if over != "seconds":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_curves(axes: Axes, curves: Curves, *, step_name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    drawn = [curve for curve in curves.curves if curve.values]
    faint = 0.6 if len(drawn) > CROWD else 1.0
    for state, look in LOOKS.items():
        group = [curve for curve in drawn if curve.state is state and curve.trial != curves.best_trial]
        if group:
            zorder = 2.5 if state is TrialState.FAILED else 2  # on top, so that they are seen
            _draw_group(axes, group, look._replace(opacity=look.opacity * faint), zorder=zorder)
    for curve in drawn:
        if curve.trial == curves.best_trial:
            _draw_best(axes, curve)
    fit_values(axes, [value for curve in drawn for value in curve.values], goal=curves.goal)
    label(axes, plain(step_name), metric_label(curves.goal), is_empty=not drawn)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_best(axes: Axes, curve: Curve) -> None:
    assert curve.best_step is not None, "a curve with values has a best step"
    _draw_group(
        axes, [curve], LOOKS[curve.state]._replace(color=BEST, width=2.5, opacity=1.0), zorder=3, gid="best trial"
    )
    best = curve.values[curve.steps.index(curve.best_step)]
    axes.plot([curve.best_step], [best], **STAR, zorder=4, gid="best")


def _draw_group(axes: Axes, group: Sequence[Curve], look: Look, *, zorder: float, gid: str = "") -> None:
    """Curves that look the same, and a mark at the end of each."""
    from matplotlib.collections import LineCollection

    gid = gid or look.word
    lines = LineCollection(
        [list(zip(curve.steps, curve.values, strict=True)) for curve in group],
        colors=look.color,
        alpha=look.opacity,
        linewidths=look.width,
        zorder=zorder,
        gid=gid,
    )
    axes.add_collection(lines)
    axes.plot(
        [curve.steps[-1] for curve in group],
        [curve.values[-1] for curve in group],
        color=look.color,
        linestyle="none",
        marker=look.marker,
        markersize=look.size,
        markeredgecolor="white",
        markeredgewidth=0.5,
        zorder=zorder + 0.1,
        gid=gid,
    )


def _draw_configs(axes: Axes, configs: Configs) -> None:
    from matplotlib.cm import ScalarMappable

    goal, inputs = configs.goal, configs.inputs
    if not inputs:
        raise SettingError("The space has no numeric hyperparameter that varies, so there is no axis to draw along.")
    best_label = f"best {metric_label(goal)}"
    values = [tried.value for tried in configs.tried if tried.value is not None]
    is_plane = len(inputs) > 1
    label(axes, "", best_label, is_empty=not values)
    fit_input(axes, "x", inputs[0], _along(configs, 0))
    if is_plane:
        fit_input(axes, "y", inputs[1], _along(configs, 1))
    else:
        fit_values(axes, values, goal=goal, what="trial")
    span = span_of(values, goal=goal, reach=3.0) if values else Span(0.0, 1.0)
    norm, colors = color_scale(span, goal=goal)
    _draw_tried(axes, configs, norm=norm, colors=colors)
    if is_plane and values:
        extend = "neither" if not span.beyond else "max" if goal.mode == "min" else "min"
        axes.figure.colorbar(ScalarMappable(norm, colors), ax=axes, extend=extend, label=best_label)


def _draw_tried(axes: Axes, configs: Configs, *, norm: Normalize, colors: Colormap) -> None:
    placed = [(tried, place) for tried in configs.tried if (place := _place(tried)) is not None]
    for state, look in LOOKS.items():
        group = [(tried, place) for tried, place in placed if tried.state is state]
        if group:
            axes.scatter(
                [x for _, (x, _) in group],
                [y for _, (_, y) in group],
                c=[math.nan if tried.value is None else tried.value for tried, _ in group],
                norm=norm,
                cmap=colors,
                plotnonfinite=True,
                s=(1.5 * look.size) ** 2,
                marker=look.marker,
                edgecolors="white",
                linewidths=0.6,
                gid=look.word,
            )
    for tried, (x, y) in placed:
        if tried.trial == configs.best_trial:
            axes.plot([x], [y], **STAR, gid="best")


def _along(configs: Configs, index: int) -> list[float]:
    return [place for tried in configs.tried if (place := tried.inputs[index]) is not None]


def _place(tried: Tried) -> tuple[float, float] | None:
    """Where a trial stands: by both inputs, or by the only one and its value if it has one."""
    x, *others = tried.inputs
    y = others[0] if others else tried.value
    return None if x is None or y is None else (x, y)


def _add_legend(figure: Figure, curves: Curves, *, columns: int, step_name: str) -> None:
    """Below the panels: which trial is the best, what the marks mean, and how many trials each one stands for."""
    from matplotlib.lines import Line2D

    handles = []
    for curve in curves.curves:
        if curve.trial == curves.best_trial:
            value = curve.values[curve.steps.index(curve.best_step)]
            word = f"best: trial {curve.trial}, {value:.4g} at {plain(step_name)} {curve.best_step}"
            handles.append(Line2D([], [], label=word, linewidth=2.5, **{**STAR, "linestyle": "-", "markersize": 11}))
    for state, look in LOOKS.items():
        group = [curve for curve in curves.curves if curve.state is state]
        if group:
            silent = sum(not curve.values for curve in group)
            word = f"{look.word} ({len(group)}{f', {silent} without a value' if silent else ''})"
            line = Line2D([], [], label=word, color=look.color, linewidth=look.width)
            line.set(marker=look.marker, markersize=look.size)
            handles.append(line)
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False)
