from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import stats

from rung.errors import SpaceError
from rung.space import Choice, Constant, Float, Int, as_domain


@pytest.mark.parametrize(
    ("given", "domain"),
    [
        (Float(0, 1), Float(0, 1)),
        (["a", "b"], Choice(["a", "b"])),
        ((1, 2), Choice([1, 2])),
        (range(3), Choice([0, 1, 2])),
        (3, Constant(3)),
        (0.5, Constant(0.5)),
        ("adam", Constant("adam")),
        (None, Constant(None)),
        (True, Constant(True)),
        (np.float64(0.5), Constant(0.5)),
        (np.bool_(True), Constant(True)),
        ({"type": "int", "low": 1, "high": 3}, Int(1, 3)),
        (stats.randint(1, 4), Int(1, 3)),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", repr(value)),
)
def test_what_can_stand_for_a_domain(given, domain):
    assert as_domain(given) == domain


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lr": Float(0, 1)}, 'a dict is not a domain.*Write flat names such as "optimizer.lr"'),
        ({}, "a dict is not a domain"),
        ({"type": ["sgd", "adam"]}, "a dict is not a domain"),
        ({"type": "flaot", "low": 0}, "no type of domain 'flaot'. There are float, int, normal"),
        ({"type": "float"}, "is not the JSON form of Float"),
        ({"a", "b"}, "can't be used as a domain"),
        (np.array([1, 2]), "ndarray array.* can't be used as a domain. Use a domain such as"),
        (max, "can't be used as a domain"),
        (Float, "can't be used as a domain"),
        (stats.uniform, r"Give its parameters, as in stats.loguniform\(1e-4, 1\)"),
        (stats.multivariate_normal(), "can't be used as a domain"),
    ],
)
def test_what_cannot(given, message):
    with pytest.raises(SpaceError, match=message):
        as_domain(given)
