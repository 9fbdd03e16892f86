"""Trials are stopped by a criterion that is applied to each of their reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, cast, final

from msgspec import structs

from rung import registry
from rung.errors import SettingError
from rung.events import Ended, Observed, Started
from rung.registry import describe
from rung.schedulers._trial_curves import TrialCurves
from rung.stopping import Criterion, Scope, as_criterion
from rung.types import Action, Decision, Goal, Proposal

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Scheduler, Searcher
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.stopping import Standing
    from rung.types import Exhausted, Json, Wait


@final
class EarlyStopping:
    """Stops a trial of another scheduler when a criterion is met at one of its reports; see ``rung.stopping``.

    criterion: such as ``patience(5) | diverged()``, its JSON form, its text ``"patience:5"``, or a list of texts, any
    of which may be met. within: the scheduler that decides all else, as a name with options such as
    ``"asha(max_t=27)"`` or as a form without a searcher; None runs each trial to its end. mode: whether the metric is
    to be low or high; only ``reached`` must know.

    - Every report waits for the decision.
    - Where both have a word on one report, a stop by the criterion comes first.
    - A run that ends by itself with this report isn't stopped any more; one that is to pause there is.
    - A trial that is stopped remains one of those that others are compared with.

    SettingError for what is no criterion for trials, and for a scheduler that can't be made.
    """

    def __init__(
        self,
        searcher: Searcher,
        *,
        criterion: Criterion | Mapping[str, Json] | str | Sequence[str],
        within: str | Mapping[str, Json] | None = None,
        mode: Literal["min", "max"] | None = None,
    ) -> None:
        self.searcher = searcher
        self._criterion = as_criterion(criterion, Scope.TRIAL)
        if mode not in {None, "min", "max"}:
            raise SettingError(f"mode={mode!r} is not known.", hint="Use mode='min' or mode='max'.")
        if mode is None and any(part.needs_mode for part in self._criterion.leaves()):
            raise SettingError(
                f"{self._criterion} has to know whether high or low is good.", hint="Give mode='min' or mode='max'."
            )
        self._mode = mode
        self._goal = Goal("the metric", mode or "min")
        self._inner = _inner(within, searcher)
        has_peers = any(part.needs_peers for part in self._criterion.leaves())
        self._curves = TrialCurves(self._criterion.metrics(), has_peers=has_peers)
        self._until: dict[int, int | None] = {}

    @property
    def space(self) -> Space:
        """The searcher's space."""
        return self.searcher.space

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """What the scheduler within proposes; each report waits for a decision."""
        answer = self._inner.suggest(rng, new_trials=new_trials)
        return structs.replace(answer, decide_at=None) if isinstance(answer, Proposal) else answer

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Pass the event on, and stop the trial that has reported if it meets the criterion."""
        decisions = self._inner.update(event)
        if isinstance(event, Observed):
            judged = self._judged(event, self._curves.observed(event), decisions)
            self._curves.compared(event)
            return judged
        if isinstance(event, Started):
            self._until[event.trial] = event.until
            self._curves.started(event)
        elif isinstance(event, Ended):
            self._curves.ended(event)
        return decisions

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        within = {name: value for name, value in self._inner.spec().items() if name != "searcher"}
        return describe(
            self,
            criterion=self._criterion.to_json(),
            within=within,
            mode=self._mode,
            searcher=self.searcher.spec(),
        )

    def _judged(self, event: Observed, standing: Standing, decisions: Sequence[Decision]) -> Sequence[Decision]:
        until = self._until[event.trial]
        is_paused = any(word.trial == event.trial and word.action is Action.PAUSE for word in decisions)
        if until is not None and event.step >= until and not is_paused:
            return decisions  # the run ends by itself
        why = self._criterion.met(standing, self._goal)
        if not why:
            return decisions
        others = [decision for decision in decisions if decision.trial != event.trial]
        return (Decision(event.trial, Action.STOP, why), *others)


def stopping_trials(
    scheduler: Scheduler, criterion: Criterion | str, *, mode: Literal["min", "max"], searcher: Searcher | None = None
) -> EarlyStopping:
    """A scheduler like that one, whose trials the criterion stops. searcher: its own; without it one is made like it.

    SettingError when the scheduler, or its searcher, can't be made again from its form, or it is no criterion for
    trials.
    """
    criterion = as_criterion(criterion, Scope.TRIAL)
    form = dict(scheduler.spec())
    own = form.pop("searcher", None)
    try:
        around = searcher or registry.build_searcher(own, scheduler.space)
        return EarlyStopping(around, criterion=criterion, within=form, mode=mode)
    except SettingError as error:
        raise SettingError(
            f"trials of {type(scheduler).__name__} can't be stopped by a criterion: {error.sentence}", hint=error.hint
        ) from error


def max_t_of(form: Mapping[str, Json]) -> int | None:
    """The ``max_t`` in the form of a scheduler, or of the one that it is put around; None where there is none."""
    max_t, within = form.get("max_t"), form.get("within")
    if isinstance(max_t, int):
        return max_t
    return max_t_of(within) if isinstance(within, Mapping) else None


def _inner(within: object, searcher: Searcher) -> Scheduler:
    """The scheduler of that name or form around the searcher."""
    if within is None or isinstance(within, str):
        return registry.scheduler(within or "basic", searcher)
    options = dict(within) if isinstance(within, Mapping) else {}
    name = options.pop("name", None) or options.pop("class", None)
    if not isinstance(name, str) or "searcher" in options:
        raise SettingError(
            f"within={within!r} is no form of a scheduler without its searcher.", hint="Write within='asha(max_t=27)'."
        )
    return registry.scheduler(name, searcher, **cast("dict[str, Json]", options))
