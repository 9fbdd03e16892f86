"""The book's plot of several curves over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

from rung.integrations.d2l.board import ProgressBoard


@final
class Animator:
    """Curves that grow by one point each, in a ``ProgressBoard``: ``animator.board`` has the figure and saves it.

    fmts: line style and colour of each curve, as matplotlib abbreviates them. figsize: inches.
    """

    def __init__(  # noqa: PLR0917  the book's signature
        self,
        xlabel: str | None = None,
        ylabel: str | None = None,
        legend: Sequence[str] = (),
        xlim: Sequence[float] | None = None,
        ylim: Sequence[float] | None = None,
        xscale: str = "linear",
        yscale: str = "linear",
        fmts: Sequence[str] = ("-", "m--", "g-.", "r:"),
        figsize: tuple[float, float] = (3.5, 2.5),
    ) -> None:
        styles = [each.lstrip("bgrcmykw") for each in fmts]
        colors = [each.removesuffix(style) or "C0" for each, style in zip(fmts, styles, strict=True)]
        self.legend = legend
        self.board = ProgressBoard(
            xlabel, ylabel, xlim, ylim, xscale, yscale, ls=styles, colors=colors, figsize=figsize
        )

    def add(self, x: Any, y: Any) -> None:
        """Add a point to each curve. x, y: one value for all, or one for each; None leaves a curve as it is."""
        ys = y if isinstance(y, (list, tuple)) else [y]
        xs = x if isinstance(x, (list, tuple)) else [x] * len(ys)
        for index, (one_x, one_y) in enumerate(zip(xs, ys, strict=True)):
            if one_x is not None and one_y is not None:
                label = self.legend[index] if index < len(self.legend) else f"curve {index + 1}"
                self.board.draw(one_x, one_y, label)

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file; returns the path."""
        return self.board.save(path)
