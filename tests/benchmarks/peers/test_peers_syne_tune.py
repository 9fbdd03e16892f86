import statistics
from typing import ClassVar

import pytest
from peer_suite import BOWL_SPACE, MIXED, PeerSuite, losses_after_points, rate_loss, sampled, task

from rung.benchmarks.peers import syne_tune as peer
from rung.benchmarks.peers.foreign import Foreign
from rung.space import Int, Space
from rung.testing.play import Course, play

pytest.importorskip("syne_tune")
pytest.importorskip("botorch")


class TestSyneTune(PeerSuite):
    peer = peer
    imports = "syne_tune"
    fewer: ClassVar = {"botorch": 6, "bore": 8, "asha+bore": 8, "asha+cqr": 6}
    blind = frozenset({"random", "asha", "median+random", "rea"})  # rea is, until there are 100 results


@pytest.mark.parametrize(("algorithm", "n_more"), [("botorch", 3), ("bore", 3), ("kde", 20)])
def test_models_go_where_losses_are_low(algorithm, n_more):
    points, more = losses_after_points(peer, algorithm, n_points=24, n_more=n_more)
    assert statistics.median(more) < statistics.median(points) / 2


def test_evolution_changes_one_value_of_one_of_the_last_hundred():
    points = sampled(BOWL_SPACE, 100)
    foreign = Foreign("rea", peer.ALGORITHMS["rea"](task(BOWL_SPACE, points)), BOWL_SPACE)
    configs = play(foreign, Course(loss=lambda config, _step: config["x"]), new_trials=120, workers=1).configs()
    for index in range(100, 120):
        child = configs[index]
        assert any((child["x"] == each["x"]) != (child["y"] == each["y"]) for each in configs[index - 100 : index])


def test_asha_stops_what_is_not_among_the_best_third():
    made = peer.ALGORITHMS["asha"](task(MIXED))
    first, worse, better = (made.ask().key for _ in range(3))
    assert [made.report(first, step, 1.0) for step in range(1, 10)] == [False] * 9
    assert made.report(worse, 1, 1.1)
    assert [made.report(better, step, 0.9) for step in (1, 2)] == [False, False]
    assert made.report(better, 3, 1.1)


def test_the_median_rule_stops_what_is_worse_than_half_once_there_are_five():
    made = peer.ALGORITHMS["median+random"](task(MIXED))
    keys = [made.ask().key for _ in range(5)]
    assert [made.report(key, 1, loss) for key, loss in enumerate([1.0, 2.0, 3.0, 4.0])] == [False] * 4
    assert made.report(keys[4], 1, 5.0)


def test_integers_that_kernel_densities_put_outside_are_moved_inside():
    space = Space({"units": Int(400, 512), "layers": Int(3, 40)})
    points = sampled(space, 40)
    foreign = Foreign("kde", peer.ALGORITHMS["kde"](task(space, points)), space)
    course = Course(loss=lambda config, _step: -config["layers"])
    configs = play(foreign, course, new_trials=80, workers=2).configs()
    assert all(400 <= config["units"] <= 512 and 3 <= config["layers"] <= 40 for config in configs)
    assert any(config["units"] == 400 for config in configs[40:])


def test_trials_that_are_stopped_teach_as_well():
    points = sampled(MIXED, 12)
    suggested = []
    for sign in (1, -1):
        made = peer.ALGORITHMS["asha+bore"](task(MIXED, points))
        for point in points:
            key = made.ask().key
            loss = sign * rate_loss(point, 1)
            made.tell(key, loss, is_stopped=made.report(key, 1, loss))
        suggested.append(made.ask().config)
    assert suggested[0] != suggested[1]
