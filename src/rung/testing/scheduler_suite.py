"""What every scheduler has to do right, however it spends the budget."""

from __future__ import annotations

import copy
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rung.commands import Command, ContinueTrial, EditSpace, Enqueue, PauseTrial, StopTrial
from rung.events import Ended, Placed, SearchEvent, Started
from rung.registry import build_scheduler
from rung.searchers.grid import GridSearcher
from rung.searchers.random import RandomSearcher
from rung.space import Float, Int, Space
from rung.testing.play import Course, Played, play, stored
from rung.tuning.engine import draw_generator
from rung.types import Action, Exhausted, Proposal, Suggestion, TrialState, Wait

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Scheduler, Searcher
    from rung.types import Decision, Json

_SEED = 5
_SPACE = Space({"rate": Float(1e-4, 1.0, log=True), "units": Int(8, 256, log=True)})
_EDITED = Space({"rate": Float(1e-3, 0.1, log=True), "depth": Int(1, 3)})
_LONG = Course(steps=range(1, 31))
_COURSES = {
    "long": _LONG,
    "every third step": Course(steps=range(3, 31, 3)),
    "great leaps": Course(steps=(2, 11, 12, 40)),
    "one report": Course(steps=(1,)),
    "ends early": Course(steps=range(1, 6)),
    "never reports": Course(steps=()),
    "ties": Course(steps=range(1, 31), loss=lambda _config, _step: 0.5),
    "some fail": Course(steps=range(1, 31), failures={0: 1, 2: 3, 3: 9, 7: 2, 8: 27}),
    "all fail": Course(steps=range(1, 31), failures=dict.fromkeys(range(100), 2)),
    "stragglers": Course(steps=range(1, 31), seconds=lambda config, _step: 100.0 if config["units"] > 100 else 1.0),
}
_PEOPLE: dict[int, list[Command]] = {
    9: [PauseTrial(0), PauseTrial(1)],
    20: [Enqueue({"rate": 0.5, "units": 10})],
    31: [ContinueTrial(1), StopTrial(2)],
    40: [PauseTrial(1), PauseTrial(4)],
    55: [EditSpace(_EDITED.to_json()), Enqueue({"rate": 0.05, "depth": 2})],
    60: [ContinueTrial(0), StopTrial(4), ContinueTrial(3)],
}


