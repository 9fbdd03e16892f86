"""What a population does next: a new member, a member's next interval, or a copy of a better one in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from rung.checks import number, whole_number
from rung.errors import SettingError
from rung.events import REPLACES
from rung.schedulers._population import Comparison, Member, Population, Standing
from rung.types import Config, Exhausted, Proposal, Suggestion, Wait

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.space import Space

    Explore: TypeAlias = Callable[[Member, np.random.Generator], Config]
    """The configuration of a copy of that member."""


def turn(
    population: Population, searcher: Searcher, explore: Explore, rng: np.random.Generator, *, new_trials: bool
) -> Proposal | Wait | Exhausted:
    """What runs next: places that nobody has held first, then vacant ones, then who is behind, the worst first."""
    other: Wait | Exhausted = Exhausted("all members have come to their ends")
    if new_trials and len(population.members) < population.size:
        suggestion = searcher.suggest(rng)
        if isinstance(suggestion, Suggestion):
            until = population.boundaries()[-1]
            return Proposal(config=suggestion.config, until=until, notes=suggestion.notes)
        other = suggestion
    for member in population.ready():
        if (proposal := _next_of(member, population, explore, rng)) is not None:
            return proposal
    # Only the end of an interval can give somebody a turn; without a run, nothing changes any more.
    return Wait("all members are being trained") if population.running else other


def _next_of(member: Member, population: Population, explore: Explore, rng: np.random.Generator) -> Proposal | None:
    is_vacant = member.standing is Standing.VACANT
    if is_vacant or population.intervals(member) > member.compared:
        compared = population.compare(member)
        if compared.is_last and compared.better:
            return _copy(member, compared, population, explore, rng)
    if is_vacant:
        return None
    return Proposal(trial=member.trial, config=member.config, until=population.boundaries(member)[-1])


def _copy(
    member: Member, compared: Comparison, population: Population, explore: Explore, rng: np.random.Generator
) -> Proposal:
    """A copy of one of the better members; it is compared at whichever end of an interval it comes to first."""
    parent = compared.better[rng.integers(len(compared.better))]
    *decide_at, until = population.boundaries(parent)
    ranks = {} if member.standing is Standing.VACANT else {"rank": compared.rank, "of": compared.n}
    return Proposal(
        config=explore(parent, rng),
        until=until,
        decide_at=tuple(decide_at),
        parent=parent.trial,
        notes={REPLACES: member.trial, **ranks},
    )


class Size(NamedTuple):
    """What makes a population, checked; the fields are options of the schedulers."""

    max_t: int
    population: int
    interval: int
    quantile: float

    def begun(self) -> Population:
        """A population without members yet."""
        return Population(self.population, interval=self.interval, max_t=self.max_t, quantile=self.quantile)


def checked_size(*, population: object, interval: object, max_t: object, quantile: object) -> Size:
    """The numbers, the interval by default a tenth of ``max_t``. SettingError for those that can't be."""
    members = whole_number("population", population, at_least=1, example=8)
    last = whole_number("max_t", max_t, at_least=1, example=100)
    each = max(last // 10, 1) if interval is None else whole_number("interval", interval, at_least=1, example=5)
    if each > last:
        raise SettingError(
            f"interval={each} is above max_t={last}, so members would never be compared.",
            hint=f"Use an interval of at most {max(last // 2, 1)}.",
        )
    return Size(last, members, each, number("quantile", quantile, above=0, at_most=0.5, example=0.25))


def checked_fixed(fixed: object, space: Space) -> tuple[str, ...]:
    """The names of the hyperparameters that copies keep. SettingError for one that the space doesn't have."""
    names = (fixed,) if isinstance(fixed, str) else fixed
    if not isinstance(names, Iterable):
        raise SettingError(f"fixed={fixed!r} names no hyperparameters.", hint="Give their names: fixed=['width'].")
    names = tuple(names)
    for name in names:
        if name not in space:
            raise SettingError(f"fixed names {name!r}, which is not in the space.", hint=f"It has {', '.join(space)}.")
    return names
