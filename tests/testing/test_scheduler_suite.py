"""The suite finds what it is for: each scheduler here is wrong in one way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from rung.events import Ended, Enqueued, Observed, SpaceEdited, Started
from rung.registry import describe
from rung.space import Space
from rung.testing.scheduler_suite import SchedulerSuite
from rung.types import Action, Decision, Exhausted, Proposal, TrialState, Wait


class Right:
    """Pauses each trial at its second report and continues it once, the oldest first; the others differ from it."""

    def __init__(self, searcher: Any) -> None:
        self.searcher = searcher
        self.paused: dict[int, Any] = {}
        self.running: dict[int, Any] = {}
        self.was_paused: set[int] = set()
        self.n = 0

    @property
    def space(self) -> Space:
        return self.searcher.space

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        if self.paused:
            trial, config = next(iter(self.paused.items()))
            return Proposal(config=config, trial=trial)
        suggestion = self.searcher.suggest(rng) if new_trials else Exhausted("no more")
        if not isinstance(suggestion, Exhausted):
            return Proposal(config=suggestion.config, notes=suggestion.notes, decide_at=None)
        return Wait() if self.running else suggestion

    def update(self, event: Any) -> Sequence[Decision]:
        self.searcher.update(event)
        if isinstance(event, Started):
            self.running[event.trial] = event.config
            self.paused.pop(event.trial, None)
        elif isinstance(event, Ended):
            config = self.running.pop(event.trial, None)
            self.paused.pop(event.trial, None)
            if event.state is TrialState.PAUSED and event.reason == "scheduler":
                self.paused[event.trial] = config
        elif isinstance(event, Observed) and event.step >= 2 and event.trial not in self.was_paused:
            self.was_paused.add(event.trial)
            return [Decision(event.trial, Action.PAUSE, "step 2")]
        return ()

    def spec(self) -> Mapping[str, Any]:
        return describe(self, searcher=self.searcher.spec())


class WaitsForEver(Right):
    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        answer = super().suggest(rng, new_trials=new_trials)
        return Wait() if isinstance(answer, Exhausted) else answer


class GivesUpEarly(Right):
    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        if new_trials and not self.running and len(self.was_paused) > 3:
            return Exhausted("tired")
        return super().suggest(rng, new_trials=new_trials)


class IgnoresTheLimit(Right):
    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        return super().suggest(rng, new_trials=True)


class ContinuesTheLiving(Right):
    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        for trial, config in self.running.items():
            return Proposal(config=config, trial=trial)
        return super().suggest(rng, new_trials=new_trials)


class DecidesAboutTheDead(Right):
    def update(self, event: Any) -> Sequence[Decision]:
        decisions = super().update(event)
        return [Decision(event.trial, Action.STOP, "dead")] if isinstance(event, Ended) else decisions


class SaysNoReason(Right):
    def update(self, event: Any) -> Sequence[Decision]:
        return [Decision(each.trial, each.action) for each in super().update(event)]


class WantsStepsInAnyOrder(Right):
    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        answer = super().suggest(rng, new_trials=new_trials)
        if isinstance(answer, Proposal) and answer.trial is None:
            return Proposal(config=answer.config, decide_at=(5, 2), notes=answer.notes)
        return answer


class CountsItsSuggestions(Right):
    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        self.n += 1
        answer = super().suggest(rng, new_trials=new_trials)
        if isinstance(answer, Proposal):
            return Proposal(config=answer.config, trial=answer.trial, until=90 + self.n)
        return answer


class DecidesWithWhatItSuggested(Right):
    """Its own memory of what it proposed, rather than the log, says whom it pauses."""

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        self.n = 1
        return super().suggest(rng, new_trials=new_trials)

    def update(self, event: Any) -> Sequence[Decision]:
        decisions = super().update(event)
        return decisions if self.n else ()


class DrawsForItself(Right):
    def update(self, event: Any) -> Sequence[Decision]:
        decisions = super().update(event)
        return decisions if np.random.default_rng().random() < 0.5 else ()


class KeepsEventsToItself(Right):
    def update(self, event: Any) -> Sequence[Decision]:
        if isinstance(event, Enqueued):
            return ()
        return super().update(event)


class OverridesPeople(Right):
    def update(self, event: Any) -> Sequence[Decision]:
        running = dict(self.running)
        decisions = super().update(event)
        if isinstance(event, Ended) and event.state is TrialState.PAUSED:
            self.paused[event.trial] = running[event.trial]
        return decisions


class ChokesOnTheUnknown(Right):
    def update(self, event: Any) -> Sequence[Decision]:
        if not isinstance(event, (Started, Observed, Ended, Enqueued, SpaceEdited)):
            raise TypeError(event)
        return super().update(event)


class ForgetsOptions(Right):
    def __init__(self, searcher: Any, *, until: int | None = None) -> None:
        super().__init__(searcher)
        self.until = until

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        answer = super().suggest(rng, new_trials=new_trials)
        if isinstance(answer, Proposal):
            return Proposal(config=answer.config, trial=answer.trial, until=self.until, notes=answer.notes)
        return answer


def outcome(test: str, kind: Any, **options: Any) -> None:
    class Suite(SchedulerSuite):
        def make(self, searcher: Any) -> Any:
            return kind(searcher, **options)

    getattr(Suite(), f"test_{test}")()


PROMISES = sorted(name.removeprefix("test_") for name in vars(SchedulerSuite) if name.startswith("test_"))
ANY_OBJECTIVE = "it_gets_along_with_any_objective"
FAULTS: dict[type, tuple[str, str]] = {
    WaitsForEver: ("an_exhausted_searcher_ends_the_study", "waits, but nothing runs"),
    GivesUpEarly: (ANY_OBJECTIVE, "long: it began too few trials"),
    IgnoresTheLimit: (ANY_OBJECTIVE, "a new trial was proposed where none was allowed"),
    ContinuesTheLiving: (ANY_OBJECTIVE, "is running, so it can't be continued"),
    DecidesAboutTheDead: (ANY_OBJECTIVE, "decided about trial 0"),
    SaysNoReason: ("proposals_and_decisions_are_well_formed", "a decision without a reason"),
    WantsStepsInAnyOrder: ("proposals_and_decisions_are_well_formed", "decide_at is not in order"),
    CountsItsSuggestions: ("suggestions_follow_from_the_events_and_the_stream", "asked again"),
    DecidesWithWhatItSuggested: ("suggestions_follow_from_the_events_and_the_stream", "changed its decisions"),
    DrawsForItself: ("the_seed_decides", "the same seed gave another study"),
    KeepsEventsToItself: ("the_searcher_sees_every_event", "did not see each event"),
    OverridesPeople: ("what_people_pause_waits_for_people", "a person had paused trial"),
    ChokesOnTheUnknown: ("unknown_events_are_ignored", "Placed"),
    ForgetsOptions: ("the_json_form_builds_an_equal_one", "lacks an option"),
}


@pytest.mark.parametrize("promise", PROMISES)
def test_a_right_scheduler_passes(promise: str) -> None:
    outcome(promise, Right)


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_a_fault_is_found(kind: type) -> None:
    promise, message = FAULTS[kind]
    options = {"until": 40} if kind is ForgetsOptions else {}
    with pytest.raises((AssertionError, TypeError), match=message):
        outcome(promise, kind, **options)


def test_replay_finds_one_that_draws_for_itself() -> None:
    with pytest.raises(AssertionError, match=r"it decides otherwise|event \d+"):
        outcome("replay_is_exact", DrawsForItself)


def test_each_promise_is_broken_by_somebody() -> None:
    assert sorted({*(promise for promise, _ in FAULTS.values()), "replay_is_exact"}) == PROMISES
