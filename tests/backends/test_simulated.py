from __future__ import annotations

import itertools
import math

import pytest

import rung
from rung.backends import _suspended
from rung.backends.simulated import Simulated
from rung.errors import SettingError
from rung.runtime.objective import as_objective
from rung.testing import objectives
from rung.testing.backend_suite import BackendSuite
from rung.types import Action, Handle, Job, Reported, Verdict


class TestSimulated(BackendSuite):
    def make(self) -> Simulated:
        return Simulated(2)


def seconds(config, step):
    return config["rate"] + step / 8


class Cluster:
    """A backend with jobs for it, and the facts with their times."""

    def __init__(self, backend, target, folder, answer=lambda report: Action.CONTINUE):
        self.backend = backend
        self.told = []
        self.batches = []
        self.folder = folder
        self.answer = answer
        backend.open("s", as_objective(target), folder)

    def start(self, trial=0, **fields):
        given = {"attempt": 1, "config": {"rate": 0.5}, "seed": 1, "decide_at": None, **fields}
        self.backend.start(Job(study="s", trial=trial, metric="error", folder=str(self.folder), **given))

    def deliver(self, facts):
        self.batches.append((self.backend.now(), [fact.trial for fact in facts]))
        for fact in facts:
            step = fact.step if isinstance(fact, Reported) else None
            self.told.append((self.backend.now(), fact.trial, step))
            if isinstance(fact, Reported) and fact.waits:
                self.backend.send(fact.trial, Verdict(self.answer(fact), fact.step))

    def run(self):
        while self.backend.live():
            self.backend.poll(0.1, self.deliver)
        return self.told


def test_reports_may_say_how_long_their_steps_take(tmp_path):
    def train(rate):
        yield {"error": 1.0, "seconds": rate}
        yield {"error": 0.5, "seconds": 2.0}

    cluster = Cluster(Simulated(2, runtime="seconds"), train, tmp_path)
    cluster.start(0)
    cluster.start(1, config={"rate": 3.0})
    assert cluster.run() == [(0.5, 0, 1), (2.5, 0, 2), (2.5, 0, None), (3.0, 1, 1), (5.0, 1, 2), (5.0, 1, None)]


def test_a_report_without_its_seconds_is_refused(tmp_path):
    cluster = Cluster(Simulated(1, runtime="seconds"), objectives.curve_generator, tmp_path)
    cluster.start(0)
    with pytest.raises(SettingError, match="the report of step 1 has no metric 'seconds'"):
        cluster.run()


@pytest.mark.parametrize("target", [objectives.curve_generator, objectives.curve_function, objectives.curve_trial])
@pytest.mark.parametrize("decide_at", [(), (3,), None], ids=repr)
def test_everything_happens_at_its_time(tmp_path, target, decide_at):
    cluster = Cluster(Simulated(3, runtime=seconds), target, tmp_path)
    for trial, rate in enumerate((0.5, 0.25, 1.0)):
        cluster.start(trial, config={"rate": rate}, decide_at=decide_at)
    reports, ends = [], []
    for trial, rate in enumerate((0.5, 0.25, 1.0)):
        times = list(itertools.accumulate(rate + step / 8 for step in range(1, 7)))  # exact in binary
        reports += [(time, trial, step) for step, time in enumerate(times, 1)]
        ends.append((times[-1], trial, None))
    told = cluster.run()
    assert [one for one in told if one[2] is not None] == sorted(reports)
    assert [next(one for one in reversed(told) if one[1] == trial) for trial in range(3)] == ends
    assert [time for time, *_ in told] == sorted(time for time, *_ in told)


def test_one_instant_is_one_delivery(tmp_path):
    cluster = Cluster(Simulated(3), objectives.curve_generator, tmp_path)
    for trial in range(3):
        cluster.start(trial, config={"rate": float(trial)})
    cluster.run()
    steps = [(float(step), [0, 1, 2]) for step in range(1, 7)]
    assert cluster.batches == [*steps, (6.0, [0, 1, 2])]


