from __future__ import annotations

import time

import pytest

import rung
from rung.backends import inline
from rung.backends.inline import Inline
from rung.runtime.objective import as_objective
from rung.testing import objectives
from rung.testing.backend_suite import BackendSuite
from rung.types import Action, Exited, Job, Reported, Verdict


class TestInline(BackendSuite):
    def make(self) -> Inline:
        return Inline()


def opened(target, folder):
    backend = Inline()
    backend.open("s", as_objective(target), folder)
    return backend


def make_job(folder, **fields):
    given = {"study": "s", "trial": 0, "attempt": 1, "config": {"rate": 0.5}, "seed": 1, **fields}
    return Job(metric="error", folder=str(folder), **given)


def test_poll_without_a_job_returns_at_once(tmp_path):
    backend = opened(objectives.returns_rate, tmp_path)
    began = time.perf_counter()
    backend.poll(60.0, pytest.fail)
    assert time.perf_counter() - began < 10.0


def test_a_quick_trial_is_delivered_in_one_go(tmp_path, monkeypatch):
    monkeypatch.setattr(inline, "_PATIENCE_S", 1e9)
    backend = opened(objectives.curve_generator, tmp_path)
    deliveries = []
    backend.start(make_job(tmp_path))
    backend.poll(0.1, deliveries.append)
    assert [[type(fact) for fact in facts] for facts in deliveries] == [[Reported] * 6 + [Exited]]


def test_many_reports_are_delivered_in_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(inline, "_PATIENCE_S", 1e9)
    backend = opened(objectives.reports_many, tmp_path)
    deliveries = []
    backend.start(make_job(tmp_path))
    backend.poll(0.1, deliveries.append)
    assert [len(facts) for facts in deliveries] == [64, 64, 64, 64, 45]


def test_a_slow_trial_is_heard_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(inline, "_PATIENCE_S", 0.0)
    backend = opened(objectives.curve_function, tmp_path)
    deliveries = []
    backend.start(make_job(tmp_path))
    backend.poll(0.1, deliveries.append)
    assert [len(facts) for facts in deliveries] == [1] * 7


def test_a_report_that_waits_takes_those_before_it_along(tmp_path, monkeypatch):
    monkeypatch.setattr(inline, "_PATIENCE_S", 1e9)
    backend = opened(objectives.curve_function, tmp_path)
    deliveries = []

    def deliver(facts):
        deliveries.append([fact.step for fact in facts if isinstance(fact, Reported)])
        backend.send(0, Verdict(Action.CONTINUE, 4))

    backend.start(make_job(tmp_path, decide_at=(4,)))
    backend.poll(0.1, deliver)
    assert deliveries == [[1, 2, 3, 4], [5, 6]]


@pytest.mark.parametrize("target", [objectives.never_ends, objectives.catches_exceptions])
@pytest.mark.parametrize("trouble", [OSError("disk full"), KeyboardInterrupt()])
def test_trouble_in_the_tuner_is_not_the_objectives(tmp_path, target, trouble):
    backend = opened(target, tmp_path)
    calls = []

    def deliver(facts):
        calls.append(facts)
        raise trouble

    backend.start(make_job(tmp_path))
    with pytest.raises(type(trouble)) as caught:
        backend.poll(0.1, deliver)
    assert caught.value is trouble
    assert len(calls) == 1
    assert backend.live() == []


def test_trouble_at_the_very_end_comes_through(tmp_path):
    backend = opened(objectives.returns_rate, tmp_path)

    def deliver(facts):
        raise OSError("disk full")

    backend.start(make_job(tmp_path))
    with pytest.raises(OSError, match="disk full"):
        backend.poll(0.1, deliver)


def test_an_interrupt_comes_through_after_what_was_reported(tmp_path):
    def interrupted(rate):
        rung.report(error=rate)
        raise KeyboardInterrupt

    backend = opened(interrupted, tmp_path)
    facts = []
    backend.start(make_job(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        backend.poll(0.1, facts.extend)
    assert facts == [Reported(0, 1, 1, {"error": 0.5})]
    assert backend.live() == []
    backend.start(make_job(tmp_path, attempt=2))
    assert len(backend.live()) == 1


def test_an_unanswered_report_is_no_silent_hang(tmp_path):
    backend = opened(objectives.curve_function, tmp_path)
    facts = []
    backend.start(make_job(tmp_path, decide_at=None))
    backend.poll(0.1, facts.extend)
    assert "the tuner answers every report that waits" in facts[-1].message


def test_the_next_trial_may_be_started_while_the_last_is_delivered(tmp_path):
    backend = opened(objectives.returns_rate, tmp_path)
    facts = []

    def deliver(arrived):
        facts.extend(arrived)
        if len(facts) < 6:
            backend.start(make_job(tmp_path, trial=len(facts)))

    backend.start(make_job(tmp_path))
    for _ in range(3):
        backend.poll(0.1, deliver)
    assert [fact.trial for fact in facts] == [0, 0, 2, 2, 4, 4]


def test_a_stopped_trial_may_be_replaced_in_the_same_delivery(tmp_path):
    backend = opened(objectives.never_ends, tmp_path)
    facts = []

    def deliver(arrived):
        facts.extend(arrived)
        trial = arrived[0].trial
        backend.stop(trial)
        if trial == 0:
            backend.start(make_job(tmp_path, trial=1))
        backend.send(trial, Verdict(Action.CONTINUE, 1))

    backend.start(make_job(tmp_path, decide_at=None))
    backend.poll(0.1, deliver)
    assert [handle.trial for handle in backend.live()] == [1]
    backend.poll(0.1, deliver)
    assert [fact.trial for fact in facts[-1:]] == [1]
    assert backend.live() == []


def test_another_study_starts_from_nothing(tmp_path):
    backend = opened(objectives.returns_rate, tmp_path)
    for _ in range(2):
        facts = []
        backend.start(make_job(tmp_path))
        backend.poll(0.1, facts.extend)
        assert len(facts) == 2
        backend.open("t", as_objective(objectives.returns_rate), tmp_path)
