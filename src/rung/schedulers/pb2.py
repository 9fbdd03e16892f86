"""Population based bandits: copies explore where a model of the training so far promises most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, final

from rung.checks import number
from rung.registry import describe
from rung.schedulers._population import Member
from rung.schedulers._population_moves import explored
from rung.schedulers._population_turns import checked_fixed, checked_size, turn
from rung.space.categories import Choice, Constant, Ordinal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.schedulers._population_bandit import Belief
    from rung.space import Space
    from rung.space.domain import Domain
    from rung.types import Config, Decision, Exhausted, Json, Proposal, Wait


@final
class PB2:
    """Population based training in which copies take the hyperparameters that promise the greatest gain.

    Who is replaced by a copy of whom, and when, is as in ``PopulationBasedTraining``, which see for max_t, population,
    interval, quantile and fixed. The numbers of a copy are those with the highest upper confidence bound of what an
    interval brings, by a Gaussian process over time and hyperparameters that forgets; members that are being trained
    count as if what they will bring were what is expected. What is no number is drawn anew with chance ``resample``.

    Before any member has had two intervals there is nothing to learn from, and copies only keep away from each other.

    Source: Parker-Holder et al. 2020, "Provably Efficient Online Hyperparameter Optimization with Population-Based
    Bandits", algorithm 1 and section 4; kernel and bound stand in ``_population_bandit``. SettingError when an option
    is not usable.
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
        fixed: Sequence[str] = (),
    ) -> None:
        self.searcher = searcher
        self._size = checked_size(population=population, interval=interval, max_t=max_t, quantile=quantile)
        self._population = self._size.begun()
        self._resample = number("resample", resample, at_least=0, at_most=1, example=0.25)
        self._fixed = checked_fixed(fixed, searcher.space)
        self._fit: tuple[int, Space, Belief] | None = None  # a cache: the belief follows from so many gains in a space

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
        fixed = list(self._fixed) or None
        return describe(
            self, **self._size._asdict(), resample=self._resample, fixed=fixed, searcher=self.searcher.spec()
        )

    def _explore(self, parent: Member, rng: np.random.Generator) -> Config:
        places = self._promising(parent, rng)

        def move(name: str, domain: Domain, value: Json) -> Json:
            if name in places:
                return domain.from_unit(places[name])
            return domain.from_unit(rng.random()) if rng.random() < self._resample else value

        return explored(parent.config, self.space, self._fixed, move, rng)

    def _promising(self, parent: Member, rng: np.random.Generator) -> dict[str, float]:
        """Where in the unit interval each number of a copy is to be."""
        import numpy as np

        from rung.schedulers._population_bandit import Gains, fitted, most_promising, standardised  # loads NumPy

        names = [name for name, domain in self.space.items() if not isinstance(domain, Choice | Constant | Ordinal)]
        if not names:
            return {}
        columns = [self.space.names.index(name) for name in names]

        def placed(configs: Sequence[Config]) -> NDArray[np.float64]:
            return np.nan_to_num(self.space.encode(configs)[:, columns], nan=0.5)  # a number that is inactive

        gains, running = self._population.gains, self._population.running
        known = standardised(
            Gains(
                np.array([gain.from_step / self._size.interval for gain in gains]),
                placed([gain.config for gain in gains]),
                np.array([(gain.from_loss - gain.to_loss) / (gain.to_step - gain.from_step) for gain in gains]),
            )
        )
        if self._fit is None or self._fit[:2] != (len(gains), self.space):
            self._fit = len(gains), self.space, fitted(known)
        pending = (
            np.array([float(self._population.intervals(member)) for member in running]),
            placed([member.config for member in running]),
        )
        held = np.where([name in self._fixed for name in names], placed([parent.config])[0], np.nan)
        t = float(self._population.intervals(parent))
        best = most_promising(self._fit[2], known, pending, t, held=held, rng=rng)
        return dict(zip(names, best.tolist(), strict=True))
