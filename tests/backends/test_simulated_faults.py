"""Simulated clusters in which workers differ, runs crash and straggle, and workers come and go."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rung
from rung.backends.faults import Faults
from rung.backends.simulated import Simulated
from rung.errors import SettingError, StudyPausedError
from rung.events import Ended, Interrupted, Observed, Placed, Started
from rung.runtime.objective import as_objective
from rung.study import Study
from rung.testing import objectives
from rung.testing.backend_suite import BackendSuite
from rung.tuning.starter import Limits
from rung.types import Exited, Fact, Handle, Job, Launched, TrialState

SPACE = {"rate": rung.uniform(0.5, 1.0)}


class TestSimulatedWithFaults(BackendSuite):
    """Faults that don't happen change nothing, whatever else is made of them."""

    def make(self) -> Simulated:
        return Simulated(2, speeds=[0.5, 2.0], faults=Faults(straggle=0.5, lifetime=1e12, absence=1.0), seed=1)


def train(rate: float) -> Iterator[float]:
    for step in range(1, 10):
        yield rate + 1 / step


def run(
    backend: Simulated, *, trials: int = 30, scheduler: Any = None, objective: Any = train, max_kills: int = 99
) -> Study:
    tuner = rung.Tuner(
        objective,
        scheduler or rung.BasicScheduler(rung.RandomSearcher(SPACE)),
        backend=backend,
        seed=0,
        limits=Limits(max_kills=max_kills),
    )
    return tuner.run(max_trials=trials)


def log_of(study: Study) -> list[tuple[object, ...]]:
    """Everything but real times."""
    return [
        (type(event).__name__, event.at, getattr(event, "trial", None), getattr(event, "step", None))
        for event in study.events()
    ]


def counted(study: Study) -> Counter[str]:
    return Counter(type(event).__name__ for event in study.events())


FAULTS = Faults(crash=0.03, straggle=0.2, lifetime=40.0, absence=5.0)


@pytest.mark.parametrize("variant", ["stopping", "promotion"])
def test_everything_happens_and_nothing_is_lost(variant: str) -> None:
    def study(seed: int) -> Study:
        scheduler = rung.ASHA(rung.RandomSearcher(SPACE), max_t=9, grace_period=1, variant=variant)  # type: ignore[arg-type]
        return run(Simulated(4, speeds=rung.uniform(0.5, 2.0), faults=FAULTS, seed=seed), scheduler=scheduler)

    first, again, other = study(0), study(0), study(1)
    assert log_of(first) == log_of(again)
    assert log_of(first) != log_of(other)
    assert {trial.state for trial in first.trials} <= {TrialState.COMPLETED, TrialState.STOPPED, TrialState.PAUSED}
    lost = [event.message for event in first.events() if isinstance(event, Interrupted)]
    assert any("crashed on the way" in message for message in lost)
    assert any("was lost" in message for message in lost)
    reports = [(event.trial, event.step) for event in first.events() if isinstance(event, Observed)]
    assert len(set(reports)) == len(reports)
    for trial in first.trials:
        assert [step for number, step in reports if number == trial.number] == list(range(1, trial.last_step + 1))
    ends = [event for event in first.events() if isinstance(event, Ended)]
    assert counted(first)["Started"] == len(lost) + len(ends)


def test_a_worker_takes_its_own_time() -> None:
    study = run(Simulated(3, runtime=6.0, speeds=[1.0, 2.0, 3.0]), trials=3)
    assert [(trial.worker, trial.ended_at) for trial in study.trials] == [(0, 54.0), (1, 27.0), (2, 18.0)]


def test_speeds_are_drawn_from_the_seed() -> None:
    def times(seed: int) -> list[float | None]:
        backend = Simulated(3, speeds=rung.choice([1.0, 2.0, 4.0]), seed=seed)
        return [trial.ended_at for trial in run(backend, trials=3).trials]

    drawn = [times(seed) for seed in range(8)]
    assert {time for each in drawn for time in each} == {9.0, 4.5, 2.25}
    assert times(3) == drawn[3]


def test_stragglers_take_so_many_times_as_long() -> None:
    study = run(Simulated(50, faults=Faults(straggle=0.3, slowdown=5.0)), trials=200)
    runtimes = Counter(trial.runtime for trial in study.trials)
    assert set(runtimes) == {9.0, 45.0}
    assert abs(runtimes[45.0] / 200 - 0.3) < 4 * math.sqrt(0.3 * 0.7 / 200)


