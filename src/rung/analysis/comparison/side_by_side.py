"""What came of strategies that ran side by side: sentences, a table, a picture, a page and JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, to_builtins

from rung.analysis.comparison.report.verdict import best_first, pairs_of
from rung.analysis.comparison.result import Comparison
from rung.analysis.comparison.runs import Run
from rung.analysis.comparison.strategies import (
    Strategy,
    advice,
    conclusions,
    result_of,
    trials_to_baseline,
    verdict_on,
)
from rung.analysis.comparison.tried import Scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rung.types import Json


class SideBySide(Struct, frozen=True, kw_only=True):
    """Strategies on one objective. ``print`` it.

    comparison: all numbers; its methods are the strategies. runs: what they were computed from. scene: what one run of
    each has tried.
    """

    comparison: Comparison
    runs: tuple[Run, ...]
    scene: Scene
    strategies: tuple[Strategy, ...]

    def summary(self) -> str:
        """What these runs say, a sentence in a line, and what weakens it."""
        warnings = [f"Note: {warning}" for warning in self.comparison.warnings]
        return "\n".join([*conclusions(self.comparison, self.scene), *warnings])

    def table(self) -> list[dict[str, Json]]:
        """One flat dict per strategy, the best first.

        median, mean, low, high: of the final values, with the interval of the mean. better_than: those it is really
        better than. trials_to_random: by when its median was where that of random search ended. n_values: how many
        different values of the first hyperparameter shown the run shown has tried. decide_s: per trial.
        """
        comparison = self.comparison
        deciding = {each.method: each.decide_s_per_evaluation for each in comparison.overheads}
        needed = trials_to_baseline(comparison)
        counts = {each.method: each.n_values(0) for each in self.scene.attempts} if self.scene.inputs else {}
        told = [(each.better, each.other) for each in pairs_of(comparison) if each.pair.is_told]
        rows: list[dict[str, Json]] = []
        for method in best_first(comparison):
            result = result_of(comparison, method)
            rows.append({
                "strategy": method,
                "median": result.median,
                "mean": None if result.mean is None else result.mean.estimate,
                "low": None if result.mean is None else result.mean.low,
                "high": None if result.mean is None else result.mean.high,
                "better_than": [other for winner, other in told if winner == method],
                "trials_to_random": needed.get(method),
                "n_values": counts.get(method),
                "decide_s": deciding[method],
            })  # fmt: skip
        return rows

    def plot(self, path: str | Path | None = None, *, only: tuple[str, ...] = (), title: str = "") -> Figure:
        """What each tried, a panel for each, as a matplotlib figure; with a path, saved there too.

        SettingError for a path that is no picture, and where nothing can be drawn; MissingExtraError.
        """
        from rung.analysis.comparison.tried_figure import plot_tried
        from rung.analysis.pictures import format_of, save

        if path is not None:
            format_of(path)  # before the work that would be lost
        figure = plot_tried(self.scene, methods=self.comparison.methods, only=only, title=title)
        if path is not None:
            save(figure, path)
        return figure

    def report(self, path: str | Path, *, title: str = "", command: str = "") -> Path:
        """Write one HTML page with all of it, and as Markdown beside it; returns the page's path.

        path: ends in .html. command: the line that made it, if there was one. SettingError, MissingExtraError.
        """
        from rung.analysis.comparison.report.circumstances import circumstances_of
        from rung.analysis.comparison.report.side_by_side import document_side_by_side
        from rung.analysis.comparison.report.writing import write_document

        circumstances = circumstances_of(self.runs, command=command)
        document = document_side_by_side(self.comparison, self.scene, self.strategies, circumstances, title=title)
        return write_document(document, Path(path))[0]

    def to_json(self) -> dict[str, Json]:
        """The sentences, the table, what was tried, and all numbers behind them; finite numbers only."""
        return {
            "conclusions": list(conclusions(self.comparison, self.scene)),
            "table": self.table(),
            "strategies": [
                {**to_builtins(each), "advice": advice(each), "here": verdict_on(self.comparison, each)}
                for each in self.strategies
            ],
            "tried": msgspec.json.decode(msgspec.json.encode(self.scene)),  # infinite ends become null
            "comparison": self.comparison.to_json(),
        }

    def __str__(self) -> str:
        return self.summary()
