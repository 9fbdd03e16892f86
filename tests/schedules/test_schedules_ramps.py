"""Ramps against torch, against the formulas that others publish, and against values by hand."""

from __future__ import annotations

import math

import pytest
from schedule_examples import BASE, difference, is_close, torch_rates
from torch.optim import lr_scheduler

from rung import schedules
from rung.errors import SettingError
from rung.schedules import constant, cosine, linear, polynomial, ramp, warmup


class TestAgainstTorch:
    def test_cosine(self) -> None:
        rates = torch_rates(lambda opt: lr_scheduler.CosineAnnealingLR(opt, 100, eta_min=0.03), 101)
        assert difference(BASE * cosine(100, end=0.1), rates) <= 4e-16

    def test_linear(self) -> None:
        rates = torch_rates(lambda opt: lr_scheduler.LinearLR(opt, 0.25, 0.75, total_iters=40), 60)
        assert difference(BASE * ramp(40, start=0.25, end=0.75), rates) <= 4e-16

    def test_polynomial(self) -> None:
        rates = torch_rates(lambda opt: lr_scheduler.PolynomialLR(opt, 50, power=2.5), 60)
        assert difference(BASE * polynomial(50, power=2.5), rates) <= 4e-16

    def test_constant_warmup(self) -> None:
        rates = torch_rates(lambda opt: lr_scheduler.ConstantLR(opt, factor=0.25, total_iters=4), 10)
        assert difference(BASE * warmup(4, start=0.25, shape="constant"), rates) <= 4e-16

    def test_warmup_and_cosine_in_a_row(self) -> None:
        def make(opt):  # type: ignore[no-untyped-def]
            parts = [lr_scheduler.LinearLR(opt, 0.1, 1, total_iters=9), lr_scheduler.CosineAnnealingLR(opt, 40)]
            return lr_scheduler.SequentialLR(opt, parts, milestones=[9])

        rates = torch_rates(make, 50)
        assert difference(BASE * warmup(9, start=0.1).then(cosine(40)), rates) <= 4e-16


@pytest.mark.parametrize("t", [0, 1, 9, 10, 11, 99, 100, 101, 1000])
class TestAgainstFormulas:
    """Written down a second time, from the documentation of others; their past-end rule where it is ours."""

    def test_transformers_linear_with_warmup(self, t: int) -> None:
        theirs = t / max(1, 10) if t < 10 else max(0.0, (100 - t) / max(1, 100 - 10))
        assert is_close(warmup(10).then(linear()).resolve(100)(t), theirs)

    def test_transformers_cosine_with_warmup(self, t: int) -> None:
        progress = (min(t, 100) - 10) / (100 - 10)
        theirs = t / 10 if t < 10 else max(0.0, 0.5 * (1.0 + math.cos(math.pi * 0.5 * 2.0 * progress)))
        assert is_close(warmup(10).then(cosine()).resolve(100)(t), theirs)

    def test_transformers_polynomial(self, t: int) -> None:
        left = 1 - (min(t, 100) - 10) / 90
        theirs = t / 10 if t < 10 else ((1e-1 - 1e-7) * left**2 + 1e-7) / 1e-1
        assert is_close(warmup(10).then(polynomial(90, power=2, end=1e-6))(t), theirs)

    def test_optax_and_keras_cosine(self, t: int) -> None:
        decay = 0.5 * (1 + math.cos(math.pi * min(t, 100) / 100))
        assert is_close(cosine(100, end=0.05)(t), (1 - 0.05) * decay + 0.05)

    def test_keras_polynomial(self, t: int) -> None:
        theirs = (0.3 - 1e-4) * (1 - min(t, 100) / 100) ** 0.5 + 1e-4
        assert is_close((0.3 * polynomial(100, power=0.5, end=1e-4 / 0.3))(t), theirs)

    @pytest.mark.parametrize("k", [0.5, 1.0, 2.5])
    def test_timm_cosine_with_k_decay(self, t: int, k: float) -> None:
        theirs = 0.01 + 0.5 * (0.3 - 0.01) * (1 + math.cos(math.pi * min(t, 100) ** k / 100**k))
        assert is_close((0.3 * cosine(100, end=0.01 / 0.3, k=k))(t), theirs)

    @pytest.mark.parametrize("k", [0.5, 1.0, 2.5])
    def test_timm_polynomial_with_k_decay(self, t: int, k: float) -> None:
        theirs = 0.01 + (0.3 - 0.01) * (1 - min(t, 100) ** k / 100**k) ** 0.5
        assert is_close((0.3 * polynomial(100, power=0.5, end=0.01 / 0.3, k=k))(t), theirs)

    def test_timm_tanh(self, t: int) -> None:
        """Up to its end, from where timm gives the minimum."""
        u = min(t, 100) / 100
        theirs = 0.01 + 0.5 * (0.3 - 0.01) * (1 - math.tanh(-7.0 * (1 - u) + 3.0 * u))
        assert is_close((0.3 * schedules.tanh(100, end=0.01 / 0.3, lower=-7, upper=3))(t), theirs)

    def test_transformers_warmup_stable_decay(self, t: int) -> None:
        if t < 10:
            theirs = t / 10
        elif t < 60:
            theirs = 1.0
        else:
            theirs = 1 - math.sqrt(min(t - 60, 40) / 40)
        assert is_close(schedules.warmup_stable_decay(10, 50, 40)(t), theirs)


