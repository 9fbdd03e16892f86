"""Forecasts against closed forms, and against the same search that is really run."""

from __future__ import annotations

import math
import signal
from typing import Any

import numpy as np
import pytest

import rung
from rung import _forecast
from rung._forecast import forecast
from rung.backends._rehearsal import Rehearsal
from rung.backends.simulated import Simulated
from rung.errors import SettingError
from rung.schedulers.halving import SuccessiveHalving
from rung.schedulers.hyperband import Hyperband
from rung.schedulers.median import MedianStopping
from rung.schedulers.pbt import PopulationBasedTraining
from rung.stopping import cost, epochs, patience, reached, seconds, trials

SPACE = {"rate": rung.loguniform(1e-3, 1.0)}


def searcher() -> rung.RandomSearcher:
    return rung.RandomSearcher(SPACE)


def test_without_early_stopping_each_trial_takes_all_its_steps() -> None:
    found = forecast(rung.BasicScheduler(searcher()), max_trials=20, workers=3, max_t=9)
    assert [(rung.step, rung.trials, rung.steps) for rung in found.rungs] == [(9, 20.0, 180.0)]
    assert (found.trials, found.steps, found.full_steps) == (20.0, 180.0, 180.0)
    assert found.wall_steps == 9 * math.ceil(20 / 3)
    assert found.utilisation == pytest.approx(180 / (3 * 63))


def test_synchronous_halving_promotes_exactly_one_in_so_many() -> None:
    found = forecast(SuccessiveHalving(searcher(), max_t=27), max_trials=81, workers=4)
    assert [(rung.step, rung.least, rung.most, rung.steps) for rung in found.rungs] == [
        (1, 81, 81, 81.0),
        (3, 27, 27, 54.0),
        (9, 9, 9, 54.0),
        (27, 3, 3, 54.0),
    ]


def test_hyperband_has_its_brackets() -> None:
    """R=9, η=3: 9 trials from step 1, 5 from step 3, 3 from step 9."""
    found = forecast(Hyperband(searcher(), max_t=9), max_trials=17)
    assert [(rung.step, rung.trials) for rung in found.rungs] == [(1, 17.0), (3, 3.0 + 5 + 3), (9, 1.0 + 1 + 3)]


@pytest.mark.parametrize("variant", ["stopping", "promotion"])
def test_asynchronous_halving_promotes_about_one_in_so_many(variant: Any) -> None:
    scheduler = rung.ASHA(searcher(), max_t=27, grace_period=1, variant=variant)
    found = forecast(scheduler, max_trials=243, rehearsals=3)
    assert [rung.step for rung in found.rungs] == [1, 3, 9, 27]
    assert found.rungs[0].trials == 243
    for rung_ in found.rungs:  # it errs on the side of too many: the first ones have few to be compared with
        ideal = 243 / rung_.step
        assert 0.9 * ideal <= rung_.trials <= 1.2 * ideal + 10


@pytest.mark.parametrize(
    "make",
    [
        lambda: rung.ASHA(searcher(), max_t=9, grace_period=1),
        lambda: rung.ASHA(searcher(), max_t=9, grace_period=1, variant="promotion"),
        lambda: SuccessiveHalving(searcher(), max_t=9),
        lambda: MedianStopping(searcher()),
    ],
)
@pytest.mark.parametrize("stop", [trials(30), epochs(50), seconds(40)])
def test_a_search_with_such_losses_comes_to_what_was_forecast(make: Any, stop: Any) -> None:
    """The second writing: the same curves as an objective, in the simulated backend that runs objectives."""
    rng = [rung_draws(trial) for trial in range(200)]

    def train(trial: rung.Trial) -> Any:
        level, above = rng[trial.number]
        for step in range(1, 10):
            yield level + above / math.sqrt(step)

    expected = forecast(make(), stop=stop, workers=3, max_t=9, step_seconds=2, rehearsals=1)
    tuner = rung.Tuner(train, make(), backend=Simulated(3, runtime=2.0), seed=0, stop=stop)
    study = tuner.run()
    assert (expected.trials, expected.steps) == (len(study.trials), sum(trial.last_step for trial in study.trials))
    assert expected.wall_s == study.row.at


def rung_draws(trial: int) -> tuple[float, float]:
    level, above = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(trial,))).random(2)
    return float(level), float(above)


def test_copies_count_from_where_they_begin() -> None:
    found = forecast(PopulationBasedTraining(searcher(), max_t=20, population=4, interval=5), max_trials=4, workers=2)
    assert found.trials == 4
    assert [rung.step for rung in found.rungs] == [5, 10, 15, 20]
    assert 80 - 15 <= found.steps <= 80 + 15


def test_time_and_cost_follow_from_the_length_of_a_step() -> None:
    scheduler = rung.BasicScheduler(searcher())
    plain = forecast(scheduler, max_trials=4, max_t=10)
    assert (plain.wall_s, plain.runtime_s, plain.cost) == (None, None, None)
    timed = forecast(scheduler, max_trials=4, max_t=10, workers=2, step_seconds="1min", per_hour=3)
    assert (timed.wall_s, timed.runtime_s, timed.cost) == (1200.0, 2400.0, 2.0)
    assert forecast(scheduler, max_trials=4, max_t=10, step_seconds=60).cost is None


