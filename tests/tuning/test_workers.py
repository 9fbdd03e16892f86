from __future__ import annotations

import random

import pytest

from rung.rows import TrialRow
from rung.tuning.workers import Workers
from rung.types import TrialState


def ended(worker: int, state: TrialState = TrialState.COMPLETED, reason: str = "") -> TrialRow:
    return TrialRow(number=7, state=state, config={}, started_at=0.0, worker=worker, reason=reason, message="it broke")


def failed(worker: int = 0, reason: str = "error") -> TrialRow:
    return ended(worker, TrialState.FAILED, reason)


def workers_of(slots: int = 1, allowed: int | None = 3) -> Workers:
    return Workers(slots, failures_in_a_row=allowed)


def test_the_lowest_free_number_is_next() -> None:
    workers = workers_of(3)
    taken = []
    while (worker := workers.next_free) is not None:
        taken.append(worker)
        workers.take_next()
    assert taken == [0, 1, 2]
    for worker in (2, 0):
        assert workers.settle(ended(worker), 0.0) == ""
    assert workers.next_free == 0


def test_taking_one_by_its_number() -> None:
    workers = workers_of(3)
    assert workers.take(1)
    assert not workers.take(1)
    assert not workers.take(3)
    assert workers.next_free == 0
    workers.take_next()
    assert workers.next_free == 2


@pytest.mark.parametrize("seed", range(5))
def test_taken_and_given_back_at_random(seed: int) -> None:
    chance = random.Random(seed)
    workers, free = workers_of(8), set(range(8))
    for _ in range(200):
        busy = sorted(set(range(8)) - free)
        if free and (not busy or chance.random() < 0.5):
            worker = chance.choice([min(free), *free])
            if worker == min(free):
                workers.take_next()
            else:
                assert workers.take(worker)
            free.remove(worker)
        else:
            worker = chance.choice(busy)
            workers.settle(ended(worker), 0.0)
            free.add(worker)
        assert workers.next_free == min(free, default=None)


def test_a_worker_is_paused_after_failures_in_a_row() -> None:
    workers = workers_of(2)
    assert [workers.settle(failed(1), at) for at in (0.0, 1.0)] == ["", ""]
    for _ in range(2):
        workers.take_next()
    assert workers.settle(failed(1), 60.0) == "3 failures in a row, the last one in trial 7"
    assert workers.last_failure == "trial 7: error: it broke"
    assert not workers.are_all_paused


def test_all_are_paused() -> None:
    workers = workers_of(2, allowed=1)
    assert workers.settle(failed(0), 0.0)
    assert not workers.are_all_paused
    assert workers.settle(failed(1), 0.0)
    assert workers.are_all_paused


def test_failures_of_other_workers_are_others() -> None:
    workers = workers_of(3)
    assert [workers.settle(failed(worker), 0.0) for worker in (0, 1, 2, 0, 1, 2)] == [""] * 6


def test_three_within_a_minute_however_many_before() -> None:
    workers = workers_of()
    assert [bool(workers.settle(failed(), at)) for at in (0.0, 31.0, 61.0, 92.0, 120.9, 121.0)] == [False] * 4 + [
        True
    ] * 2


@pytest.mark.parametrize(
    ("between", "is_paused"),
    [
        (ended(0), False),
        (ended(0, TrialState.STOPPED, "scheduler"), False),
        (ended(0, TrialState.PAUSED, "person"), False),
        (failed(0, "nan"), False),
        (failed(0, "timeout"), False),
        (ended(0, TrialState.WAITING, "killed"), True),
    ],
)
def test_what_breaks_the_row(between: TrialRow, is_paused: bool) -> None:
    workers = workers_of()
    for trial in (failed(), failed(), between):
        assert workers.settle(trial, 0.0) == ""
    assert bool(workers.settle(failed(), 0.0)) is is_paused


def test_without_a_limit_nobody_is_paused() -> None:
    workers = workers_of(allowed=None)
    assert [workers.settle(failed(), 0.0) for _ in range(10)] == [""] * 10
    assert workers.last_failure == ""
