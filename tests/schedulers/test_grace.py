from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rung.events import Observed, SearchEvent, Started
from rung.schedulers._grace import (
    AdaptiveGrace,
    first_rung,
    midranks,
    prediction,
    rank_correlation,
    unrestricted,
)
from rung.schedulers._halving_rungs import AsynchronousRungs, Variant
from rung.schedulers._rungs import Rung
from rung.schedulers.asha import ASHA
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.testing.play import Course, hashed_loss, play
from rung.types import Config

SPACE = Space({"x": Float(0.0, 1.0)})


@pytest.mark.parametrize(("max_t", "factor", "first"), [(52, 3, 2), (27, 3, 1), (81, 3, 3), (1, 3, 1), (100, 2, 13)])
def test_first_rung(max_t: int, factor: int, first: int) -> None:
    assert first_rung(max_t, factor) == first


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=40))
def test_rank_correlation_agrees_with_scipy(pairs: list[tuple[int, int]]) -> None:
    x, y = zip(*pairs, strict=True)
    found = rank_correlation(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert found == 0.0
    else:
        assert found == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_midranks_agree_with_scipy(values: list[int]) -> None:
    assert midranks(values, sorted(values)) == list(stats.rankdata(values))


def test_the_correction_finds_the_correlation_among_all() -> None:
    """Of a bivariate normal with correlation 0.6, the third with the lowest x; the formula is exact for it."""
    x, noise = np.random.default_rng(0).standard_normal((2, 200_000))
    y = 0.6 * x + 0.8 * noise
    is_selected = x < np.quantile(x, 1 / 3)
    restricted = np.corrcoef(x[is_selected], y[is_selected])[0, 1]
    assert restricted == pytest.approx(0.38, abs=0.02)
    assert unrestricted(restricted, x.std() / x[is_selected].std()) == pytest.approx(0.6, abs=0.01)
    assert unrestricted(-0.4, 1.0) == pytest.approx(-0.4)


def rungs(lower: list[float], upper: dict[int, float]) -> tuple[Rung, Rung]:
    first, second = Rung(1), Rung(3)
    for trial, loss in enumerate(lower):
        first.record(trial, loss)
    for trial, loss in upper.items():
        second.record(trial, loss)
    return first, second


def test_prediction_wants_twelve_that_came_to_both() -> None:
    lower = [float(trial) for trial in range(30)]
    assert prediction(*rungs(lower, {trial: 0.1 * trial for trial in range(11)})) is None
    assert prediction(*rungs(lower, {**{trial: 0.1 * trial for trial in range(11)}, 77: 5.0})) is None
    found = prediction(*rungs(lower, {trial: 0.1 * trial for trial in range(12)}))
    assert found == (pytest.approx(1.0), 12)  # type: ignore[comparison-overlap]


def test_prediction_is_corrected_for_the_selection() -> None:
    draw = np.random.default_rng(3)
    lower = draw.random(600)
    upper = 0.5 * lower + 0.2 * draw.random(600)
    best = [int(trial) for trial in np.argsort(lower)[:200]]
    found = prediction(*rungs(list(lower), {trial: float(upper[trial]) for trial in best}))
    assert found is not None
    raw = stats.spearmanr(lower[best], upper[best]).statistic
    true = stats.spearmanr(lower, upper).statistic
    assert raw < 0.75
    assert true > 0.9
    assert found[0] == pytest.approx(true, abs=0.03)


def test_a_rung_where_all_are_equal_predicts_nothing() -> None:
    losses = [float(trial) for trial in range(12)]
    assert prediction(*rungs([0.5] * 12, dict(enumerate(losses)))) == (0.0, 12)
    assert prediction(*rungs(losses, dict.fromkeys(range(12), 0.5))) is None  # and where nothing is to be predicted


# ---- in ASHA


def course(*, is_misleading: Callable[[Config], bool]) -> Course:
    """The final loss shows from the second step on; the first step has nothing to do with it where it misleads."""

    def loss(config: Config, step: int) -> float:
        return hashed_loss(config, 1) if step == 1 and is_misleading(config) else config["x"] + 1 / step

    return Course(steps=range(1, 28), loss=loss)


def auto(variant: Variant) -> ASHA:
    return ASHA(RandomSearcher(SPACE), max_t=27, grace_period="auto", variant=variant)


class Expected:
    """The rule once more: all correlations from whole tables, at 12, 24, 48 … trials, with scipy's ranks."""

    def __init__(self, levels: Sequence[int]) -> None:
        self.levels = levels
        self.lowest = 0
        self.tables: list[dict[int, float]] = [{} for _ in levels]
        self.look_at = [12] * len(levels)

    def observe(self, event: Observed) -> None:
        reached = [index for index, level in enumerate(self.levels) if level <= event.step]
        if reached and not any(event.trial in table for table in self.tables[reached[-1] :]):
            self.tables[reached[-1]][event.trial] = event.loss or 0.0
        upper = reached[-1] if reached else 0
        if upper == 0 or upper not in {self.lowest, self.lowest + 1}:
            return
        if len(self.tables[upper]) >= self.look_at[upper]:
            self.look_at[upper] = 2 * len(self.tables[upper])
            self.look(upper)

    def look(self, upper: int) -> None:
        lower_table, upper_table = self.tables[upper - 1], self.tables[upper]
        both = sorted(lower_table.keys() & upper_table.keys())
        if len(both) < 12:
            return
        x, y = [lower_table[trial] for trial in both], [upper_table[trial] for trial in both]
        correlation = stats.spearmanr(x, y).statistic
        ranks = dict(zip(lower_table, stats.rankdata(list(lower_table.values())), strict=True))
        ratio = np.std(list(ranks.values())) / np.std([ranks[trial] for trial in both])
        corrected = correlation * ratio / np.sqrt(1 - correlation**2 + correlation**2 * ratio**2)
        if upper == self.lowest and corrected > 0.9:
            self.lowest -= 1
        elif upper == self.lowest + 1 < len(self.levels) - 1 and corrected < 0.3:
            self.lowest += 1


@pytest.mark.parametrize("variant", ["stopping", "promotion"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("workers", [1, 5])
def test_new_trials_begin_at_the_rung_that_the_rule_says(variant: Variant, share: float, workers: int) -> None:
    scheduler = auto(variant)
    misleading = course(is_misleading=lambda config: hashed_loss(config, 2) - 0.5 < share)
    played = play(scheduler, misleading, new_trials=150, workers=workers)
    expected = Expected([1, 3, 9, 27])
    begins = []
    for event in played.log:
        if isinstance(event, Started) and event.cause == "new":
            begins.append(expected.levels[expected.lowest])
            first_decision = event.until if variant == "promotion" else (event.decide_at or (0,))[0]
            assert first_decision == begins[-1]
        elif isinstance(event, Observed):
            expected.observe(event)
    assert set(begins) == ({1} if share == 0.0 else {1, 3} if share == 1.0 else set(begins))
    assert scheduler.grace_period == expected.levels[expected.lowest]


@pytest.mark.parametrize("variant", ["stopping", "promotion"])
def test_the_log_says_why_the_lowest_rung_was_dropped(variant: Variant) -> None:
    scheduler = auto(variant)
    played = play(scheduler, course(is_misleading=lambda config: True), new_trials=80)
    told = [event for event in played.started() if "grace_period" in event.notes]
    assert len(told) == 1
    assert told[0].cause == "new"
    assert told[0].notes["grace_period"] == scheduler.grace_period == 3
    why = told[0].notes["grace_period_why"]
    assert re.fullmatch(r"rung 1 does not predict rung 3: rank correlation -?0\.\d\d of (12|24|48)", why)
    begun_before = {event.trial for event in played.log[: played.log.index(told[0])] if isinstance(event, Started)}
    compared = {decision.trial for _, decision in played.decisions if decision.why.startswith("rung 1:")}
    assert compared
    assert compared <= begun_before


def test_a_rung_comes_back_when_it_predicts() -> None:
    halving = AsynchronousRungs((1, 3, 9), reduction_factor=3, variant="stopping")
    grace = AdaptiveGrace(halving)

    def tell(event: SearchEvent) -> None:
        halving.update(event)
        grace.update(event)

    def train(trial: int, first: float, second: float) -> None:
        tell(Started(at=0.0, trial=trial, attempt=1, config={}, notes=grace.notes))
        for step, loss in ((1, first), (3, second)):
            tell(Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={}, loss=loss))

    for trial in range(12):
        train(trial, float(trial), float(trial % 2))
    assert halving.lowest == 1
    dropped = grace.notes
    assert dropped["grace_period_why"] == "rung 1 does not predict rung 3: rank correlation 0.14 of 12"
    for trial in range(12, 400):
        train(trial, float(trial), float(trial))
    assert halving.lowest == 0
    assert grace.notes == {}


def test_the_last_rung_that_compares_stays() -> None:
    scheduler = ASHA(RandomSearcher(SPACE), max_t=3, grace_period="auto", reduction_factor=3)
    play(scheduler, course(is_misleading=lambda config: True), new_trials=60)
    assert scheduler.grace_period == 1
    assert len(scheduler.rungs[1]) >= 12
