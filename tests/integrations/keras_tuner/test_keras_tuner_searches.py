from __future__ import annotations

import os
import tempfile
from typing import Any

import pytest

from rung.integrations import keras_tuner

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp())  # it writes a file there when it is imported
pytest.importorskip("keras")


class Constant:
    """As much of a model as a search needs that fails before it trains."""


def build(hp: Any) -> Constant:
    hp.Choice("kind", ["a", "b"])
    hp.Boolean("flag")
    return Constant()


@pytest.mark.parametrize(
    ("found", "searcher", "scheduler"),
    [
        (keras_tuner.RandomSearch(build, "loss"), "random", "basic"),
        (keras_tuner.BayesianOptimization(build, "loss", num_initial_points=2), "gp", "basic"),
        (keras_tuner.GridSearch(build, "loss"), "grid", "basic"),
        (keras_tuner.Hyperband(build, "loss", max_epochs=9), "random", "hyperband"),
    ],
)
def test_methods(found, searcher, scheduler):
    with pytest.raises(AttributeError, match="fit"):
        found.search(verbose=0)
    row = found.study.row
    assert row.searcher["name"] == searcher
    assert row.scheduler.get("name", row.scheduler.get("class", "")).rpartition(":")[2].lower() == scheduler
