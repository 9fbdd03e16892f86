from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from rung.backends._rehearsal import Rehearsal, Trained
from rung.runtime.objective import as_objective
from rung.types import Action, Checkpoint, Exited, Fact, Handle, Job, Reported, Saved, Verdict


class Cluster:
    """A rehearsal with jobs for it, and what it tells, with the times. stops: trial -> the step after which it ends."""

    def __init__(self, backend: Rehearsal, *, stops: dict[int, int] | None = None) -> None:
        self.backend = backend
        self.stops = stops or {}
        self.told: list[tuple[float, Fact]] = []
        backend.open("s", as_objective(lambda: None), Path())

    def start(self, trial: int = 0, **fields: Any) -> None:
        given = {"attempt": 1, "config": {}, "seed": 1, "until": 9, "decide_at": (1, 3), **fields}
        self.backend.start(Job(study="s", trial=trial, metric="error", folder="", **given))

    def deliver(self, facts: Any) -> None:
        self.told += [(self.backend.now(), fact) for fact in facts]
        for fact in facts:
            if isinstance(fact, Reported) and fact.step >= self.stops.get(fact.trial, 99):
                self.backend.send(fact.trial, Verdict(Action.STOP, fact.step))

    def run(self) -> list[tuple[float, int, int]]:
        """(time, trial, step) of each report."""
        while self.backend.live():
            self.backend.poll(0.1, self.deliver)
        return [(at, fact.trial, fact.step) for at, fact in self.told if isinstance(fact, Reported)]


def test_only_what_is_decided_upon_is_reported_unless_all_is_asked_for() -> None:
    cluster = Cluster(Rehearsal(1, seed=0, step_s=2.0))
    cluster.start()
    assert cluster.run() == [(2.0, 0, 1), (6.0, 0, 3), (18.0, 0, 9)]
    assert [fact.waits for _, fact in cluster.told if isinstance(fact, Reported)] == [True, True, True]
    assert cluster.backend.seen.marks == {1, 3, 9}
    cluster = Cluster(Rehearsal(1, seed=0, reports_all=True))
    cluster.start()
    assert [step for _, _, step in cluster.run()] == list(range(1, 10))
    assert cluster.backend.seen.marks == {1, 3, 9}
    assert not cluster.backend.seen.decides_always


def test_where_every_report_is_decided_upon_all_are_reported() -> None:
    cluster = Cluster(Rehearsal(1, seed=0))
    cluster.start(decide_at=None)
    assert [step for _, _, step in cluster.run()] == list(range(1, 10))
    assert cluster.backend.seen.decides_always


def test_what_is_told_to_stop_ends_there_with_a_checkpoint() -> None:
    cluster = Cluster(Rehearsal(2, seed=0), stops={0: 3})
    cluster.start(0)
    cluster.start(1)
    assert cluster.run() == [(1.0, 0, 1), (1.0, 1, 1), (3.0, 0, 3), (3.0, 1, 3), (9.0, 1, 9)]
    assert cluster.backend.seen.trained == {0: Trained(0, 3), 1: Trained(0, 9)}
    saved, exited = [fact for at, fact in cluster.told if at == 3.0 and fact.trial == 0][1:]
    assert isinstance(saved, Saved)
    assert saved.checkpoint.step == 3
    assert isinstance(exited, Exited)
    assert not exited.is_whole


@pytest.mark.parametrize(("until", "is_whole"), [(3, False), (None, True)])
def test_only_without_a_step_to_end_at_does_a_run_come_to_its_own_end(until: int | None, is_whole: bool) -> None:
    cluster = Cluster(Rehearsal(1, seed=0, length=9))
    cluster.start(until=until)
    cluster.run()
    assert cluster.told[-1][1].is_whole is is_whole  # type: ignore[union-attr]


def test_a_run_that_is_told_to_stop_on_its_way_ends_with_the_step_it_is_at() -> None:
    backend = Rehearsal(2, seed=0)
    cluster = Cluster(backend)
    cluster.start(0, decide_at=())
    cluster.start(1, until=4, decide_at=())
    backend.poll(0.1, cluster.deliver)
    assert backend.now() == 4.0
    backend.send(0, Verdict(Action.STOP))
    backend.send(7, Verdict(Action.STOP))
    assert cluster.run() == [(4.0, 1, 4), (5.0, 0, 5)]
    assert backend.seen.trained[0] == Trained(0, 5)


def test_force_counts_the_steps_that_are_done() -> None:
    backend = Rehearsal(2, seed=0, step_s=0.1)
    cluster = Cluster(backend)
    cluster.start(0, decide_at=())
    cluster.start(1, until=3, decide_at=())
    backend.poll(0.1, cluster.deliver)
    backend.stop(0)
    backend.stop(0)
    assert backend.seen.trained == {0: Trained(0, 3), 1: Trained(0, 3)}
    assert backend.live() == []
    backend.close()


def test_a_paused_trial_goes_on_and_a_copy_begins_where_its_parent_was() -> None:
    cluster = Cluster(Rehearsal(1, seed=0))
    cluster.start(until=3, decide_at=())
    cluster.run()
    cluster.start(attempt=2, until=9, decide_at=(), last_step=3)
    cluster.run()
    saved = Checkpoint(9, "", "", 0)
    cluster.start(5, parent=0, checkpoints=(saved,), until=12, decide_at=())
    assert cluster.run() == [(3.0, 0, 3), (9.0, 0, 9), (12.0, 5, 12)]
    assert cluster.backend.seen.trained == {0: Trained(0, 9), 5: Trained(9, 12)}


@pytest.mark.parametrize(("length", "until", "last"), [(7, None, 7), (7, 9, 9), (20, 9, 9), (None, None, 1)])
def test_how_long_a_training_is(length: int | None, until: int | None, last: int) -> None:
    cluster = Cluster(Rehearsal(1, seed=0, length=length))
    cluster.start(until=until, decide_at=())
    assert cluster.run() == [(float(last), 0, last)]
    assert cluster.backend.seen.lacks_length == (length is None and until is None)


def test_losses_fall_and_are_drawn_for_each_trial_from_the_seed() -> None:
    def curves(seed: int) -> list[list[float]]:
        cluster = Cluster(Rehearsal(3, seed=seed))
        for trial in range(3):
            cluster.start(trial, decide_at=None)
        cluster.run()
        reports = [fact for _, fact in cluster.told if isinstance(fact, Reported)]
        return [[fact.metrics["error"] for fact in reports if fact.trial == trial] for trial in range(3)]

    first = curves(0)
    assert first == curves(0)
    assert len({curve[-1] for curve in [*first, *curves(1)]}) == 6
    assert all(curve == sorted(curve, reverse=True) for curve in first)


def test_time_passes_while_nothing_runs() -> None:
    backend = Rehearsal(1, seed=0)
    backend.poll(2.5, pytest.fail)
    backend.poll(math.inf, pytest.fail)
    assert backend.now() == 2.5


def test_what_runs_is_alive_until_it_is_closed() -> None:
    cluster = Cluster(Rehearsal(2, seed=0))
    cluster.start(3)
    assert cluster.backend.live() == [Handle(3, 1)]
    cluster.backend.close()
    assert cluster.backend.live() == []
