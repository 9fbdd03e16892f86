from collections.abc import Callable

import numpy as np
import pytest
from peer_suite import MIXED, PeerSuite, rate_loss, sampled, task, text
from scipy.stats import chisquare, kstest

from rung.benchmarks.peers import nevergrad as peer
from rung.space import Float, Int, Ordinal, Space
from rung.testing.play import Course
from rung.types import Config

pytest.importorskip("nevergrad")

GENERATIONS = {"cma": 13, "de": 30, "pso": 40}
"""Algorithm -> the trials after which it begins to learn."""

BOWL = Space({"x": Float(-5, 10), "rate": Float(1e-8, 1.0, log=True)})


def bowl(config: Config, step: int) -> float:
    return (config["x"] - 2.0) ** 2 + rate_loss(config, step) ** 2


class TestNevergrad(PeerSuite):
    peer = peer
    imports = "nevergrad"

    @pytest.mark.parametrize("n_points", [5, 45])
    def test_it_learns_from_the_points(self, algorithm: str, n_points: int) -> None:
        """Once a generation of trials is complete; CMA loses the points that make up a generation by themselves."""
        points = sampled(MIXED, n_points)
        n_trials = max(n_points, GENERATIONS.get(algorithm, 0)) + 18
        for_low, for_high = (
            self.play(algorithm, MIXED, Course(loss=loss), points=points, n_trials=n_trials).configs()
            for loss in (rate_loss, lambda config, step: -rate_loss(config, step))
        )
        assert text(for_low[:n_points]) == text(for_high[:n_points]) == text(points)
        assert (text(for_low) == text(for_high)) == (algorithm in self.blind)

    def test_scales_are_those_of_the_space(self) -> None:
        """Random search draws as the space does, at the ends of ranges of integers too."""
        space = Space(
            {
                "rate": Float(1e-6, 1.0, log=True),
                "share": Float(2, 4),
                "many": Int(1, 12),
                "few": Int(1, 3),
                "units": Int(1, 20, log=True),
                "steps": Float(0.0, 1.0, step=0.1),
                "size": Ordinal([1, 8, 64]),
            }
        )
        configs = self.play("random", space, n_trials=250, workers=1).configs()
        for name in ("rate", "share"):
            assert kstest([space[name].to_unit(config[name]) for config in configs], "uniform").pvalue > 0.01, name
        for name in ("many", "few", "units", "steps", "size"):
            values = space[name].grid(20)
            counts = [sum(config[name] == value for config in configs) for value in values]
            numbers = np.arange(1, 21)
            shares = np.log((numbers + 0.5) / (numbers - 0.5)) if name == "units" else np.ones(len(values))
            assert chisquare(counts, 250 * shares / shares.sum()).pvalue > 0.01, name

    def test_losses_guide_it(self) -> None:
        for algorithm in ("oneplusone", "cma"):
            assert self.median_best(algorithm) < self.median_best("random") / 4, algorithm

    def median_best(self, algorithm: str) -> float:
        course = Course(loss=bowl)
        runs = [self.play(algorithm, BOWL, course, n_trials=60, workers=1, seed=seed) for seed in range(5)]
        return float(np.median([min(bowl(config, 1) for config in run.configs()) for run in runs]))

    def test_a_failed_trial_counts_as_the_worst_so_far(self) -> None:
        failed = suggested(lambda losses: None)
        assert failed == suggested(max)
        assert failed != suggested(lambda losses: -100.0)

    def test_huge_losses_are_taken_without_a_warning(self) -> None:
        assert suggested(lambda losses: 1e25) == suggested(lambda losses: 1e30)


def suggested(eighth: Callable[[list[float]], float | None]) -> str:
    """What PSO asks when its eighth trial ends with a loss that is made of those before it."""
    pso = peer.ALGORITHMS["pso"](task(BOWL))
    configs, losses = [], []
    for number in range(60):
        asked = pso.ask()
        configs.append(asked.config)
        losses.append(bowl(asked.config, 1))
        pso.tell(asked.key, eighth(losses[:7]) if number == 7 else losses[-1], is_stopped=False)
    return text(configs)
