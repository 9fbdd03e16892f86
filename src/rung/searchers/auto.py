"""Chooses the searcher that suits the study, and stays cheap."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, final

import rung.searchers._proposals  # noqa: F401  # now, so that the first decision doesn't pay for it
from rung.checks import number, whole_number
from rung.events import CHOSEN, WHY_CHOSEN, Ended, Started
from rung.history import starting_points
from rung.registry import describe
from rung.searchers._auto_policy import GUESSES, NAMES, Name, Standing, affordable, fitting, usual_cost
from rung.searchers._evolution_record import Record
from rung.searchers.evolution import EvolutionSearcher
from rung.searchers.gp import GPSearcher
from rung.searchers.tpe import TPESearcher
from rung.space import as_space
from rung.types import Exhausted, Suggestion, TrialState, Wait

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Config, Json

_RECENT: Final = 100  # starts, of which the busiest moment says how many workers there are
_REMEMBERED: Final = 10  # decisions of a searcher whose cost counts; fits come only now and then


@final
class AutoSearcher:
    """Searches with a Gaussian process where that suits, with TPE where not, and with neither where both are too dear.

    The Gaussian process finds better configurations in few trials. TPE goes on from 1,000 trials on (from 250 where a
    ``budget`` of more than 1,000 is given), and does all of it with more than 60 dimensions, more than 50 options in
    choices, or more than 32 trials at once. Each of them knows all trials, whoever suggested them. No configuration
    comes twice while there is another.

    space: a Space or anything that ``as_space`` takes. budget: the number of trials that are planned, if it is known.
    overhead: the share of the median evaluation time that a decision may take; a searcher whose decisions take longer
    gives way to the next cheaper one, the last of which is evolution, at a tenth of a millisecond, or random search
    where a scheduler cuts most trials short. Evaluations that failed say nothing about the median, unless all did.
    free_s: so many seconds of deciding are free, in the whole study: one that is over in seconds deserves a good
    searcher too.
    initial_config, points_to_evaluate: what is tried first; give one of them or none.

    The times are those in the log, so a replay chooses alike; but where evaluations take less than a second or two, the
    same study begun anew may not: name a searcher where it must. A suggestion's notes say who made it, and at a change
    why.
    """

    def __init__(
        self,
        space: object,
        *,
        budget: int | None = None,
        overhead: float = 0.05,
        free_s: float = 2.0,
        initial_config: Config | None = None,
        points_to_evaluate: Sequence[Config] = (),
    ) -> None:
        given = as_space(space)
        self._points = starting_points(given, initial_config, points_to_evaluate)
        self._budget = None if budget is None else whole_number("budget", budget, at_least=1, example=100)
        self._overhead = number("overhead", overhead, at_least=0, example=0.05)
        self._free_s = number("free_s", free_s, at_least=0, example=2.0)
        self._searchers: Mapping[Name, Searcher] = {
            "gp": GPSearcher(given, points_to_evaluate=self._points),
            "tpe": TPESearcher(given, points_to_evaluate=self._points),
            "evolution": EvolutionSearcher(given, points_to_evaluate=self._points),
        }
        self._record = Record(given, self._points)
        self._costs = {name: deque([guess], maxlen=_REMEMBERED) for name, guess in GUESSES.items()}
        self._spent_s = 0.0
        self._warm: set[Name] = set()
        self._evaluations: list[float] = []  # seconds, ascending
        self._failures: list[float] = []  # the same of those that failed
        self._began: dict[int, float] = {}  # when the runs began that run now
        self._whole, self._cut = set[int](), set[int]()  # the trials that ended by themselves, and those cut short
        self._at_once: deque[int] = deque(maxlen=_RECENT)  # how many ran after each start
        self._standing = Standing()
        self._last: Name | None = None

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._record.space

    def suggest(self, rng: np.random.Generator) -> Suggestion | Wait | Exhausted:
        """What the searcher suggests whose turn it is."""
        name, why = self._choice()
        suggestion = self._searchers[name].suggest(rng) if name in self._searchers else self._drawn(rng)
        if not isinstance(suggestion, Suggestion):
            return suggestion
        is_changed = name != (self._last or NAMES[0])
        notes = {CHOSEN: name} | ({WHY_CHOSEN: why or "nothing speaks against it any more"} if is_changed else {})
        return Suggestion(suggestion.config, {**suggestion.notes, **notes})

    def update(self, event: SearchEvent) -> None:
        """Tell all searchers, and note what decisions and evaluations take."""
        self._record.update(event)
        for searcher in self._searchers.values():
            searcher.update(event)
        if isinstance(event, Started):
            self._started(event)
        elif isinstance(event, Ended):
            self._ended(event)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(
            self,
            budget=self._budget,
            overhead=self._overhead,
            free_s=self._free_s,
            points_to_evaluate=list(self._points) or None,
        )

    def _drawn(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        return self._record.history.next_point() or self._record.random(rng)

    def _choice(self) -> tuple[Name, str]:
        names, why = fitting(self.space, self._standing, budget=self._budget)
        evaluations = self._evaluations or self._failures
        if not evaluations:
            return names[0], why
        chosen, dear = affordable(
            names,
            {name: usual_cost(costs) for name, costs in self._costs.items()},
            allowed_s=max(self._overhead * evaluations[len(evaluations) // 2], self._free_s - self._spent_s),
        )
        return chosen, dear or why

    def _started(self, event: Started) -> None:
        if event.cause != "given":  # what came from elsewhere took no time here
            self._began[event.trial] = event.at
        self._cut.discard(event.trial)  # it goes on after a pause
        self._whole.discard(event.trial)
        self._at_once.append(len(self._began))
        self._standing = self._standing._replace(
            n_trials=max(self._standing.n_trials, event.trial + 1), workers=max(self._at_once)
        )
        name = event.notes.get(CHOSEN)
        if name in self._costs:
            if name in self._warm:
                self._costs[name].append(event.decide_s)
                self._spent_s += event.decide_s
            self._warm.add(name)  # the first decision of each loads its code
            self._last = name

    def _ended(self, event: Ended) -> None:
        began = self._began.pop(event.trial, None)
        if began is not None:
            insort(self._failures if event.state is TrialState.FAILED else self._evaluations, event.at - began)
        (self._cut if event.reason == "scheduler" else self._whole).add(event.trial)
        self._standing = self._standing._replace(n_ended=len(self._whole), n_cut=len(self._cut))
