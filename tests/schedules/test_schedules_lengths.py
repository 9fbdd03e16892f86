from __future__ import annotations

import math

import numpy as np
import pytest

from rung.errors import SettingError
from rung.schedules import Epochs, Fraction, lengths
from rung.schedules.lengths import Horizon, Mixed, as_length


def test_what_stands_for_a_length() -> None:
    assert as_length(5) == as_length(np.int64(5)) == 5
    assert as_length(0.5) == as_length(np.float64(0.5)) == as_length(Fraction(0.5)) == Fraction(0.5)
    assert as_length(1) == 1 != as_length(1.0) == Fraction(1.0)
    assert as_length(Epochs(2)) == Epochs(2)
    assert type(as_length(np.int64(5))) is int
    assert lengths.as_optional_length(None) is None
    assert as_length(0, least=0) == 0


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan, 50.0])
def test_fractions_are_within_0_and_1(share: float) -> None:
    with pytest.raises(SettingError, match=r"is no fraction of the training.*Epochs\(10\)"):
        as_length(share)


@pytest.mark.parametrize("count", [0, -1, math.nan, math.inf])
def test_epochs_are_positive(count: float) -> None:
    with pytest.raises(SettingError, match="is no length"):
        Epochs(count)


def test_halves_are_rounded_up_and_nothing_vanishes() -> None:
    horizon = Horizon(total=10, rest=4, steps_per_epoch=2.5)
    shares = {0.0: 0, 0.01: 1, 0.05: 1, 0.149: 1, 0.15: 2, 0.249: 2, 0.25: 3, 1.0: 10}
    assert {share: horizon.updates(Fraction(share)) for share in shares} == shares
    assert [horizon.updates(Epochs(count)) for count in (0.1, 1, 2, 3)] == [1, 3, 5, 8]
    assert horizon.span(None) == 4
    spared = Horizon(total=10, rest=4, spare=-2)
    assert [spared.span(length) for length in (5, Fraction(0.5), Fraction(0.1))] == [5, 3, 1]
    assert spared.updates(Fraction(0.5)) == 5
    assert horizon.updates(7) == 7


@pytest.mark.parametrize(
    ("length", "why"),
    [
        (None, "the rest of the training"),
        (Epochs(2), "2 epochs"),
        (Fraction(0.1), "0.1 of the training"),
        (Mixed(), "depends on the training"),
        (math.inf, "never ends"),
    ],
)
def test_what_is_not_known_in_updates(length: object, why: str) -> None:
    with pytest.raises(SettingError, match=why):
        lengths.updates(length)
    assert lengths.updates(3) == 3
