from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from rung.commands import EditSpace, Enqueue, PauseTrial
from rung.contracts import Searcher
from rung.errors import SettingError
from rung.events import Ended, Observed, Started
from rung.schedulers.freeze_thaw import FreezeThaw
from rung.searchers.grid import GridSearcher
from rung.searchers.manual import ManualSearcher
from rung.searchers.random import RandomSearcher
from rung.searchers.sobol import SobolSearcher
from rung.space import Choice, Constant, Float, Int, Space
from rung.testing.play import Course, Played, play
from rung.testing.scheduler_suite import SchedulerSuite
from rung.tuning.engine import draw_generator
from rung.types import Exhausted, Proposal, TrialState, Wait

SPACE = Space({"a": Float(0.0, 1.0), "b": Float(0.0, 1.0)})


class TestFreezeThaw(SchedulerSuite):
    def make(self, searcher: Searcher) -> FreezeThaw:
        return FreezeThaw(searcher, max_t=27, grace_period=9, reduction_factor=3)


def bowl(config: Any, step: int) -> float:
    """Falls towards (0.7, 0.2), where curves end lowest, and with the step."""
    return float((config["a"] - 0.7) ** 2 + (config["b"] - 0.2) ** 2 + 0.5 / step)


COURSE = Course(steps=range(1, 28), loss=bowl)


def scheduler(searcher: Searcher | None = None, **options: Any) -> FreezeThaw:
    return FreezeThaw(searcher or RandomSearcher(SPACE), **{"max_t": 27, "grace_period": 3, **options})


def last_steps(played: Played) -> dict[int, int]:
    return {event.trial: event.step for event in played.log if isinstance(event, Observed)}