class SchedulerSuite(ABC):
    """Subclass it in a test file, as ``class TestMine(SchedulerSuite)``, and pytest finds the tests.

    Trials report up to 30 steps, so a scheduler that cuts training into pieces should make them shorter.
    ``rung.testing.play`` holds the general rules: it fails when a scheduler waits while nothing runs, begins a trial
    where none is allowed, continues one that isn't paused, or decides about one that doesn't run.
    """

    @abstractmethod
    def make(self, searcher: Searcher) -> Scheduler:
        """A fresh scheduler around ``searcher``."""

    def test_it_gets_along_with_any_objective(self) -> None:
        """Silence, failures, leaps and stragglers: all that was begun ends, and as many begin as may."""
        for name, course in _COURSES.items():
            for workers in (1, 2, 7):
                played = play(self._random(), course, new_trials=15, workers=workers, seed=_SEED)
                assert len(played.configs()) == 15, f"{name}: it began too few trials"
                began = {(event.trial, event.attempt) for event in played.started()}
                ended = {(event.trial, event.attempt) for event in played.log if isinstance(event, Ended)}
                assert ended == began, f"{name}: a run did not end"

    def test_proposals_and_decisions_are_well_formed(self) -> None:
        """Configs lie in the space, steps are in order, and each decision says why."""
        for name, course in _COURSES.items():
            played = play(self._random(), course, new_trials=15, seed=_SEED)
            for event in played.started():
                assert _SPACE.is_allowed(event.config), f"{name}: a config outside the space"
                steps = list(event.decide_at or ())
                assert steps == sorted(set(steps)), f"{name}: decide_at is not in order"
                assert all(step >= 1 and (event.until is None or step <= event.until) for step in steps), (
                    f"{name}: {steps}"
                )
            for _, decision in played.decisions:
                assert decision.why or decision.action is Action.CONTINUE, f"{name}: a decision without a reason"

    def test_an_exhausted_searcher_ends_the_study(self) -> None:
        """It isn't Wait for ever, and no configuration is left out; the scheduler says so again when asked again."""
        space = Space({"a": Int(1, 3), "b": Int(1, 3)})
        for workers in (1, 4, 20):
            scheduler = self.make(GridSearcher(space))
            played = play(scheduler, _LONG, new_trials=50, workers=workers, seed=_SEED)
            assert len(played.configs()) == 9, "a configuration was left out"
            assert played.why, "Exhausted without a reason"
            assert all(isinstance(answer, Exhausted) for answer in _asked(scheduler, 0)), "it is not exhausted for good"

    def test_suggestions_follow_from_the_events_and_the_stream(self) -> None:
        """Asking changes nothing: the same stream gives the same again, with and without new trials."""
        asked, unasked = self._random(), self._random()
        for event in _eventful(self._random()).log:
            first = _asked(asked, 1)
            _asked(asked, 2)
            assert _asked(asked, 1) == first, "asked again, it suggests something else"
            assert list(asked.update(event)) == list(unasked.update(event)), "being asked has changed its decisions"
        assert _asked(asked, 3) == _asked(unasked, 3), "being asked has changed its suggestions"

    def test_replay_is_exact(self) -> None:
        """A fresh scheduler that is fed the stored log proposes and decides what was proposed and decided live."""
        played = _eventful(self._random())
        again = self._random()
        decisions: list[tuple[int, Decision]] = []
        starts = dict(played.suggested())
        for index, event in enumerate(played.log):
            if index in starts:
                started = starts[index]
                rng = draw_generator(_SEED, started.draw or 0)
                proposal = again.suggest(rng, new_trials=started.new_trials)
                assert isinstance(proposal, Proposal), f"event {index}: no proposal"
                assert proposal.trial == (None if started.cause == "new" else started.trial), f"event {index}: trial"
                for field in ("config", "until", "decide_at", "parent", "notes"):
                    assert getattr(proposal, field) == getattr(started, field), f"event {index}: {field}"
            decisions.extend((index, decision) for decision in again.update(stored(event)))
        assert decisions == played.decisions, "it decides otherwise"

    def test_the_seed_decides(self) -> None:
        """The same seed gives the same study."""
        assert _eventful(self._random()).log == _eventful(self._random()).log, "the same seed gave another study"

    def test_the_searcher_sees_every_event(self) -> None:
        """Each once, in order; and the scheduler's space is the searcher's."""
        spy = _Spy(RandomSearcher(_SPACE))
        scheduler = self.make(spy)
        assert scheduler.space == _SPACE, "its space is not the searcher's"
        played = play(scheduler, _LONG, new_trials=12, seed=_SEED, commands=_PEOPLE)
        assert spy.seen == played.log, "the searcher did not see each event once, in order"
        assert scheduler.space == _EDITED, "its space is not the searcher's after an edit"

    def test_what_people_pause_waits_for_people(self) -> None:
        """The scheduler continues only trials that it has paused itself."""
        paused: set[int] = set()
        for event in _eventful(self._random()).log:
            if isinstance(event, Ended) and event.state is TrialState.PAUSED and event.reason == "person":
                paused.add(event.trial)
            elif isinstance(event, Started) and event.draw is not None:
                assert event.trial not in paused, f"a person had paused trial {event.trial}, and it was continued"
            elif isinstance(event, Started):
                paused.discard(event.trial)

    def test_unknown_events_are_ignored(self) -> None:
        """Later versions may send other events."""
        scheduler = self._random()
        expected = _asked(scheduler, 0)
        placed = Placed(at=0.0, trial=0, attempt=1, host="h", pid=1)
        assert list(scheduler.update(placed)) == []  # type: ignore[arg-type]  # on purpose
        assert _asked(scheduler, 0) == expected, "an unknown event has changed its suggestions"

    def test_the_json_form_builds_an_equal_one(self) -> None:
        """``spec()`` survives JSON and the registry, with the searcher inside."""
        spec = self._random().spec()
        again = build_scheduler(json.loads(json.dumps(spec)), _SPACE)
        assert type(again) is type(self._random())
        assert again.spec() == spec
        ours, theirs = (play(each, _LONG, seed=_SEED).log for each in (self._random(), again))
        assert ours == theirs, "the JSON form lacks an option"

    def _random(self) -> Scheduler:
        return self.make(RandomSearcher(_SPACE))


class _Spy:
    """A searcher that keeps what it sees."""

    def __init__(self, inner: RandomSearcher) -> None:
        self._inner = inner
        self.seen: list[SearchEvent] = []

    @property
    def space(self) -> Space:
        return self._inner.space

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        return self._inner.suggest(rng)

    def update(self, event: SearchEvent) -> None:
        self.seen.append(copy.deepcopy(event))
        self._inner.update(event)

    def spec(self) -> Mapping[str, Json]:
        return self._inner.spec()


def _asked(scheduler: Scheduler, draw: int) -> list[Proposal | Wait | Exhausted]:
    return [scheduler.suggest(draw_generator(_SEED, draw), new_trials=new_trials) for new_trials in (True, False)]


def _eventful(scheduler: Scheduler) -> Played:
    """Failures, and people who pause, continue, stop, enqueue and edit."""
    course = Course(steps=range(1, 31), failures={5: 2, 6: 9})
    return play(scheduler, course, new_trials=15, workers=3, seed=_SEED, commands=_PEOPLE)
