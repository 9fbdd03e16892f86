from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from rung.checks import number, whole_number
from rung.errors import SettingError

SEVERAL = np.array([2, 3])


@pytest.mark.parametrize(
    "value",
    [True, np.True_, 2.0, np.float64(2), "2", b"2", None, 0, -1, SEVERAL],
    ids=repr,
)
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(SettingError, match=r"^width must be a whole number, at least 1, not .*Give for instance 5\.$"):
        whole_number("width", value, at_least=1, example=5)


@pytest.mark.parametrize("value", [4, np.int64(4), np.uint8(4), np.array(4)], ids=repr)
def test_anything_with_an_index_is_a_whole_number(value: Any) -> None:
    found = whole_number("width", value, at_least=4, example=5)
    assert (found, type(found)) == (4, int)


@pytest.mark.parametrize(
    "value",
    [
        True,
        np.True_,
        np.array(True),
        "0.5",
        b"0.5",
        None,
        math.nan,
        math.inf,
        -math.inf,
        10**400,
        1j,
        SEVERAL,
        np.str_("3"),
        np.bytes_(b"3"),
        np.complex128(1),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(SettingError, match=r"^rate must be a finite number, not .*Give for instance 0\.1\.$"):
        number("rate", value, example=0.1)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.array(0.5), Fraction(1, 2), Decimal("0.5")], ids=repr)
def test_any_librarys_number_comes_back_as_a_float(value: Any) -> None:
    found = number("rate", value, example=0.1)
    assert (found, type(found)) == (0.5, float)


def test_tensors_of_one_number_will_do_but_no_truth_value() -> None:
    torch = pytest.importorskip("torch")
    assert number("rate", torch.tensor(0.5), example=0.1) == 0.5
    assert number("rate", torch.tensor(3), example=0.1) == 3.0
    with pytest.raises(SettingError, match=r"rate must be a finite number, not tensor\(True\)"):
        number("rate", torch.tensor(True), example=0.1)


def test_a_whole_number_is_a_number_as_well() -> None:
    assert [type(number("rate", value, example=1)) for value in (3, np.int8(3))] == [float, float]


@pytest.mark.parametrize(
    ("bounds", "refused", "allowed", "words"),
    [
        ({"above": 0}, [0, -1.0], [1e-300, 1e300], "a finite number, above 0, not"),
        ({"at_least": 0}, [-1e-300], [0, 1e300], "a finite number, at least 0, not"),
        ({"below": 1}, [1, 2.0], [0.999, -1e300], "a number, below 1, not"),
        ({"at_most": 0.5}, [0.51], [0.5, -3], "a number, at most 0.5, not"),
        ({"above": 0, "at_most": 1}, [0, 1.01], [0.01, 1], "a number, above 0 and at most 1, not"),
        ({"at_least": 0, "below": 1}, [-0.01, 1], [0, 0.99], "a number, at least 0 and below 1, not"),
        ({"at_least": 0, "may_be_infinite": True}, [-1, -math.inf], [0, math.inf], "a number, at least 0, not"),
        ({"above": 0, "may_be_infinite": True}, [0, math.nan], [0.01, math.inf], "a number, above 0, not"),
    ],
    ids=str,
)
def test_bounds(bounds: dict[str, Any], refused: list[float], allowed: list[float], words: str) -> None:
    for value in refused:
        with pytest.raises(SettingError, match=f"^rate must be {words} "):
            number("rate", value, example=0.1, **bounds)
    for value in allowed:
        assert number("rate", value, example=0.1, **bounds) == value


def test_an_example_may_have_words_behind_it() -> None:
    with pytest.raises(SettingError) as caught:
        whole_number("workers", 0, at_least=1, example="4, or leave it out")
    assert caught.value.sentence == "workers must be a whole number, at least 1, not 0."
    assert caught.value.hint == "Give for instance 4, or leave it out."