def test_runs_crash_as_often_as_was_said() -> None:
    """Of n runs of nine steps without a checkpoint, those that come through number about 0.95**9 of all."""
    study = run(Simulated(50, faults=Faults(crash=0.05, checkpoint_every=None)), trials=200)
    counts = counted(study)
    chance = 0.95**9
    assert abs(200 / counts["Started"] - chance) < 4 * math.sqrt(chance * (1 - chance) / counts["Started"])
    assert all(trial.state is TrialState.COMPLETED for trial in study.trials)


def test_a_chance_of_one_ends_every_run_until_the_trial_fails() -> None:
    study = run(Simulated(2, faults=Faults(crash=1.0)), trials=2, max_kills=3)
    assert [(trial.state, trial.reason) for trial in study.trials] == [(TrialState.FAILED, "killed")] * 2
    assert [trial.attempt for trial in study.trials] == [3, 3]
    assert all(0.0 < trial.runtime < 3.0 for trial in study.trials)


def lost_at(seconds: float, every: int | None, objective: Any = train, runtime: Any = 1.0) -> Study:
    """One trial whose only worker is lost then, and back a second later."""
    faults = Faults(lifetime={0: seconds}, absence=1.0, checkpoint_every=every)
    return run(Simulated(1, runtime=runtime, faults=faults), trials=1, objective=objective)


@pytest.mark.parametrize(("every", "again"), [(1, 0), (2, 1), (4, 1), (5, 0), (7, 5), (None, 5)])
def test_a_lost_generator_trains_again_from_its_last_checkpoint(every: int | None, again: int) -> None:
    """It is lost in the middle of step 6, whose half is for nothing in any case."""
    study = lost_at(5.5, every)
    assert study.trials[0].ended_at == 5.5 + 1.0 + again + 4
    times = [event.at for event in study.events() if isinstance(event, Observed)]
    assert times == [1.0, 2.0, 3.0, 4.0, 5.0, *(6.5 + again + step for step in (1.0, 2.0, 3.0, 4.0))]


def test_steps_whose_times_are_reported_are_trained_again_like_the_next_one() -> None:
    def says(rate: float) -> Iterator[dict[str, float]]:
        for step in range(1, 4):
            yield {"error": rate, "seconds": float(step)}

    study = lost_at(4.0, None, says, runtime="seconds")  # 1 + 2, and one second of three
    assert study.trials[0].ended_at == 5.0 + 3 * 3.0


def test_a_function_without_checkpoints_begins_anew_and_one_with_them_goes_on() -> None:
    assert lost_at(3.5, 1, objectives.curve_function).trials[0].ended_at == 4.5 + 6.0
    assert lost_at(3.5, None, objectives.curve_trial).trials[0].ended_at == 4.5 + 3.0


def test_a_run_waits_for_the_next_free_worker_and_says_when_it_has_one() -> None:
    """Worker 1 never comes back, so its slot's runs take turns with those of worker 0."""
    study = run(Simulated(2, faults=Faults(lifetime={1: 3.5})), trials=3)
    placed = [(event.trial, event.at) for event in study.events() if isinstance(event, Placed)]
    assert placed == [(1, 9.0), (2, 15.0)]
    assert [trial.ended_at for trial in study.trials] == [9.0, 15.0, 24.0]


def test_a_worker_that_is_back_at_once_goes_on_with_the_lost_run() -> None:
    study = run(Simulated(2, faults=Faults(lifetime={1: 3.5}, absence=0.0)), trials=4)
    assert [(trial.worker, trial.attempt, trial.ended_at) for trial in study.trials] == [
        (0, 1, 9.0),
        (1, 2, 9.5),
        (0, 1, 18.0),
        (1, 1, 18.5),
    ]


def test_a_worker_that_is_lost_while_it_is_idle_is_passed_over() -> None:
    study = run(Simulated(3, faults=Faults(lifetime={0: 0.0, 2: 0.0})), trials=1)
    assert (study.trials[0].ended_at, study.trials[0].attempt) == (9.0, 2)