@pytest.mark.parametrize("target", [objectives.curve_generator, objectives.curve_function])
def test_the_same_twice(tmp_path, target):
    def once():
        cluster = Cluster(Simulated(2, runtime=seconds), target, tmp_path, answer=answer)
        for first in range(0, 8, 2):
            for trial in (first, first + 1):
                cluster.start(trial, config={"rate": 1 / (trial + 1)})
            cluster.run()
        return cluster.told, cluster.batches

    def answer(report):
        return Action.STOP if (report.trial + report.step) % 5 == 0 else Action.CONTINUE

    assert once() == once()


def test_a_returned_value_takes_all_its_steps(tmp_path):
    cluster = Cluster(Simulated(1, runtime=lambda config, step: step), objectives.returns_length, tmp_path)
    cluster.start(until=4)
    assert cluster.run() == [(1 + 2 + 3 + 4, 0, 4), (10, 0, None)]


def test_steps_before_the_checkpoint_take_no_time(tmp_path):
    cluster = Cluster(Simulated(1, runtime=2.0), objectives.curve_trial, tmp_path)
    checkpoints = []

    def deliver(facts):
        checkpoints[:0] = [fact.checkpoint for fact in facts if hasattr(fact, "checkpoint")]
        cluster.deliver(facts)

    cluster.start(until=3)
    while cluster.backend.live():
        cluster.backend.poll(0.1, deliver)
    assert cluster.backend.now() == 6.0
    cluster.start(attempt=2, last_step=3, until=5, checkpoints=tuple(checkpoints))
    cluster.run()
    assert cluster.backend.now() == 10.0


def test_a_failure_is_told_at_once(tmp_path):
    cluster = Cluster(Simulated(1), objectives.raises, tmp_path)
    cluster.start()
    assert cluster.run() == [(1.0, 0, 1), (1.0, 0, None)]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_paused_generator_goes_on_in_memory_or_is_begun_again(tmp_path, keeps):
    begun = []

    def train(rate):
        begun.append(rate)
        for step in range(1, 6):
            yield rate / step

    backend = Simulated(1)

    def answer(report):
        return Action.PAUSE if report.step == 2 else Action.CONTINUE

    cluster = Cluster(backend, train, tmp_path, answer=answer)
    cluster.start()
    cluster.run()
    if not keeps:  # as after a restart of the tuner
        backend.close()
    cluster.start(attempt=2, last_step=2)
    cluster.run()
    assert len(begun) == (1 if keeps else 2)
    assert cluster.told == [(1, 0, 1), (2, 0, 2), (2, 0, None), (3, 0, 3), (4, 0, 4), (5, 0, 5), (5, 0, None)]


def test_a_paused_generator_that_was_told_its_end_is_begun_again_with_the_new_one(tmp_path):
    def until_the_limit(rate, max_epochs=9):
        for epoch in range(1, max_epochs + 1):
            yield rate / epoch

    def answer(report):
        return Action.PAUSE if report.step == 2 else Action.CONTINUE

    cluster = Cluster(Simulated(1), until_the_limit, tmp_path, answer=answer)
    cluster.start(until=2)
    cluster.run()
    cluster.start(attempt=2, until=6, last_step=2)
    assert [step for _, _, step in cluster.run() if step] == [1, 2, 3, 4, 5, 6]


def test_a_stopped_generator_is_closed(tmp_path):
    closed = []

    def train(rate):
        try:
            while True:
                yield rate
        finally:
            closed.append(rate)

    backend = Simulated(1)
    cluster = Cluster(backend, train, tmp_path, answer=lambda report: Action.STOP)
    cluster.start()
    cluster.run()
    assert closed == [0.5]
    cluster.answer = lambda report: Action.PAUSE
    for trial in (1, 2):
        cluster.start(trial, config={"rate": float(trial)})
        cluster.run()
    assert closed == [0.5]
    cluster.start(1, attempt=2, last_step=1, config={"rate": 9.0})  # another configuration: it is begun again
    assert closed == [0.5, 1.0]
    backend.close()
    assert closed == [0.5, 1.0, 2.0]


