from collections.abc import Callable, Iterator
from typing import ClassVar

import numpy as np
import pytest
from peer_suite import CONDITIONAL, MIXED, PeerSuite, rate_loss, sampled, task, text
from scipy.stats import kstest

from rung.benchmarks.peers import smac as peer
from rung.benchmarks.peers._flat import Flat
from rung.space import Float, Space
from rung.testing.play import Course
from rung.types import Config

pytest.importorskip("smac")

RATE = Space({"rate": MIXED["rate"]})
"""One dimension, since the initial design takes ten trials for each."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The matrices are too small for more, and they are shared with other tests."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


class TestSmac(PeerSuite):
    peer = peer
    imports = "smac"
    fewer: ClassVar = {"bb": 13}

    def test_it_learns_from_the_points(self, algorithm: str) -> None:
        """Nothing but the losses of the points differs, and it shows after the initial design."""
        points = sampled(RATE, 4)

        def configs(sign: int) -> list[Config]:
            def loss(config: Config, step: int) -> float:
                return sign * rate_loss(config, step) if config in points else 0.5

            return self.play(algorithm, RATE, Course(loss=loss), points=points, n_trials=17, workers=1).configs()

        up, down = configs(1), configs(-1)
        assert text(up[:12]) == text(down[:12])
        assert (text(up) == text(down)) == (algorithm in self.blind)

    def test_ranges_that_config_space_would_round_are_kept(self) -> None:
        space = Space({"rate": Float(1e-12, 1.0, log=True), "tiny": Float(1e-10, 3e-10)})
        configs = self.play("random", space, n_trials=101, workers=1).configs()[1:]  # the first is the middle
        for name in space:
            assert kstest([space[name].to_unit(config[name]) for config in configs], "uniform").pvalue > 0.01, name

    def test_conditions_on_listed_values_are_told(self) -> None:
        told = peer._space(CONDITIONAL, Flat(CONDITIONAL, peer._KINDS)).conditional_hyperparameters
        assert set(told) == {"momentum", "beta", "decay", "both"}  # nesterov depends on a float

    def test_losses_guide_it(self) -> None:
        for algorithm, n_trials in (("hpo", 18), ("bb", 14)):
            assert self.median_best(algorithm, n_trials) < self.median_best("random", n_trials) / 4, algorithm

    def median_best(self, algorithm: str, n_trials: int) -> float:
        course = Course(loss=rate_loss)
        runs = [self.play(algorithm, RATE, course, n_trials=n_trials, workers=1, seed=seed) for seed in range(3)]
        return float(np.median([min(rate_loss(config, 1) for config in run.configs()) for run in runs]))

    def test_a_failed_trial_counts_as_the_worst_so_far(self) -> None:
        failed = suggested(lambda losses: None)
        assert failed == suggested(max)
        assert failed != suggested(lambda losses: -100.0)


@pytest.mark.parametrize(("n_trials", "design"), [(12, 3), (40, 10), (None, 10)])
def test_the_initial_design_has_a_quarter_of_the_trials_at_most(n_trials: int | None, design: int) -> None:
    smac = peer.ALGORITHMS["hpo"](task(RATE)._replace(n_trials=n_trials))
    assert len(smac._facade._initial_design.select_configurations()) == design


def suggested(seventh: Callable[[list[float]], float | None]) -> str:
    """What the forest leads to when its seventh trial ends with a loss that is made of those before it."""
    smac = peer.ALGORITHMS["hpo"](task(RATE))
    configs, losses = [], []
    for number in range(13):
        asked = smac.ask()
        configs.append(asked.config)
        losses.append(rate_loss(asked.config, 1))
        smac.tell(asked.key, seventh(losses[:6]) if number == 6 else losses[-1], is_stopped=False)
    return text(configs)