@pytest.mark.parametrize(
    ("stop", "steps", "left_out"),
    [
        (reached(0.1) | trials(3), 30.0, ("reached:0.1",)),
        (patience(2) | trials(3) | reached(5.0), 30.0, ("patience:2", "reached:5")),
        ((trials(2) & patience(2)) | trials(3), 30.0, ("patience:2",)),
        (cost(1, metric="price") | trials(3), 30.0, ("cost:1:metric=price",)),
        (seconds(37) | trials(9), 37.0, ()),
        (cost(2, per_hour=3600) | trials(9), 2.0, ()),
        (epochs(13) | trials(9), 20.0, ()),  # running trials finish
    ],
    ids=str,
)
def test_what_depends_on_values_is_left_out(stop: Any, steps: float, left_out: tuple[str, ...]) -> None:
    found = forecast(rung.BasicScheduler(searcher()), stop=stop, max_t=10, step_seconds=1)
    assert (found.steps, found.left_out) == (steps, left_out)


def test_time_is_left_out_until_somebody_says_how_long_a_step_takes() -> None:
    found = forecast(rung.BasicScheduler(searcher()), stop=seconds(5), seconds="2h", max_trials=3, max_t=10)
    assert found.left_out == ("seconds:2h", "seconds:5s")
    assert forecast(rung.BasicScheduler(searcher()), seconds=13, max_t=10, step_seconds=2).steps == 7


def test_criteria_that_stop_trials_are_left_out() -> None:
    from rung.schedulers.early import EarlyStopping

    found = forecast(EarlyStopping(searcher(), criterion="patience:3", within="asha(max_t=9)"), max_trials=9)
    assert found.left_out == ("patience:3",)
    assert [rung.step for rung in found.rungs] == [1, 3, 9]


def test_stops_within_a_training_of_unknown_length_are_left_out() -> None:
    found = forecast(MedianStopping(searcher()), max_trials=10)
    assert not found.has_length
    assert found.left_out == ("stops by median",)
    assert forecast(MedianStopping(searcher()), max_trials=10, max_t=9).left_out == ()
    assert forecast(rung.BasicScheduler(searcher()), max_trials=10).left_out == ()


def test_a_grid_ends_by_itself() -> None:
    grid = rung.GridSearcher({"a": rung.choice([1, 2, 3]), "b": rung.choice([1, 2])})
    assert forecast(rung.BasicScheduler(grid), max_t=5).steps == 30


def test_a_searcher_that_waits_for_people_does_not_hold_it_up() -> None:
    assert forecast(rung.BasicScheduler(rung.ManualSearcher(SPACE)), max_trials=3, max_t=5).steps == 15


def test_the_scheduler_itself_is_left_alone() -> None:
    scheduler = rung.ASHA(searcher(), max_t=9, grace_period=1)
    forecast(scheduler, max_trials=9)
    assert [len(each) for each in scheduler.rungs] == [0, 0, 0]


def test_where_every_report_is_decided_upon_rungs_are_powers_of_two() -> None:
    found = forecast(MedianStopping(searcher()), max_trials=10, max_t=20)
    assert [rung.step for rung in found.rungs] == [1, 2, 4, 8, 16, 20]
    assert sum(rung.steps for rung in found.rungs) == found.steps


def test_fewer_rehearsals_where_there_are_many_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    def count(**given: Any) -> int:
        return forecast(rung.BasicScheduler(searcher()), max_t=1, **given).rehearsals

    monkeypatch.setattr(_forecast, "_ENOUGH_TRIALS", 40)
    assert [count(max_trials=2), count(max_trials=20), count(max_trials=40)] == [5, 2, 1]
    assert count(max_trials=40, rehearsals=3) == 3


def test_ctrl_c_gives_no_half_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Rehearsal.poll

    def interrupted(self: Rehearsal, timeout: float, deliver: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        whole(self, timeout, deliver)

    monkeypatch.setattr(Rehearsal, "poll", interrupted)
    with pytest.raises(KeyboardInterrupt):
        forecast(rung.BasicScheduler(searcher()), max_trials=9, max_t=9, workers=2)


def test_the_same_every_time() -> None:
    scheduler = rung.ASHA(searcher(), max_t=27, grace_period=1)
    assert forecast(scheduler, max_trials=50) == forecast(scheduler, max_trials=50)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "nothing that can be forecast says when"),
        ({"stop": reached(0.1)}, "nothing that can be forecast says when"),
        ({"seconds": 60}, "nothing that can be forecast says when"),
        ({"max_trials": 0}, "max_trials must be a whole number, at least 1, not 0"),
        ({"max_trials": 1, "workers": 0}, "workers must be a whole number, at least 1, not 0"),
        ({"max_trials": 1, "workers": 1.5}, "workers must be a whole number, at least 1, not 1.5"),
        ({"max_trials": 1, "max_t": True}, "max_t must be a whole number, at least 1, not True"),
        ({"max_trials": 1, "rehearsals": -1}, "rehearsals must be a whole number, at least 1, not -1"),
        ({"max_trials": 1, "step_seconds": "soon"}, "step_seconds='soon' is not a duration"),
        ({"max_trials": 1, "per_hour": math.nan}, "per_hour must be a finite number, at least 0, not nan"),
    ],
)
def test_what_can_not_be_forecast_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message) as caught:
        forecast(rung.BasicScheduler(searcher()), **given)
    assert caught.value.hint


def test_a_population_ends_by_itself() -> None:
    scheduler = PopulationBasedTraining(searcher(), population=4, interval=5, max_t=20)
    found = forecast(scheduler, workers=4)
    assert found.steps == pytest.approx(4 * 20)