def test_only_so_many_generators_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(_suspended, "MOST_SUSPENDED", 2)
    closed = []

    def train(rate):
        try:
            yield from (rate, rate, rate)
        finally:
            closed.append(rate)

    cluster = Cluster(Simulated(1), train, tmp_path, answer=lambda report: Action.PAUSE)
    for trial in range(3):
        cluster.start(trial, config={"rate": float(trial)})
        cluster.run()
    assert closed == [0.0]
    cluster.start(0, config={"rate": 0.0}, attempt=2, last_step=1)
    cluster.run()
    assert cluster.told[-2:] == [(4.0, 0, 2), (4.0, 0, None)]


@pytest.mark.parametrize("target", [objectives.curve_generator, objectives.curve_function])
def test_an_answer_may_come_late(tmp_path, target):
    backend = Simulated(2)
    cluster = Cluster(backend, target, tmp_path)
    cluster.start()
    facts = []
    backend.poll(0.1, facts.extend)
    assert [fact.step for fact in facts] == [1]
    backend.poll(0.5, pytest.fail)
    backend.send(0, Verdict(Action.CONTINUE, 99))
    backend.poll(0.25, pytest.fail)
    assert backend.now() == 1.75
    backend.send(0, Verdict(Action.CONTINUE, 1))
    backend.poll(0.1, facts.extend)
    assert [fact.step for fact in facts] == [1, 2]
    assert backend.now() == 2.75
    backend.close()


@pytest.mark.parametrize("target", [objectives.curve_generator, objectives.curve_function])
def test_a_stopped_trial_leaves_no_trace_in_time(tmp_path, target):
    backend = Simulated(3, runtime=seconds)
    cluster = Cluster(backend, target, tmp_path)
    for trial, rate in enumerate((0.25, 0.5, 9.0)):
        cluster.start(trial, config={"rate": rate}, decide_at=())
    backend.stop(0)  # before it began
    backend.poll(0.1, cluster.deliver)
    assert cluster.told == [(0.625, 1, 1)]
    backend.stop(1)
    cluster.run()
    assert {trial for _, trial, _ in cluster.told[1:]} == {2}
    assert cluster.told[1] == (9.125, 2, 1)


def test_time_passes_while_nothing_runs(tmp_path):
    backend = Simulated(1)
    Cluster(backend, objectives.curve_function, tmp_path)
    backend.poll(2.5, pytest.fail)
    backend.poll(math.inf, pytest.fail)
    assert backend.now() == 2.5


@pytest.mark.parametrize("kind", ["generator", "function"])
def test_an_interrupt_ends_only_the_trial_that_it_hits(tmp_path, kind):
    def generator(rate):
        yield rate
        if rate == 2.0:
            raise KeyboardInterrupt
        yield rate

    def function(rate):
        for _ in range(2):
            rung.report(error=rate)
            if rate == 2.0:
                raise KeyboardInterrupt

    backend = Simulated(3)
    cluster = Cluster(backend, {"generator": generator, "function": function}[kind], tmp_path)
    for trial, rate in enumerate((1.0, 2.0, 3.0)):
        cluster.start(trial, config={"rate": rate})
    with pytest.raises(KeyboardInterrupt):
        cluster.run()
    assert backend.live() == [Handle(0, 1), Handle(2, 1)]
    cluster.run()
    steps = {trial: [step for _, other, step in cluster.told if other == trial] for trial in range(3)}
    assert steps == {0: [1, 2, None], 1: [1], 2: [1, 2, None]}


@pytest.mark.parametrize("runtime", [-1.0, math.nan, math.inf, lambda config, step: -step])
def test_impossible_runtimes_are_refused(tmp_path, runtime):
    cluster = Cluster(Simulated(1, runtime=runtime), objectives.curve_function, tmp_path)
    cluster.start()
    with pytest.raises(SettingError, match=r"runtime gives .* s for the steps 1 to 1 of {'rate': 0.5}"):
        cluster.run()
    cluster.backend.close()


def test_impossible_sizes_are_refused():
    with pytest.raises(SettingError, match="slots must be a whole number, at least 1, not 0"):
        Simulated(0)


def test_a_thousand_at_a_time(tmp_path):
    cluster = Cluster(Simulated(1000, runtime=seconds), objectives.curve_generator, tmp_path)
    for trial in range(1000):
        cluster.start(trial, config={"rate": trial / 1024})
    told = cluster.run()
    assert len(told) == 7000
    assert sum(step is None for *_, step in told) == 1000
