"""The suite finds what it is for: each searcher here is wrong in one way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from rung.errors import RungError
from rung.events import Ended, Enqueued, Observed, SpaceEdited, Started
from rung.history import History
from rung.registry import describe
from rung.space import Space
from rung.testing.searcher_suite import SearcherSuite
from rung.types import Exhausted, Suggestion


class Right:
    """A searcher with nothing wrong; the others differ from it in one method."""

    def __init__(self, space: Space) -> None:
        self.history = History(space)

    @property
    def space(self) -> Space:
        return self.history.space

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        return self.history.next_point() or Suggestion(self.space.sample(rng))

    def update(self, event: Any) -> None:
        self.history.update(event)

    def spec(self) -> Mapping[str, Any]:
        return describe(self)


class OwnCounter(Right):
    n = 0

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        self.n += 1
        return Suggestion(self.space.sample(np.random.default_rng(self.n)))


class OwnRandomness(Right):
    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        return self.history.next_point() or Suggestion(self.space.sample(np.random.default_rng()))


class SameEverywhere(Right):
    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        rng = np.random.default_rng(len(self.history))
        return self.history.next_point() or Suggestion(self.space.sample(rng))


class Outside(Right):
    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        config = self.space.decode([0.9] * len(self.space))
        return self.history.next_point() or Suggestion(config)


class NumPyValues(Right):
    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        if point := self.history.next_point():
            return point
        config = self.space.sample(rng)
        return Suggestion({k: np.int64(v) if type(v) is int and abs(v) < 2**62 else v for k, v in config.items()})


class ForgetsWhatItAsked(Right):
    """Learns from what it suggested rather than from the log."""

    last: Any = None

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        if point := self.history.next_point():
            return point
        if self.last is None or rng.random() < 0.5:
            self.last = self.space.sample(rng)
        return Suggestion(dict(self.last))


class IgnoresEdits(Right):
    def update(self, event: Any) -> None:
        if not isinstance(event, SpaceEdited):
            self.history.update(event)


class IgnoresPoints(Right):
    def update(self, event: Any) -> None:
        if not isinstance(event, Enqueued):
            self.history.update(event)


class NeverLeavesTheLine(Right):
    def update(self, event: Any) -> None:
        if isinstance(event, Started):
            event = Started(at=0.0, trial=event.trial, attempt=1, config=event.config, cause=event.cause)
        self.history.update(event)


class NeedsReports(Right):
    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        ended = [s for s in self.history.states if s.is_final]
        if ended and not np.isfinite(self.history.last_losses).any():
            raise ValueError("nothing to learn from")
        return super().suggest(rng)


class GivesUpOnce(Right):
    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        if len(self.history) >= 5 and rng.random() < 0.5:
            return Exhausted()
        return super().suggest(rng)


class ChokesOnTheUnknown(Right):
    def update(self, event: Any) -> None:
        if not isinstance(event, (Started, Observed, Ended, Enqueued, SpaceEdited)):
            raise TypeError(event)
        self.history.update(event)


class ForgetsOptions(Right):
    def __init__(self, space: Space, *, shift: int = 0) -> None:
        super().__init__(space)
        self.shift = shift

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        rng.random(self.shift)
        return super().suggest(rng)


class ChangesEvents(Right):
    def update(self, event: Any) -> None:
        self.history.update(event)
        if isinstance(event, Started) and isinstance(event.config, dict):
            event.config["seen"] = True


class HandsOutItsState(Right):
    """Suggests the same dict again and again."""

    config: Any = None

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        if self.config is None:
            self.config = self.space.decode([0.5] * len(self.space))
        return self.history.next_point() or Suggestion(self.config)


def outcome(test: str, kind: Any, **options: Any) -> None:
    class Suite(SearcherSuite):
        def make(self, space: Space) -> Any:
            return kind(space, **options)

    getattr(Suite(), f"test_{test}")()


PROMISES = sorted(name.removeprefix("test_") for name in vars(SearcherSuite) if name.startswith("test_"))
FAULTS: dict[type, tuple[str, str]] = {
    OwnCounter: (
        "suggestions_follow_from_the_events_and_the_stream",
        "numeric: asked again, it suggests something else",
    ),
    OwnRandomness: ("the_seed_decides", "the same seed gave another study"),
    SameEverywhere: ("the_seed_decides", "the seed makes no difference"),
    Outside: ("suggestions_lie_in_the_space", "breaks the constraint"),
    NumPyValues: ("suggestions_lie_in_the_space", "int64 is not JSON"),
    ForgetsWhatItAsked: ("replay_is_exact", "numeric: event"),
    IgnoresEdits: ("an_edited_space_is_obeyed", "is not the edited space"),
    IgnoresPoints: ("what_is_enqueued_comes_next", "came before"),
    NeverLeavesTheLine: ("what_is_enqueued_comes_next", "came before"),
    NeedsReports: ("suggestions_lie_in_the_space", "nothing to learn from"),
    GivesUpOnce: ("exhausted_stays_exhausted_until_a_point_is_enqueued", "it was exhausted and is not any more"),
    ChokesOnTheUnknown: ("unknown_events_are_ignored", "Placed"),
    ChangesEvents: ("it_leaves_what_it_is_given_alone", "it has changed an event"),
    HandsOutItsState: ("it_leaves_what_it_is_given_alone", "what becomes of a suggestion"),
    ForgetsOptions: ("the_json_form_builds_an_equal_one", "lacks an option|ForgetsOptions"),
}


@pytest.mark.parametrize("promise", PROMISES)
def test_a_right_searcher_passes(promise: str) -> None:
    outcome(promise, Right)


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_a_fault_is_found(kind: type) -> None:
    promise, message = FAULTS[kind]
    options = {"shift": 3} if kind is ForgetsOptions else {}
    with pytest.raises((AssertionError, RungError, TypeError, ValueError), match=message):
        outcome(promise, kind, **options)


def test_each_promise_is_broken_by_somebody() -> None:
    assert sorted({promise for promise, _ in FAULTS.values()}) == PROMISES
