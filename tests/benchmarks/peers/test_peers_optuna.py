import statistics
from typing import ClassVar

import pytest
from peer_suite import BOWL_SPACE, MIXED, PeerSuite, best_losses, losses_after_points, sampled, task

from rung.benchmarks.peers import optuna as peer

optuna = pytest.importorskip("optuna")


class TestOptuna(PeerSuite):
    peer = peer
    imports = "optuna"
    fewer: ClassVar = {"gp": 14}
    blind = frozenset({"random", "qmc", "asha+random", "median+random"})


def test_tpe_beats_random_search():
    tpe, at_random = (statistics.median(best_losses(peer, each, n_trials=40, seeds=5)) for each in ("tpe", "random"))
    assert tpe < at_random / 2


def test_gp_goes_to_the_bottom():
    points, more = losses_after_points(peer, "gp", n_points=24, n_more=3)
    assert min(more) < min(points) / 2


def test_qmc_is_even_and_not_the_same_for_all_seeds():
    spaces = []
    for seed in (1, 2):
        made = peer.ALGORITHMS["qmc"](task(BOWL_SPACE, seed=seed))
        spaces.append(BOWL_SPACE.encode([made.ask().config for _ in range(65)])[1:])  # the first one is random
    for points in spaces:
        for column in points.T:
            assert len(set((column * 64).astype(int))) == 64, "a Sobol sequence has one point in each part"
    assert (spaces[0] != spaces[1]).all()


def told(made, losses, steps=1):
    """The trials that were asked for and told to the end with these losses."""
    for loss in losses:
        key = made.ask().key
        for step in range(1, steps + 1):
            assert not made.report(key, step, loss)
        made.tell(key, loss, is_stopped=False)


def test_the_median_pruner_stops_what_is_worse_than_the_median_of_five():
    made = peer.ALGORITHMS["median+random"](task(MIXED))
    told(made, [1.0, 2.0, 3.0, 4.0, 5.0])
    better, worse = made.ask().key, made.ask().key
    assert not made.report(better, 1, 2.9)
    assert made.report(worse, 1, 3.1)


def test_halving_stops_what_is_not_among_the_best_quarter():
    made = peer.ALGORITHMS["asha+random"](task(MIXED))
    told(made, [5.0, 1.0], steps=9)  # the first one only says how long a training is
    better, worse = made.ask().key, made.ask().key
    assert made.report(worse, 1, 1.1)
    assert not made.report(better, 1, 0.9)


def test_nothing_is_stopped_at_its_last_step():
    made = peer.ALGORITHMS["median+random"](task(MIXED))
    told(made, [1.0] * 5, steps=9)
    key = made.ask().key
    losses = [0.5] * 8 + [9.0]
    assert not any(made.report(key, step, loss) for step, loss in enumerate(losses, start=1))


def test_ends_have_the_states_of_optuna(monkeypatch):
    studies = []
    create = optuna.create_study
    monkeypatch.setattr(optuna, "create_study", lambda **kwargs: studies.append(create(**kwargs)) or studies[0])
    points = sampled(MIXED, 3)
    made = peer.ALGORITHMS["median+random"](task(MIXED, points))
    done, stopped, failed = (made.ask().key for _ in range(3))
    made.report(stopped, 1, 7.0)
    made.tell(failed, None, is_stopped=False)
    made.tell(stopped, 7.0, is_stopped=True)
    made.tell(done, 0.5, is_stopped=False)
    trials = studies[0].trials
    assert [trial.state.name for trial in trials] == ["COMPLETE", "PRUNED", "FAIL"]
    assert [trial.value for trial in trials] == [0.5, 7.0, None]
    assert trials[0].params["rate"] == points[0]["rate"]
    assert trials[0].distributions["units"] == optuna.distributions.IntDistribution(8, 512, log=True)
    assert trials[0].distributions["rate"] == optuna.distributions.FloatDistribution(1e-5, 1.0, log=True)
    assert trials[0].distributions["kind"] == optuna.distributions.CategoricalDistribution(range(5))
