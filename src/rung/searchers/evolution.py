"""Evolution: new configurations are children of good ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, final

from rung.checks import number, whole_number
from rung.errors import SettingError
from rung.events import Changed, Ended, SpaceEdited, Started
from rung.history import starting_points
from rung.registry import describe
from rung.searchers._evolution_axes import axes_of
from rung.searchers._evolution_populations import Ageing, Population, Slots
from rung.searchers._evolution_record import Record
from rung.space import as_space
from rung.types import Exhausted, Suggestion

if TYPE_CHECKING:
    import numpy as np

    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Config, Json

_CHILDREN: Final = 32  # until one is neither known nor forbidden
_POPULATIONS: Final = {"regularised": 30, "differential": 10}  # by method, as many members as they have by default
_INITIAL: Final = 8  # trials before the first child, where it needs no full population
_SAMPLE: Final = 25
_WEIGHT: Final = 0.5
_CROSSOVER: Final = 0.5


@final
class EvolutionSearcher:
    """Keeps a population of configurations, and tries children of its members.

    space: a Space or anything that ``as_space`` takes; a child has what is active under the conditions: what appears
    is drawn at random, what disappears is forgotten. initial_config, points_to_evaluate: what is tried first; give one
    of them or none. Until there are enough trials to begin with come the middle of the space, if none is given, and
    random ones; where the space has priors, their centres and draws from them.

    method ``regularised``, for many categories and noise: the best of a random ``sample`` of the population has a child
    that differs in about one dimension, and the oldest member dies, however good it is, so that luck doesn't last.
    method ``differential``, for numbers: to the best member the difference of two others is added, ``weight`` times;
    with chance ``crossover`` each coordinate of a member is replaced by that, and the child takes the member's place if
    it is no worse. The population's own spread gives the steps, so they shrink as it closes in.

    population: by default 30 and 10 members. sample, weight and crossover: by default 25, 0.5 and 0.5; each is for one
    method only. All by ablation over six test functions at 50 and 200 trials: the paper's 100 members are still random
    at 50, and ``best/1/bin`` is ahead of ``rand/1``.

    Nobody waits: a child comes from those that have ended. Trials from elsewhere, and those before the first child,
    are members as others are; failed ones are none. Only the order of losses matters. No configuration comes twice
    while there is another. SettingError for options out of range.

    Trials that were stopped or paused count as ``Curves`` reckons. Where a scheduler cuts most of them, those that got
    farther are ahead of the others, and random ones come until 15 can be compared (``_cuts.compared_at``). It is no
    better than random search there: with ASHA and the budget of ten full trainings of a network its mean normalised
    regret was 0.129, 0.097 with ``differential``, and 0.104 of random search (four tasks, 20 seeds).

    Source: Real et al. 2019 (arXiv:1802.01548); Storn & Price 1997; without generations as in Awad et al. 2021 (DEHB).
    """

    def __init__(
        self,
        space: object,
        *,
        method: Literal["regularised", "differential"] = "regularised",
        population: int | None = None,
        sample: int | None = None,
        weight: float | None = None,
        crossover: float | None = None,
        initial_config: Config | None = None,
        points_to_evaluate: Sequence[Config] = (),
    ) -> None:
        given = as_space(space)
        self._points = starting_points(given, initial_config, points_to_evaluate)
        self._options = _checked(method, population, sample, weight, crossover)
        self._method = method  # also the key in the notes
        self._record = Record(given, self._points)
        self._population = _population(self._options)
        self._axes = axes_of(given)
        self._children: dict[int, Mapping[str, Json]] = {}  # their notes

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._record.space

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        """The next waiting point, or a child of the population."""
        history = self._record.history
        if waiting := history.next_point():
            return waiting
        members = self._population.members(self._record.losses)
        is_begun = len(history) >= self._n_initial() and len(members) >= self._population.least
        if not is_begun or not self._record.is_comparable:
            return self._record.first(rng)
        points, losses = self._record.points(members), self._record.losses(members)
        for _ in range(_CHILDREN):
            child = self._population.child(self._axes, points, losses, rng)
            config = self.space.decode(child.point)
            if self._record.is_new(config):
                return Suggestion(config, {self._method: child.notes})
        return self._record.random(rng)

    def update(self, event: SearchEvent) -> None:
        """Note what was tried and what came of it."""
        self._record.update(event)
        if isinstance(event, SpaceEdited):
            self._axes = axes_of(self.space)
        elif isinstance(event, Started) and event.cause == "new" and self._method in event.notes:
            self._children[event.trial] = event.notes[self._method]
            self._population.begin(self._record.losses)
        elif isinstance(event, Changed):
            self._children.pop(event.trial, None)
        elif isinstance(event, Ended) and self._record.has_loss(event.trial):
            self._population.enter(event.trial, self._children.get(event.trial), self._record.losses)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(self, **self._options, points_to_evaluate=list(self._points) or None)

    def _n_initial(self) -> int:
        if self._options["method"] == "regularised":
            return _INITIAL
        return self._options["population"] or _POPULATIONS["differential"]


def _population(options: Mapping[str, Any]) -> Population:
    size = options["population"] or _POPULATIONS[options["method"]]
    if options["method"] == "regularised":
        return Ageing(size, sample=options["sample"] or _SAMPLE)
    weight, crossover = options["weight"], options["crossover"]
    return Slots(
        size,
        weight=_WEIGHT if weight is None else weight,
        crossover=_CROSSOVER if crossover is None else crossover,
    )


def _checked(
    method: str, population: int | None, sample: int | None, weight: float | None, crossover: float | None
) -> dict[str, Any]:
    """The options by name. SettingError for one that is out of range or for another method."""
    if method not in _POPULATIONS:
        raise SettingError(
            f"method must be one of {', '.join(_POPULATIONS)}, not {method!r}.", hint="Use 'regularised'."
        )
    is_regularised = method == "regularised"
    for name, value, is_its in (
        ("sample", sample, is_regularised),
        ("weight", weight, not is_regularised),
        ("crossover", crossover, not is_regularised),
    ):
        if value is not None and not is_its:
            other = "differential" if is_regularised else "regularised"
            raise SettingError(
                f"{name} is an option of method={other!r}, and the method is {method!r}.",
                hint=f"Leave out {name}, or use method={other!r}.",
            )
    return {
        "method": method,
        "population": _whole("population", population, (Ageing if is_regularised else Slots).least),
        "sample": _whole("sample", sample, 1),
        "weight": _number("weight", weight, 2.0),
        "crossover": _number("crossover", crossover, 1.0),
    }


def _whole(name: str, value: int | None, least: int) -> int | None:
    return None if value is None else whole_number(name, value, at_least=least, example="20, or leave it out")


def _number(name: str, value: float | None, most: float) -> float | None:
    example = "0.5, or leave it out"
    return None if value is None else number(name, value, at_least=0, at_most=most, example=example)
