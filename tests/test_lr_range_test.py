from __future__ import annotations

import copy
import itertools
import math
import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from rung._lr_range_test import LRRangeTest, lr_range_test
from rung.errors import MissingExtraError, SettingError
from rung.space import Float


class Quadratic:
    """Gradient descent on curvature·x²/2: it converges for rates below 2 / curvature, and diverges above."""

    def __init__(self, curvature: float = 4.0) -> None:
        self.curvature, self.x = curvature, 1.0
        self.rates: list[float] = []

    def step(self, rate: float) -> float:
        self.rates.append(rate)
        loss = self.curvature * self.x**2 / 2
        self.x -= rate * self.curvature * self.x
        random.random()
        np.random.random()  # noqa: NPY002
        return loss

    def state_dict(self) -> dict[str, float]:
        return {"x": self.x}

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.x = state["x"]


def test_rates_grow_evenly_and_the_test_ends_where_the_loss_blows_up() -> None:
    model = Quadratic()
    found = lr_range_test(model.step, low=1e-4, high=100, steps=121, stateful=[model])
    ratios = np.diff(np.log10(found.rates))
    assert ratios == pytest.approx(6 / 120)
    assert found.rates[0] == 1e-4
    assert len(model.rates) == len(found.rates) < 121
    assert found.losses[0] == 2.0
    assert 1e-3 < found.steepest < 2 / 4 < found.blow_up < 50
    assert found.steepest <= found.lowest


def test_the_smooth_losses_are_means_weighted_by_age() -> None:
    found = lr_range_test(Quadratic().step, low=1e-4, high=1.0, steps=40)
    for index, value in enumerate(found.smooth):
        weights = [0.98 ** (index - each) for each in range(index + 1)]
        mean = sum(w * loss for w, loss in zip(weights, found.losses, strict=False)) / sum(weights)
        assert value == pytest.approx(mean)


def test_the_domain() -> None:
    found = lr_range_test(Quadratic().step, low=1e-4, high=100, steps=121)
    assert found.domain() == Float(found.steepest / 30, found.blow_up / 2, log=True)


@pytest.mark.parametrize("fails", [False, True])
def test_everything_is_as_before(fails: bool) -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.123)
    before = copy.deepcopy((net.state_dict(), optimizer.state_dict()))
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    count = 0

    def step(rate: float) -> float:
        nonlocal count
        count += 1
        if fails and count == 15:
            raise RuntimeError("no memory")
        for group in optimizer.param_groups:
            group["lr"] = rate
        x = torch.randn(16, 3)
        optimizer.zero_grad()
        loss = ((net(x) - x.sum(dim=1, keepdim=True)) ** 2).mean()
        loss.backward()
        optimizer.step()
        random.random()
        np.random.random()  # noqa: NPY002
        return loss.item()

    if fails:
        with pytest.raises(RuntimeError, match="no memory"):
            lr_range_test(step, stateful=[net, optimizer])
    else:
        found = lr_range_test(step, stateful=[net, optimizer])
        assert found.domain().low < found.steepest < found.domain().high
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states[1:]  # noqa: NPY002
    assert all(torch.equal(value, before[0][name]) for name, value in net.state_dict().items())
    assert optimizer.state_dict() == before[1]


def test_it_ends_before_what_is_not_finite() -> None:
    losses = iter([1.0 - 0.01 * n for n in range(30)] + [math.nan])
    found = lr_range_test(lambda _: next(losses))
    assert len(found.losses) == 30
    assert all(math.isfinite(loss) for loss in found.losses)


@pytest.mark.parametrize("offset", [0.0, -5.0])
def test_a_loss_may_be_negative(offset: float) -> None:
    """It blows up three times its lowest size above the lowest."""
    losses = [offset + 2.0 - count / 100 for count in range(60)] + [offset + 4.0**count for count in range(40)]
    given = iter(losses)
    found = lr_range_test(lambda _: next(given))
    lowest = min(found.smooth)
    assert 60 < len(found.smooth) < 70
    assert found.smooth[-1] > lowest + 3 * abs(lowest) >= found.smooth[-2]


def test_a_blow_up_at_once() -> None:
    losses = iter([1.0, 2.0, math.inf])
    with pytest.raises(SettingError, match=r"blew up at update 2, at the rate 1\.5e-07\. Lower ``low``"):
        lr_range_test(lambda _: next(losses))


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_none_before_any_update(loss: float) -> None:
    with pytest.raises(SettingError, match=rf"first loss is {loss}, before any update\. No rate mends that"):
        lr_range_test(lambda _: loss)


@pytest.mark.parametrize(
    ("returned", "shown"),
    [(None, "None"), ("1.0", "'1.0'"), (True, "True"), (torch.ones(2), r"tensor\(\[1\., 1\.\]\)")],
)
def test_what_is_no_loss(returned: Any, shown: str) -> None:
    model = Quadratic()
    model.x = 3.0

    def step(rate: float) -> Any:
        model.step(rate)
        return returned

    with pytest.raises(SettingError, match=rf"train_step returned {shown}, which is no loss\. .*return loss\.item\(\)"):
        lr_range_test(step, stateful=[model])
    assert model.x == 3.0


def test_a_loss_may_be_of_another_library() -> None:
    model = Quadratic()
    found = lr_range_test(lambda rate: torch.tensor(model.step(rate)), low=1e-4, high=1.0)  # type: ignore[arg-type, return-value]
    assert found.losses[0] == 2.0


@pytest.mark.parametrize(
    "loss", [lambda _: 1.0, lambda count: 1.0 + count / 100, lambda _: 0.0, lambda count: -1.0 + count / 1000]
)
def test_a_loss_that_never_falls_suggests_nothing(loss: Callable[[int], float]) -> None:
    counts = itertools.count()
    found = lr_range_test(lambda _: loss(next(counts)))
    assert not found.has_fallen
    with pytest.raises(SettingError, match=r"the loss never fell between the rates 1e-07 and \S+\. Raise ``high``"):
        _ = found.steepest
    with pytest.raises(SettingError, match="the loss never fell"):
        found.domain()
    assert [line.get_label() for line in found.plot().axes[0].get_lines()] == ["loss", "smoothed"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"low": 0.0}, r"low must be a finite number, above 0, not 0\.0"),
        ({"low": math.nan}, "low must be .* not nan"),
        ({"low": "slow"}, "low must be .* not 'slow'"),
        ({"low": 1.0, "high": 0.1}, r"high must be a finite number, above 1, not 0\.1"),
        ({"high": math.inf}, "high must be .* not inf"),
        ({"steps": 19}, "steps must be a whole number, at least 20, not 19"),
        ({"steps": 100.5}, r"steps must be a whole number, at least 20, not 100\.5"),
        ({"stateful": [3]}, r"int in stateful can't be put back as it was: it has no state_dict\(\)"),
        ({"stateful": Quadratic()}, r"stateful=Quadratic is no list\. .*stateful=\[model, optimizer\]"),
    ],
)
def test_what_can_not_be_tested(options: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingError, match=why):
        lr_range_test(lambda _: 1.0, **options)


def test_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    found: LRRangeTest = lr_range_test(Quadratic().step, low=1e-4, high=100, steps=121)
    (axes,) = found.plot().axes
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "loss",
        "smoothed",
        f"steepest: {found.steepest:.2g}",
        "to search among",
    ]
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"rung\[plot\]"):
        found.plot()
