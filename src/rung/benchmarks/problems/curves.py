"""A problem that is trained in steps, made from one whose value comes at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from rung.benchmarks.problem import Step
from rung.benchmarks.problems._wrapped import Wrapped
from rung.benchmarks.problems.classical import Function

if TYPE_CHECKING:
    from rung.space import Space
    from rung.types import Config

N_STEPS: Final = 27  # with a reduction factor of 3 the rungs are at 1, 3, 9 and 27
_RATES = (0.3, 2.0)  # exponents of the slowest and the fastest curve
_LAGS = (0.1, 3.0)  # how far the first step is behind, as a share of the interquartile range of random configurations
_COSTS = (0.5, 2.0)  # seconds for a step


@final
@dataclass(frozen=True)
class Curves(Wrapped[Function]):
    """Learning curves of 27 steps that end in the value of the problem behind them.

    At step s the value lags behind by ``lag · (s^-rate - 27^-rate) / (1 - 27^-rate)``: a power law, as most learning
    curves are (Viering and Loog 2023). Rate, lag and the seconds for a step are smooth functions of the configuration
    which have nothing to do with its value, so curves cross, and early values rank configurations imperfectly: over
    random ones, Spearman's correlation with the last step is about 0.7 at step 1, 0.85 at step 3 and 0.95 at step 9.
    The best value stays what it is, since no curve is below its end.
    """

    @property
    def name(self) -> str:
        """``curves:`` and the name of the problem behind it."""
        return f"curves:{self.inner.name}"

    @property
    def n_steps(self) -> int:
        """As many for every configuration."""
        return N_STEPS

    def train(self, config: Config, seed: int, *, after: int = 0) -> Iterator[Step]:
        """The learning curve from step ``after + 1`` on."""
        low, _, high = self.inner.quartiles
        end = next(iter(self.inner.train(config, seed))).value
        rate, lag, cost_s = (
            low * (high / low) ** _share(self.space, config, which)
            for which, (low, high) in enumerate((_RATES, _LAGS, _COSTS))
        )
        to_go = N_STEPS**-rate
        for step in range(after + 1, N_STEPS + 1):
            behind = lag * (high - low) * (step**-rate - to_go) / (1.0 - to_go)
            yield Step(end + behind, cost_s)


def _share(space: Space, config: Config, which: int) -> float:
    """A number in (0, 1) that changes smoothly with the configuration, and is spread about evenly over random ones.

    which: each whole number names another such function. The phases follow the golden ratio, which repeats itself
    least.
    """
    places = space.encode([config])[0].tolist()
    active = [(index, place) for index, place in enumerate(places) if not math.isnan(place)]
    phases = [math.tau * math.modf((3 * index + which + 1) * 0.6180339887498949)[0] for index, _ in active]
    waves = [math.cos(math.tau * place + phase) for (_, place), phase in zip(active, phases, strict=True)]
    normal = math.sqrt(2.0 / max(1, len(waves))) * sum(waves)
    return 1.0 / (1.0 + math.exp(-1.702 * normal))  # the logistic curve that is nearest to the normal distribution's
