import numpy as np

from rung.integrations.hyperopt import hp, pyll


def test_points_at_random():
    space = {"x": hp.uniform("x", 2, 3), "o": hp.choice("o", ["a", "b"])}
    points = [pyll.stochastic.sample(space, rng=np.random.default_rng(seed)) for seed in (0, 0, 1, 2, 3, 4)]
    assert points[0] == points[1] != points[2]
    assert {point["o"] for point in points} == {"a", "b"}
    assert all(2 <= point["x"] <= 3 for point in points)
    assert pyll.stochastic.sample(space).keys() == {"x", "o"}
