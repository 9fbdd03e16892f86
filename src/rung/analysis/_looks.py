"""How the figures tell trials apart: marks and colours of states, of the best trial, and of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rung.analysis._frame import Span
from rung.types import Goal, TrialState

if TYPE_CHECKING:
    from matplotlib.colors import Colormap, Normalize


class Look(NamedTuple):
    """How trials of one state are drawn. Sizes and widths are in points.

    marker, size: the mark at the end of the curve. width, opacity: of its line. The marks differ as well as the
    colours, most of which are those that Okabe and Ito (2008) chose for colour-blind people.
    """

    word: str
    color: str
    marker: str
    size: float = 5
    width: float = 1.3
    opacity: float = 0.85


LOOKS: Final[Mapping[TrialState, Look]] = {
    TrialState.COMPLETED: Look("completed", "#0072B2", "o"),
    TrialState.STOPPED: Look("stopped early", "#808080", "s", width=0.7, opacity=0.6),
    TrialState.FAILED: Look("failed", "#000000", "X", size=7.5),
    TrialState.PAUSED: Look("paused", "#CC79A7", "D"),
    TrialState.WAITING: Look("waiting", "#E69F00", "v"),
    TrialState.RUNNING: Look("running", "#009E73", ">"),
}
BEST: Final = "#D55E00"
FAINT: Final = "#B0B0B0"
STAR: Final[Mapping[str, Any]] = {
    "marker": "*",
    "color": BEST,
    "markersize": 15,
    "markeredgecolor": "#000000",
    "linestyle": "none",
}
CROWD: Final = 30  # curves; more of them are drawn fainter


def color_scale(span: Span, *, goal: Goal) -> tuple[Normalize, Colormap]:
    """Colours from the good end of the span, which is dark, to the bad end."""
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm, Normalize

    low, high = sorted((span.good, span.bad))
    norm = LogNorm(low, high, clip=True) if span.log else Normalize(low, high, clip=True)
    return norm, colormaps["viridis" if goal.mode == "min" else "viridis_r"].with_extremes(bad=FAINT)
