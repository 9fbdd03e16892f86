from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.schedulers import _rungs
from rung.schedulers._rungs import Ranking, Rung, rung_levels, rung_reached


@pytest.mark.parametrize(
    ("grace", "max_t", "factor", "levels"),
    [
        (1, 81, 3, (1, 3, 9, 27, 81)),
        (1, 10, 3, (1, 3, 9, 10)),
        (2, 10, 2, (2, 4, 8, 10)),
        (5, 5, 3, (5,)),
        (4, 5, 2, (4, 5)),
        (1, 1, 2, (1,)),
    ],
)
def test_levels(grace: int, max_t: int, factor: int, levels: tuple[int, ...]) -> None:
    assert rung_levels(grace, max_t, factor) == levels


@given(st.sets(st.integers(1, 50), min_size=1), st.integers(0, 60))
def test_reached_is_the_last_level_not_above_the_step(levels: set[int], step: int) -> None:
    ordered = tuple(sorted(levels))
    index = rung_reached(ordered, step)
    assert [i for i, level in enumerate(ordered) if level <= step] == list(range(index + 1))


@given(st.lists(st.integers(-3, 3), max_size=60))
def test_ranking_agrees_with_sorting(losses: list[int]) -> None:
    ranking, entries = Ranking(), []
    for trial, loss in enumerate(losses):
        entry = (float(loss), (trial * 7) % 61)  # trials don't arrive in the order of their numbers
        entries.append(entry)
        assert ranking.add(entry) == sorted(entries).index(entry) + 1
    assert list(ranking) == sorted(entries)
    assert len(ranking) == len(entries)
    assert [ranking.rank(entry) for entry in sorted(entries)] == list(range(1, len(entries) + 1))


@pytest.mark.parametrize("n_values", [1, 3, 10**9])
def test_ranking_stays_right_when_chunks_split(monkeypatch: pytest.MonkeyPatch, n_values: int) -> None:
    monkeypatch.setattr(_rungs, "_CHUNK", 4)
    draw = random.Random(1)
    trials = list(range(400))
    draw.shuffle(trials)
    ranking, entries = Ranking(), []
    for trial in trials:
        entry = (float(draw.randrange(n_values)), trial)
        entries.append(entry)
        assert ranking.add(entry) == sorted(entries).index(entry) + 1
    assert list(ranking) == sorted(entries)
    assert [ranking.rank(entry) for entry in sorted(entries)] == list(range(1, 401))


def test_rung_promotes_the_best_that_waits_if_it_is_among_the_best_of_all() -> None:
    rung = Rung(3)
    for trial, loss in enumerate([0.5, 0.2, 0.9, 0.4, 0.3, 0.8]):
        rung.record(trial, loss)
    assert rung.promotable(3) is None  # nobody waits
    rung.hold(4)
    rung.hold(3)
    assert rung.promotable(3) == 4  # second of six
    rung.release(4)
    assert rung.promotable(3) is None  # trial 3 is third of six
    assert rung.promotable(2) == 3
    rung.hold(4)
    rung.hold(4)
    assert rung.promotable(3) == 4
    rung.release(4)
    assert rung.promotable(3) is None
    for trial, loss in enumerate([0.95, 0.96, 0.97], start=6):
        rung.record(trial, loss)
    assert rung.promotable(3) == 3  # third of nine
    rung.hold(4)
    assert rung.ranked[:2] == [(0.2, 1), (0.3, 4)]
    assert rung.held == {3, 4}
    assert len(rung) == 9
    assert repr(rung) == "Rung(3: 9 trials, 2 waiting)"


def test_of_equal_losses_the_lower_number_is_better_whatever_the_order() -> None:
    first, second = Rung(1), Rung(1)
    for trial in (0, 1, 2):
        first.record(trial, 0.5)
    for trial in (2, 0, 1):
        second.record(trial, 0.5)
    assert first.ranked == second.ranked == [(0.5, 0), (0.5, 1), (0.5, 2)]
    assert second.record(3, 0.5) == 4
