from functools import partial

import pytest

from rung.errors import SettingError
from rung.integrations.hyperopt import tpe
from rung.space import Float, Space

SPACE = Space({"x": Float(0, 1)})


def test_hyperopts_settings_and_defaults():
    assert tpe.suggest(SPACE).spec() == {
        "name": "tpe", "startup_trials": 20, "gamma": 0.1, "candidates": 24, "prior_weight": 1.0,
    }  # fmt: skip
    given = partial(tpe.suggest, n_startup_jobs=3, n_EI_candidates=5, prior_weight=2.0, verbose=False)
    spec = given(SPACE).spec()
    assert (spec["startup_trials"], spec["candidates"], spec["prior_weight"]) == (3, 5, 2.0)


def test_gamma_means_something_else():
    with pytest.raises(SettingError, match=r"algo='tpe\(gamma=0.1\)'"):
        tpe.suggest(SPACE, gamma=0.25)
