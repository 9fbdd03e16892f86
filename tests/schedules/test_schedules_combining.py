from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_examples import EXAMPLES, is_close

from rung.errors import SettingError
from rung.schedules import (
    Schedule,
    constant,
    cosine,
    exponential,
    from_json,
    function,
    linear,
    multi_factor,
    table,
    warmup,
)

finite = [each for each in EXAMPLES.values() if isinstance(each.length, int) and each.unit == "factor"]
factors = [each for each in EXAMPLES.values() if each.unit == "factor"]


@settings(deadline=None, derandomize=True)
@given(st.sampled_from(finite), st.sampled_from(finite), st.sampled_from(factors))
def test_joining_is_associative(a: Schedule, b: Schedule, c: Schedule) -> None:
    left, right = a.then(b).then(c), a.then(b.then(c))
    assert left == right
    first, second = a.length, a.length + b.length  # type: ignore[operator]
    for t in range(60):
        slow = a(t) if t < first else b(t - first) if t < second else c(t - second)
        assert is_close(left(t), slow)
        assert is_close(left([t])[0], slow)


@settings(deadline=None, derandomize=True)
@given(st.sampled_from(factors), st.sampled_from(factors), st.floats(0, 10))
def test_values_are_combined_at_the_same_update(a: Schedule, b: Schedule, rate: float) -> None:
    times = list(range(40))
    for t, product, added, scaled in zip(times, (a * b)(times), (a + b)(times), (rate * a)(times), strict=True):
        assert is_close(product, a(t) * b(t))
        assert is_close(added, a(t) + b(t))
        assert is_close(scaled, rate * a(t))


def test_products_and_sums_have_the_length_of_the_longest_that_ends() -> None:
    assert (cosine(5) * linear(7)).length == 7
    assert (constant() * cosine(5)).length == 5
    assert (constant(0.1) + exponential(0.9)).length == math.inf
    assert (cosine() * exponential(0.9)).length is None
    product = linear(4) * linear(2)
    assert product.then(constant(0.5))(range(6)) == pytest.approx([1, 0.375, 0, 0, 0.5, 0.5])
    assert (warmup(0.5) * linear(1.0)).then(constant(0.5)).resolve(4)(range(5)) == pytest.approx(
        [0, 0.375, 0.5, 0.25, 0.5]
    )


def test_until_holds_the_value_at_its_end() -> None:
    cut = linear(10).until(4)
    assert cut(range(7)).tolist() == [1, 0.9, 0.8, 0.7, 0.6, 0.6, 0.6]
    assert exponential(0.5).until(2).then(constant(1.0))(range(4)).tolist() == [1, 0.5, 1, 1]
    assert linear().until(0.5).resolve(10)(range(6)) == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0])


class TestUnits:
    def test_a_number_times_a_factor_is_a_rate(self) -> None:
        for schedule in EXAMPLES.values():
            if schedule.unit == "factor":
                assert (0.3 * schedule).unit == "rate"
                assert (0.3 * schedule * cosine(5)).unit == "rate"
                assert (schedule * cosine(5)).unit == "factor"
        assert (0.1 * linear(5)).then(0.3 * linear(5)).unit == "rate"
        assert (table([(0, 0.1)], unit="rate") + 0.1 * linear(5)).unit == "rate"
        assert (0.3 * linear(5)).until(2).unit == "rate"

    @pytest.mark.parametrize(
        ("make", "why"),
        [
            (lambda: 2 * (0.3 * cosine(5)), r"2\.0 times a schedule that is a rate already.*constant\(0\.5\)"),
            (lambda: (0.3 * cosine(5)) * (0.3 * linear(5)), "a rate times a rate"),
            (lambda: (0.3 * cosine(5)) + linear(5), r"a rate and a factor can't be added.*0\.3 \* schedule"),
            (lambda: warmup(5).then(0.3 * cosine(5)), "a rate and a factor can't be joined"),
            (lambda: 0.3 * table([(0, 0.1)], unit="rate"), "a rate already"),
            (lambda: 0.3 * function(float, unit="rate"), "a rate already"),
            (lambda: -0.3 * cosine(5), "-0.3 is no learning rate"),
            (lambda: math.nan * cosine(5), "nan is no learning rate"),
        ],
    )
    def test_a_wrong_mix_is_refused(self, make, why) -> None:  # type: ignore[no-untyped-def]
        with pytest.raises(SettingError, match=why):
            make()

    def test_json_is_held_to_the_same(self) -> None:
        rate, factor = (0.3 * cosine(5)).to_json(), cosine(5).to_json()
        for kind in ("chain", "sum"):
            with pytest.raises(SettingError, match="a rate and a factor can't be"):
                from_json({"type": kind, "parts": [rate, factor]})
        for kind in ("chain", "sum", "product"):
            with pytest.raises(SettingError, match="no schedules to combine"):
                from_json({"type": kind, "parts": []})


def test_milestones_change_a_rate_exactly_once() -> None:
    steps = (0.3 * warmup(5).then(multi_factor([10, 20], 0.5)))(range(40))
    assert [t for t in range(6, 40) if steps[t] != steps[t - 1]] == [15, 25]
