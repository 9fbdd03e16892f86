"""Figures of a comparison at its end: the critical-difference diagram, and who was ahead of whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rung.analysis._frame import GREY, new_figure, plain
from rung.analysis.comparison._method_looks import looks_of, short_names
from rung.analysis.comparison.ranking import Friedman
from rung.analysis.comparison.result import Comparison, Pair

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW: Final = 0.28  # inches between two lines of the diagram
MOST_LABELS: Final = 9  # ranks, of which each is named
TWO_SIDES: Final = 6.0  # inches from which names fit at both sides of the diagram
NARROW_GAP: Final = 0.05  # beside the scale of a narrow diagram, as a share of it
WIDEST: Final = 0.6  # of a narrow diagram, for the names
LETTERS: Final = (22, 18, 14, 10)  # to which names are shortened until they fit
DARK: Final = 0.3  # of a share's distance from a half, from where letters are white


def plot_critical_difference(comparison: Comparison, *, title: str = "", width: float = 7.5) -> Figure:
    """Average ranks on a line; a bar joins methods whose ranks differ by no more than the critical difference.

    After Demšar 2006, figure 1, with the best at the left. width: in inches; in a narrow figure all names stand at the
    left, one below the other, and long ones lose their middle. MissingExtraError without matplotlib.
    """
    found = comparison.friedman
    has_two_sides = width >= TWO_SIDES
    n_rows = -(-len(comparison.methods) // 2) if has_two_sides else len(comparison.methods)
    height = ROW * (5 + n_rows + (len(found.groups) if found else 0))
    figure = new_figure(width, max(2.0, height), title=title)
    axes = figure.subplots()
    axes.set_axis_off()
    if found is None:
        axes.text(0.5, 0.5, "no ranks to compare", transform=axes.transAxes, ha="center", va="center", color=GREY)
        return figure
    _draw_scale(axes, comparison, found, has_two_sides=has_two_sides)
    _draw_groups(axes, found)
    _draw_names(axes, comparison, found, n_left=n_rows, width=width)
    words = f"average ranks over {found.n_blocks} {comparison.blocks}; Friedman test: p {_p(found.p)}"
    figure.supxlabel(words, fontsize="small", color=GREY)
    axes.set_xlim(*_ends(comparison, found, width=width))
    axes.set_ylim(-(0.8 + 0.6 * len(found.groups) + n_rows), 3.2)
    return figure


def plot_wins(comparison: Comparison, *, title: str = "") -> Figure:
    """How often the method of a row ended ahead of that of a column, ties as a half; a star where the test agrees.

    MissingExtraError without matplotlib.
    """
    count = len(comparison.methods)
    figure = new_figure(max(4.5, 2.2 + 1.05 * count), max(3.2, 1.8 + 0.62 * count), title=title)
    axes = figure.subplots()
    places = {method: number for number, method in enumerate(comparison.methods)}
    shares = [[float("nan")] * count for _ in range(count)]
    for pair in comparison.pairs:
        first, second = places[pair.first], places[pair.second]
        share = _share(pair)
        shares[first][second], shares[second][first] = share, 1 - share
        star = " *" if pair.is_told else ""
        wins, ties, losses = pair.record.wins, pair.record.ties, pair.record.losses
        ink = "white" if abs(share - 0.5) > DARK else "black"
        axes.text(second, first, f"{wins}–{ties}–{losses}{star}", ha="center", va="center", color=ink)
        axes.text(first, second, f"{losses}–{ties}–{wins}{star}", ha="center", va="center", color=ink)
    axes.imshow(shares, cmap="RdBu", vmin=0, vmax=1, aspect="auto")
    if not comparison.pairs:
        axes.text(0.5, 0.5, "no pairs to compare", transform=axes.transAxes, ha="center", va="center", color=GREY)
    names = [plain(method) for method in comparison.methods]
    axes.set_xticks(range(count), names, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(count), names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(
        "wins–ties–losses of the row against the column\n* told apart by interval and signed-rank test",
        color=GREY,
        fontsize="small",
    )
    return figure


def _share(pair: Pair) -> float:
    record = pair.record
    return (record.wins + record.ties / 2) / (record.wins + record.ties + record.losses)


def _draw_scale(axes: Axes, comparison: Comparison, found: Friedman, *, has_two_sides: bool) -> None:
    count = len(comparison.methods)
    axes.plot([1, count], [0, 0], color="black", linewidth=1)
    every = 1 if count <= MOST_LABELS else 2
    for rank in range(1, count + 1):
        axes.plot([rank, rank], [0, 0.25], color="black", linewidth=1)
        if rank == 1 or (count - rank) % every == 0:
            axes.text(rank, 0.4, str(rank), ha="center", va="bottom", fontsize="small")
    end = 1 + found.difference
    axes.plot([1, end], [1.9, 1.9], color="black", linewidth=1, marker="|", markersize=6)
    words = f"critical difference {found.difference:.2f} (α = {found.alpha:g})"
    place, side = (1.0, "left") if has_two_sides else (max(float(count), end), "right")
    axes.text(place, 2.15, words, fontsize="small", ha=side)


def _draw_groups(axes: Axes, found: Friedman) -> None:
    for number, group in enumerate(found.groups):
        ends = [found.ranks[group[0]], found.ranks[group[-1]]]
        height = -0.7 - 0.6 * number
        axes.plot([ends[0] - 0.04, ends[1] + 0.04], [height, height], color=GREY, linewidth=4, solid_capstyle="butt")


def _draw_names(axes: Axes, comparison: Comparison, found: Friedman, *, n_left: int, width: float) -> None:
    """The best ones to the left, the best on top; the others to the right, the worst on top, so no lines cross."""
    count = len(comparison.methods)
    looks = looks_of(comparison.methods)
    order = sorted(range(count), key=lambda method: found.ranks[method])
    below = 1.2 + 0.6 * len(found.groups)
    names = comparison.methods if n_left < count else _fitting(comparison.methods, width)
    margin = (0.1 if n_left < count else NARROW_GAP) * (count - 1)
    for place, method in enumerate(order):
        is_left = place < n_left
        height = -(below + (place if is_left else count - 1 - place))
        side = 1 - margin if is_left else count + margin
        rank, look = found.ranks[method], looks[comparison.methods[method]]
        name = plain(names[method])
        axes.plot([rank, rank, side], [0, height, height], color=look.color, linestyle=look.dash, linewidth=1.2)
        words = f"{name}  {rank:.2f}" if is_left else f"{rank:.2f}  {name}"
        axes.text(side, height, f" {words} ", ha="right" if is_left else "left", va="center")


def _ends(comparison: Comparison, found: Friedman, *, width: float) -> tuple[float, float]:
    """Of the horizontal axis, with room for the names; the whole critical difference is on it."""
    count = len(comparison.methods)
    end = max(float(count), 1 + found.difference)
    if width >= TWO_SIDES:
        return 1 - 0.45 * (count - 1), end + 0.45 * (count - 1)
    share = _share_of_names(_fitting(comparison.methods, width), width)
    gap = NARROW_GAP * (count - 1)
    whole = (end - 1 + gap) / (1 - share - NARROW_GAP)
    return 1 - gap - share * whole, end + NARROW_GAP * whole


def _fitting(methods: Sequence[str], width: float) -> Sequence[str]:
    """Their names in a narrow diagram, shortened as little as leaves room for the scale."""
    tried = [short_names(methods, most) for most in LETTERS]
    return next((names for names in tried if _share_of_names(names, width) <= WIDEST), tried[-1])


def _share_of_names(names: Sequence[str], width: float) -> float:
    """How much of a diagram of this width the longest name takes, with its rank."""
    return (max(map(_inches, names)) + _inches("  10.00  ")) / width


def _inches(words: str) -> float:
    """How wide these words are in the letters of the figures."""
    from matplotlib import rcParams
    from matplotlib.textpath import TextPath

    path = TextPath((0, 0), plain(f"|{words}|"), size=rcParams["font.size"])
    return float(path.get_extents().width) / 72


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
