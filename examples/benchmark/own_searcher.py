"""Is a searcher of one's own better than random search? Half a minute on two cores.

    python examples/benchmark/own_searcher.py --out results

The searcher walks: mostly it changes one hyperparameter of the best configuration so far. After a change to it,
take another folder; in the same folder, more seeds are added to what is there.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import rung
from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.report import circumstances_of, verdict, write_report
from rung.benchmarks.runner import run_benchmark
from rung.events import Observed, Started
from rung.types import Suggestion

CHANCE_OF_A_STEP = 0.8


class Walk:
    """Changes one hyperparameter of the best configuration, or draws a new one."""

    def __init__(self, space: rung.Space, *, points_to_evaluate: Any = ()) -> None:
        self.space = space
        self._given = list(points_to_evaluate)
        self._configs: dict[int, Any] = {}
        self._best: tuple[float, Any] | None = None

    def suggest(self, rng: np.random.Generator) -> Suggestion:
        """What to try next."""
        if len(self._configs) < len(self._given):
            return Suggestion(self._given[len(self._configs)])
        if self._best is None or rng.random() > CHANCE_OF_A_STEP:
            return Suggestion(self.space.sample(rng))
        config, new = dict(self._best[1]), self.space.sample(rng)
        name = str(rng.choice([name for name in config if name in new]))
        return Suggestion(config | {name: new[name]})

    def update(self, event: Any) -> None:
        """Remember the best configuration; the lower a loss, the better."""
        if isinstance(event, Started):
            self._configs[event.trial] = event.config
        if isinstance(event, Observed) and event.loss is not None:
            reached = event.loss, self._configs[event.trial]
            self._best = reached if self._best is None else min(self._best, reached, key=lambda each: each[0])

    def spec(self) -> Mapping[str, Any]:
        """By what name it can be made again."""
        return {"class": "own_searcher:Walk"}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="10", help="how many, or which")
    parser.add_argument("--budget", default="40")
    parser.add_argument("--problems", nargs="+", default=["branin", "hartmann6", "ackley:3"])
    parser.add_argument("--out", type=Path, default=Path("results"))
    options = parser.parse_args(arguments)
    results = run_benchmark(
        ["random", "own_searcher:Walk"], options.problems, seeds=options.seeds, budget=options.budget, out=options.out
    )
    found = compare_runs(results.runs)
    print(*verdict(found), sep="\n")
    print(*write_report(found, circumstances_of(results.runs), options.out / "report.html"))


if __name__ == "__main__":
    main()
