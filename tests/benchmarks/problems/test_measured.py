from itertools import islice

from rung.benchmarks.problems import measured
from rung.benchmarks.problems.measured import Measured
from rung.space import Float, Space
from rung.testing.problem_suite import ProblemSuite
from rung.types import Goal

CONFIG = {"rate": 0.5}


class Sum:
    """Its value depends on all steps so far; the log tells which were trained."""

    def __init__(self, rate, seed, log):
        self.rate, self.total, self.steps, self.log = rate, float(seed), 0, log

    def step(self):
        self.steps += 1
        self.total += self.rate / self.steps
        self.log.append(self.steps)
        return self.total


def sums(log, n_steps=9):
    space = Space({"rate": Float(0.0, 1.0)})
    return Measured("sums", space, Goal("error"), n_steps, lambda config, seed: Sum(config["rate"], seed, log))


class TestMeasured(ProblemSuite):
    has_real_costs = True

    def make(self):
        return sums([])


def values(steps):
    return [step.value for step in steps]


def test_a_training_that_was_left_goes_on_where_it_is():
    log = []
    problem = sums(log)
    whole = values(sums([]).train(CONFIG, 0))
    begun = problem.train(CONFIG, 0)
    first = values(islice(begun, 4))
    begun.close()
    assert first + values(problem.train(CONFIG, 0, after=4)) == whole
    assert log == list(range(1, 10))


def test_one_that_was_never_begun_here_is_trained_up_to_there_without_charge():
    log = []
    steps = list(sums(log).train(CONFIG, 0, after=7))
    assert log == list(range(1, 10))
    assert values(steps) == values(sums([]).train(CONFIG, 0))[7:]


def test_a_kept_training_is_used_once():
    problem = sums([])
    begun = problem.train(CONFIG, 0)
    next(begun)
    begun.close()
    both = [values(islice(problem.train(CONFIG, 0, after=1), 3)) for _ in range(2)]
    assert both[0] == both[1]


def test_another_seed_or_configuration_is_another_training():
    problem = sums([])
    begun = problem.train(CONFIG, 0)
    next(begun)
    begun.close()
    assert values(problem.train(CONFIG, 1, after=1)) == values(sums([]).train(CONFIG, 1))[1:]
    assert values(problem.train({"rate": 0.25}, 0, after=1)) == values(sums([]).train({"rate": 0.25}, 0))[1:]


def test_only_the_newest_are_kept(monkeypatch):
    monkeypatch.setattr(measured, "MOST_KEPT", 3)
    log = []
    problem = sums(log)
    for seed in range(5):
        begun = problem.train(CONFIG, seed)
        next(begun)
        begun.close()
    assert log == [1] * 5
    log.clear()
    for seed in (4, 3, 2):
        next(problem.train(CONFIG, seed, after=1))
    assert log == [2, 2, 2]
    log.clear()
    next(problem.train(CONFIG, 0, after=1))
    assert log == [1, 2]


def test_costs_are_the_seconds_of_each_step(monkeypatch):
    clock = iter([0.0, 1.5, 10.0, 10.25])
    monkeypatch.setattr(measured.time, "perf_counter", lambda: next(clock))
    assert [step.cost_s for step in sums([], n_steps=2).train(CONFIG, 0)] == [1.5, 0.25]
