"""A run begins when the process that was stopped by force on its worker is gone, and not before."""

from __future__ import annotations

import misbehaviour
import pytest
from process_stage import are_gone, noted, servers, until

from rung.backends.processes import Processes
from rung.testing._driver import Stage
from rung.types import Handle, Outcome

FOREVER_S = 1000.0


@pytest.fixture
def begin(tmp_path):
    """A driver on whose worker 0 a run was stopped that takes its grace to be gone, and that run's process."""
    stages = []

    def with_grace(grace_s):
        stages.append(Stage(lambda: Processes(2, start="fork", grace_s=grace_s), tmp_path, patience_s=30.0))
        driver = stages[-1].driver(hangs_or_looks)
        driver.start(config={"folder": str(tmp_path)}, decide_at=())
        polls = driver.polls()
        until(lambda: noted(tmp_path), meanwhile=lambda: next(polls))
        driver.stop(0)
        return driver, noted(tmp_path)[0][0]

    yield with_grace
    for server in servers():  # or its grace is waited for
        server.kill()
    for stage in stages:
        stage.close()


def hangs_or_looks(trial):
    config = dict(trial.config)
    if "folder" in config:
        misbehaviour.ignores_everything(**config)
    return misbehaviour.looks_for(**config)


def test_it_waits_for_the_process_before_it(begin):
    driver, pid = begin(0.5)
    driver.start(trial=1, config={"pid": pid}, decide_at=())
    assert list(driver.backend.live()) == [Handle(1, 1)]
    driver.finish()
    assert driver.curve(1) == {1: 0.0}
    driver.start(trial=2, config={"pid": pid}, decide_at=())
    driver.finish()
    assert driver.curve(2) == {1: 0.0}


@pytest.mark.parametrize("worker", [0, 1])
def test_another_attempt_of_the_same_trial_cuts_its_grace_short(begin, worker):
    driver, pid = begin(FOREVER_S)
    driver.start(attempt=2, worker=worker, config={"pid": pid}, decide_at=())
    driver.finish()
    assert driver.curve(0, 2) == {1: 0.0}


def test_other_workers_go_on(begin):
    driver, pid = begin(FOREVER_S)
    driver.start(trial=1, config={"pid": pid}, decide_at=())
    driver.start(trial=2, worker=1, config={"pid": pid}, decide_at=())
    polls = driver.polls()
    until(lambda: Handle(2, 1) not in driver.live, meanwhile=lambda: next(polls))
    assert driver.curve(2) == {1: 1.0}
    assert list(driver.backend.live()) == [Handle(1, 1)]
    assert not driver.reports(1)


def test_a_run_that_waits_can_be_stopped(begin):
    driver, pid = begin(0.5)
    driver.start(trial=1, config={"pid": pid}, decide_at=())
    driver.stop(1)
    assert list(driver.backend.live()) == []
    driver.start(trial=2, config={"pid": pid}, decide_at=())
    driver.finish()
    assert driver.curve(2) == {1: 0.0}
    assert not any(fact.trial == 1 for fact in driver.facts)


def test_a_run_that_waits_when_all_is_closed_never_begins(begin):
    driver, pid = begin(0.5)
    driver.start(trial=1, config={"pid": pid}, decide_at=())
    driver.backend.close()
    assert list(driver.backend.live()) == []
    assert are_gone([[pid]])
    assert not any(fact.trial == 1 for fact in driver.facts)


def test_a_run_that_waits_is_not_lost_with_the_forkserver(begin):
    driver, pid = begin(FOREVER_S)
    driver.start(trial=1, config={"pid": pid}, decide_at=())
    (server,) = servers()
    server.kill()
    driver.finish()
    assert driver.exit(1).outcome is Outcome.FINISHED
    until(lambda: are_gone([[pid]]), within_s=2.0)
