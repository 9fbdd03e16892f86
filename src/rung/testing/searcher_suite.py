"""What every searcher has to do right, whatever it searches with."""

from __future__ import annotations

import copy
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from rung.commands import Command, EditSpace, Enqueue
from rung.events import Enqueued, Placed, SpaceEdited, Started
from rung.registry import build_searcher
from rung.schedulers.basic import BasicScheduler
from rung.testing.play import Course, Played, play, stored
from rung.testing.spaces import ExampleSpace, example_spaces
from rung.tuning.engine import draw_generator
from rung.types import Exhausted, Suggestion, Wait

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Json

_SEED = 3
_COURSES = {
    "nothing special": Course(steps=(1, 2)),
    "many pending": Course(steps=(1, 2)),
    "all fail at once": Course(steps=(1, 2), failures=dict.fromkeys(range(100), 1)),
    "all fail later": Course(steps=(1, 2), failures=dict.fromkeys(range(100), 2)),
    "none reports": Course(steps=()),
    "all losses are equal": Course(loss=lambda _config, _step: 0.5),
    "losses are extreme": Course(loss=lambda config, _step: (-1) ** len(str(config)) * 1e300),
    "losses hardly differ": Course(loss=lambda config, _step: 1.0 + 1e-15 * len(str(config))),
}


class SearcherSuite(ABC):
    """Subclass it in a test file, as ``class TestMine(SearcherSuite)``, and pytest finds the tests.

    ``make`` returns a fresh searcher with no starting points. ``spaces`` may be overridden by a searcher that doesn't
    take all. ``is_random``: another seed of the study gives other suggestions.
    """

    is_random: ClassVar[bool] = True

    @abstractmethod
    def make(self, space: Space) -> Searcher:
        """A fresh searcher over ``space``."""

    def spaces(self) -> Mapping[str, ExampleSpace]:
        """The spaces to try it on, each with an edit."""
        return example_spaces()

    def test_suggestions_lie_in_the_space(self) -> None:
        """Configs are as ``Space.validate`` returns them, and JSON, also after failures, silence, ties and extremes."""
        for name, (space, _) in self.spaces().items():
            for what, course in _COURSES.items():
                configs = _played(self.make(space), course, workers=12 if what == "many pending" else 3).configs()
                assert configs, f"{name}: {what}: it suggests nothing"
                for config in configs:
                    valid = space.validate(config)
                    assert dict(config) == valid, f"{name}: {what}: {config} is not as the space gives it"
                    assert json.loads(json.dumps(config)) == config, f"{name}: {what}: {config} is not JSON"

    def test_suggestions_follow_from_the_events_and_the_stream(self) -> None:
        """Asking changes nothing: the same stream gives the same again."""
        for name, example in self.spaces().items():
            asked, unasked = self.make(example.space), self.make(example.space)
            for event in _eventful(self.make(example.space), example).log:
                first = _suggested(asked, 1)
                _suggested(asked, 2)
                assert _suggested(asked, 1) == first, f"{name}: asked again, it suggests something else"
                asked.update(event)
                unasked.update(event)
            assert _suggested(asked, 3) == _suggested(unasked, 3), f"{name}: being asked has changed it"

    def test_replay_is_exact(self) -> None:
        """A fresh searcher that is fed the stored log suggests what was suggested live, at every point of it."""
        for name, example in self.spaces().items():
            played = _eventful(self.make(example.space), example)
            for index, started in played.suggested():
                again = self.make(example.space)
                for event in played.log[:index]:
                    again.update(stored(event))
                expected = Suggestion(started.config, started.notes)
                assert again.suggest(draw_generator(_SEED, started.draw or 0)) == expected, f"{name}: event {index}"

    def test_the_seed_decides(self) -> None:
        """The same seed gives the same study; another seed another one."""
        for name, (space, _) in self.spaces().items():
            first, second = (_played(self.make(space)).log for _ in range(2))
            assert first == second, f"{name}: the same seed gave another study"
            if self.is_random and space.size > 1_000:
                assert _played(self.make(space), seed=_SEED + 1).log != first, f"{name}: the seed makes no difference"

    def test_an_edited_space_is_obeyed(self) -> None:
        """From the edit on all suggestions lie in the new space; waiting points that don't are dropped."""
        for name, (space, edited) in self.spaces().items():
            searcher = self.make(space)
            assert searcher.space == space, f"{name}: .space is not the space"
            before = len(_played(searcher, new_trials=6).configs())
            searcher.update(Enqueued(at=0.0, config=space.sample(draw_generator(_SEED, 1000))))
            searcher.update(SpaceEdited(at=0.0, space=edited.to_json()))
            assert searcher.space == edited, f"{name}: .space is not the edited space"
            for trial in range(before, before + 6):
                suggestion = _suggested(searcher, trial)
                if not isinstance(suggestion, Suggestion):
                    break
                assert edited.is_allowed(suggestion.config), f"{name}: {suggestion.config} is not in the edited space"
                searcher.update(_start(trial, suggestion))

    def test_what_is_enqueued_comes_next(self) -> None:
        """People's points come next, first in, first out, each once."""
        for name, (space, _) in self.spaces().items():
            searcher = self.make(space)
            n = len(_played(searcher, new_trials=4).configs())
            wanted = [space.sample(draw_generator(_SEED, 1000 + k)) for k in range(2)]
            for config in wanted:
                searcher.update(Enqueued(at=0.0, config=config))
            for k, config in enumerate(wanted):
                suggestion = _suggested(searcher, k)
                assert isinstance(suggestion, Suggestion), f"{name}: exhausted, though a point waits"
                assert suggestion.config == config, f"{name}: {suggestion.config} came before {config}, which waits"
                searcher.update(_start(n + k, suggestion))

    def test_exhausted_stays_exhausted_until_a_point_is_enqueued(self) -> None:
        """Exhausted means forever, unless somebody adds something."""
        for name, (space, _) in self.spaces().items():
            searcher = self.make(space)
            n = len(_played(searcher, new_trials=40).configs())
            if n == 40:
                continue
            stays = all(isinstance(_suggested(searcher, draw), Exhausted) for draw in range(3))
            assert stays, f"{name}: it was exhausted and is not any more"
            config = space.sample(draw_generator(_SEED, 1000))
            searcher.update(Enqueued(at=0.0, config=config))
            suggestion = _suggested(searcher, 0)
            assert isinstance(suggestion, Suggestion), f"{name}: exhausted, though a point waits"
            searcher.update(_start(n, suggestion))
            assert isinstance(_suggested(searcher, 1), Exhausted), f"{name}: one point has revived it for good"

    def test_unknown_events_are_ignored(self) -> None:
        """Later versions may send other events."""
        for name, (space, _) in self.spaces().items():
            searcher = self.make(space)
            expected = _suggested(searcher, 0)
            searcher.update(Placed(at=0.0, trial=0, attempt=1, host="h", pid=1))  # type: ignore[arg-type]  # on purpose
            assert _suggested(searcher, 0) == expected, f"{name}: an unknown event has changed its suggestions"

    def test_the_json_form_builds_an_equal_one(self) -> None:
        """``spec()`` survives JSON and the registry."""
        for name, example in self.spaces().items():
            searcher = self.make(example.space)
            again = build_searcher(json.loads(json.dumps(searcher.spec())), example.space)
            assert type(again) is type(searcher), name
            assert again.spec() == searcher.spec(), name
            for event in _eventful(self.make(example.space), example).log:
                assert _suggested(again, 1) == _suggested(searcher, 1), f"{name}: the JSON form lacks an option"
                again.update(event)
                searcher.update(event)

    def test_it_leaves_what_it_is_given_alone(self) -> None:
        """Events stay as they are, and what becomes of a suggestion doesn't matter."""
        for name, example in self.spaces().items():
            guarded = _eventful(_Guarded(self.make(example.space)), example)
            log = _eventful(self.make(example.space), example).log
            assert guarded.log == log, f"{name}: what becomes of a suggestion has changed the searcher"


