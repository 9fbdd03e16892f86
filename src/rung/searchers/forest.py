"""Search with a random forest, which takes any mix of numbers, categories and conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, final

from rung.checks import whole_number
from rung.errors import MissingExtraError
from rung.events import Ended, Observed, SpaceEdited
from rung.history import History, starting_points
from rung.registry import describe
from rung.searchers._curves import Curves
from rung.searchers._sequences import Walk, sobol
from rung.searchers._unseen import Tried
from rung.space import as_space
from rung.types import Exhausted, Suggestion, TrialState

if TYPE_CHECKING:
    import numpy as np

    from rung.events import SearchEvent
    from rung.searchers._forest_proposals import ForestProposals
    from rung.searchers._gp_evidence import Known
    from rung.space import Space
    from rung.types import Config, Json


@final
class ForestSearcher:
    """Tries what looks best to the trees of a random forest, each candidate in the eyes of one of them.

    A tree splits the space where its structure is: categories, conditions and thresholds are as easy to it as smooth
    slopes are hard. So take it for many of those; in a few smooth numbers a Gaussian process finds far better values. A
    suggestion takes five milliseconds, and twenty at 1,000 trials. Needs scikit-learn.

    space: a Space or anything that ``as_space`` takes. trees: of the forest. leaf_size: how many trials a tree lumps
    together at least; 2 or 3 where losses are very noisy, for with 1 lucky trials are taken at their word, and the
    search does hardly better than a random one. candidates: random configurations that are compared, beside neighbours
    of the ten best trials, which differ from them in one dimension; more of them search more widely. initial_points:
    how many configurations of a Sobol sequence come before the first forest, those to start with counted in.
    initial_config, points_to_evaluate: what is tried first; give one of them or none.

    A candidate's value is drawn from what the trees say of it, and the lowest is tried: Thompson sampling, by which one
    goes where trees differ. The expected improvement under their mean and variance had twice the regret when measured;
    and draws keep apart what is suggested while others run. A trial counts by its lowest loss; trials that were stopped
    early are reckoned up to the length of the others, and failed ones count as bad. Only the order of losses matters.
    No configuration comes twice while there is another. MissingExtraError without scikit-learn; SettingError for
    options out of range.

    Source: Hutter et al. 2011 (SMAC) for forests, neighbours and inactive dimensions; Geurts et al. 2006 for trees with
    random splits; Salinas et al. 2023 for drawing each candidate's value by itself.
    """

    def __init__(
        self,
        space: object,
        *,
        trees: int = 10,
        leaf_size: int = 1,
        candidates: int = 200,
        initial_points: int = 5,
        initial_config: Config | None = None,
        points_to_evaluate: Sequence[Config] = (),
    ) -> None:
        if find_spec("sklearn") is None:
            raise MissingExtraError("ForestSearcher", "sklearn")
        given = as_space(space)
        self._options = {
            "trees": whole_number("trees", trees, at_least=1, example=10),
            "leaf_size": whole_number("leaf_size", leaf_size, at_least=1, example=1),
            "candidates": whole_number("candidates", candidates, at_least=1, example=200),
            "initial_points": whole_number("initial_points", initial_points, at_least=1, example=5),
        }
        self._points = starting_points(given, initial_config, points_to_evaluate)
        self._history = History(given, self._points)
        self._walk = Walk("sobol", sobol)
        self._tried = Tried()
        self._curves = Curves()
        self._known: dict[int, None] = {}  # trials that have reported or failed, in the order in which they did
        self._proposals: ForestProposals | None = None

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._history.space

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        """The next waiting point, or a new configuration."""
        if point := self._history.next_point():
            return point
        known, proposals = self._knows()
        if known.evidence is None or known.n_begun < self._options["initial_points"]:
            return self._designed(proposals.believed(), rng)
        n_since = len(self._history) - self._history.n_before_priors
        for config in proposals.ranked(known.evidence, self._tried, n_since, rng):
            if config not in self._tried:
                return Suggestion(config)
        other = self._tried.draw(self.space, rng)
        return Exhausted() if other is None else Suggestion(other)

    def update(self, event: SearchEvent) -> None:
        """Note what was tried and what came of it."""
        self._history.update(event)
        self._tried.update(event, self._history)
        self._walk.update(event)
        if isinstance(event, Observed):
            assert event.loss is not None, "reports without a loss don't reach a searcher"
            self._curves.add(event.trial, event.step, event.loss)
            self._known.setdefault(event.trial)
        elif isinstance(event, Ended) and event.state is TrialState.FAILED:
            self._known.setdefault(event.trial)
        elif isinstance(event, SpaceEdited):
            self._proposals = None

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(self, **self._options, points_to_evaluate=list(self._points) or None)

    def _knows(self) -> tuple[Known, ForestProposals]:
        """What is known, and what makes suggestions from it."""
        from rung.searchers._forest_proposals import ForestProposals, Options
        from rung.searchers._gp_evidence import known_of

        known = known_of(self._history, self._curves, self._known)
        if self._proposals is None or self._proposals.partial != known.partial:
            options = Options(**self._options)
            self._proposals = ForestProposals(self._history.hull, self.space, options, known.partial)
        return known, self._proposals

    def _designed(self, believed: Config | None, rng: np.random.Generator) -> Suggestion | Exhausted:
        """What a person believes to be the best, then points of a Sobol sequence."""
        if believed is not None and believed not in self._tried and self.space.is_allowed(believed):
            return Suggestion(believed)
        return self._walk.suggest(self.space, rng, self._tried)
