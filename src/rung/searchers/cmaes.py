"""CMA-ES: a normal distribution that learns where to look, and along which directions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, final

from rung.checks import number, whole_number
from rung.events import Changed, Ended, SpaceEdited, Started
from rung.history import starting_points
from rung.registry import describe
from rung.searchers._evolution_axes import axes_of
from rung.searchers._evolution_record import Record
from rung.space import as_space
from rung.types import Exhausted, Suggestion

if TYPE_CHECKING:
    import numpy as np

    from rung.events import SearchEvent
    from rung.searchers._cma import Start
    from rung.searchers._cma_runs import Runs
    from rung.space import Space
    from rung.types import Config, Json

_LEAST_POPULATION: Final = 4  # the weights of fewer are not defined
_DRAWS: Final = 32  # members of a run, until one is neither known nor forbidden
_MEMBER: Final = "cma"  # the key in the notes


@final
class CMAESSearcher:
    """Draws from a normal distribution, and moves and shapes it by the better half of each population.

    For hundreds of trials, above all over numbers; each takes well under a millisecond, however many there were. Beside
    the normal distribution, categories have probabilities, and numbers with up to 256 values a margin, so that no
    neighbouring value and no category ever becomes impossible. A dimension that is inactive under the conditions is
    drawn all the same and has no effect; so it drifts until it is active again.

    space: a Space or anything that ``as_space`` takes. population: how many trials make a generation, at least 4; by
    default 4 + 3 ln d, rounded down. sigma: the standard deviation at the beginning, in the unit interval of each
    dimension; above 0 and at most 1. initial_points: as many trials come before the first run, given ones counted in:
    the middle of the space if none is given, and random ones; where the space has priors, their centres and draws from
    them. initial_config, points_to_evaluate: what is tried first; give one of them or none.

    A run begins at the best known trial, whoever suggested it, with less than ``sigma`` where the best ones lie closer
    together; so a study that another searcher began goes on where it was. When a trial from elsewhere (a person's, for
    instance) turns out better than all others, a new run begins there. When the distribution has shrunk to a point, a
    whole generation has the same loss, or only known configurations come up, another one with twice the population
    begins at a random place (IPOP).

    No worker waits: who asks in the middle of a generation gets one more draw, and trials count in the generation in
    which they end. Failed ones are the worst. Only the order of losses matters. No configuration comes twice while
    there is another. A suggestion's notes hold the draw. SettingError for options out of range.

    Trials that were stopped or paused count as ``Curves`` reckons. Where a scheduler cuts most of them, those that got
    farther are ahead of the others, as successive halving ranks them, and random ones come until 15 can be compared
    (``_cuts.compared_at``). It is no better than random search there: with ASHA and the budget of ten full trainings of
    a network its mean normalised regret was 0.110, and 0.104 of random search (four tasks, 20 seeds).

    Source: Hansen 2016 (arXiv:1604.00772); where not all is continuous Hamano et al. 2025 (arXiv:2504.07884), which of
    the library's variants found the best categories, and equally good integers; restarts from Auger & Hansen 2005.
    Defaults by ablation over six test functions: to begin at the best of eight points matters most.
    """

    def __init__(
        self,
        space: object,
        *,
        population: int | None = None,
        sigma: float = 0.1,
        initial_points: int = 8,
        initial_config: Config | None = None,
        points_to_evaluate: Sequence[Config] = (),
    ) -> None:
        given = as_space(space)
        self._points = starting_points(given, initial_config, points_to_evaluate)
        self._options = _checked(population, sigma, initial_points)
        self._record = Record(given, self._points)
        self._runs: Runs | None = None

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._record.space

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        """The next waiting point, or a draw from the distribution."""
        history = self._record.history
        if waiting := history.next_point():
            return waiting
        is_known = history.incumbent is not None and self._record.is_comparable
        if len(history) < self._options["initial_points"] or not is_known:
            return self._record.first(rng)
        runs = self._begun()
        for start in self._starts(runs, rng):
            for member in islice(runs.members(start, int(rng.integers(2**32))), _DRAWS):
                config = self.space.decode(member.point)
                if self._record.is_new(config):
                    return Suggestion(config, {_MEMBER: member.notes})
        return self._record.random(rng)

    def update(self, event: SearchEvent) -> None:
        """Note what was tried and what came of it."""
        self._record.update(event)
        if isinstance(event, SpaceEdited):
            self._runs = None
        elif isinstance(event, Started) and event.cause == "new" and _MEMBER in event.notes:
            self._begun().join(event.trial, event.notes[_MEMBER])
        elif self._runs is None:
            return
        elif isinstance(event, Changed):
            self._runs.leave(event.trial)
        elif isinstance(event, Ended) and event.trial in self._runs:
            self._runs.end(event.trial, self._record.losses)
        elif isinstance(event, Ended) and self._is_best(event.trial):
            self._runs.stop()

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(self, **self._options, points_to_evaluate=list(self._points) or None)

    def _begun(self) -> Runs:
        if self._runs is None:
            from rung.searchers._cma_runs import Runs  # the library takes a second to load

            axes = axes_of(self.space)
            by_default = 4 + math.floor(3 * math.log(max(axes.moving, 1)))  # Hansen 2016, eq. 48
            self._runs = Runs(axes, self._options["population"] or by_default)
        return self._runs

    def _starts(self, runs: Runs, rng: np.random.Generator) -> Iterator[Start | None]:
        """None for the run that goes on; then where a new one would begin."""
        from rung.searchers._cma_runs import start_anywhere, start_at_best

        sigma = self._options["sigma"]
        if not runs.axes.moving:
            return
        if runs.is_going_on:
            yield None
        elif not runs.is_lost:
            known = self._record.known()
            if not known:
                return
            points, losses = self._record.points(known), self._record.losses(known)
            yield start_at_best(runs.axes, points, losses, population=runs.population, sigma=sigma)
        yield start_anywhere(runs.axes, population=runs.larger_population, sigma=sigma, rng=rng)

    def _is_best(self, trial: int) -> bool:
        """Whether the space contains the trial, and nothing better is known."""
        incumbent = self._record.history.incumbent
        is_incumbent = incumbent is not None and incumbent.trial == trial
        return is_incumbent and self._record.has_loss(trial) and self._record.is_inside(trial)


def _checked(population: int | None, sigma: float, initial_points: int) -> dict[str, Any]:
    """The options by name. SettingError for one that is out of range."""
    if population is not None:
        example = "10, or leave it out"
        population = whole_number("population", population, at_least=_LEAST_POPULATION, example=example)
    return {
        "population": population,
        "sigma": number("sigma", sigma, above=0, at_most=1, example=0.1),
        "initial_points": whole_number("initial_points", initial_points, at_least=1, example=8),
    }
