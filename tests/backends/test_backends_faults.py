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
        ({"crash": 1.5}, "crash=1.5 is out of range"),
        ({"crash": -0.1}, "crash=-0.1 is out of range"),
        ({"crash": math.nan}, "crash=nan is out of range"),
        ({"crash": True}, "crash=True is out of range"),
        ({"straggle": "often"}, "straggle='often' is out of range"),
        ({"slowdown": 0.5}, "slowdown=0.5 is out of range"),
        ({"slowdown": math.inf}, "slowdown=inf is out of range"),
        ({"absence": -1}, "absence=-1 is out of range"),
        ({"lifetime": 0.0}, "lifetime=0 leaves no worker"),
        ({"lifetime": -1.0}, "lifetime=-1.0 is out of range"),
        ({"lifetime": {-1: 5.0}}, "a worker in lifetime=-1 is out of range"),
        ({"lifetime": {0: -5.0}}, r"lifetime\[0\]=-5.0 is out of range"),
        ({"checkpoint_every": 0}, "checkpoint_every=0 is out of range"),
        ({"checkpoint_every": 1.5}, "checkpoint_every=1.5 is out of range"),
    ],
)
def test_what_is_out_of_range_is_refused(given, message):
    with pytest.raises(SettingError, match=message) as caught:
        Faults(**given)
    assert caught.value.hint
