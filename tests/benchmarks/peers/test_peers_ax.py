import warnings
from collections.abc import Iterator
from typing import ClassVar, NoReturn

import numpy as np
import pytest
from peer_suite import CONDITIONAL, MIXED, PeerSuite, rate_loss, task

from rung.benchmarks.peers import ax as peer
from rung.benchmarks.peers._flat import Flat
from rung.space import Choice, Float, Int, Space
from rung.testing.play import Course

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it imports under an old name
    pytest.importorskip("ax.api.client")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The matrices are too small for more, and the cores are shared with other tests."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(before)


class TestAx(PeerSuite):
    peer = peer
    imports = "ax"
    n_trials = 6  # five are the initial ones; more exhaust the smallest space, which takes half a minute to notice
    fewer: ClassVar = {"default": 6}
    blind = frozenset({"sobol"})

    def test_it_begins_with_the_middle_and_goes_on_evenly(self) -> None:
        """On the scales of the space."""
        space = Space(
            {"rate": Float(1e-12, 1.0, log=True), "tiny": Float(1e-10, 3e-10), "units": Int(2, 512, log=True)}
        )
        configs = self.play("sobol", space, n_trials=65, workers=1).configs()
        assert configs[0]["rate"] == pytest.approx(1e-6)
        assert configs[0]["tiny"] == pytest.approx(2e-10)
        for name in space:
            below = sum(space[name].to_unit(config[name]) < 0.5 for config in configs[1:])
            assert 29 <= below <= 35, name

    def test_long_ranges_are_rounded_floats(self) -> None:
        """Of integers Ax would make a list."""
        space = Space({"seed": Int(0, 10**9), "one": Choice(range(2_000)), "step": Float(0, 2, step=0.001)})
        points = ({"seed": 1, "one": 1999, "step": 0.001},)
        configs = self.play("default", space, points=points, n_trials=8, workers=1).configs()
        assert len(configs) == 8
        assert len({config["seed"] for config in configs}) == 8

    def test_conditions_on_one_choice_are_told(self) -> None:
        deeper = Space(
            {"a": Choice(["x", "y"]), "b": Choice([1, 2]), "c": Float(0, 1), "d": Float(0, 1)},
            conditions={"b": ("a", "y"), "c": ("b", 1), "d": ("a", ["x", "y"])},
        )
        assert dict(peer._conditions(deeper, Flat(deeper, peer._KINDS))) == {"b": ("a", 1), "c": ("b", 0)}
        assert dict(peer._conditions(CONDITIONAL, Flat(CONDITIONAL, peer._KINDS))) == {"momentum": ("optimizer", 0)}
        told = peer._Ax("fast", task(deeper))._told
        assert told({"a": 0, "b": 0, "c": 0.5, "d": 0.5}) == {"a": 0, "d": 0.5}
        assert told({"a": 1, "b": 0, "c": 0.5, "d": 0.5}) == {"a": 1, "b": 0, "c": 0.5, "d": 0.5}

    def test_it_ends_when_ax_finds_nothing_new(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from ax.api.client import Client
        from ax.exceptions.core import SearchSpaceExhausted

        ax = peer.ALGORITHMS["default"](task(Space({"kind": Choice(["x", "y"])})))

        def nothing(self: Client, max_trials: int) -> NoReturn:
            raise SearchSpaceExhausted("no new points")

        monkeypatch.setattr(Client, "get_next_trials", nothing)
        assert ax.ask() is None
        monkeypatch.undo()
        assert ax.ask() is None

    def test_losses_guide_it(self) -> None:
        assert self.median_best("default") < self.median_best("sobol") / 4

    def median_best(self, algorithm: str) -> float:
        space, course = Space({"rate": MIXED["rate"]}), Course(loss=rate_loss)
        runs = [self.play(algorithm, space, course, n_trials=9, workers=1, seed=seed) for seed in range(3)]
        return float(np.median([min(rate_loss(config, 1) for config in run.configs()) for run in runs]))
