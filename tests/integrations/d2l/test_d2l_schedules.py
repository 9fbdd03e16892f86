import math

import pytest

from rung import schedules
from rung.errors import SettingError
from rung.integrations import d2l


class Shrinking:
    """What the book's FactorScheduler does: its value depends on how often it was called."""

    def __init__(self, factor, stop, base):
        self.factor, self.stop, self.rate = factor, stop, base

    def __call__(self, _):
        self.rate = max(self.stop, self.rate * self.factor)
        return self.rate


class Falling:
    """What its CosineScheduler does, called for one epoch after the other."""

    def __init__(self, until, base, final, warmup, begin):
        self.until, self.base, self.final, self.warmup, self.begin = until, base, final, warmup, begin
        self.rate = base

    def __call__(self, epoch):
        if epoch < self.warmup:
            return self.begin + (self.base - self.begin) * epoch / self.warmup
        if epoch <= self.until:
            share = (epoch - self.warmup) / (self.until - self.warmup)
            self.rate = self.final + (self.base - self.final) * (1 + math.cos(math.pi * share)) / 2
        return self.rate


def test_square_root():
    scheduler = d2l.SquareRootScheduler(lr=0.1)
    assert [scheduler(t) for t in range(30)] == pytest.approx([0.1 * (t + 1.0) ** -0.5 for t in range(30)], abs=4e-16)


def test_factor():
    scheduler = d2l.FactorScheduler(factor=0.9, stop_factor_lr=1e-2, base_lr=2.0)
    book = Shrinking(0.9, 1e-2, 2.0)
    assert [scheduler(t) for t in range(50)] == pytest.approx([book(t) for t in range(50)], rel=2e-15)
    assert scheduler(49) == pytest.approx(0.0103, abs=1e-4)
    assert scheduler(60) == 1e-2


def test_a_factor_that_is_below_its_floor_at_once():
    assert d2l.FactorScheduler(factor=0.5, stop_factor_lr=0.2, base_lr=0.3)([0, 5]).tolist() == [0.2, 0.2]
    assert d2l.FactorScheduler(base_lr=0.3)([0, 5]).tolist() == [0.3, 0.3]


def test_multi_factor():
    scheduler = d2l.MultiFactorScheduler(step=[15, 30], factor=0.5, base_lr=0.5)
    assert [scheduler(t) for t in (0, 14, 15, 29, 30, 99)] == [0.5, 0.5, 0.25, 0.25, 0.125, 0.125]


@pytest.mark.parametrize("warmup", [0, 5])
def test_cosine(warmup):
    scheduler = d2l.CosineScheduler(20, warmup_steps=warmup, base_lr=0.3, final_lr=0.01)
    book = Falling(20, 0.3, 0.01, warmup, 0.0)
    assert [scheduler(t) for t in range(30)] == pytest.approx([book(t) for t in range(30)], abs=3e-16)
    assert scheduler(20) == scheduler(29) == pytest.approx(0.01, abs=1e-17)


def test_calling_one_does_not_change_it():
    """A plot of the book's factor scheduler ruins the training after it."""
    scheduler = d2l.FactorScheduler(factor=0.9, stop_factor_lr=1e-2, base_lr=2.0)
    before = scheduler(3)
    for t in range(50):
        scheduler(t)
    assert scheduler(3) == before


BEGIN, BASE = 0.05, 0.3
MAKERS = {
    "square root": (lambda **w: d2l.SquareRootScheduler(BASE, **w), lambda t: BASE * (t + 1) ** -0.5),
    "factor": (lambda **w: d2l.FactorScheduler(0.9, 0.1, BASE, **w), lambda t: max(0.1, BASE * 0.9 ** (t + 1))),
    "multi factor": (
        lambda **w: d2l.MultiFactorScheduler([2, 4, 7], 0.5, BASE, **w),
        lambda t: BASE * 0.5 ** sum(step <= t for step in (2, 4, 7)),
    ),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("mode", ["linear", "constant"])
def test_behind_a_warmup_all_but_the_cosine_go_on_as_if_there_was_none(name, mode):
    make, plain = MAKERS[name]
    scheduler = make(warmup_steps=4, warmup_begin_lr=BEGIN, warmup_mode=mode)
    warm = [BEGIN + (BASE - BEGIN) * t / 4 if mode == "linear" else BEGIN for t in range(4)]
    assert [scheduler(t) for t in range(20)] == pytest.approx([*warm, *(plain(t) for t in range(4, 20))], rel=1e-14)
    without = make()
    assert [without(t) for t in range(20)] == pytest.approx([plain(t) for t in range(20)], rel=1e-14)


def test_they_are_schedules():
    scheduler = d2l.CosineScheduler(20, warmup_steps=5, base_lr=0.3, final_lr=0.01)
    assert scheduler.unit == "rate"
    assert schedules.from_json(scheduler.to_json()) == scheduler


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: d2l.CosineScheduler(5, warmup_steps=5), "a warmup of 5 updates leaves none of 5"),
        (lambda: d2l.SquareRootScheduler(0.1, warmup_steps=3, warmup_begin_lr=0.2), "are no warmup to 0.1"),
        (lambda: d2l.SquareRootScheduler(0.1, warmup_steps=-3), "warmup_steps=-3"),
        (lambda: d2l.SquareRootScheduler(0.0), "no learning rate to begin with"),
        (lambda: d2l.SquareRootScheduler(0.1, warmup_mode="slow"), "no warmup_mode 'slow'"),
        (lambda: d2l.FactorScheduler(factor=1.1), "gamma=1.1 gives no decay"),
        (lambda: d2l.MultiFactorScheduler([30, 15]), r"\[30, 15\] do not increase"),
    ],
)
def test_what_is_no_scheduler(make, why):
    with pytest.raises(SettingError, match=why):
        make()
