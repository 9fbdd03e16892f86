"""How much each hyperparameter has to do with how good a configuration is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from rung.analysis._frame import GREY, new_figure, plain, shortened
from rung.errors import RungError
from rung.searchers._one_thread import in_one_thread
from rung.types import Goal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from rung.events import SearchEvent
    from rung.space import Space

TOP: Final = 0.1  # of all configurations: the good ones
CONFIDENCE: Final = 0.9  # of the interval of a share
LEAST: Final = 10  # trials with an outcome; of fewer, next to nothing is known
LITTLE: Final = 0.3  # of the variance predicted
MOST_BARS: Final = 24
LONGEST: Final = 30  # letters of a name
MOST_NAMED: Final = 4  # of those that are left out
COLOR: Final = "#0072B2"


class Share(Struct, frozen=True, kw_only=True):
    """The importance of one hyperparameter. share: in [0, 1]. low, high: hold 90 % of what the model deems possible."""

    name: str
    share: float
    low: float
    high: float


class Importance(Struct, frozen=True, kw_only=True):
    """The importance of all hyperparameters that vary, the largest first; the shares sum to 1.

    trials: how many of them had an outcome, those that failed included. predicted: how much of the variance of the
    outcomes the model behind the shares predicts for trials that it is not shown, in [0, 1]; where that is little, the
    shares mean little. pinned: those that varied once and have a single value now, which have no share. why: there are
    no shares, in a sentence; else empty.
    """

    goal: Goal
    shares: tuple[Share, ...] = ()
    trials: int = 0
    failed: int = 0
    predicted: float = 0.0
    pinned: tuple[str, ...] = ()
    why: str = ""


@in_one_thread
def importance(told: Iterable[SearchEvent], trials: Collection[int], *, goal: Goal, began: Space) -> Importance:
    """The share of each hyperparameter in how near a configuration comes to the best tenth of the space.

    told: what searchers are told about the study. trials: those that count. began: the space at the beginning; the
    shares are for the space as it is after all edits, constraints left aside.

    It is the functional analysis of variance of Hutter et al. 2014 with three changes. The model is a Gaussian process
    rather than a forest. What is analysed is whether a configuration is among the best tenth, as in PED-ANOVA (Watanabe
    et al. 2023), with a soft edge, so that neither the scale of the metric decides, nor a corner where all diverges,
    nor next to nothing among equals. And what hyperparameters do together is divided equally among them (Shapley
    effects, Owen 2014). The interval is that of functions drawn from the posterior of resampled trials.

    As in ``GPSearcher``, a trial counts by its lowest loss, those that were stopped early are reckoned up to the length
    of the others, and failed ones count as bad. Of more than 300, the best and others evenly in time are used.

    Neither a forest nor PED-ANOVA is offered beside it, because both go wrong on trials that a searcher has chosen,
    most of which lie where it hoped for the best. On three surrogates of real trainings, from 50 trials each that TPE
    or a Gaussian process had chosen, this one named the most important hyperparameter, or one that comes within 0.03 of
    it, in 17 of 18 studies. The forest's fANOVA did so in 11 and PED-ANOVA in 2, or 8 with the whole space as its
    baseline; each in its own sense, as Optuna has them. The intervals are too narrow, as length scales count as known:
    from such trials they held three of five true shares, from random ones five of six.
    """
    import numpy as np

    from rung.analysis._influence import influences, outcomes

    known = outcomes(told, trials, began)
    found = Importance(goal=goal, trials=known.n_trials, failed=known.n_failed)
    space = known.history.space
    names = [name for name, domain in space.items() if domain.size > 1]
    pinned = (name for name, domain in known.history.hull.items() if domain.size > 1 and name not in names)
    found = replace(found, pinned=tuple(pinned))
    if why := _why_none(found, names, is_flat=known.is_flat):
        return replace(found, why=why)
    influence = influences(known, TOP, np.random.default_rng(0))
    if not influence.shares.shape[1]:
        return replace(found, why="No two configurations of the space differ in what is expected of them.")
    drawn = dict(zip(space.names, influence.shares, strict=True))
    tail = (1.0 - CONFIDENCE) / 2.0
    shares = [
        Share(
            name=name,
            share=float(drawn[name].mean()),
            low=float(np.quantile(drawn[name], tail)),
            high=float(np.quantile(drawn[name], 1.0 - tail)),
        )
        for name in names
    ]
    ranked = tuple(sorted(shares, key=lambda each: -each.share))
    return replace(found, shares=ranked, predicted=influence.predicted)


def by_name(found: Importance) -> dict[str, float]:
    """The shares, the largest first. RungError when there are none."""
    if found.why:
        raise RungError(found.why, hint="Ask again when more trials have ended." if found.trials < LEAST else "")
    return {each.name: each.share for each in found.shares}


def plot_importance(found: Importance, *, title: str = "") -> Figure:
    """A bar for each hyperparameter with its share, the largest on top, and a line for its interval.

    Of very many only the first. MissingExtraError without matplotlib.
    """
    shown = found.shares[:MOST_BARS]
    figure = new_figure(7, max(2.2, 1.5 + 0.36 * len(shown)), title=title)
    axes = figure.subplots()
    if not shown:
        axes.set_axis_off()
        axes.text(0.5, 0.5, plain(found.why), transform=axes.transAxes, ha="center", va="center", color=GREY)
        return figure
    axes.barh(range(len(shown)), [each.share for each in shown], height=0.62, color=COLOR, alpha=0.85, gid="shares")
    _draw_intervals(axes, shown)
    axes.set_yticks(range(len(shown)), labels=[shortened(each.name, LONGEST) for each in shown])
    axes.set(xlim=(0, 1), ylim=(len(shown) - 0.4, -0.6), xlabel=f"share in what makes the best {TOP:.0%}")
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)
    figure.supxlabel(_counted(found), fontsize="small", color=GREY)
    return figure


def _draw_intervals(axes: Axes, shown: Sequence[Share]) -> None:
    for place, each in enumerate(shown):
        axes.plot([each.low, each.high], [place, place], color="#202020", linewidth=1.4, gid="interval")
        word = f"{each.share:.0%}" if each.share >= 0.005 else "<1%"
        axes.annotate(word, (max(each.high, each.share), place), (5, 0), textcoords="offset points", va="center")


def _counted(found: Importance) -> str:
    failed = f", {found.failed:,} of them failed" if found.failed else ""
    little = "only " if found.predicted < LITTLE else ""
    rest = found.shares[MOST_BARS:]
    pinned = f"\nNot shown, as pinned to one value now: {_listed(found.pinned)}." if found.pinned else ""
    left_out = f"\n{len(rest):,} more have {sum(each.share for each in rest):.0%} together." if rest else ""
    return (
        f"From {found.trials:,} trials{failed}. Lines hold {CONFIDENCE:.0%} of what the model deems possible.\n"
        f"The model predicts {little}{found.predicted:.0%} of the variance of trials that it is not shown."
        f"{left_out}{pinned}"
    )


def _listed(names: Sequence[str]) -> str:
    """The names, as many as fit on a line."""
    shown = [shortened(name, LONGEST) for name in names[:MOST_NAMED]]
    return ", ".join(shown) + (f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else "")


def _why_none(found: Importance, names: Sequence[str], *, is_flat: bool) -> str:
    """Why there is nothing to tell, in a sentence; empty where there is."""
    if not names:
        return "No hyperparameter of the space varies, so none is more important than another."
    if found.trials < LEAST:
        return f"The importance of hyperparameters needs {LEAST} trials with an outcome, and there are {found.trials}."
    if found.failed == found.trials:
        return "All trials have failed, so nothing is known about what makes a good one."
    return "All trials came out the same, so no hyperparameter has shown any importance." if is_flat else ""
