"""What holds for every schedule."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_examples import EXAMPLES, is_close

from rung import schedules
from rung.errors import SettingError
from rung.schedules import Epochs, Schedule, constant, cosine, exponential, linear, warmup

each = pytest.mark.parametrize("schedule", EXAMPLES.values(), ids=list(EXAMPLES))


@each
def test_an_array_gets_what_its_elements_get(schedule: Schedule) -> None:
    times = np.array([[0, 1, 2, 3], [4, 5, 11, 400], [7, 7, 0, 90]])
    together = schedule(times)
    assert together.shape == times.shape
    assert together.dtype == np.float64
    for t, value in zip(times.ravel().tolist(), together.ravel().tolist(), strict=True):
        assert is_close(schedule(t), value)
    halves = times / 2
    assert all(is_close(schedule(t), value) for t, value in zip(halves.flat, schedule(halves).flat, strict=True))
    assert schedule([]).shape == (0,)
    assert schedule(np.array(3)).shape == ()


@each
def test_a_long_array_in_any_order_gets_what_a_short_one_gets(schedule: Schedule) -> None:
    times = np.random.default_rng(0).integers(0, 25, size=(2, 20_000))
    short = schedule(range(25))
    for order in (times, np.sort(times), np.asfortranarray(times), times[:, ::3], times.astype(np.float64)):
        assert np.abs(schedule(order) - short[order.astype(int)]).max() <= 1e-15


def test_a_long_array_is_checked_to_its_end() -> None:
    for last in (-1.0, math.inf, math.nan):
        with pytest.raises(SettingError, match="negative, infinite or NaN"):
            cosine(10)([*range(50_000), last])


@each
def test_numbers_of_numpy_are_numbers(schedule: Schedule) -> None:
    for t in (np.int64(3), np.uint8(3), np.float32(3)):
        value = schedule(t)
        assert type(value) is float
        assert value == schedule(3)


@each
def test_json_round_trip(schedule: Schedule) -> None:
    form = json.loads(json.dumps(schedule.to_json(), allow_nan=False))
    again = schedules.from_json(form)
    assert again == schedule
    assert hash(again) == hash(schedule)
    assert again(range(30)).tolist() == schedule(range(30)).tolist()


@each
def test_the_end_is_held(schedule: Schedule) -> None:
    if schedule.length != math.inf and schedule.length is not None:
        assert len(set(schedule([schedule.length, schedule.length + 1, 10 * schedule.length, 10**9]).tolist())) == 1
        assert schedule(schedule.length) == schedule(10**9)


@each
def test_asking_changes_nothing(schedule: Schedule) -> None:
    before, form = [schedule(t) for t in range(20)], schedule.to_json()
    schedule(np.arange(100))
    schedule.resolve(1000, steps_per_epoch=10)
    schedule.plot(10)
    assert [schedule(t) for t in reversed(range(20))] == before[::-1]
    assert schedule.to_json() == form
    with pytest.raises(AttributeError):
        schedule.unit = "rate"  # type: ignore[misc]


@each
def test_resolving_what_is_resolved_changes_nothing(schedule: Schedule) -> None:
    assert schedule.resolve(1000)(range(30)).tolist() == schedule(range(30)).tolist()


@each
@pytest.mark.parametrize("t", [-1, -1e-9, math.nan, math.inf])
def test_there_is_no_such_update(schedule: Schedule, t: float) -> None:
    with pytest.raises(SettingError, match="no update"):
        schedule(t)
    with pytest.raises(SettingError, match="negative, infinite or NaN"):
        schedule([0.0, t])


def test_what_is_no_number_of_updates() -> None:
    with pytest.raises(SettingError, match="no numbers of updates"):
        constant()(["a"])
    with pytest.raises(SettingError, match="no numbers of updates"):
        constant()([True])


class TestResolve:
    def test_the_rest(self) -> None:
        schedule = 0.3 * warmup(0.05).then(cosine(end=0.01))
        assert schedule.resolve(1000) == 0.3 * warmup(50).then(cosine(950, end=0.01))
        assert cosine().resolve(7) == cosine(7)

    def test_a_rest_before_a_cooldown(self) -> None:
        assert schedules.warmup_stable_decay(0.1, None, 0.2).resolve(50) == schedules.warmup_stable_decay(5, 35, 10)

    def test_what_follows_a_rest_for_ever_needs_no_length(self) -> None:
        schedule = linear(end=0.1).then(constant(0.1))
        with pytest.raises(SettingError, match="rest of the training"):
            schedule(0)
        assert schedule.resolve(4)(range(6)) == pytest.approx([1, 0.775, 0.55, 0.325, 0.1, 0.1])

    def test_epochs(self) -> None:
        schedule = warmup(Epochs(2)).then(cosine(Epochs(2.5)))
        assert schedule.resolve(100, steps_per_epoch=7) == warmup(14).then(cosine(18))  # 17.5 is rounded up
        assert cosine().resolve(Epochs(3), steps_per_epoch=4) == cosine(12)
        with pytest.raises(SettingError, match=r"2 epochs are of unknown length.*steps_per_epoch"):
            schedule.resolve(100)
        with pytest.raises(SettingError, match="2 epochs, so its value is not known"):
            schedule(0)
        with pytest.raises(SettingError, match="is no number of updates"):
            schedule.resolve(100, steps_per_epoch=0)

    def test_no_part_vanishes(self) -> None:
        assert warmup(0.001).then(cosine()).resolve(10) == warmup(1).then(cosine(9))
        assert warmup(0.0).then(cosine()).resolve(10) == warmup(0).then(cosine(10))

    @settings(deadline=None, derandomize=True)
    @given(st.lists(st.integers(1, 100), min_size=2, max_size=5), st.integers(20, 500))
    def test_ragged_fractions_fill_the_training(self, weights: list[int], total: int) -> None:
        shares = [weight / sum(weights) for weight in weights]
        first, *others = (linear(share, end=0.5) for share in shares)
        for other in others:
            first = first.then(other)
        resolved = first.resolve(total)
        assert resolved.length == total
        lengths = [part.length for part in resolved.parts]  # type: ignore[attr-defined]
        assert all(abs(length - share * total) <= 0.5 * len(shares) + 1 for length, share in zip(lengths, shares))  # noqa: B905
        assert min(lengths) >= 1

    def test_fractions_inside_other_schedules_fill_it_too(self) -> None:
        thirds = warmup(1 / 3).then(constant(1, 1 / 3)).then(linear(1 / 3))
        for schedule in (0.3 * thirds, constant(0.5) * thirds, exponential(0.9) * thirds, constant(0.1) + thirds):
            assert schedule.resolve(100).length in {100, math.inf}
            assert schedule.resolve(100)(99) < schedule.resolve(100)(98)
            assert schedule.resolve(100)(100) == schedule.resolve(100)(101) or schedule.length == math.inf

    def test_what_rounding_leaves_over_changes_no_period(self) -> None:
        parts = [warmup(0.25) * exponential(0.9, every=0.25), linear(0.25), linear(0.5) * exponential(0.9, every=0.25)]
        resolved = parts[0].then(parts[1]).then(parts[2]).resolve(10)
        assert resolved == (
            (warmup(3) * exponential(0.9, every=3)).then(linear(3)).then(linear(4) * exponential(0.9, every=3))
        )

    def test_more_parts_than_updates(self) -> None:
        with pytest.raises(SettingError, match="2 updates long and the training 1"):
            warmup(0.5).then(linear(0.5)).resolve(1)

    def test_a_chain_inside_a_chain(self) -> None:
        inner = 0.3 * warmup(0.1).then(cosine(end=0.5))
        outer = inner.then(0.15 * linear(0.2))
        assert outer.resolve(100) == (0.3 * warmup(10).then(cosine(70, end=0.5))).then(0.15 * linear(20))

    @pytest.mark.parametrize(
        ("schedule", "total", "why"),
        [
            (warmup(0.5).then(linear(0.4)), 100, "sum to 0.9, not to 1"),
            (warmup(0.5).then(linear(0.6)), 100, "sum to 1.1, not to 1"),
            (0.3 * warmup(0.5).then(linear(0.6)), 100, "sum to 1.1, not to 1"),
            (warmup(0.5).then(linear(0.6)).then(constant(0.0)), 100, "sum to 1.1, not to 1"),
            (warmup(100).then(cosine()), 100, "take 100 of 100 updates: none are left"),
            (warmup(101).then(cosine()), 100, "take 101 of 100 updates: none are left"),
            (warmup(101).then(constant()).then(cosine(5)), 100, "take 106 of 100 updates: none are left"),
            (cosine(101), 100, "101 updates long and the training 100"),
            (cosine().then(cosine()), 100, "several parts of the schedule have no length"),
            (cosine(), 0, "a length of 0 is too short"),
            (cosine(), -3, "a length of -3 is too short"),
            (cosine(), 0.5, "is no length of a training"),
        ],
    )
    def test_what_does_not_fit(self, schedule: Schedule, total: int, why: str) -> None:
        with pytest.raises(SettingError, match=why):
            schedule.resolve(total)

    def test_fractions_may_leave_some_to_what_never_ends(self) -> None:
        assert warmup(0.25).then(linear(0.5, end=0.1)).then(constant(0.1)).resolve(8)(range(9)) == pytest.approx(
            [0, 0.5, 1, 0.775, 0.55, 0.325, 0.1, 0.1, 0.1]
        )


class TestOperators:
    def test_numbers_of_numpy_scale_as_well(self) -> None:
        assert np.float64(0.3) * linear(5) == 0.3 * linear(5) == linear(5) * 0.3
        assert (np.float32(0.5) * linear(5)).unit == "rate"

    def test_what_is_no_number_is_refused(self) -> None:
        with pytest.raises(TypeError):
            "a" * linear(5)  # type: ignore[operator]
        with pytest.raises(TypeError):
            linear(5) + 1
        with pytest.raises(SettingError, match="is no schedule"):
            linear(5).then(0.1)  # type: ignore[arg-type]

    def test_a_picture(self) -> None:
        figure = (0.3 * linear(5)).plot(title="a rate")
        (axes,) = figure.axes
        assert axes.get_ylabel() == "learning rate"
        assert axes.get_title() == "a rate"
        assert axes.get_lines()[0].get_xydata()[:, 1] == pytest.approx([0.3, 0.24, 0.18, 0.12, 0.06, 0, 0])
