from __future__ import annotations

import pytest

from rung.errors import SpaceError
from rung.space import (
    Choice,
    Float,
    Int,
    Normal,
    Ordinal,
    choice,
    lograndint,
    loguniform,
    normal,
    ordinal,
    quniform,
    randint,
    uniform,
)


def test_they_are_short_for_domains():
    assert uniform(1, 3) == Float(1, 3)
    assert loguniform(1e-3, 1) == Float(1e-3, 1, log=True)
    assert quniform(0, 1, 0.25) == Float(0, 1, step=0.25)
    assert normal(1, 2) == Normal(1, 2)
    assert normal(1, 2, low=0, high=3) == Normal(1, 2, low=0, high=3)
    assert choice(["a", 1]) == Choice(["a", 1])
    assert ordinal([1, 2]) == Ordinal([1, 2])


def test_integers_leave_high_out():
    assert randint(32, 256) == Int(32, 255)
    assert lograndint(1, 1025) == Int(1, 1024, log=True)
    assert randint(3, 4).grid(5) == [3]


@pytest.mark.parametrize("make", [randint, lograndint])
def test_empty_ranges_are_refused(make):
    with pytest.raises(SpaceError, match=r"randint\(3, 3\) is empty, since high is left out. Use .*randint\(3, 4\)"):
        make(3, 3)
