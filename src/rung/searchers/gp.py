"""Bayesian optimisation with a Gaussian process."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, final

from rung.checks import number, whole_number
from rung.errors import RungError, SettingError
from rung.events import Ended, Observed, SpaceEdited, Started
from rung.history import History, starting_points
from rung.registry import describe
from rung.searchers._curves import Curves
from rung.searchers._unseen import Tried
from rung.space import Choice, as_space
from rung.types import Exhausted, Suggestion, TrialState

if TYPE_CHECKING:
    import numpy as np

    from rung.events import SearchEvent
    from rung.searchers._gp_evidence import Known
    from rung.searchers._proposals import Picture, Proposals
    from rung.space import Space
    from rung.types import Config, Json

_ACQUISITIONS: Final = ("logei", "ei", "ucb", "thompson")
_LEAST_INITIAL: Final = 5
_MOST_INITIAL: Final = 12
_FIT: Final = "fit"  # keys of the notes: the last fit, and the seed of the first points
_SCRAMBLE: Final = "scramble"


@final
class GPSearcher:
    """Tries what promises most under a Gaussian process, which is fitted to all results so far.

    space: a Space or anything that ``as_space`` takes; floats, integers, categories and conditions alike. acquisition:
    what is promising: ``logei``, the logarithm of the expected improvement, which finds its way where the expected
    improvement itself, ``ei``, is flat; ``ucb``, the lower end of a band of ``exploration`` standard deviations;
    ``thompson``, the minimum of a function drawn from the posterior, for many workers. initial_points: how many
    configurations of a Sobol sequence come before the first model, those to start with counted in; by default five, and
    one for each further category, up to twelve. warp_inputs: learn a warp of each number too, for functions that change
    faster at one end of a range. initial_config, points_to_evaluate: what is tried first; give one of them or none.

    A trial counts by its lowest loss; trials that were stopped early are reckoned up to the length of the others, and
    failed ones count as bad. Running trials count as if their mean had been observed, so that others go elsewhere. So
    do those that a scheduler cut, where it cuts most of them, before they could be compared (``_cuts.compared_at``);
    those that got farther count by that step, and the model waits until there are 15 of them. No configuration comes
    twice while there is another. Up to 20 trials each result brings a new fit, later each tenth more of them, from 300
    trials on to 250 of them; from 1,000 on the model knows only what lies near the best, and looks in a box around it
    that grows and shrinks with success. A suggestion's notes hold the fit, so that the log alone determines what comes
    next. SettingError for options out of range.

    An edit of the space narrows what is suggested, not what is known: trials outside of new ranges go on shaping the
    model, while the best inside is what is to be beaten. Trials from before a dimension was added still tell about the
    others; those with values on another scale that the new one lacks are left out.

    Where the space has priors, the first configuration of the sequence is moved to their centre, and what promises is
    weighed by them: n trials after they were given, the acquisition of a point far from their centre counts less by up
    to a factor of ten to the power 10 / n. ``logei`` is lowered by the logarithm of that; so are ``ucb`` and what
    ``thompson`` draws, in standard deviations of the losses; ``ei`` is multiplied.

    Source: Jones et al. 1998; the acquisition from Ament et al. 2023, the prior of length scales from Hvarfner et al.
    2024, that of people from Hvarfner et al. 2022, bounded here, the box from Eriksson et al. 2019, running trials from
    Desautels et al. 2014.
    """

    def __init__(
        self,
        space: object,
        *,
        acquisition: str = "logei",
        exploration: float = 1.8,
        initial_points: int | None = None,
        warp_inputs: bool = False,
        initial_config: Config | None = None,
        points_to_evaluate: Sequence[Config] = (),
    ) -> None:
        given = as_space(space)
        self._points = starting_points(given, initial_config, points_to_evaluate)
        self._history = History(given, self._points)
        self._options = _checked(acquisition, exploration, initial_points, warp_inputs)
        self._proposals: Proposals | None = None
        self._tried = Tried()
        self._curves = Curves()
        self._known: dict[int, None] = {}  # trials that have reported or failed, in the order in which they did
        self._noted: Json = None
        self._scramble: int | None = None

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._history.space

    @property
    def n_results(self) -> int:
        """How many trials have a result that the model is told."""
        evidence = self._knows()[0].evidence
        return 0 if evidence is None else sum(not math.isnan(loss) for loss in evidence.losses)

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        """The next waiting point, or a new configuration."""
        if point := self._history.next_point():
            return point
        known, proposals = self._knows()
        if known.evidence is None or known.n_begun < self._n_initial():
            return proposals.designed(len(self._history), self._scramble, self._tried, rng)
        return proposals.modelled(known.evidence, self._noted, self._tried, rng, n_since=self._n_since())

    def update(self, event: SearchEvent) -> None:
        """Note what was tried, what came of it, and the fit behind it."""
        believed = self.space.priors
        self._history.update(event)
        self._tried.update(event, self._history)
        if isinstance(event, Observed):
            assert event.loss is not None, "reports without a loss don't reach a searcher"
            self._curves.add(event.trial, event.step, event.loss)
            self._known.setdefault(event.trial)
        elif isinstance(event, Started):
            self._noted = event.notes.get(_FIT, self._noted)
            self._scramble = event.notes.get(_SCRAMBLE, self._scramble)
        elif isinstance(event, Ended) and event.state is TrialState.FAILED:
            self._known.setdefault(event.trial)
        elif isinstance(event, SpaceEdited):
            self._noted = self._proposals = None
            if self.space.priors != believed:
                self._scramble = None  # so that a new design begins at their centre

    def posterior(self, configs: Sequence[Config]) -> Picture:
        """What the model believes about configurations of the space, as it would be for the next suggestion.

        RungError while no trial has reported a result.
        """
        known, proposals = self._knows()
        if known.evidence is None:
            raise RungError("No result has come in yet, so there is no model.", hint="Ask again after the first one.")
        return proposals.picture(known.evidence, self._noted, configs, n_since=self._n_since())

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(self, **self._options, points_to_evaluate=list(self._points) or None)

    def _n_initial(self) -> int:
        given: int | None = self._options["initial_points"]
        if given is not None:
            return given
        further = sum(domain.size - 1 for domain in self.space.values() if isinstance(domain, Choice))
        return int(min(_LEAST_INITIAL + further, _MOST_INITIAL))

    def _knows(self) -> tuple[Known, Proposals]:
        """What is known, and what makes suggestions from it."""
        from rung.searchers._gp_evidence import known_of
        from rung.searchers._proposals import Options, Proposals

        known = known_of(self._history, self._curves, self._known)
        if self._proposals is None or self._proposals.partial != known.partial:
            options = Options(**self._options)
            self._proposals = Proposals(self._history.hull, self.space, options, known.partial)
        return known, self._proposals

    def _n_since(self) -> int:
        return len(self._history) - self._history.n_before_priors


def _checked(acquisition: str, exploration: float, initial_points: int | None, warp_inputs: bool) -> dict[str, Any]:  # noqa: FBT001
    """The options by name. SettingError for one that is out of range."""
    if acquisition not in _ACQUISITIONS:
        raise SettingError(
            f"acquisition must be one of {', '.join(_ACQUISITIONS)}, not {acquisition!r}.", hint="Use 'logei'."
        )
    if initial_points is not None:
        initial_points = whole_number("initial_points", initial_points, at_least=1, example="5, or leave it out")
    if not isinstance(warp_inputs, bool):
        raise SettingError(f"warp_inputs must be True or False, not {warp_inputs!r}.", hint="Use False.")
    return {
        "acquisition": acquisition,
        "exploration": number("exploration", exploration, at_least=0, example=1.8),
        "initial_points": initial_points,
        "warp_inputs": warp_inputs,
    }
