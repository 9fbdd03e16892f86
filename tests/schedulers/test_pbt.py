from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from rung.commands import Enqueue, PauseTrial, StopTrial
from rung.contracts import Searcher
from rung.errors import SettingError
from rung.events import Changed, Ended, Observed, Started
from rung.registry import build_scheduler
from rung.schedulers.pbt import PopulationBasedTraining
from rung.searchers.grid import GridSearcher
from rung.searchers.random import RandomSearcher
from rung.space import Choice, Float, Int, Space
from rung.testing.play import Course, Played, play, stored
from rung.testing.scheduler_suite import SchedulerSuite
from rung.types import Action, Checkpoint, Decision, Exhausted, Proposal, TrialState, Wait

SPACE = Space({"rate": Float(1e-4, 1.0, log=True)})
LONG = Course(steps=range(1, 31))


class TestPopulation(SchedulerSuite):
    def make(self, searcher: Searcher) -> PopulationBasedTraining:
        return PopulationBasedTraining(searcher, max_t=30, population=15, interval=5)


def pbt(population: int = 4, *, max_t: int = 20, interval: int = 5, **options: Any) -> PopulationBasedTraining:
    return PopulationBasedTraining(
        RandomSearcher(SPACE), population=population, max_t=max_t, interval=interval, **options
    )


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def copies(played: Played) -> list[Started]:
    return [event for event in played.started() if event.parent is not None]


