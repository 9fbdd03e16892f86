from __future__ import annotations

import pytest

from rung.contracts import Searcher
from rung.errors import SettingError
from rung.schedulers.early import EarlyStopping
from rung.schedulers.median import MedianStopping
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.stopping import median
from rung.testing.play import Course, play
from rung.testing.scheduler_suite import SchedulerSuite

SPACE = Space({"x": Float(0.0, 1.0)})


class TestMedianStopping(SchedulerSuite):
    def make(self, searcher: Searcher) -> MedianStopping:
        return MedianStopping(searcher, grace_period=2, min_trials=3)


def test_it_is_the_criterion_of_that_name() -> None:
    course = Course(steps=range(1, 12), loss=lambda config, step: config["x"] + 1 / step)
    ours = MedianStopping(RandomSearcher(SPACE), grace_period=3, min_trials=4)
    criterion = median(grace_period=3, min_trials=4)
    theirs = EarlyStopping(RandomSearcher(SPACE), criterion=criterion)
    played = play(ours, course, new_trials=20)
    assert played.decisions == play(theirs, course, new_trials=20).decisions
    assert played.decisions, "nobody was stopped"
    assert all(not decision.why.startswith(("step 1:", "step 2:")) for _, decision in played.decisions)


def test_it_by_hand() -> None:
    losses = {0: [0.8, 0.6], 1: [0.6, 0.4], 2: [0.9, 0.2], 3: [0.71, 0.53], 4: [0.7, 0.5]}
    numbers = iter(range(5))
    trial_of: dict[float, int] = {}

    def loss(config: dict[str, float], step: int) -> float:
        if config["x"] not in trial_of:
            trial_of[config["x"]] = next(numbers)
        return losses[trial_of[config["x"]]][step - 1]

    scheduler = MedianStopping(RandomSearcher(SPACE), min_trials=2)
    played = play(scheduler, Course(steps=(1, 2), loss=loss), new_trials=5, workers=1)  # type: ignore[arg-type]
    # Averages at step 1: 0.8, 0.6 | trial 2: 0.9 > 0.7, stopped, and its 0.9 stays in the table.
    # Trial 3: 0.71 <= median(0.6, 0.8, 0.9) = 0.8 goes on; step 2: averages 0.7, 0.5, median 0.6; best 0.53 goes on.
    # Trial 4: 0.7 <= median(0.6, 0.71, 0.8, 0.9); step 2: averages 0.5, 0.62, 0.7, median 0.62; best 0.5 goes on.
    assert [(decision.trial, decision.why) for _, decision in played.decisions] == [
        (2, "step 1: behind the median, 2 of 2 others were better on average")
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grace_period": 0}, "grace_period must be a whole number, at least 1, not 0"),
        ({"min_trials": 1.5}, r"min_trials must be a whole number, at least 1, not 1\.5"),
    ],
)
def test_unusable_settings_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        MedianStopping(RandomSearcher(SPACE), **options)  # type: ignore[arg-type]