def test_a_worker_that_is_lost_at_the_instant_of_a_report_is_lost_after_it() -> None:
    study = lost_at(4.0, None)
    assert [event.at for event in study.events() if isinstance(event, Observed)][3:5] == [4.0, 4.0 + 1.0 + 5.0]
    study = lost_at(9.0, 1)  # everything is reported; what was lost is the end alone
    assert [(trial.state, trial.attempt, trial.ended_at) for trial in study.trials] == [(TrialState.COMPLETED, 2, 10.0)]


def test_what_waits_for_a_worker_can_be_ended(tmp_path: Path) -> None:
    backend = Simulated(2, faults=Faults(lifetime={1: 0.0}))
    backend.open("s", as_objective(train), tmp_path)
    for trial in range(2):
        backend.start(
            Job(
                study="s", trial=trial, attempt=1, config={"rate": 0.5}, metric="error", seed=0, folder="", worker=trial
            )
        )
    facts: list[Fact] = []
    backend.poll(0.1, facts.extend)
    assert [(fact.trial, type(fact)) for fact in facts] == [(1, Exited)]
    backend.start(Job(study="s", trial=2, attempt=1, config={"rate": 0.5}, metric="error", seed=0, folder="", worker=1))
    backend.stop(2)
    assert backend.live() == [Handle(0, 1)]
    backend.start(Job(study="s", trial=3, attempt=1, config={"rate": 0.5}, metric="error", seed=0, folder="", worker=1))
    backend.stop(0)
    backend.poll(0.1, facts.extend)
    assert [(fact.trial, type(fact)) for fact in facts[1:]] == [(3, Launched)]
    backend.close()
    assert backend.live() == []


def test_when_no_worker_is_left_the_study_is_paused() -> None:
    with pytest.raises(StudyPausedError, match="none of 2 workers is left"):
        run(Simulated(2, faults=Faults(lifetime={0: 1.5, 1: 2.5})), max_kills=2)


def test_one_kind_of_fault_does_not_shift_another() -> None:
    def stragglers(crash: float) -> dict[int, bool]:
        study = run(Simulated(4, faults=Faults(straggle=0.5, slowdown=2.0, crash=crash)), trials=20)
        first = {event.trial: event.at for event in study.events() if isinstance(event, Started) and event.attempt == 1}
        reports = {event.trial: event.at for event in study.events() if isinstance(event, Observed) and event.step == 1}
        return {trial: reports[trial] - first[trial] == 2.0 for trial in first}

    calm, wild = stragglers(0.0), stragglers(0.05)
    assert sum(calm[trial] == wild[trial] for trial in calm) >= 18  # but for those that crash in their first step


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"slots": 0}, "slots must be a whole number, at least 1, not 0"),
        ({"seed": -1}, "seed must be a whole number, at least 0, not -1"),
        ({"seed": "a"}, "seed must be a whole number, at least 0, not 'a'"),
        ({"runtime": None}, "runtime=None says no seconds"),
        ({"runtime": True}, "runtime=True says no seconds"),
        ({"faults": {"crash": 0.1}}, "faults={'crash': 0.1} says no faults"),
        ({"slots": 1.5}, "slots must be a whole number, at least 1, not 1.5"),
        ({"speeds": [1.0]}, "speeds has 1 numbers for 2 workers"),
        ({"speeds": [1.0, 0.0]}, r"the speed of worker 1 must be a finite number, above 0, not 0.0"),
        ({"speeds": (-1.0, 1.0)}, r"the speed of worker 0 must be a finite number, above 0, not -1.0"),
        ({"speeds": [1.0, math.inf]}, r"the speed of worker 1 must be a finite number, above 0, not inf"),
        ({"speeds": [True, 1.0]}, r"the speed of worker 0 must be a finite number, above 0, not True"),
        ({"speeds": rung.uniform(-2.0, -1.0)}, r"the speed of worker 0 must be a finite number, above 0, not -1"),
        ({"speeds": "fast"}, r"the speed of worker 0 must be a finite number, above 0, not 'fast'"),
        ({"speeds": object()}, r"speeds=<object .* says no speeds"),
        ({"faults": Faults(lifetime={2: 1.0})}, "lifetime names the worker 2, and there are 2"),
    ],
)
def test_impossible_clusters_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message) as caught:
        Simulated(**{"slots": 2, **given})
    assert caught.value.hint
