"""What every benchmark problem has to do right."""

from __future__ import annotations

import copy
import json
import math
from abc import ABC, abstractmethod
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest

from rung.errors import SpaceError

if TYPE_CHECKING:
    from rung.benchmarks.problem import Problem, Step
    from rung.types import Config

_SEED = 3


class ProblemSuite(ABC):
    """Subclass it in a test file, as ``class TestMine(ProblemSuite)``, and pytest finds the tests.

    ``make`` returns the problem made anew. n_configs: how many random configurations are trained. has_real_costs: a
    step costs the seconds that it has taken, which are never the same.
    """

    n_configs: ClassVar[int] = 10
    has_real_costs: ClassVar[bool] = False

    @abstractmethod
    def make(self) -> Problem:
        """The problem made anew."""

    def test_it_says_what_it_is(self) -> None:
        """Name, length, best value and median make sense, and are the same for one made anew."""
        problem, again = self.make(), self.make()
        for made in (problem, again):
            facts = (made.name, made.space, made.goal, made.n_steps, made.best, made.median, made.caveat)
            assert facts == (
                *(problem.name, problem.space, problem.goal, problem.n_steps),
                *(problem.best, problem.median, problem.caveat),
            )
        assert problem.name, "it has no name"
        assert problem.n_steps >= 1, f"{problem.n_steps} steps"
        assert problem.goal.mode in {"min", "max"}, problem.goal
        assert (problem.best is None) == (problem.median is None), "best and median are known together or not at all"
        if problem.best is not None and problem.median is not None:
            better = problem.median - problem.best if problem.goal.mode == "min" else problem.best - problem.median
            assert better > 0, f"the best value {problem.best} is not better than the median {problem.median}"

    def test_every_configuration_can_be_trained_to_the_end(self) -> None:
        """There are n_steps steps with finite values, and costs from 0 on."""
        problem = self.make()
        for config in self._configs(problem):
            steps = list(problem.train(config, _SEED))
            assert len(steps) == problem.n_steps, f"{config}: {len(steps)} steps, and n_steps is {problem.n_steps}"
            assert all(math.isfinite(step.value) for step in steps), f"{config}: {_values(steps)}"
            assert all(step.truth is None or math.isfinite(step.truth) for step in steps), f"{config}: a truth"
            costs = [step.cost_s for step in steps]
            assert all(math.isfinite(cost) and cost >= 0 for cost in costs), f"{config}: costs {costs}"

    def test_the_same_arguments_give_the_same_steps(self) -> None:
        """Again, on one made anew, and while another training is under way."""
        problem, again = self.make(), self.make()
        configs = self._configs(problem)
        alone = [self._told(list(problem.train(config, _SEED))) for config in configs]
        assert [self._told(list(again.train(config, _SEED))) for config in reversed(configs)] == alone[::-1]
        at_once = zip(*(again.train(config, _SEED) for config in configs), strict=True)
        by_config = zip(*at_once, strict=True)
        assert [self._told(list(steps)) for steps in by_config] == alone, (
            "trainings at the same time disturb each other"
        )

    def test_it_goes_on_as_if_it_had_never_stopped(self) -> None:
        """After any step, where it was left and where it never was."""
        problem = self.make()
        for config in self._configs(problem)[:2]:
            whole = self._told(list(problem.train(config, _SEED)))
            for after in sorted({0, 1, problem.n_steps // 2, problem.n_steps - 1, problem.n_steps}):
                begun = problem.train(config, _SEED)
                left = self._told(list(islice(begun, after)))
                del begun
                assert left == whole[:after], f"{config}: the beginning differs"
                for made, where in ((problem, "where it was left"), (self.make(), "on one made anew")):
                    rest = self._told(list(made.train(config, _SEED, after=after)))
                    assert rest == whole[after:], f"{config}: after step {after}, {where}, it goes on differently"

    def test_it_leaves_the_configuration_alone(self) -> None:
        """What is given stays as it is, and what is trained is JSON."""
        problem = self.make()
        for config in self._configs(problem)[:3]:
            given = copy.deepcopy(config)
            first = self._told(list(problem.train(given, _SEED)))
            assert given == config, "it has changed the configuration"
            assert self._told(list(problem.train(json.loads(json.dumps(config)), _SEED))) == first

    def test_it_refuses_what_is_not_in_its_space(self) -> None:
        """An unknown name."""
        problem = self.make()
        config = {**self._configs(problem)[0], "no such hyperparameter": 1}
        with pytest.raises(SpaceError, match="no such hyperparameter"):
            next(iter(problem.train(config, _SEED)))

    def _configs(self, problem: Problem) -> list[Config]:
        rng = np.random.default_rng(_SEED)
        return [problem.space.sample(rng) for _ in range(self.n_configs)]

    def _told(self, steps: list[Step]) -> list[tuple[float | None, ...]]:
        return [(step.value, step.truth, None if self.has_real_costs else step.cost_s) for step in steps]


def _values(steps: list[Step]) -> list[float]:
    return [step.value for step in steps]
