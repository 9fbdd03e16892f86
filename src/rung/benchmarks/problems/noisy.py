"""A problem whose values are seen through noise."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from rung.benchmarks.problem import Problem, Step
from rung.benchmarks.problems._wrapped import Wrapped
from rung.errors import SettingError

if TYPE_CHECKING:
    import numpy as np

    from rung.types import Config

NOISE: Final = 0.1  # its standard deviation, as a share of the way from the best value to the median


@final
@dataclass(frozen=True)
class Noisy(Wrapped[Problem]):
    """Normal noise on every value of a problem; ``Step.truth`` is the value without it.

    Its standard deviation is a tenth of the way from the best value to the median. It follows from the seed, the
    configuration and the step, so training the same thing with the same seed gives the same noise. The best value and
    the median are those without noise; what is seen can be better.
    """

    def __post_init__(self) -> None:
        if self.inner.best is None:
            raise SettingError(
                f"The noise on {self.inner.name} would be measured by its best value and median, which nobody knows.",
                hint="Choose a problem that has them, such as branin.",
            )

    @property
    def name(self) -> str:
        """``noisy:`` and the name of the problem behind it."""
        return f"noisy:{self.inner.name}"

    def train(self, config: Config, seed: int, *, after: int = 0) -> Iterator[Step]:
        """The same steps with noise on their values."""
        best, median = self.inner.best, self.inner.median
        assert best is not None
        assert median is not None
        std = NOISE * abs(median - best)
        valid = self.space.validate(config)
        for number, step in enumerate(self.inner.train(valid, seed, after=after), start=after + 1):
            noise = std * float(_generator(valid, seed, number).standard_normal())
            yield Step(step.value + noise, step.cost_s, truth=step.value if step.truth is None else step.truth)


def _generator(config: Config, seed: int, step: int) -> np.random.Generator:
    import numpy as np

    text = json.dumps(config, sort_keys=True)
    words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence([seed, *words.tolist()], spawn_key=(step,)))
