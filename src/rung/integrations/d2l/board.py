"""Curves that grow while numbers come in."""

from __future__ import annotations

import importlib
import io
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from rung.errors import MissingExtraError
from rung.integrations.d2l.hyperparameters import HyperParameters

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D


@final
class ProgressBoard(HyperParameters):
    """A plot with one line per label, shown and brought up to date in notebooks; elsewhere ``save`` or ``fig`` has it.

    All options are attributes and may be changed at any time. ls, colors: taken in turn, and again from the start.
    fig, axes: draw there instead of into a new figure. figsize: inches. display: whether to show it.
    """

    xlabel: str | None
    ylabel: str | None
    xlim: Sequence[float] | None
    ylim: Sequence[float] | None
    xscale: str
    yscale: str
    ls: Sequence[str]
    colors: Sequence[str]
    fig: Figure | None
    axes: Axes | None
    figsize: tuple[float, float]
    display: bool

    def __init__(  # noqa: PLR0917  the book's signature
        self,
        xlabel: str | None = None,
        ylabel: str | None = None,
        xlim: Sequence[float] | None = None,
        ylim: Sequence[float] | None = None,
        xscale: str = "linear",
        yscale: str = "linear",
        ls: Sequence[str] = ("-", "--", "-.", ":"),
        colors: Sequence[str] = ("C0", "C1", "C2", "C3"),
        fig: Figure | None = None,
        axes: Axes | None = None,
        figsize: tuple[float, float] = (3.5, 2.5),
        display: bool = True,  # noqa: FBT001, FBT002  the book's signature
    ) -> None:
        self.save_hyperparameters()
        self._lines: dict[str, Line2D] = {}
        self._waiting: dict[str, list[tuple[float, float]]] = {}
        self._shown: Any = None

    def draw(self, x: Any, y: Any, label: str, every_n: int = 1) -> None:
        """Add a point to the line of that label. every_n: the mean of so many points becomes one of the line."""
        waiting = self._waiting.setdefault(label, [])
        waiting.append((float(x), float(y)))
        if len(waiting) < every_n:
            return
        line = self._line(label)
        points = zip(*waiting, strict=True)
        means = [sum(values) / len(values) for values in points]
        waiting.clear()
        line.set_data([*line.get_xdata(), means[0]], [*line.get_ydata(), means[1]])  # type: ignore[misc]
        self._fit()
        self._show()

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file of a kind that matplotlib knows by its ending; returns the path."""
        self._axes().get_figure(root=True).savefig(path)  # type: ignore[union-attr]  # these axes have one
        return Path(path)

    def _line(self, label: str) -> Line2D:
        if label not in self._lines:
            axes = self._axes()
            style, colour = (_nth(each, len(self._lines)) for each in (self.ls, self.colors))
            (self._lines[label],) = axes.plot([], [], linestyle=style, color=colour, label=label)
        return self._lines[label]

    def _axes(self) -> Axes:
        if self.axes is None:
            if self.fig is None:
                try:
                    from matplotlib.figure import Figure
                except ImportError as error:
                    raise MissingExtraError("ProgressBoard", "plot") from error
                self.fig = Figure(figsize=self.figsize, layout="constrained")
            self.axes = self.fig.gca()
        return self.axes

    def _fit(self) -> None:
        axes = self._axes()
        axes.set(xlabel=self.xlabel or "", ylabel=self.ylabel or "", xscale=self.xscale, yscale=self.yscale)
        axes.relim()
        axes.autoscale()
        if self.xlim:
            axes.set_xlim(*self.xlim)
        if self.ylim:
            axes.set_ylim(*self.ylim)
        axes.legend()

    def _show(self) -> None:
        """In IPython, as one output that is replaced, so that what was printed stays."""
        ipython = sys.modules.get("IPython")
        if not self.display or ipython is None or ipython.get_ipython() is None:
            return
        picture = io.BytesIO()
        self._axes().get_figure(root=True).savefig(picture, format="png")  # type: ignore[union-attr]
        display = importlib.import_module("IPython.display")
        image = display.Image(data=picture.getvalue())
        if self._shown is None:
            self._shown = display.display(image, display_id=True)
        else:
            self._shown.update(image)


def _nth(values: Sequence[str], index: int) -> str:
    return next(itertools.islice(itertools.cycle(values), index, None))
