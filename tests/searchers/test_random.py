from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rung.errors import SettingError, SpaceError
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space, linear
from rung.testing.play import play
from rung.testing.searcher_suite import SearcherSuite

SPACE = Space({"rate": Float(1e-4, 1.0, log=True), "x": Float(0.0, 1.0)})


class TestRandom(SearcherSuite):
    def make(self, space: Space) -> RandomSearcher:
        return RandomSearcher(space)


def test_draws_have_the_distribution_of_the_space() -> None:
    searcher, rng = RandomSearcher(SPACE), np.random.default_rng(0)
    configs = [searcher.suggest(rng).config for _ in range(2000)]
    for name, share in (("rate", lambda value: np.log10(value) / 4 + 1), ("x", lambda value: value)):
        shares = [share(config[name]) for config in configs]
        assert stats.kstest(shares, "uniform").pvalue > 0.01


def test_the_initial_configuration_comes_first() -> None:
    searcher = RandomSearcher({"x": stats.uniform(0, 1)}, initial_config={"x": 1})
    configs = play(BasicScheduler(searcher), new_trials=3, workers=3).configs()
    assert configs[0] == {"x": 1.0}
    assert configs[1] != configs[2]
    assert searcher.spec() == {"name": "random", "points_to_evaluate": [{"x": 1.0}]}


def test_points_to_evaluate_come_first_in_their_order() -> None:
    points = [{"rate": 0.1, "x": 0.5}, {"rate": 0.2, "x": 0.5}]
    searcher = RandomSearcher(SPACE, points_to_evaluate=points)
    assert play(BasicScheduler(searcher), new_trials=3).configs()[:2] == points


def test_unusable_starting_points() -> None:
    with pytest.raises(SettingError, match="initial_config and points_to_evaluate were both given"):
        RandomSearcher(SPACE, initial_config={"rate": 0.1, "x": 0.5}, points_to_evaluate=[{"rate": 0.1, "x": 0.5}])
    with pytest.raises(SpaceError, match="rate: "):
        RandomSearcher(SPACE, initial_config={"rate": 10.0, "x": 0.5})


def test_half_of_the_draws_follow_the_priors() -> None:
    space = Space({"rate": Float(1e-4, 1.0, log=True), "kind": ["a", "b", "c", "d"]}, priors={"rate": "~1e-1:high"})
    searcher, rng = RandomSearcher(space), np.random.default_rng(0)
    places = np.array([np.log10(searcher.suggest(rng).config["rate"]) / 4 + 1 for _ in range(2000)])
    believed = stats.truncnorm(-0.75 / 0.05, 0.25 / 0.05, loc=0.75, scale=0.05)

    def share_below(place: float) -> float:
        return 0.5 * place + 0.5 * float(believed.cdf(place))

    assert stats.kstest(places, np.vectorize(share_below)).pvalue > 0.01


def test_what_is_believed_keeps_to_the_constraints() -> None:
    space = Space(
        {"a": Float(0.0, 1.0), "b": Float(0.0, 1.0)},
        constraints=[linear({"a": 1, "b": 1}, at_most=1)],
        priors={"a": "~0.9:high", "b": "~0.9:high"},
    )
    searcher, rng = RandomSearcher(space), np.random.default_rng(0)
    assert all(sum(searcher.suggest(rng).config.values()) <= 1.0 for _ in range(50))