# ---- settings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_t": 2.5}, "max_t must be a whole number"),
        ({"grace_period": 0}, "grace_period must be a whole number, at least 1"),
        ({"grace_period": 28}, "max_t=27 is below grace_period=28"),
        ({"reduction_factor": 1}, "reduction_factor must be a finite number, above 1, not 1"),
        ({"reduction_factor": True}, "reduction_factor must be a finite number, above 1, not True"),
        ({"reduction_factor": float("nan")}, "reduction_factor must be a finite number, above 1"),
    ],
)
def test_bad_settings(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        scheduler(**options)


@pytest.mark.parametrize(
    ("max_t", "levels"),
    [(1, (1,)), (10, (1, 2, 3, 6, 10)), (52, (3, 5, 9, 17, 29, 52)), (100, (6, 11, 18, 32, 57, 100))],
)
def test_rungs_by_default(max_t: int, levels: tuple[int, ...]) -> None:
    assert FreezeThaw(RandomSearcher(SPACE), max_t=max_t).levels == levels


# ---- what comes when


def test_the_first_trials_are_those_of_the_searcher() -> None:
    played = play(scheduler(SobolSearcher(SPACE)), COURSE, new_trials=6, workers=1)
    alone = play(scheduler(SobolSearcher(SPACE), grace_period=27), COURSE, new_trials=6, workers=1)
    assert played.configs() == alone.configs()
    assert [event.cause for event in played.started()[:6]] == ["new"] * 6
    assert all(event.until == 3 for event in played.started()[:6])


def test_trials_go_on_rung_by_rung_and_are_paused_there() -> None:
    played = play(scheduler(), COURSE, new_trials=12)
    for trial in range(12):
        untils = [event.until for event in played.started() if event.trial == trial]
        assert untils == list(scheduler().levels[: len(untils)])
    assert {event.cause for event in played.started()} == {"new", "resumed"}


def test_it_finds_the_bottom_of_a_bowl_with_few_full_trainings() -> None:
    played = play(scheduler(), COURSE, new_trials=30, workers=1)
    best = min((event for event in played.log if isinstance(event, Observed)), key=lambda event: event.loss or 0.0)
    steps = last_steps(played)
    assert best.trial in {trial for trial, step in steps.items() if step == 27}
    assert bowl(played.configs()[best.trial], 27) < bowl({"a": 0.7, "b": 0.2}, 27) + 1e-3
    assert sum(step == 27 for step in steps.values()) <= 6
    by_chance = [
        min(bowl(SPACE.sample(generator), 27) for _ in range(30)) for generator in map(np.random.default_rng, range(20))
    ]
    assert bowl(played.configs()[best.trial], 27) < np.median(by_chance)


def drawn(played: Played) -> list[bool]:
    """Of the new trials after the first six, whether they are the searcher's own."""
    searcher = RandomSearcher(SPACE)
    starts = [event for event in played.started() if event.cause == "new"][6:]
    return [event.config == searcher.suggest(draw_generator(0, event.draw or 0)).config for event in starts]


def test_some_new_trials_are_the_searchers_own() -> None:
    rough = Course(steps=range(1, 28))
    assert 0.1 < np.mean(drawn(play(scheduler(), rough, new_trials=40, workers=1))) < 0.5


def test_where_no_improvement_is_expected_all_new_trials_are_the_searchers_own() -> None:
    flat = Course(steps=range(1, 28), loss=lambda _config, _step: 1.0)
    assert all(drawn(play(scheduler(), flat, new_trials=20, workers=1))[-5:])


def test_what_people_want_to_be_tried_comes_first() -> None:
    searcher = RandomSearcher(SPACE, initial_config={"a": 0.5, "b": 0.5})
    wish = {"a": 0.99, "b": 0.99}
    played = play(scheduler(searcher), COURSE, new_trials=20, workers=1, commands={40: [Enqueue(wish)]})
    assert played.configs()[0] == {"a": 0.5, "b": 0.5}
    later = [event for event in played.started() if played.log.index(event) > 40]
    assert next(event.config for event in later) == wish


def test_running_trials_keep_others_away() -> None:
    asked = scheduler()
    played = play(asked, COURSE, new_trials=10, workers=1)
    rng = np.random.default_rng
    alone = asked.suggest(rng(0), new_trials=True)
    assert isinstance(alone, Proposal)
    seen = [alone.config]
    for trial in range(10, 14):
        asked.update(Started(at=0.0, trial=trial, attempt=1, config=seen[-1], until=3, notes=alone.notes))
        proposal = asked.suggest(rng(0), new_trials=True)
        assert isinstance(proposal, Proposal)
        assert proposal.trial is None or proposal.config not in seen
        seen.append(proposal.config)
    assert len({tuple(config.items()) for config in seen}) == 5
    assert len(played.configs()) == 10


def test_notes_hold_the_fit_that_was_used() -> None:
    played = play(scheduler(), COURSE, new_trials=30, workers=1)
    fits = [event.notes["freeze_thaw"] for event in played.started() if "freeze_thaw" in event.notes]
    n_readings = [fit[0] for fit in fits]
    assert n_readings == sorted(n_readings)
    late = [n for n in n_readings if n > 30]
    assert 0 < len(set(late)) <= len(late) / 2, "a fit is used again"
    assert all(b >= 1.1 * a for a, b in itertools.pairwise(sorted(set(late))))


def test_notes_say_where_a_trial_that_goes_on_is_expected_to_end() -> None:
    played = play(scheduler(), COURSE, new_trials=30, workers=1)
    goes_on = [event for event in played.started() if "expected_loss" in event.notes]
    assert goes_on
    assert all(event.cause == "resumed" for event in goes_on)
    late = goes_on[len(goes_on) // 2 :]  # the model has seen some ends by then
    errors = [abs(event.notes["expected_loss"] - bowl(event.config, 27)) for event in late]
    losses = [bowl(config, 27) for config in played.configs()]
    assert np.median(errors) < 0.1 * np.std(losses)


# ---- where there is nothing new


def test_without_new_trials_it_finishes_the_best_and_no_more() -> None:
    played = play(scheduler(), COURSE, new_trials=12, workers=2)
    steps = last_steps(played)
    ends = {trial: bowl(config, 27) for trial, config in enumerate(played.configs())}
    assert steps[min(ends, key=ends.__getitem__)] == 27
    assert min(steps.values()) == 3
    assert played.why == "no trial promises to become the best any more"
    worst = sorted(ends, key=ends.__getitem__)[6:]
    assert max(steps[trial] for trial in worst) < 27


def test_the_trial_that_is_believed_best_is_trained_to_its_end() -> None:
    """Also where curves are flat, so that nothing is gained by it."""
    flat = Course(steps=range(1, 28), loss=lambda config, _step: float(config["a"]))
    played = play(scheduler(), flat, new_trials=10, workers=1)
    lowest = min(range(10), key=lambda trial: played.configs()[trial]["a"])
    assert last_steps(played)[lowest] == 27
    assert sum(step == 27 for step in last_steps(played).values()) <= 3


def test_a_grid_is_gone_through() -> None:
    space = Space({"a": Choice([0.1, 0.7]), "b": Choice([0.2, 0.9])})
    played = play(scheduler(GridSearcher(space)), COURSE, new_trials=50)
    assert len(played.configs()) == 4
    assert played.why


def test_no_configuration_of_a_small_space_comes_twice() -> None:
    space = Space({"a": Choice([0.1, 0.5, 0.7]), "b": Int(0, 3), "c": Constant(1)})
    played = play(scheduler(RandomSearcher(space)), COURSE, new_trials=50, workers=3)
    later = [tuple(config.values()) for config in played.configs()[6:]]
    assert len(set(later)) == len(later)
    assert len({tuple(config.values()) for config in played.configs()}) == 12
    assert played.why


def test_a_space_without_choice() -> None:
    played = play(scheduler(RandomSearcher(Space({"a": Constant(0.5), "b": Constant(0.5)}))), COURSE, new_trials=9)
    assert len(played.configs()) == 6, "the first ones are the searcher's; after them there is nothing new"


def test_a_searcher_that_waits_for_a_person() -> None:
    asked = scheduler(ManualSearcher(SPACE))
    assert isinstance(asked.suggest(np.random.default_rng(0), new_trials=True), Wait)
    assert isinstance(asked.suggest(np.random.default_rng(0), new_trials=False), Exhausted)


def test_it_waits_for_runs_that_may_change_what_others_promise() -> None:
    asked = scheduler()
    asked.update(Started(at=0.0, trial=0, attempt=1, config={"a": 0.1, "b": 0.1}, until=3))
    assert isinstance(asked.suggest(np.random.default_rng(0), new_trials=False), Wait)
    asked.update(Ended(at=0.0, trial=0, attempt=1, state=TrialState.FAILED))
    assert isinstance(asked.suggest(np.random.default_rng(0), new_trials=False), Exhausted)


# ---- what goes wrong, and what people do


def test_failures_keep_it_away() -> None:
    """Half of the space fails, in the direction of lower losses."""

    def loss(config: Any, step: int) -> float:
        return float(1.0 - config["a"] + 0.5 / step)

    asked = scheduler()
    generator = np.random.default_rng(3)
    for trial in range(12):
        config = SPACE.sample(generator)
        asked.update(Started(at=0.0, trial=trial, attempt=1, config=config, until=3))
        if config["a"] > 0.6:
            asked.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.FAILED, reason="error"))
            continue
        asked.update(Observed(at=0.0, trial=trial, attempt=1, step=3, metrics={}, loss=loss(config, 3)))
        asked.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.PAUSED, reason="scheduler"))
    answers = [asked.suggest(np.random.default_rng(draw), new_trials=True) for draw in range(8)]
    modelled = [each.config["a"] for each in answers if isinstance(each, Proposal)]
    assert np.median(modelled) < 0.75


def test_an_open_trial_that_an_edit_excludes_is_left_alone() -> None:
    narrow = Space({"a": Float(0.0, 0.3), "b": Float(0.0, 1.0)})
    played = play(scheduler(), COURSE, new_trials=20, workers=1, commands={30: [EditSpace(narrow.to_json())]})
    edited = next(index for index, event in enumerate(played.log) if type(event).__name__ == "SpaceEdited")
    later = [event for event in played.started() if played.log.index(event) > edited]
    assert len(later) > 10
    assert all(event.config["a"] <= 0.3 for event in later)


def test_one_that_a_person_paused_is_not_thawed() -> None:
    played = play(scheduler(), COURSE, new_trials=12, workers=1, commands={1: [PauseTrial(0)]})
    assert [event.attempt for event in played.started() if event.trial == 0] == [1]
