from __future__ import annotations

import threading

import pytest

import rung
from rung.backends._stepping import SteppingGenerator, SteppingLine, begin
from rung.errors import TrialStopped
from rung.runtime.objective import as_objective
from rung.testing import objectives
from rung.types import Action, Change, Exited, Job, Outcome, Reported, Verdict


def make_job(**fields):
    given = {"attempt": 1, "config": {"rate": 0.5}, "seed": 1, "decide_at": None, **fields}
    return Job(study="s", trial=0, metric="error", folder="/nowhere", **given)


def step(run):
    run.advance()
    return run.line.take()


@pytest.mark.parametrize("target", [objectives.curve_function, objectives.curve_generator])
def test_a_run_goes_from_report_to_report(target):
    run = begin(make_job(until=2), as_objective(target))
    assert step(run) == [Reported(0, 1, 1, {"error": 0.5}, True)]
    assert not run.line.is_answered
    run.line.put(Change({"rate": 2.0}))
    run.line.put(Verdict(Action.CONTINUE, 7))
    assert not run.line.is_answered
    run.line.put(Verdict(Action.CONTINUE, 1))
    assert run.line.is_answered
    [report] = step(run)
    assert report.step == 2
    run.line.put(Verdict(Action.PAUSE, 2))
    assert run.line.is_answered
    assert not run.line.is_to_stop
    assert step(run) == [Exited(0, 1, Outcome.FINISHED)]


def test_a_function_runs_only_while_it_is_taken_further():
    at = []

    def train(rate):
        for place in range(3):
            at.append((place, threading.current_thread().name))
            rung.report(error=rate)

    run = begin(make_job(decide_at=()), as_objective(train))
    assert at == []
    for count in (1, 2, 3):
        assert len(step(run)) == 1
        assert at == [(place, "trial-0") for place in range(count)]
    assert isinstance(step(run)[0], Exited)
    assert "trial-0" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("target", [objectives.never_ends, objectives.swallows_stops, objectives.curve_generator])
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_cutting_ends_a_run_without_a_word(target, steps):
    run = begin(make_job(decide_at=()), as_objective(target))
    for _ in range(steps):
        step(run)
    run.cut()
    run.cut()
    assert run.line.take() == []
    assert "trial-0" not in {thread.name for thread in threading.enumerate()}


def test_a_cut_line_takes_and_gives_nothing():
    line = SteppingLine(lambda: pytest.fail("it must not stand still"))
    line.is_cut = True
    with pytest.raises(TrialStopped):
        line.post(Exited(0, 1, Outcome.FINISHED))
    with pytest.raises(TrialStopped):
        line.wait()
    assert line.take() == []


def test_an_interrupted_wait_leaves_the_thread_to_end_by_itself(monkeypatch):
    run = begin(make_job(decide_at=()), as_objective(objectives.never_ends))
    step(run)
    acquire = run._back.acquire

    def interrupted():
        monkeypatch.setattr(run._back, "acquire", acquire)
        raise KeyboardInterrupt

    monkeypatch.setattr(run._back, "acquire", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.advance()
    run._thread.join()
    run.cut()
    assert run.line.is_cut


def test_a_generator_becomes_the_next_attempt_only_if_it_stands_there():
    run = SteppingGenerator(make_job(), as_objective(objectives.curve_generator))
    step(run)
    assert not run.can_become(make_job(attempt=2, last_step=1))
    run.line.put(Verdict(Action.PAUSE, 1))
    step(run)
    assert run.is_suspended
    assert not run.can_become(make_job(attempt=2, last_step=0))
    assert not run.can_become(make_job(attempt=2, last_step=1, config={"rate": 2.0}))
    assert run.can_become(make_job(attempt=2, last_step=1))
    run.line.put(Verdict(Action.STOP, 1))  # too late: that attempt is over
    run.resume(make_job(attempt=2, last_step=1))
    assert not run.line.is_to_stop
    assert step(run) == [Reported(0, 2, 2, {"error": 1.0}, True)]
