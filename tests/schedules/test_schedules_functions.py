from __future__ import annotations

import math

import numpy as np
import pytest
from schedule_examples import double

from rung.errors import SettingError
from rung.schedules import cosine, from_json, function

LEVELS = [0.3, 0.2, 0.1]


def by_index(t: int) -> float:
    return LEVELS[min(t, 2)]


class Inner:
    @staticmethod
    def half(t: float) -> float:
        return t / 2


def test_the_callable_is_asked_with_the_number_it_is() -> None:
    seen: list[object] = []

    def call(t: float) -> float:
        seen.append(t)
        return 1.0

    schedule = function(call)
    schedule(np.int64(3))
    schedule(0.5)
    schedule([1, 2])
    assert [(type(t), t) for t in seen] == [(int, 3), (float, 0.5), (int, 1), (int, 2)]
    assert function(by_index)(range(5)).tolist() == [0.3, 0.2, 0.1, 0.1, 0.1]


def test_a_schedule_is_itself() -> None:
    assert function(cosine(5)) is not None
    assert function(cosine(5)) == cosine(5)


def test_what_can_be_imported_has_a_form() -> None:
    for call in (double, math.sqrt, Inner.half, by_index):
        form = function(call, unit="rate").to_json()
        assert from_json(form) == function(call, unit="rate")
    assert function(math.sqrt).to_json() == {"type": "function", "code": "math:sqrt", "unit": "factor"}


def test_what_can_not_be_imported_has_none() -> None:
    def local(t: float) -> float:
        return t

    class Callable:
        def __call__(self, t: float) -> float:
            return t

    for call in (local, lambda t: t, Callable()):
        assert function(call)(3) == 3
        with pytest.raises(SettingError, match=r"has no JSON form.*def at the top of a module"):
            function(call).to_json()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: function(0.1), r"0\.1 can't be called"),
        (lambda: function(double, unit="lr"), "no unit 'lr'"),
        (lambda: function(lambda t: None)(3), r"returned None for t=3.*Return a number"),
        (lambda: function(lambda t: math.nan)(3), "returned nan for t=3"),
        (lambda: function(lambda t: "x")([3]), "returned 'x' for t=3"),
        (lambda: from_json({"type": "function", "code": "math:pi"}), "'math:pi' can't be called"),
        (lambda: from_json({"type": "function", "code": "math:nothing"}), "'math:nothing' can't be imported"),
        (lambda: from_json({"type": "function", "code": ""}), "'' can't be imported"),
    ],
)
def test_what_is_no_function(make, why) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingError, match=why):
        make()