class _Guarded:
    """A searcher whose events must stay as they are, and whose suggestions don't."""

    def __init__(self, inner: Searcher) -> None:
        self._inner = inner

    @property
    def space(self) -> Space:
        return self._inner.space

    def suggest(self, rng: np.random.Generator) -> Suggestion | Wait | Exhausted:
        suggestion = self._inner.suggest(rng)
        kept = copy.deepcopy(suggestion)
        if isinstance(suggestion, Suggestion) and isinstance(suggestion.config, dict):
            suggestion.config.clear()
        return kept

    def update(self, event: SearchEvent) -> None:
        given = copy.deepcopy(event)
        self._inner.update(event)
        assert event == given, "it has changed an event"

    def spec(self) -> Mapping[str, Json]:
        return self._inner.spec()


def _suggested(searcher: Searcher, draw: int) -> Suggestion | Wait | Exhausted:
    return searcher.suggest(draw_generator(_SEED, draw))


def _played(
    searcher: Searcher, course: Course | None = None, *, new_trials: int = 12, workers: int = 3, seed: int = _SEED
) -> Played:
    return play(BasicScheduler(searcher), course, new_trials=new_trials, workers=workers, seed=seed)


def _eventful(searcher: Searcher, example: ExampleSpace) -> Played:
    """Reports at several steps, failures, a trial without reports, points from people, and an edit of the space."""
    course = Course(steps=(1, 2), failures={1: 1, 4: 2})
    points = [example.space.sample(draw_generator(_SEED, 2000 + k)) for k in range(3)]
    commands: dict[int, list[Command]] = {
        6: [Enqueue(points[0])],
        15: [Enqueue(points[1]), Enqueue(points[2]), EditSpace(example.edited.to_json())],
        25: [Enqueue(example.edited.sample(draw_generator(_SEED, 2100)))],
    }
    return play(BasicScheduler(searcher), course, new_trials=14, workers=3, seed=_SEED, commands=commands)


def _start(trial: int, suggestion: Suggestion) -> Started:
    return Started(at=0.0, trial=trial, attempt=1, config=suggestion.config, notes=suggestion.notes)