def test_values_by_hand() -> None:
    assert linear(4)(range(6)).tolist() == [1, 0.75, 0.5, 0.25, 0, 0]
    assert schedules.one_minus_sqrt(4)([0, 1, 4]).tolist() == [1, 0.5, 0]
    assert schedules.rex(4)([0, 2, 4]) == pytest.approx([1, 2 / 3, 0], abs=0)
    assert ramp(2, start=1, end=0.01, shape="exponential")(range(4)) == pytest.approx([1, 0.1, 0.01, 0.01])
    assert schedules.tanh(4, lower=-1, upper=1)([2, 4]) == pytest.approx([0.5, 1 / (1 + math.e**2)])
    assert schedules.tanh(100)([0, 100]) == pytest.approx([1 - 6.14e-6, 0.002473], abs=5e-7)
    assert cosine(4, k=2)([0, 2, 4]) == pytest.approx([1, (1 + math.sqrt(0.5)) / 2, 0], abs=1e-16)
    assert warmup(2, shape="cosine")([0, 0.5, 1, 2]) == pytest.approx([0, (1 - math.sqrt(0.5)) / 2, 0.5, 1])
    assert warmup(2, start=0.04, shape="exponential")(range(3)) == pytest.approx([0.04, 0.2, 1])
    assert constant(0.5)([0, 9]).tolist() == [0.5, 0.5]
    assert constant(0.5).then(linear(4)).resolve(10).length == 10


@pytest.mark.parametrize("shape", ["linear", "polynomial", "cosine", "1-sqrt", "rex", "exponential", "constant"])
def test_the_ends_are_exact(shape: schedules.ramps.Shape) -> None:
    way = ramp(7, start=0.7, end=0.1, shape=shape, power=1.7 if shape == "polynomial" else 1)
    assert way(0) == way([0])[0] == 0.7
    assert way(7) == way(10**9) == way([7])[0] == 0.1
    values = way(range(8))
    assert all(values[:-1] >= values[1:])


def test_a_join_belongs_to_the_next_part() -> None:
    jump = warmup(3).then(constant(0.5, 2)).then(constant(0.25))
    assert jump(range(7)) == pytest.approx([0, 1 / 3, 2 / 3, 0.5, 0.5, 0.25, 0.25])
    assert jump(2.999) == pytest.approx(2.999 / 3)


def test_a_warmup_of_none() -> None:
    for none in (warmup(0), warmup(0, shape="constant"), warmup(0, start=0.1, shape="exponential")):
        assert none(0) == none([0])[0] == 1
        assert none.then(linear(4))(range(3)).tolist() == [1, 0.75, 0.5]


def test_one_is_reached_by_the_shortest() -> None:
    assert warmup(1)(range(3)).tolist() == [0, 1, 1]
    assert cosine(1)(range(3)).tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: cosine(0), "a length of 0 is too short"),
        (lambda: cosine(0.0), r"a length of 0\.0 is too short"),
        (lambda: warmup(-1), "a length of -1 is too short"),
        (lambda: warmup(1.5), "1.5 is no fraction of the training"),
        (lambda: warmup("5"), "'5' is no length"),
        (lambda: warmup(True), "True is no length"),
        (lambda: linear(10, end=math.nan), "from 1.0 to nan has no values"),
        (lambda: cosine(10, end=-1), "from 1.0 to -1.0 goes below zero"),
        (lambda: warmup(10, start=-0.1), "from -0.1 to 1.0 goes below zero"),
        (lambda: polynomial(10, power=0), "power=0.0 gives no ramp"),
        (lambda: cosine(10, k=0), "k=0.0 gives no ramp"),
        (lambda: schedules.tanh(10, end=2), "end=2.0 is no part of the first value"),
        (lambda: schedules.tanh(10, lower=3, upper=-6), "from 3.0 to -6.0 does not fall"),
        (lambda: schedules.tanh(0), "a length of 0 is too short"),
        (lambda: warmup(10, shape="exponential"), "an exponential ramp from 0 to 1"),
        (lambda: ramp(10, shape="cubic"), "no shape 'cubic'. There are exponential, linear"),
        (lambda: constant(math.inf), "a constant of inf"),
    ],
)
def test_what_is_no_ramp(make, why) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingError, match=why):
        make()
