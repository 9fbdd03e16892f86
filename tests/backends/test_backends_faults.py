from __future__ import annotations

import math

import pytest

from rung.backends.faults import Faults
from rung.errors import SettingError


def test_by_default_nothing_goes_wrong():
    faults = Faults()
    assert (faults.crash, faults.straggle, faults.lifetime, faults.absence) == (0.0, 0.0, math.inf, math.inf)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"crash": 1.5}, "crash must be a number, at least 0 and at most 1, not 1.5"),
        ({"crash": -0.1}, "crash must be a number, at least 0 and at most 1, not -0.1"),
        ({"crash": math.nan}, "crash must be a number, at least 0 and at most 1, not nan"),
        ({"crash": True}, "crash must be a number, at least 0 and at most 1, not True"),
        ({"straggle": "often"}, "straggle must be a number, at least 0 and at most 1, not 'often'"),
        ({"slowdown": 0.5}, "slowdown must be a finite number, at least 1, not 0.5"),
        ({"slowdown": math.inf}, "slowdown must be a finite number, at least 1, not inf"),
        ({"absence": -1}, "absence must be a number, at least 0, not -1"),
        ({"lifetime": 0.0}, "lifetime must be a number, above 0, not 0.0"),
        ({"lifetime": -1.0}, "lifetime must be a number, above 0, not -1.0"),
        ({"lifetime": {-1: 5.0}}, "a worker in lifetime must be a whole number, at least 0, not -1"),
        ({"lifetime": {0: -5.0}}, r"lifetime\[0\] must be a number, at least 0, not -5.0"),
        ({"checkpoint_every": 0}, "checkpoint_every must be a whole number, at least 1, not 0"),
        ({"checkpoint_every": 1.5}, "checkpoint_every must be a whole number, at least 1, not 1.5"),
    ],
)
def test_what_is_out_of_range_is_refused(given, message):
    with pytest.raises(SettingError, match=message) as caught:
        Faults(**given)
    assert caught.value.hint
