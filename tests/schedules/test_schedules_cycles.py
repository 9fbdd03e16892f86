from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_examples import BASE, difference, is_close, torch_rates
from torch.optim import lr_scheduler

from rung.errors import SettingError
from rung.schedules import Epochs, constant, cosine, cyclic, exponential, linear, one_cycle, repeat, restarts


@pytest.mark.parametrize("stretch", [1, 2, 3])
def test_restarts_against_torch(stretch: int) -> None:
    def make(opt):  # type: ignore[no-untyped-def]
        return lr_scheduler.CosineAnnealingWarmRestarts(opt, 10, T_mult=stretch, eta_min=0.03)

    assert difference(BASE * restarts(10, stretch=stretch, end=0.1), torch_rates(make, 150)) <= 4e-16


@pytest.mark.parametrize(("mode", "options"), [("triangular", {}), ("triangular2", {"height": 0.5})])
def test_triangles_against_torch(mode, options) -> None:  # type: ignore[no-untyped-def]
    def make(opt):  # type: ignore[no-untyped-def]
        return lr_scheduler.CyclicLR(opt, 0.03, BASE, step_size_up=8, step_size_down=12, mode=mode)

    assert difference(BASE * cyclic(8, 12, low=0.1, **options), torch_rates(make, 130)) <= 4e-16


def test_fading_triangles_against_torch() -> None:
    def make(opt):  # type: ignore[no-untyped-def]
        return lr_scheduler.CyclicLR(opt, 0.03, BASE, step_size_up=8, mode="exp_range", gamma=0.97)

    assert difference(BASE * cyclic(8, low=0.1, gamma=0.97), torch_rates(make, 130)) <= 4e-16


@pytest.mark.parametrize("shape", ["cosine", "linear"])
@pytest.mark.parametrize("phases", [2, 3])
@pytest.mark.parametrize("steps", [101, 130])
def test_one_cycle_against_torch(shape, phases, steps) -> None:  # type: ignore[no-untyped-def]
    def make(opt):  # type: ignore[no-untyped-def]
        return lr_scheduler.OneCycleLR(
            opt,
            BASE,
            total_steps=steps,
            anneal_strategy="cos" if shape == "cosine" else "linear",
            three_phase=phases == 3,
        )

    rates = torch_rates(make, steps - 1)  # torch is asked for one value less than it has
    assert difference(BASE * one_cycle(steps, shape=shape, phases=phases), rates) <= 4e-16


def test_one_cycle_stays_where_it_ends() -> None:
    """Where torch's goes below zero or up again, and then refuses."""
    for shape in ("cosine", "linear"):
        assert one_cycle(20, shape=shape)([19, 20, 21, 500]).tolist() == [4e-6] * 4
        assert one_cycle(20, shape=shape)(19) == 4e-6
    assert one_cycle().resolve(50) == one_cycle(50)
    assert one_cycle(0.5).resolve(50) == one_cycle(25)


@settings(deadline=None, derandomize=True)
@given(
    first=st.integers(1, 12), stretch=st.sampled_from([1.0, 1.3, 1.5, 2.0, 3.0]), times=st.none() | st.integers(1, 5)
)
def test_every_cycle_begins_at_its_top(first: int, stretch: float, times: int | None) -> None:
    """The boundaries are whole, however the stretch is: found here by going from update to update."""
    schedule = repeat(linear(first), times, stretch=stretch)
    cycle, place, length = 0, 0, first
    values = []
    for _ in range(80):
        values.append(1 - min(place / length, 1.0))
        place += 1
        if place >= length and (times is None or cycle < times - 1):
            cycle, place = cycle + 1, 0
            length = math.floor(first * stretch**cycle + 0.5)
    assert all(is_close(schedule(t), value) for t, value in enumerate(values))
    assert all(is_close(a, b) for a, b in zip(schedule(range(80)), values, strict=True))


def test_a_limited_number_of_cycles_ends() -> None:
    three = repeat(linear(4, end=0.5), 3, stretch=2, height=0.5)
    assert three.length == 4 + 8 + 16
    assert three([0, 4, 12, 28, 99]).tolist() == [1, 0.5, 0.25, 0.125, 0.125]
    assert three.then(constant(1.0))(28) == 1
    assert repeat(linear(4), 10**9).length == 4 * 10**9


def test_lengths_that_are_not_resolved() -> None:
    assert repeat(linear(0.1), 3, stretch=2).length.share == pytest.approx(0.7)  # type: ignore[union-attr]
    assert repeat(linear(Epochs(2)), 3).length == Epochs(6)
    assert restarts(0.25, times=4).resolve(100) == restarts(25, times=4)
    assert restarts(0.25, times=2).then(linear(0.5)).resolve(100).length == 100
    assert cyclic(0.1, low=0).resolve(50)(range(11)).tolist() == pytest.approx(
        [0, 0.2, 0.4, 0.6, 0.8, 1, 0.8, 0.6, 0.4, 0.2, 0]
    )
    mixed = repeat(linear(5).then(linear(0.25)), 2)
    with pytest.raises(SettingError, match="depends on the training"):
        mixed(0)
    assert mixed.resolve(20) == repeat(linear(5).then(linear(5)), 2)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: repeat(exponential(0.9)), "never ends can't be repeated"),
        (lambda: repeat(cosine()), "the length of a cycle is missing"),
        (lambda: restarts(None), "the length of a cycle is missing"),
        (lambda: repeat(cosine(3), 0), "times=0 leaves no cycle"),
        (lambda: repeat(cosine(3), 2.5), "times=2.5 leaves no cycle"),
        (lambda: repeat(cosine(3), stretch=0.5), "can't be stretched by 0.5"),
        (lambda: repeat(cosine(3), height=1.5), "have 1.5 times the height"),
        (lambda: one_cycle(10, peak_at=1.0), "peak_at=1.0 leaves no time"),
        (lambda: one_cycle(10, peak_at=0.5, phases=3), "peak_at=0.5 leaves no time"),
        (lambda: one_cycle(10, phases=4), "phases=4"),
        (lambda: one_cycle(10, shape="rex"), "shape='rex'"),
        (lambda: restarts(10).then(linear(5)), "never ends has none after it"),
    ],
)
def test_what_is_no_cycle(make, why) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingError, match=why):
        make()
