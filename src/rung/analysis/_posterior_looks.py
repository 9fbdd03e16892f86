"""What the pictures of a posterior along one and along two hyperparameters share."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from rung.analysis._frame import GREY, plain
from rung.analysis.configs import Input
from rung.analysis.posterior import Column, Posterior
from rung.types import TrialState

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

NAMES: Final[Mapping[str, str]] = {
    "ei": "expected improvement",
    "logei": "log expected improvement",
    "ucb": "confidence bound",
    "thompson": "log expected improvement",
}
LOGS: Final = frozenset({"logei", "thompson"})
DEPTH: Final = 10.0  # of a logarithm below its maximum: what promises e^10 times less is as good as nothing
BELIEF: Final = "#0072B2"
PROMISE: Final = "#009E73"
REACH: Final = 3.0  # as ``span_of`` has it
FEW: Final = 12  # numbers along an axis; so few are shown one by one, as categories are
WIDEST: Final = 36  # letters of a line within a panel
LONGEST: Final = 110  # letters of the line on what is held
CUT: Final = frozenset({TrialState.STOPPED, TrialState.PAUSED})
NEXT: Final[Mapping[str, Any]] = {
    "marker": "v",
    "markersize": 9,
    "color": PROMISE,
    "markeredgecolor": "#000000",
    "linestyle": "none",
}


class Group(NamedTuple):
    """Trials, by number, that look the same."""

    name: str
    trials: frozenset[int]
    look: Mapping[str, Any]


def groups_of(found: Posterior) -> Sequence[Group]:
    """Those that were cut short and those beside the slice, both pale, then those on the slice.

    Without the trial whose values are held, which has a star.
    """
    pale = {"marker": "o", "color": "none", "markeredgecolor": GREY, "markersize": 4.5, "linestyle": "none"}
    dark = {**pale, "color": "#202020", "markeredgecolor": "white", "markersize": 6}
    cut = frozenset(tried.trial for tried in found.configs.tried if tried.state in CUT)
    alike = frozenset(found.held.alike)
    whole = frozenset(tried.trial for tried in found.configs.tried) - cut - {found.held.trial}
    return [
        Group(
            "stopped early",
            cut - {found.held.trial},
            {**pale, "marker": "s", "markersize": 3.5, "markeredgecolor": "#A8A8A8"},
        ),
        Group("other trials", whole - alike, pale),
        Group("trials with the values held" if found.held.values else "trials", whole & alike, dark),
    ]


def star_name(found: Posterior) -> str:
    """What the star stands for: the trial whose values are held, which need not be the best of all."""
    is_best = found.held.trial == found.configs.best_trial
    return "best" if is_best else f"trial {found.held.trial}, whose values are held"


def say_empty(axes: Axes, found: Posterior) -> None:
    """Why there is no model to be seen."""
    words = fill(found.why, WIDEST) if found.why else "" if found.mean else "not active yet"
    if words:
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=GREY)


def numbers(column: Column) -> Floats:
    """The column as an array, NaN for None."""
    import numpy as np

    return np.array([math.nan if number is None else number for number in column])


def bounded(column: Column, found: Posterior, end: float) -> Floats:
    """The same, with this end in the place of numbers beyond all bounds, which all lie where it is bad."""
    import numpy as np

    given = numbers(column)
    return np.where(np.isnan(given) & ~np.isnan(numbers(found.promise)), end, given)


def promise_of(found: Posterior) -> tuple[Floats, float]:
    """The acquisition function, and the least of it that is worth showing."""
    import numpy as np

    promise = numbers(found.promise)
    least, most = float(np.nanmin(promise)), float(np.nanmax(promise))
    if found.acquisition in LOGS:
        least = max(least, most - DEPTH)
    bottom = 0.0 if found.acquisition == "ei" else least - 0.08 * (most - least)
    return np.maximum(promise, bottom), bottom  # NaN stays NaN


def is_listed(each: Input, places: Sequence[float]) -> bool:
    """Whether the values of this axis are shown one by one."""
    return bool(each.categories) or len(places) <= FEW


def word_at(place: float, each: Input) -> str:
    """The value at a place along the axis."""
    return each.categories[round(place)] if each.categories else f"{place:.3g}"


def add_legend(figure: Figure, panels: Sequence[Axes], found: Posterior, *, columns: int) -> None:
    """Below the panels: whose model it is, what the other hyperparameters are held at, and what the marks mean."""
    named = {name: handle for axes in panels for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    legend = figure.legend(
        named.values(),
        map(plain, named),
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        title=plain(_caption(found)),
        title_fontproperties={"size": "small"},
    )
    legend.get_title().set(color=GREY, multialignment="center")


def _caption(found: Posterior) -> str:
    made = "A Gaussian process made for this picture, from all trials."
    if found.is_own:
        made = "The Gaussian process of the study's own searcher."
    if not found.held.values:
        return made
    shown = ", ".join(f"{name} = {_word(value)}" for name, value in found.held.values.items())
    where = "the middles of their ranges" if found.held.trial is None else f"the values of trial {found.held.trial}"
    held = f"All others are held at {where}: {shown}"
    return f"{made}\n{held if len(held) <= LONGEST else held[: LONGEST - 1] + '…'}"


def _word(value: object) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value)
