from __future__ import annotations

import json
from typing import Any

import pytest

from rung.errors import SettingError
from rung.events import Ended, Enqueued, Observed, SpaceEdited, Started
from rung.registry import build_searcher
from rung.schedulers.basic import BasicScheduler
from rung.searchers.manual import ManualSearcher
from rung.space import Choice, Float, Space
from rung.testing.play import stored
from rung.tuning.engine import draw_generator
from rung.types import Suggestion, TrialState, Wait

SPACE = Space({"rate": Float(1e-4, 1.0, log=True), "kind": Choice(["a", "b"])})
IDEAS = [{"rate": 0.1, "kind": "a"}, {"rate": 0.01, "kind": "b"}, {"rate": 0.001, "kind": "a"}]


def asked(searcher: ManualSearcher, draw: int = 0) -> Suggestion | Wait:
    return searcher.suggest(draw_generator(3, draw))


def started(trial: int, suggestion: Any) -> Started:
    return Started(at=0.0, trial=trial, attempt=1, config=suggestion.config, draw=trial, notes=suggestion.notes)


def test_without_an_idea_it_waits_for_a_person() -> None:
    searcher = ManualSearcher(SPACE)
    answer = asked(searcher)
    assert isinstance(answer, Wait)
    assert answer.for_person
    assert answer.why == "no configuration waits to be tried, and the searcher has none of its own"
    assert searcher.space is SPACE


def test_ideas_come_in_their_order_each_once() -> None:
    searcher = ManualSearcher(SPACE, points_to_evaluate=IDEAS[:1])
    for idea in IDEAS[1:]:
        searcher.update(Enqueued(at=0.0, config=idea))
    for trial, idea in enumerate(IDEAS):
        suggestion = asked(searcher, trial)
        assert asked(searcher, trial + 7) == suggestion, "nothing is random"
        assert isinstance(suggestion, Suggestion)
        assert suggestion.config == idea
        searcher.update(started(trial, suggestion))
        searcher.update(Observed(at=1.0, trial=trial, attempt=1, step=1, metrics={"error": 1.0}, loss=1.0))
        searcher.update(Ended(at=2.0, trial=trial, attempt=1, state=TrialState.COMPLETED))
    assert isinstance(asked(searcher), Wait)
    searcher.update(Enqueued(at=3.0, config=IDEAS[0]))
    again = asked(searcher)
    assert isinstance(again, Suggestion)
    assert again.config == IDEAS[0], "a person may try something twice"


def test_the_first_configuration() -> None:
    suggestion = asked(ManualSearcher(SPACE, initial_config=IDEAS[0]))
    assert isinstance(suggestion, Suggestion)
    assert suggestion.config == IDEAS[0]
    with pytest.raises(SettingError, match="were both given"):
        ManualSearcher(SPACE, initial_config=IDEAS[0], points_to_evaluate=IDEAS)


def test_an_edit_drops_the_ideas_outside() -> None:
    searcher = ManualSearcher(SPACE, points_to_evaluate=IDEAS)
    narrow = Space({"rate": Float(1e-4, 1e-2, log=True), "kind": "a"})
    searcher.update(SpaceEdited(at=0.0, space=narrow.to_json()))
    assert searcher.space == narrow
    suggestion = asked(searcher)
    assert isinstance(suggestion, Suggestion)
    assert suggestion.config == IDEAS[2]
    searcher.update(started(0, suggestion))
    assert isinstance(asked(searcher), Wait)


def test_replay_is_exact() -> None:
    live = ManualSearcher(SPACE, points_to_evaluate=IDEAS[:1])
    log: list[Any] = [Enqueued(at=0.0, config=IDEAS[1])]
    live.update(log[0])
    for trial in range(2):
        again = build_searcher(json.loads(json.dumps(live.spec())), SPACE)
        for event in log:
            again.update(stored(event))
        suggestion = asked(live)
        assert again.suggest(draw_generator(3, 0)) == suggestion
        log.append(started(trial, suggestion))
        live.update(log[-1])


def test_the_json_form() -> None:
    assert ManualSearcher(SPACE).spec() == {"name": "manual"}
    assert ManualSearcher(SPACE, initial_config=IDEAS[0]).spec() == {"name": "manual", "points_to_evaluate": IDEAS[:1]}


def test_a_scheduler_hands_its_waiting_on() -> None:
    scheduler = BasicScheduler(ManualSearcher(SPACE))
    answer = scheduler.suggest(draw_generator(3, 0), new_trials=True)
    assert isinstance(answer, Wait)
    assert answer.for_person
    assert not isinstance(scheduler.suggest(draw_generator(3, 0), new_trials=False), Wait), "its limit is reached"
