from __future__ import annotations

import warnings

import pytest

from rung.errors import RungWarning
from rung.registry import build_searcher
from rung.space import Float, Space

BELIEVED = Space({"lr": Float(1e-4, 1.0, log=True), "x": Float(0.0, 1.0)}, priors={"lr": "~1e-2"})


@pytest.mark.parametrize("name", ["grid", "halton", "sobol"])
def test_who_covers_the_space_evenly_says_that_priors_change_nothing(name: str) -> None:
    with pytest.warns(RungWarning, match="covers the whole space evenly; the priors of lr change nothing"):
        build_searcher({"name": name}, BELIEVED)


@pytest.mark.parametrize("name", ["auto", "cmaes", "evolution", "gp", "random", "tpe", "zoom"])
def test_who_uses_priors_says_nothing(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build_searcher({"name": name}, BELIEVED)
