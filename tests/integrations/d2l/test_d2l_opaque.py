"""What a foreign object is asked and told, on studies in miniature."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

from rung.commands import EditSpace, Enqueue, StopTrial
from rung.errors import SettingError, SpaceError
from rung.events import Ended, Enqueued, Observed, SpaceEdited, Started
from rung.integrations.d2l.adapt import as_scheduler, as_searcher
from rung.schedulers.basic import BasicScheduler
from rung.space import Choice, Constant, Int, Space
from rung.testing.play import Course, play, stored
from rung.types import Exhausted, Proposal, Suggestion, TrialState

SPACE = Space({"x": Int(0, 1_000_000), "kind": Choice(["a", "b"]), "seed": Constant(7)})
RNG = np.random.default_rng(0)


class Walk:
    """Draws from a generator of its own, and keeps what it is told."""

    config_space = SPACE

    def __init__(self, seed: int = 0, length: int | None = None) -> None:
        self.random = random.Random(seed)
        self.length = length
        self.asked = 0
        self.told: list[tuple[dict[str, Any], float]] = []

    def suggest(self) -> dict[str, Any]:
        self.asked += 1
        config = {"x": self.random.randrange(1_000_000), "kind": self.random.choice("ab")}
        return config if self.length is None else {**config, "max_epochs": self.length}

    sample_configuration = suggest

    def update(self, config: dict[str, Any], error: float, info: Any = None) -> None:
        assert info is None
        self.told.append((config, error))


class Listed(Walk):
    """Goes through a list, then is at its end."""

    def __init__(self, *suggestions: Any) -> None:
        super().__init__()
        self.suggestions = iter(suggestions)

    def suggest(self) -> dict[str, Any]:
        self.asked += 1
        return next(self.suggestions)


def test_asking_twice_draws_once() -> None:
    walk = Walk(length=3)
    scheduler = as_scheduler(walk)
    first = scheduler.suggest(RNG, new_trials=True)
    assert isinstance(first, Proposal)
    assert (first.until, first.decide_at, dict(first.config)) == (3, (), {**first.config, "seed": 7})
    assert scheduler.suggest(np.random.default_rng(5), new_trials=True) == first
    assert walk.asked == 1
    assert isinstance(scheduler.suggest(RNG, new_trials=False), Exhausted)


def test_each_finished_trial_is_told_once_with_its_last_loss() -> None:
    walk = Walk(length=2)
    course = Course(steps=(1, 2), loss=lambda config, step: config["x"] + 1 / step, failures={1: 2, 2: 1})
    played = play(as_scheduler(walk), course, new_trials=5, workers=2)
    configs = played.configs()
    expected = [({**configs[n], "max_epochs": 2}, configs[n]["x"] + 0.5) for n in (0, 3, 4)]
    assert sorted(walk.told, key=repr) == sorted(expected, key=repr)
    assert walk.asked == 5


def test_a_trial_that_a_person_stopped_is_told_as_far_as_it_came() -> None:
    walk = Walk()
    play(as_scheduler(walk), Course(steps=(1, 2, 3)), new_trials=2, workers=1, commands={2: [StopTrial(0)]})
    assert len(walk.told) == 2


@pytest.mark.parametrize("length", [None, 4])
def test_folding_a_log_draws_nothing_and_asks_on_where_it_ends(length: int | None) -> None:
    whole = play(as_scheduler(Walk(length=length)), Course(steps=(1, 2)), new_trials=8, workers=2)
    for end in range(len(whole.log)):
        walk = Walk(length=length)
        scheduler = as_scheduler(walk)
        for event in whole.log[:end]:
            scheduler.update(stored(event))
        assert walk.asked == 0
        begun = sum(isinstance(event, Started) for event in whole.log[:end])
        ended = sum(isinstance(event, Ended) for event in whole.log[:end])
        assert len(walk.told) == ended
        proposal = scheduler.suggest(RNG, new_trials=True)
        assert isinstance(proposal, Proposal)
        assert walk.asked == begun + 1, "it catches up with what the log says it has suggested"
        if begun < 8:
            assert proposal.config == whole.configs()[begun]


def test_a_finite_list_goes_on_too_and_ends() -> None:
    suggestions = [{"x": x, "kind": "a"} for x in (3, 3, 5)]
    whole = play(as_scheduler(Listed(*suggestions)), new_trials=9, workers=1)
    assert [config["x"] for config in whole.configs()] == [3, 3, 5]
    again = as_scheduler(Listed(*suggestions))
    for event in itertools.takewhile(lambda event: not isinstance(event, Started) or event.trial < 2, whole.log):
        again.update(event)
    proposal = again.suggest(RNG, new_trials=True)
    assert isinstance(proposal, Proposal)
    assert proposal.config["x"] == 5
    again.update(started(2, proposal))
    assert "Listed has nothing left to suggest" in again.suggest(RNG, new_trials=True).why  # type: ignore[union-attr]


def started(trial: int, proposal: Proposal) -> Started:
    return Started(at=9.0, trial=trial, attempt=1, config=proposal.config, until=proposal.until, draw=trial,
                   notes=proposal.notes)  # fmt: skip


def test_what_people_enqueue_comes_first_and_is_not_told() -> None:
    walk = Walk()
    queued = {"x": 1, "kind": "b", "seed": 7}
    played = play(as_scheduler(walk), new_trials=3, workers=1, commands={1: [Enqueue(queued)]})
    assert played.configs()[1] == queued
    assert [config["x"] for config, _ in walk.told] == [played.configs()[n]["x"] for n in (0, 2)]


def test_a_retry_has_the_length_of_what_it_retries_and_is_told() -> None:
    walk = Walk(length=6)
    scheduler = as_scheduler(walk)
    proposal = scheduler.suggest(RNG, new_trials=True)
    assert isinstance(proposal, Proposal)
    scheduler.update(started(0, proposal))
    scheduler.update(Ended(at=2.0, trial=0, attempt=1, state=TrialState.FAILED, reason="error"))
    scheduler.update(Enqueued(at=3.0, config=proposal.config, retry_of=0))
    retried = scheduler.suggest(RNG, new_trials=True)
    assert isinstance(retried, Proposal)
    assert (retried.config, retried.until) == (proposal.config, 6)
    scheduler.update(started(1, retried))
    scheduler.update(Observed(at=5.0, trial=1, attempt=1, step=6, metrics={"error": 0.5}, loss=0.5))
    scheduler.update(Ended(at=6.0, trial=1, attempt=1, state=TrialState.COMPLETED))
    assert walk.told == [({**proposal.config, "max_epochs": 6}, 0.5)]
    assert walk.asked == 1


def test_an_edited_space_is_obeyed_by_passing_over() -> None:
    small = Space({"x": Int(0, 500_000), "kind": Choice(["a", "b"]), "seed": Constant(7)})
    walk = Walk()
    played = play(as_scheduler(walk), new_trials=12, workers=1, commands={1: [EditSpace(small.to_json())]})
    assert all(config["x"] <= 500_000 for config in played.configs()[2:])
    assert walk.asked > 12


def test_a_draw_that_waits_is_dropped_when_the_edited_space_refuses_it() -> None:
    scheduler = as_scheduler(Listed({"x": 9, "kind": "b"}, {"x": 4, "kind": "a"}))
    first = scheduler.suggest(RNG, new_trials=True)
    assert isinstance(first, Proposal)
    scheduler.update(SpaceEdited(at=1.0, space=Space({"x": Int(0, 9), "kind": Choice(["a"])}).to_json()))
    second = scheduler.suggest(RNG, new_trials=True)
    assert isinstance(second, Proposal)
    assert (first.config["x"], dict(second.config)) == (9, {"x": 4, "kind": "a"})


def test_an_edited_space_that_is_never_met() -> None:
    elsewhere = Space({"x": Int(2_000_000, 3_000_000), "kind": Choice(["a"])})
    with pytest.raises(SettingError, match=r"Walk suggested 1,000 configurations in a row .* Change the space back"):
        play(as_scheduler(Walk()), new_trials=3, workers=1, commands={1: [EditSpace(elsewhere.to_json())]})


@pytest.mark.parametrize(
    ("suggestion", "error", "message"),
    [
        ({"x": -1, "kind": "a"}, SpaceError, r"Listed suggested \{'x': -1, 'kind': 'a'\}: x: .*-1"),
        ({"x": 1}, SpaceError, "kind is missing"),
        ({"x": 1, "kind": "a", "depth": 3}, SpaceError, "the space has no dimension 'depth'"),
        ([1, 2], SettingError, r"Listed suggested \[1, 2\], which is no configuration"),
        ({"x": 1, "kind": "a", "max_epochs": 0}, SettingError, "suggested max_epochs=0. Give a whole number"),
        ({"x": 1, "kind": "a", "max_epochs": "3"}, SettingError, "suggested max_epochs='3'"),
    ],
)
def test_unusable_suggestions(suggestion: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        as_scheduler(Listed(suggestion)).suggest(RNG, new_trials=True)


def test_numpy_values_become_plain_ones_and_nothing_of_the_caller_is_touched() -> None:
    suggestion = {"x": np.int64(3), "kind": np.str_("a"), "max_epochs": np.int64(2)}
    proposal = as_scheduler(Listed(suggestion)).suggest(RNG, new_trials=True)
    assert isinstance(proposal, Proposal)
    assert [type(value) for value in proposal.config.values()] == [int, str, int]
    assert proposal.until == 2
    assert list(suggestion) == ["x", "kind", "max_epochs"]


def test_max_epochs_is_a_hyperparameter_where_the_space_has_it() -> None:
    suggestion = {"x": 3, "max_epochs": 5}
    proposal = as_scheduler(Listed(suggestion), {"x": Int(0, 9), "max_epochs": Int(1, 9)}).suggest(RNG, new_trials=True)
    assert isinstance(proposal, Proposal)
    assert (dict(proposal.config), proposal.until) == (suggestion, None)


def test_a_searcher_under_a_scheduler_of_rungs() -> None:
    walk = Walk()
    searcher = as_searcher(walk)
    first = searcher.suggest(RNG)
    assert isinstance(first, Suggestion)
    assert searcher.suggest(RNG) == first
    played = play(BasicScheduler(searcher), new_trials=4, workers=2)
    assert played.configs()[0] == first.config
    assert len(walk.told) == walk.asked == 4
    with pytest.raises(SpaceError, match="no dimension 'max_epochs'"):
        as_searcher(Walk(length=2)).suggest(RNG)
