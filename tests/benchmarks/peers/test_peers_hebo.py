import random
import warnings
from typing import ClassVar

import numpy as np
import pytest
from peer_suite import MIXED, PeerSuite, global_states, rate_loss, text

from rung.benchmarks.peers import hebo as peer
from rung.space import Choice, Float, Int, Space
from rung.testing.play import Course

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what torch will drop
        import hebo.optimizers.hebo  # noqa: F401
except ImportError as error:  # 0.3.6 passes with NumPy 2.4, pandas 3.1, pymoo 0.6.2 and GPyTorch 1.15
    pytest.skip(f"it takes HEBO 0.3.6, which pip adds with --no-deps only: {error}", allow_module_level=True)

SMALL = Space({"rate": MIXED["rate"], "units": Int(8, 512, log=True), "kind": Choice([None, [1], "a"])})
"""Few dimensions, so that only four trials come before the model."""


class TestHebo(PeerSuite):
    peer = peer
    imports = "hebo"
    fewer: ClassVar = {"hebo": 5}  # a few seconds each once the model is at work; see below for that
    blind = frozenset()

    def test_the_seed_decides_where_the_model_is_at_work(self) -> None:
        course = Course(loss=rate_loss)
        first = self.play("hebo", SMALL, course, n_trials=8).configs()
        np.random.random(3)  # noqa: NPY002
        random.random()
        before = global_states()
        assert text(self.play("hebo", SMALL, course, n_trials=8).configs()) == text(first)
        assert global_states() == before
        assert all(text(config) == text(SMALL.validate(config)) for config in first)

    def test_it_begins_evenly_on_the_scales_of_the_space(self) -> None:
        """The Sobol points before the model are one more than there are dimensions, and while all trials fail."""
        space = Space(
            {"rate": Float(1e-12, 1.0, log=True), "tiny": Float(1e-10, 3e-10), "units": Int(2, 512, log=True)}
        )
        failing = Course(failures=dict.fromkeys(range(100), 1))
        configs = self.play("hebo", space, failing, n_trials=64).configs()
        for name in space:
            below = sum(space[name].to_unit(config[name]) < 0.5 for config in configs)
            assert 29 <= below <= 35, name

    def test_losses_guide_it(self) -> None:
        """What follows the four trials without a model is within half a decade of the best, where chance puts 20 %."""
        runs = [self.play("hebo", SMALL, Course(loss=rate_loss), n_trials=9, workers=1, seed=seed) for seed in range(3)]
        assert np.median([rate_loss(config, 1) for run in runs for config in run.configs()[4:]]) < 0.5
