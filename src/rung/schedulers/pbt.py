"""Population based training: a population learns together, and who falls behind goes on as a copy of a better one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, final

from rung.checks import number
from rung.errors import SettingError
from rung.registry import describe
from rung.schedulers._population import Member
from rung.schedulers._population_moves import Steps, explored, steps_move
from rung.schedulers._population_turns import checked_fixed, checked_size, turn

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Config, Decision, Exhausted, Json, Proposal, Wait


@final
class PopulationBasedTraining:
    """Trains ``population`` members together and replaces the worst by changed copies of the best.

    max_t: the step to which every member is trained. interval: the steps from one comparison to the next; by default a
    tenth of ``max_t``. After each interval a member pauses; when its turn comes it goes on, or, when it is in the
    bottom ``quantile`` (at most 0.5), is stopped, and a copy of a random member of the top one takes its place: a new
    trial that begins from the newest checkpoint of its parent, with its weights and optimizer, and explores other
    hyperparameters. Members take turns, who is behind first and the worst of these, so any number of workers will do.

    resample: the chance with which a copy draws a hyperparameter anew. factors: else a number is multiplied by one of
    these, within its bounds, an integer moving by one at least; an ordinal goes to a neighbour, a choice stays.
    fixed: names of hyperparameters that a copy keeps, as those that shape the model must be.

    - The first members are the searcher's. What people enqueue later joins as a further member. Copies don't count
      against limits on trials.
    - Places in the population are compared by what was reported there after as many intervals as the member has behind
      it whose turn it is; who is behind counts as it is. The quantiles are rounded down, but hold one member each once
      all can be compared, so a population of one is plain training. Only who is worse than the whole top quantile is
      replaced.
    - The place of a member that fails, or that a criterion stops, is taken by a copy of one of the top. That of a copy
      that does so within its first interval, and that of a member that a person stops, stay empty.
    - An objective without checkpoints starts anew in each interval and each copy, with the copy's hyperparameters.

    Source: Jaderberg et al. 2017, "Population Based Training of Neural Networks", algorithm 1 with truncation selection
    and perturbation (section 4.1). SettingError when an option is not usable.
    """

    def __init__(
        self,
        searcher: Searcher,
        *,
        max_t: int,
        population: int = 8,
        interval: int | None = None,
        quantile: float = 0.25,
        resample: float = 0.25,
        factors: Sequence[float] = (0.8, 1.2),
        fixed: Sequence[str] = (),
    ) -> None:
        self.searcher = searcher
        self._size = checked_size(population=population, interval=interval, max_t=max_t, quantile=quantile)
        self._population = self._size.begun()
        chance = number("resample", resample, at_least=0, at_most=1, example=0.25)
        self._steps = Steps(chance, _checked_factors(factors))
        self._fixed = checked_fixed(fixed, searcher.space)

    @property
    def space(self) -> Space:
        """The searcher's space."""
        return self.searcher.space

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """A new member while places are free; else the next interval of a member, or a copy in its place."""
        return turn(self._population, self.searcher, self._explore, rng, new_trials=new_trials)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Pause a member at the end of an interval; stop one that a copy replaces."""
        self.searcher.update(event)
        return self._population.update(event)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        steps = {"resample": self._steps.resample, "factors": list(self._steps.factors)}
        return describe(
            self, **self._size._asdict(), **steps, fixed=list(self._fixed) or None, searcher=self.searcher.spec()
        )

    def _explore(self, parent: Member, rng: np.random.Generator) -> Config:
        return explored(parent.config, self.space, self._fixed, steps_move(self._steps, rng), rng)


def _checked_factors(factors: Sequence[float]) -> tuple[float, ...]:
    if not isinstance(factors, Sequence) or not factors:
        raise SettingError(f"factors={factors!r} are none.", hint="Give positive numbers: factors=(0.8, 1.2).")
    return tuple(number("each of the factors", factor, above=0, example=1.2) for factor in factors)
