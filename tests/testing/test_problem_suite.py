"""The suite finds what is wrong with a problem."""

from dataclasses import dataclass, field

import pytest

from rung.benchmarks.problem import Step
from rung.space import Float, Space
from rung.testing.problem_suite import ProblemSuite
from rung.types import Goal


@dataclass
class Parabola:
    """Right in all; the subclasses are wrong in one thing each."""

    name: str = "parabola"
    space: Space = field(default_factory=lambda: Space({"x": Float(-1.0, 1.0)}))
    goal: Goal = field(default_factory=lambda: Goal("value"))
    n_steps: int = 3
    best: float | None = 0.0
    median: float | None = 0.25
    caveat: str = ""

    def train(self, config, seed, *, after=0):
        x = self.space.validate(config)["x"]
        for step in range(after + 1, self.n_steps + 1):
            yield Step(x**2 + 1 / step, 1.0)


class EndsEarly(Parabola):
    def train(self, config, seed, *, after=0):
        yield from list(super().train(config, seed, after=after))[:2]


class Diverges(Parabola):
    def train(self, config, seed, *, after=0):
        yield from (Step(float("nan"), 1.0) for _ in super().train(config, seed, after=after))


class GivesBackTime(Parabola):
    def train(self, config, seed, *, after=0):
        yield from (Step(step.value, -1.0) for step in super().train(config, seed, after=after))


class BeginsAnew(Parabola):
    def train(self, config, seed, *, after=0):
        yield from list(super().train(config, seed))[: self.n_steps - after]


class Counts(Parabola):
    trained = 0

    def train(self, config, seed, *, after=0):
        for step in super().train(config, seed, after=after):
            Counts.trained += 1
            yield Step(step.value + Counts.trained, 1.0)


class SharesItsState(Parabola):
    def train(self, config, seed, *, after=0):
        values = [step.value for step in super().train(config, seed, after=after)]
        for value in values:
            self.sum = value if value == values[0] else self.sum + value
            yield Step(self.sum, 1.0)


class Writes(Parabola):
    def train(self, config, seed, *, after=0):
        yield from super().train(config, seed, after=after)
        if isinstance(config, dict):
            config["x"] = 0.0


class TakesAnything(Parabola):
    def train(self, config, seed, *, after=0):
        yield from super().train({"x": config["x"]}, seed, after=after)


def suite(make):
    class Suite(ProblemSuite):
        def make(self):
            return make()

    return Suite()


CHECKS = [name for name in vars(ProblemSuite) if name.startswith("test_")]


def failing(make):
    failures = []
    for check in CHECKS:
        try:
            getattr(suite(make), check)()
        except (AssertionError, pytest.fail.Exception, ValueError):
            failures.append(check)
    return failures


def test_a_right_problem_passes():
    assert failing(Parabola) == []


@pytest.mark.parametrize(
    ("wrong", "found_by"),
    [
        (EndsEarly, "test_every_configuration_can_be_trained_to_the_end"),
        (Diverges, "test_every_configuration_can_be_trained_to_the_end"),
        (GivesBackTime, "test_every_configuration_can_be_trained_to_the_end"),
        (BeginsAnew, "test_it_goes_on_as_if_it_had_never_stopped"),
        (Counts, "test_the_same_arguments_give_the_same_steps"),
        (SharesItsState, "test_the_same_arguments_give_the_same_steps"),
        (Writes, "test_it_leaves_the_configuration_alone"),
        (TakesAnything, "test_it_refuses_what_is_not_in_its_space"),
        (lambda: Parabola(best=0.3), "test_it_says_what_it_is"),
        (lambda: Parabola(median=None), "test_it_says_what_it_is"),
        (lambda: Parabola(name=""), "test_it_says_what_it_is"),
        (lambda: Parabola(n_steps=0), "test_it_says_what_it_is"),
    ],
)
def test_a_wrong_one_is_found(wrong, found_by):
    assert found_by in failing(wrong)
