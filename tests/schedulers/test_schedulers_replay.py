from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from rung.commands import ContinueTrial, PauseTrial, StopTrial
from rung.errors import SettingError, SpaceError
from rung.events import Observed
from rung.registry import build_scheduler
from rung.schedulers.replay import Replay
from rung.searchers.manual import ManualSearcher
from rung.space import Float, Space
from rung.testing.play import Course, Played, play, stored
from rung.tuning.engine import draw_generator
from rung.types import Exhausted, Proposal, TrialState, Wait

SPACE = Space({"rate": Float(1e-4, 1.0, log=True)})
STRETCHES: list[tuple[int, dict[str, Any]]] = [(5, {"rate": 0.1}), (8, {"rate": 0.2}), (20, {"rate": 0.05})]
LONG = Course(steps=range(1, 31))


def replay(stretches: Any = STRETCHES) -> Replay:
    return Replay(ManualSearcher(SPACE), stretches=stretches)


def steps(played: Played) -> list[tuple[int, int]]:
    return [(event.trial, event.step) for event in played.log if isinstance(event, Observed)]


@pytest.mark.parametrize("workers", [1, 4])
def test_it_trains_one_configuration_after_the_other(workers: int) -> None:
    played = play(replay(), LONG, workers=workers)
    ends = [5, 8, 20]
    assert steps(played) == [(sum(step > end for end in ends), step) for step in range(1, 21)]
    assert [(event.trial, event.parent, event.until) for event in played.started()] == [
        (0, None, 5),
        (1, 0, 8),
        (2, 1, 20),
    ]
    assert [event.config["rate"] for event in played.started()] == [0.1, 0.2, 0.05]
    assert played.why == "the training has come to its end"


def test_only_the_first_is_a_new_trial() -> None:
    assert len(play(replay(), LONG, new_trials=1).started()) == 3
    assert play(replay(), LONG, new_trials=0).log == []


def test_the_log_tells_all_that_it_proposes() -> None:
    played, again = play(replay(), LONG), replay()
    starts = dict(played.suggested())
    for index, event in enumerate(played.log):
        if index in starts:
            proposal = again.suggest(draw_generator(0, 0), new_trials=True)
            assert isinstance(proposal, Proposal)
            assert (proposal.config, proposal.parent) == (starts[index].config, starts[index].parent)
        again.update(stored(event))
    assert isinstance(again.suggest(np.random.default_rng(0), new_trials=True), Exhausted)


@pytest.mark.parametrize("ending", ["fails", "is stopped", "ends early"])
def test_nothing_follows_on_a_stretch_that_is_not_trained_to_its_end(ending: str) -> None:
    course = {
        "fails": Course(steps=range(1, 31), failures={1: 7}),
        "is stopped": LONG,
        "ends early": Course(steps=range(1, 8)),
    }[ending]
    played = play(replay(), course, commands={8: [StopTrial(1)]} if ending == "is stopped" else {})
    assert [event.trial for event in played.started()] == [0, 1]
    assert played.why


def test_a_person_pauses_and_continues() -> None:
    played = play(replay(), LONG, commands={3: [PauseTrial(0)]})
    assert played.states() == {0: TrialState.PAUSED}
    played = play(replay(), LONG, commands={3: [PauseTrial(0)], 7: [ContinueTrial(0)]})
    assert [step for _, step in steps(played)] == list(range(1, 21))


def test_it_waits_for_the_stretch_that_runs() -> None:
    scheduler = replay()
    for event in play(replay(), LONG).log[:2]:
        scheduler.update(event)
    assert isinstance(scheduler.suggest(np.random.default_rng(0), new_trials=True), Wait)


def test_its_json_form_builds_an_equal_one() -> None:
    form = json.loads(json.dumps(replay().spec()))
    assert build_scheduler(form, SPACE).spec() == replay().spec()


@pytest.mark.parametrize(
    ("stretches", "words"),
    [
        ([], "There are no stretches"),
        ([(5, {"rate": 0.1}), (5, {"rate": 0.2})], "A stretch to step 5 follows one to 5"),
        ([(0, {"rate": 0.1})], "a stretch's step must be a whole number, at least 1, not 0"),
    ],
)
def test_stretches_that_can_not_be(stretches: Any, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        replay(stretches)


def test_a_configuration_outside_the_space() -> None:
    with pytest.raises(SpaceError, match="rate"):
        replay([(5, {"rate": 7.0})])
