"""How the values of a study's trials are distributed: the share of them that are at least as good as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from rung.analysis._frame import GREY, Span, fit_values, label, metric_label, new_figure, say_above, shortened, span_of
from rung.rows import TrialRow
from rung.types import Goal, TrialState

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


LONGEST: Final = 40  # letters of a name


class Distribution(Struct, frozen=True, kw_only=True):
    """The empirical distribution function of one study.

    values: those that occur, the best first, in the user's own direction. shares: of the trials, how many are at least
    as good; equally long, rising to 1 unless some have failed. trials: how many that is, ``failed`` of which failed
    without a value. median: the best value that half of them reach; None where fewer have a value.
    """

    name: str
    values: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    trials: int = 0
    failed: int = 0
    median: float | None = None


class Distributions(Struct, frozen=True, kw_only=True):
    """Those of some studies, all with the same goal."""

    goal: Goal
    studies: tuple[Distribution, ...] = ()


def distributions(studies: Mapping[str, Sequence[TrialRow]], *, goal: Goal) -> Distributions:
    """The distribution of each study's trials, by its name.

    A trial counts by its best value at any step, however far it got. One that failed without a value counts as worse
    than all others. Those that have none for another reason don't count.
    """
    return Distributions(goal=goal, studies=tuple(_of_one(name, trials, goal) for name, trials in studies.items()))


def plot_edf(found: Distributions, *, title: str = "") -> Figure:
    """A step curve for each study, the higher the better, with a mark at its median.

    What is far off is left outside, and said above.
    MissingExtraError without matplotlib.
    """
    from rung.analysis.comparison._method_looks import LINE, looks_of

    figure = new_figure(7, 4.4, title=title)
    axes = figure.subplots()
    looks = looks_of([each.name for each in found.studies])
    values = [value for each in found.studies for value in each.values]
    label(axes, metric_label(found.goal), "share of trials at least as good", is_empty=not values)
    fit_values(axes, values, goal=found.goal, what="", which="x")
    axes.set_ylim(0, 1.03)
    axes.yaxis.set_major_formatter("{x:.0%}")
    if not values:
        return figure
    if beyond := _beyond(found, span_of(values, goal=found.goal)):
        say_above(axes, beyond)
    worst = max(values) if found.goal.mode == "min" else min(values)
    for each in found.studies:
        if not each.values:
            axes.plot([], [], color=GREY, label=_words(each))
            continue
        look = looks[each.name]
        _draw(axes, each, worst, color=look.color, linestyle=look.dash, linewidth=LINE)
    figure.legend(loc="outside lower center", frameon=False)
    return figure


def _beyond(found: Distributions, span: Span) -> str:
    """How many trials the curves lack at the right edge; empty where they lack none that has a value."""
    if not span.beyond:
        return ""
    sign = 1.0 if found.goal.mode == "min" else -1.0
    count = total = 0
    for each in found.studies:
        seen = [share for value, share in zip(each.values, each.shares, strict=True) if sign * value <= sign * span.bad]
        count += each.trials - round(each.trials * max(seen, default=0.0))
        total += each.trials
    failed = " or failed" if any(each.failed for each in found.studies) else ""
    arrow = "→" if found.goal.mode == "min" else "←"
    return f"{arrow} {count:,} of {total:,} trials are worse than {span.bad:.3g}{failed}"


def _of_one(name: str, trials: Sequence[TrialRow], goal: Goal) -> Distribution:
    losses = sorted(row.best_loss for row in trials if row.best_loss is not None)
    failed = sum(row.best_loss is None and row.state is TrialState.FAILED for row in trials)
    count = len(losses) + failed
    values, shares, reached = [], [], 0
    for loss, equal in groupby(losses):
        reached += len(list(equal))
        values.append(goal.value(loss))
        shares.append(reached / count)
    return Distribution(
        name=name,
        values=tuple(values),
        shares=tuple(shares),
        trials=count,
        failed=failed,
        median=next((value for value, share in zip(values, shares, strict=True) if share >= 0.5), None),
    )


def _draw(axes: Axes, each: Distribution, worst: float, **look: Any) -> None:
    """The curve from the best value to the worst of all studies."""
    corners = [(each.values[0], 0.0), *zip(each.values, each.shares, strict=True), (worst, each.shares[-1])]
    axes.plot(*zip(*corners, strict=True), drawstyle="steps-post", label=_words(each), gid="distribution", **look)
    if each.median is not None:
        share = each.shares[each.values.index(each.median)]
        axes.plot([each.median] * 2, [0.0, share], color=look["color"], linewidth=0.8, linestyle=":")
        axes.plot([each.median], [share], "o", color=look["color"], markeredgecolor="white", gid="median")


def _words(each: Distribution) -> str:
    trials = f"{each.trials:,} trial{'' if each.trials == 1 else 's'}"
    failed = f", {each.failed:,} failed" if each.failed else ""
    median = "" if each.median is None else f", median {each.median:.4g}"
    return f"{shortened(each.name, LONGEST)} ({trials}{failed}{median})"
