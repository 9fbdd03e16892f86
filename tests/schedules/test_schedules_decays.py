from __future__ import annotations

import math

import pytest
from schedule_examples import BASE, difference, is_close, torch_rates
from torch.optim import lr_scheduler

from rung import schedules
from rung.errors import SettingError
from rung.schedules import Epochs, exponential, factor, inverse_sqrt, inverse_time, noam, square_root, warmup


def test_exponential_against_torch() -> None:
    rates = torch_rates(lambda opt: lr_scheduler.ExponentialLR(opt, 0.97), 130)
    assert difference(BASE * exponential(0.97), rates) <= 4e-16


def test_steps_against_torch() -> None:
    rates = torch_rates(lambda opt: lr_scheduler.StepLR(opt, 30, 0.1), 130)
    assert difference(BASE * factor(0.1, every=30), rates) <= 4e-16


@pytest.mark.parametrize("t", [0, 1, 9, 10, 11, 100, 1000])
class TestAgainstFormulas:
    def test_a_factor_with_a_floor(self, t: int) -> None:
        value = 2.0
        for _ in range(t):
            value = max(1e-2, value * 0.9)
        assert is_close((2.0 * factor(0.9, floor=1e-2 / 2.0))(t), value)

    def test_keras_inverse_time(self, t: int) -> None:
        assert is_close(inverse_time(0.5, every=10)(t), 1 / (1 + 0.5 * t / 10))

    def test_optax_exponential(self, t: int) -> None:
        assert is_close(exponential(0.5, every=10, floor=0.01)(t), max(0.5 ** (t / 10), 0.01))

    def test_transformers_inverse_sqrt(self, t: int) -> None:
        theirs = t / 10 if t < 10 else 1.0 / math.sqrt((t + 10 - 10) / 10)
        assert is_close(warmup(10).then(inverse_sqrt(10))(t), theirs)

    def test_noam(self, t: int) -> None:
        n = t + 1
        assert is_close(noam(512, 10)(t), 512**-0.5 * min(n**-0.5, n * 10**-1.5))

    def test_square_root(self, t: int) -> None:
        assert is_close((0.1 * square_root())(t), 0.1 * pow(t + 1.0, -0.5))


def test_the_published_peak_of_the_transformer() -> None:
    """Vaswani et al. 2017: width 512, 4000 updates of warmup; the peak is 7e-4."""
    rates = noam(512, 4000)(range(10_000))
    assert rates.argmax() == 3999
    assert rates.max() == pytest.approx(6.99e-4, rel=1e-3)
    assert noam(512, 1)(range(3)) == pytest.approx([512**-0.5 * n**-0.5 for n in (1, 2, 3)])


def test_periods_in_epochs_and_fractions() -> None:
    assert factor(0.5, every=Epochs(2)).resolve(100, steps_per_epoch=7) == factor(0.5, every=14)
    assert exponential(0.5, every=0.25).resolve(100) == exponential(0.5, every=25)
    assert inverse_sqrt(Epochs(1)).resolve(100, steps_per_epoch=7) == inverse_sqrt(7)
    with pytest.raises(SettingError, match=r"0.25 of the training, so its value is not known"):
        exponential(0.5, every=0.25)(0)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: exponential(1.1), "gamma=1.1 gives no decay"),
        (lambda: factor(0.0), "gamma=0.0 gives no decay"),
        (lambda: factor(0.9, floor=2), r"floor=2\.0 is no part of the first value.*the lowest rate divided"),
        (lambda: factor(0.9, every=0), "a length of 0 is too short"),
        (lambda: inverse_time(0), "give no decay"),
        (lambda: inverse_time(1, power=-1), "give no decay"),
        (lambda: noam(0, 10), r"noam\(0, 10\) has no peak"),
        (lambda: exponential(0.9).then(schedules.linear(5)), r"never ends has none after it.*until\(500\)"),
    ],
)
def test_what_is_no_decay(make, why) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingError, match=why):
        make()
