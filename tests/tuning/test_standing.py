from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tuning_fakes import FakeBackend, Stage, fail, finish, lose, report

import rung
from rung.backends.faults import Faults
from rung.backends.simulated import Simulated
from rung.events import Observed, Placed
from rung.ledger import Ledger
from rung.tuning.standing import Tally, runtime_until
from rung.types import Exited, Outcome, Reported

Begin = Callable[..., Stage]


def tally_of(place: Stage, **parts: Any) -> tuple[Tally, Ledger]:
    """A tally and a ledger of all that the study's log has."""
    tally, ledger = Tally(**parts), Ledger()
    for _, event in place.store.read("s"):
        ledger.apply(event)
        tally.apply(event, ledger)
    return tally, ledger


def run(place: Stage, *script: Any, **limits: Any) -> None:
    place.backend.script.extend(script)
    place.loop(**limits).run()


def test_what_is_counted(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=2))
    run(place, [report(0, 1, 0.5), report(1, 1, 0.4), report(0, 2, 0.3)], [finish(0), fail(1)], new_trials=2)
    tally, ledger = tally_of(place)
    come = tally.standing(ledger, 7.0)
    assert (come.n_trials, come.n_steps, come.seconds) == (2, 3, 7.0)
    assert come.best_loss == 0.3
    assert list(come.bests) == [0.3, 0.3]


def test_the_best_is_kept_as_it_was_at_each_end(stage: Begin) -> None:
    place = stage()
    run(place, [report(0, 1, 0.5), finish(0)], [fail(1)], [report(2, 1, 0.2), finish(2)], new_trials=3)
    tally, ledger = tally_of(place)
    assert list(tally.standing(ledger, 0.0).bests) == [0.5, 0.5, 0.2]


def test_how_the_best_came_about_and_what_each_trial_brought(stage: Begin) -> None:
    place = stage()
    run(
        place,
        [report(0, 1, 0.5), report(0, 2, 0.6), finish(0)],
        [report(1, 1, 0.7), report(1, 2, 0.3), fail(1)],
        [report(2, 1, 0.4), finish(2)],
        [fail(3)],
        new_trials=4,
    )
    tally, ledger = tally_of(place)
    come = tally.standing(ledger, 0.0)
    assert [(record.n_steps, record.loss) for record in come.records] == [(1, 0.5), (4, 0.3)]
    assert list(come.finals) == [0.3, 0.4, 0.5]
    assert len(come.bests) == 4
    tally, ledger = tally_of(place, incumbent_from="final")
    come = tally.standing(ledger, 0.0)
    assert [(record.n_steps, record.loss) for record in come.records] == [(2, 0.6), (5, 0.4)]
    assert list(come.finals) == [0.4, 0.6]


def test_final_values_of_completed_trials_only(stage: Begin) -> None:
    place = stage()
    run(
        place,
        [report(0, 1, 0.1), report(0, 2, 0.5), finish(0)],
        [report(1, 1, 0.05), fail(1)],
        [report(2, 1, 0.4), finish(2)],
        new_trials=3,
    )
    tally, ledger = tally_of(place, incumbent_from="final")
    come = tally.standing(ledger, 0.0)
    assert list(come.bests) == [0.5, 0.5, 0.4]
    assert come.best_loss == 0.4


def spent(trial: int, step: int, hours: float) -> Reported:
    return Reported(trial, 1, step, {"error": 1.0, "hours": hours})


def test_a_cost_is_the_sum_of_the_latest_values(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=2))
    place.backend.script.extend(
        [[spent(0, 1, 1.0), spent(1, 1, 2.0), spent(0, 2, 1.5)], [Exited(0, 1, Outcome.FINISHED), finish(1)]]
    )
    place.loop(new_trials=2).run()
    tally, ledger = tally_of(place, metrics=["hours"])
    assert tally.standing(ledger, 0.0).costs == {"hours": 3.5}
    tally, ledger = tally_of(place)
    assert tally.standing(ledger, 0.0).costs == {}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_cost_that_is_no_number_is_passed_over(stage: Begin, value: float) -> None:
    place = stage()
    run(place, [spent(0, 1, 1.0), spent(0, 2, value), finish(0)], new_trials=1)
    tally, ledger = tally_of(place, metrics=["hours"])
    assert tally.standing(ledger, 0.0).costs == {"hours": 1.0}


def test_a_step_counts_once_however_often_it_is_run(stage: Begin) -> None:
    place = stage()
    run(place, [report(0, 1, 0.5), lose(0)], [report(0, 1, 0.5, attempt=2), finish(0, attempt=2)], new_trials=1)
    tally, ledger = tally_of(place)
    assert tally.standing(ledger, 0.0).n_steps == 1
    assert len(place.logged(Observed)) == 1


def test_the_runtime_has_what_still_runs(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=2))

    def end_one(backend: FakeBackend, deliver: Any) -> None:
        backend.clock = 10.0
        deliver([finish(0)])
        seen.append(runtime_until(place.session.ledger, 14.0))

    seen: list[float] = []
    run(place, end_one, [finish(1)], new_trials=2)
    assert seen == [10.0 + 14.0]
    assert runtime_until(place.session.ledger, 99.0) == 20.0


def test_the_runtime_is_that_of_all_runs_looked_at_one_by_one() -> None:
    def train(rate: float) -> Iterator[float]:
        yield from (rate, rate / 2, rate / 3)

    faults = Faults(crash=0.05, lifetime=10.0, absence=2.0)
    scheduler = rung.ASHA(rung.RandomSearcher({"rate": rung.uniform(0.5, 1.0)}), max_t=3, variant="promotion")
    tuner = rung.Tuner(train, scheduler, backend=Simulated(3, runtime=0.7, faults=faults), seed=0)
    tally, ledger = Tally(), Ledger()
    n_running = []
    for event in tuner.run(max_trials=20).events():
        ledger.apply(event)
        tally.apply(event, ledger)
        at = event.at + 0.25
        assert tally.standing(ledger, at).runtime_s == pytest.approx(runtime_until(ledger, at), abs=1e-6)
        n_running.append(len(ledger.running))
    assert max(n_running) == 3
    assert any(isinstance(event, Placed) for event in tuner.study.events())