# ---- settings


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"population": 0}, "population must be a whole number, at least 1, not 0"),
        ({"interval": 0}, "interval must be a whole number, at least 1, not 0"),
        ({"interval": 21}, "interval=21 is above max_t=20, so members would never be compared. Use .* at most 10"),
        ({"max_t": 0}, "max_t must be a whole number"),
        ({"quantile": 0}, "quantile must be a number, above 0 and at most 0.5, not 0. Give for instance 0.25"),
        ({"quantile": 0.6}, "quantile must be a number, above 0 and at most 0.5, not 0.6"),
        ({"quantile": True}, "quantile must be a number, .* not True"),
        ({"resample": 1.5}, "resample must be a number, at least 0 and at most 1, not 1.5"),
        ({"factors": ()}, r"factors=\(\) are none"),
        ({"factors": 0.8}, "factors=0.8 are none. Give positive numbers"),
        ({"factors": (0.8, -1)}, "each of the factors must be a finite number, above 0, not -1"),
        ({"fixed": 3}, "fixed=3 names no hyperparameters"),
        ({"fixed": ["depth"]}, "fixed names 'depth', which is not in the space. It has rate"),
    ],
)
def test_options_that_can_not_be(options: Mapping[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        pbt(**options)


def test_the_interval_is_a_tenth_by_default() -> None:
    made = PopulationBasedTraining(RandomSearcher(SPACE), max_t=100)
    assert made.spec()["interval"] == 10
    assert PopulationBasedTraining(RandomSearcher(SPACE), max_t=3).spec()["interval"] == 1


def test_its_json_form_has_every_option() -> None:
    made = pbt(quantile=0.5, resample=0.0, factors=(0.5, 2.0), fixed=["rate"])
    assert build_scheduler(made.spec(), SPACE).spec() == made.spec()
    assert made.spec()["fixed"] == ["rate"]


# ---- the walk, by hand


class Story:
    """Members by hand: each event is told to the scheduler; ``decided`` is what it answered."""

    def __init__(self, scheduler: PopulationBasedTraining) -> None:
        self.scheduler = scheduler
        self.n = 0
        self.attempts: dict[int, int] = {}
        self.decided: list[Decision] = []

    def tell(self, event: Any) -> None:
        self.decided = list(self.scheduler.update(stored(event)))

    def next(self, seed: int = 0, *, new_trials: bool = False) -> Proposal | Wait | Exhausted:
        return self.scheduler.suggest(rng(seed), new_trials=new_trials)

    def start(self, proposal: object, *, origin: int | None = None) -> int:
        assert isinstance(proposal, Proposal)
        number = self.n if proposal.trial is None else proposal.trial
        self.n += proposal.trial is None
        self.attempts[number] = self.attempts.get(number, 0) + 1
        self.tell(
            Started(
                at=0.0, trial=number, attempt=self.attempts[number], config=proposal.config, until=proposal.until,
                cause="new" if proposal.trial is None else "resumed", parent=proposal.parent, draw=0,
                notes=proposal.notes, parent_checkpoint=None if origin is None else Checkpoint(origin, "/c", "0", 1),
            )
        )  # fmt: skip
        return number

    def begin(self) -> int:
        return self.start(self.next(new_trials=True))

    def report(self, trial: int, step: int, loss: float) -> None:
        self.tell(Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={"loss": loss}, loss=loss))

    def end(self, trial: int, state: TrialState = TrialState.PAUSED, reason: str = "scheduler") -> None:
        self.tell(Ended(at=0.0, trial=trial, attempt=self.attempts[trial], state=state, reason=reason))

    def interval(self, trial: int, step: int, loss: float) -> None:
        self.report(trial, step, loss)
        assert [decision.action for decision in self.decided] == [Action.PAUSE]
        self.end(trial)


def test_the_worst_is_stopped_and_a_copy_of_the_best_takes_its_place() -> None:
    story = Story(pbt(4))
    for _ in range(4):
        story.begin()
    for trial, loss in enumerate([0.5, 0.1, 0.9, 0.3]):
        story.interval(trial, 5, loss)
    copy = story.next()
    assert isinstance(copy, Proposal)
    assert (copy.trial, copy.parent, copy.until, copy.decide_at) == (None, 1, 10, (5,))
    assert copy.notes == {"replaces": 2, "rank": 4, "of": 4}
    assert story.start(copy, origin=5) == 4
    assert story.decided == [Decision(2, Action.STOP, "rank 4 of 4, replaced by a copy of trial 1")]
    for trial in (0, 3, 1):
        proposal = story.next()
        assert isinstance(proposal, Proposal)
        assert (proposal.trial, proposal.until, proposal.parent) == (trial, 10, None), "only one of four is replaced"
        story.start(proposal)
    assert isinstance(story.next(), Wait)


def test_nobody_is_compared_with_who_is_further() -> None:
    """With one worker, the last of a round would else be worse than all that have had their next interval."""
    story = Story(pbt(4, quantile=0.25))
    for _ in range(4):
        story.begin()
    for trial in range(3):
        story.interval(trial, 5, 0.5 + trial / 100)
        assert story.start(story.next()) == trial
        story.interval(trial, 10, 0.3 - trial / 10)
        story.start(story.next())
    story.interval(3, 5, 0.51)
    assert story.start(story.next()) == 3, "trial 2 was worse than it after one interval"
    story.interval(3, 10, 0.4)
    copy = story.next()
    assert isinstance(copy, Proposal)
    assert (copy.parent, copy.until) == (2, 15)


def test_a_copy_is_not_replaced_before_it_was_trained() -> None:
    story = Story(pbt(2))
    for _ in range(2):
        story.begin()
    story.interval(0, 5, 0.1)
    story.interval(1, 5, 0.9)
    assert story.start(story.next(), origin=4) == 2
    story.interval(2, 5, 0.8)
    again = story.next()
    assert isinstance(again, Proposal)
    assert (again.trial, again.until) == (2, 10)
    story.start(again)
    assert story.start(story.next()) == 0
    story.interval(0, 10, 0.1)
    story.interval(2, 10, 0.7)
    assert getattr(story.next(), "notes", None) == {"replaces": 2, "rank": 2, "of": 2}


def test_the_quantiles_are_empty_until_enough_can_be_compared() -> None:
    story = Story(pbt(4, quantile=0.25))
    for _ in range(4):
        story.begin()
    for trial, loss in [(0, 0.1), (1, 0.9), (2, 0.8)]:
        story.interval(trial, 5, loss)
        proposal = story.next()
        assert isinstance(proposal, Proposal)
        assert proposal.trial == trial, "three of four are too few for a quarter of them to be one"
        story.start(proposal)


@pytest.mark.parametrize("quantile", [0.125, 0.25])
def test_of_each_round_a_quantile_is_replaced(quantile: float) -> None:
    """Not more, although after the first of them the second one is the last: who was replaced counts as it was."""
    course = Course(steps=range(1, 31), loss=lambda config, step: float(config["rate"]) + 1.0 / step)
    played = play(pbt(8, max_t=30, quantile=quantile), course, workers=1)
    begins = [event.parent_checkpoint.step for event in copies(played) if event.parent_checkpoint]
    assert begins == [step for step in range(5, 30, 5) for _ in range(int(8 * quantile))]
    steps = sum(isinstance(event, Observed) for event in played.log)
    assert steps == 8 * 30, "the population trains as much as it would without copies"


def test_equals_are_left_in_peace() -> None:
    played = play(pbt(6), Course(steps=range(1, 31), loss=lambda _config, _step: 0.5), workers=3)
    assert not copies(played)


def test_a_failed_member_is_replaced_and_a_copy_that_fails_at_once_is_not() -> None:
    story = Story(pbt(4))
    for _ in range(4):
        story.begin()
    story.report(3, 2, 0.0)
    story.end(3, TrialState.FAILED, "nan")
    assert isinstance(story.next(), Wait), "nobody can be copied yet"
    story.interval(1, 5, 0.3)
    copy = story.next()
    assert isinstance(copy, Proposal)
    assert (copy.parent, copy.notes) == (1, {"replaces": 3})
    assert story.start(copy, origin=5) == 4
    assert story.decided == []
    story.report(4, 6, 0.2)
    story.end(4, TrialState.FAILED, "error")
    proposal = story.next()
    assert isinstance(proposal, Proposal)
    assert proposal.trial == 1


def test_a_copy_that_fails_later_is_replaced() -> None:
    story = Story(pbt(2))
    for _ in range(2):
        story.begin()
    story.interval(0, 5, 0.1)
    story.end(1, TrialState.FAILED, "error")
    story.start(story.next(), origin=5)
    story.interval(2, 10, 0.05)
    assert [story.start(story.next()) for _ in range(2)] == [0, 2]
    story.end(2, TrialState.FAILED, "error")
    assert getattr(story.next(), "notes", None) == {"replaces": 2}


def test_who_is_at_its_end_is_compared_but_not_copied() -> None:
    story = Story(pbt(2, max_t=10))
    for _ in range(2):
        story.begin()
    story.interval(0, 5, 0.1)
    story.start(story.next())
    story.report(0, 10, 0.05)
    assert story.decided == [], "at max_t the run ends by itself"
    story.interval(1, 5, 0.9)
    proposal = story.next()
    assert isinstance(proposal, Proposal)
    assert (proposal.trial, proposal.parent) == (1, None)
    story.end(0, TrialState.COMPLETED, "")
    assert getattr(story.next(), "trial", None) == 1
    story.start(story.next())
    story.report(1, 10, 0.8)
    story.end(1, TrialState.COMPLETED, "")
    assert story.next() == Exhausted("all members have come to their ends")


def test_a_copy_without_a_checkpoint_begins_with_nothing() -> None:
    story = Story(pbt(2))
    for _ in range(2):
        story.begin()
    story.interval(0, 5, 0.1)
    story.interval(1, 5, 0.9)
    story.start(story.next())
    story.start(story.next())
    story.report(2, 3, 0.2)
    assert story.decided == []
    story.report(2, 5, 0.2)
    assert [decision.action for decision in story.decided] == [Action.PAUSE]


def test_a_person_changes_stops_and_enqueues() -> None:
    story = Story(pbt(2, resample=0.0, factors=(1.0,)))
    for _ in range(2):
        story.begin()
    assert isinstance(story.next(new_trials=True), Wait)
    story.tell(Changed(at=0.0, trial=0, attempt=1, step=3, changes={"rate": 0.25}))
    story.interval(0, 5, 0.1)
    story.interval(1, 5, 0.9)
    copy = story.next()
    assert isinstance(copy, Proposal)
    assert copy.config == {"rate": 0.25}, "a copy has the values that its parent has now"
    story.end(1, TrialState.STOPPED, "person")
    assert getattr(story.next(), "trial", None) == 0
    story.start(story.next())
    assert isinstance(story.next(), Wait), "what a person stops is not replaced"


def test_what_people_enqueue_joins_the_population() -> None:
    played = play(pbt(3), LONG, workers=2, commands={30: [Enqueue({"rate": 0.5})]})
    assert {"rate": 0.5} in played.configs()
    assert len(played.configs()) == 4


def test_a_run_by_hand_is_none_of_its_business() -> None:
    story = Story(pbt(2))
    story.tell(Started(at=0.0, trial=0, attempt=1, config={"rate": 7.0}, cause="given"))
    story.attempts[0] = 1
    story.report(0, 5, 0.1)
    assert story.decided == []
    story.end(0, TrialState.COMPLETED, "")
    story.n = 1
    assert story.begin() == 1


# ---- whole studies


def rate_loss(config: Mapping[str, Any], step: int) -> float:
    return abs(float(np.log10(config["rate"])) + 2.0) + 1.0 / step


@pytest.mark.parametrize("workers", [1, 3, 8, 20])
def test_any_number_of_workers_will_do(workers: int) -> None:
    played = play(pbt(8, max_t=30), Course(steps=range(1, 31), loss=rate_loss), workers=workers, seed=3)
    ended = played.states()
    assert sum(state is TrialState.COMPLETED for state in ended.values()) == 8
    stopped = {number for number, state in ended.items() if state is TrialState.STOPPED}
    assert stopped == {event.notes["replaces"] for event in copies(played)}
    assert len(stopped) >= 5


def test_the_lineage_is_a_tree_whose_steps_only_grow() -> None:
    played = play(pbt(8, max_t=30), Course(steps=range(1, 31), loss=rate_loss), workers=3, seed=4)
    assert copies(played)
    for event in copies(played):
        assert event.parent is not None
        assert event.parent_checkpoint is not None
        assert event.parent < event.trial
        assert event.parent != event.notes["replaces"], "nobody is replaced by its own copy"
        assert event.parent_checkpoint.step >= 5
        steps = [each.step for each in played.log if isinstance(each, Observed) and each.trial == event.trial]
        assert steps == list(range(event.parent_checkpoint.step + 1, event.parent_checkpoint.step + 1 + len(steps)))


@pytest.mark.parametrize("workers", [1, 5])
def test_only_who_is_worse_is_replaced_and_nobody_else_changes(workers: int) -> None:
    played = play(pbt(8, max_t=30), Course(steps=range(1, 31), loss=rate_loss), workers=workers, seed=5)
    began = {event.trial: event for event in played.started() if event.attempt == 1}
    assert all(event.config == began[event.trial].config for event in played.started())
    for index, event in enumerate(played.log):
        if isinstance(event, Started) and event.parent is not None:
            replaced = event.notes["replaces"]
            steps = [each.step for each in played.log[:index] if isinstance(each, Observed) and each.trial == replaced]
            after = steps[-1] // 5
            theirs, its = (loss_after(played, index, began, each, after) for each in (event.parent, replaced))
            assert theirs < its, f"trial {replaced} was replaced by a copy of {event.parent}, which was no better"


def loss_after(played: Played, until: int, began: Mapping[int, Started], trial: int, intervals: int) -> float:
    """What a trial, or the one that it copied, had reported after so many intervals, or as many as it had."""
    start = began[trial]
    own = [each for each in played.log[:until] if isinstance(each, Observed) and each.trial == trial]
    known = [each for each in own if each.step % 5 == 0 and each.step <= 5 * intervals]
    if known:
        assert known[-1].loss is not None
        return known[-1].loss
    assert start.parent is not None, "it has reported nothing yet"
    assert start.parent_checkpoint is not None
    return loss_after(played, until, began, start.parent, min(intervals, start.parent_checkpoint.step // 5))


def test_the_population_gets_better_than_its_beginning() -> None:
    played = play(pbt(8, max_t=100), Course(steps=range(1, 101), loss=rate_loss), workers=2, seed=6)
    first = min(rate_loss(config, 100) for config in played.configs())
    last = min(event.loss for event in played.log if isinstance(event, Observed) and event.loss is not None)
    assert last < first


def test_a_population_of_one_is_plain_training() -> None:
    played = play(pbt(1), Course(steps=range(1, 21)), workers=4)
    assert [event.trial for event in played.started()] == [0, 0, 0, 0]
    assert [event.config for event in played.started()] == [played.configs()[0]] * 4
    assert played.states() == {0: TrialState.COMPLETED}


def test_fewer_suggestions_than_places() -> None:
    scheduler = PopulationBasedTraining(GridSearcher(Space({"a": Int(1, 3)})), max_t=20, interval=5)
    played = play(scheduler, LONG, workers=2)
    assert len(played.configs()) == 3
    assert sum(state is TrialState.COMPLETED for state in played.states().values()) == 3


def test_what_a_person_pauses_or_stops_is_left_alone() -> None:
    played = play(pbt(4), LONG, workers=2, commands={3: [PauseTrial(0)], 4: [StopTrial(1)]})
    assert played.states()[0] is TrialState.PAUSED
    assert played.states()[1] is TrialState.STOPPED


def test_a_fixed_hyperparameter_never_changes_in_a_copy() -> None:
    space = Space({"rate": Float(1e-4, 1.0, log=True), "units": Int(8, 256), "kind": Choice(["a", "b", "c"])})
    scheduler = PopulationBasedTraining(
        RandomSearcher(space), max_t=50, interval=5, resample=1.0, fixed=["units", "kind"]
    )
    played = play(scheduler, Course(steps=range(1, 51)), workers=2)
    configs = {event.trial: event.config for event in played.started()}
    assert len(copies(played)) > 5
    for event in copies(played):
        assert event.parent is not None
        parent = configs[event.parent]
        assert (event.config["units"], event.config["kind"]) == (parent["units"], parent["kind"])
        assert event.config["rate"] != parent["rate"]


def test_who_is_stopped_early_is_replaced() -> None:
    story = Story(pbt(2))
    for _ in range(2):
        story.begin()
    story.interval(0, 5, 0.1)
    story.end(1, TrialState.STOPPED, "scheduler")
    copy = story.next()
    assert isinstance(copy, Proposal)
    assert (copy.parent, copy.notes) == (0, {"replaces": 1})
