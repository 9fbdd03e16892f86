from __future__ import annotations

import pytest
from schedule_examples import EXAMPLES, double

from rung.errors import SettingError
from rung.schedules import Epochs, cosine, from_json, function, repeat, warmup


def test_a_form_by_hand() -> None:
    form = {
        "type": "scaled",
        "rate": 0.3,
        "part": {
            "type": "chain",
            "parts": [
                {"type": "ramp", "steps": {"type": "fraction", "share": 0.05}, "start": 0, "end": 1},
                {"type": "ramp", "steps": {"type": "epochs", "count": 3}, "end": 0.01, "shape": "cosine"},
            ],
        },
    }
    assert from_json(form) == 0.3 * warmup(0.05).then(cosine(Epochs(3), end=0.01))


def test_lengths_come_back_as_they_were() -> None:
    """Also where a reader of JSON makes an integer of a float."""
    whole = warmup(1.0)
    form = whole.to_json()
    form["steps"]["share"] = 1
    assert from_json(form) == whole != warmup(1)


def test_schedules_that_differ_are_not_equal() -> None:
    forms = [repr(each.to_json()) for each in EXAMPLES.values()]
    assert len(set(forms)) == len(forms)
    assert len(set(EXAMPLES.values())) == len(forms)


@pytest.mark.parametrize(
    ("form", "why"),
    [
        (None, "Expected `object`, got `null`"),
        ({"steps": 5}, "missing required field `type`"),
        ({"type": "spline"}, "Invalid value 'spline'"),
        ({"type": "ramp", "steps": -1}, "Expected `int` >= 0"),
        ({"type": "ramp", "steps": 5, "rate": 1}, "unknown field `rate`"),
        ({"type": "ramp", "steps": 5, "shape": "cubic"}, "Invalid enum value 'cubic'"),
        ({"type": "ramp", "steps": 5, "power": -1}, "power=-1.0 gives no ramp"),
        ({"type": "exponential", "gamma": 0.9, "every": 0}, "Expected `int` >= 1"),
        ({"type": "until", "part": {"type": "constant"}}, "missing required field `steps`"),
        ({"type": "chain", "parts": [{"type": "ramp", "steps": "5"}]}, r"at `\$\.parts\[0\]\.steps`"),
        ({"type": "function", "code": "nowhere_at_all:call"}, "can't be imported"),
    ],
)
def test_what_is_no_form(form, why) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingError, match=f"not the JSON form of a schedule: .*{why}"):
        from_json(form)


def test_a_function_inside_others() -> None:
    schedule = 0.3 * repeat(function(double).until(4))
    assert from_json(schedule.to_json())(range(6)).tolist() == pytest.approx([0.3, 0.9, 1.5, 2.1, 0.3, 0.9])
