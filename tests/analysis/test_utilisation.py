from __future__ import annotations

from collections.abc import Iterator

import pytest

import rung
from rung.analysis.utilisation import Utilisation, utilisation
from rung.backends.faults import Faults
from rung.backends.simulated import Simulated
from rung.events import Ended, Event, Interrupted, Placed, SessionEnded, SessionStarted, Started
from rung.types import Owner, TrialState

OWNER = Owner("here", "boot", 1, 0.0)


def began(at: float, session: int, slots: int) -> Event:
    return SessionStarted(at=at, session=session, owner=OWNER, slots=slots, unix=0.0)


def start(at: float, trial: int, worker: int, attempt: int = 1) -> Event:
    return Started(at=at, trial=trial, attempt=attempt, config={}, worker=worker)


def end(at: float, trial: int, state: TrialState = TrialState.COMPLETED) -> Event:
    return Ended(at=at, trial=trial, attempt=1, state=state)


def test_by_hand() -> None:
    log = [
        began(0.0, 1, 2),
        start(0.0, 0, 0),
        start(1.0, 1, 1),
        end(4.0, 0),
        end(5.0, 1, TrialState.PAUSED),
        start(6.0, 2, 0),
        end(7.0, 1, TrialState.STOPPED),  # paused until now: nothing ran
        end(8.0, 2),
        SessionEnded(at=10.0, session=1, why="done"),
    ]
    found = utilisation(log, at=10.0)
    assert found == Utilisation(busy=(6.0, 4.0), there=(10.0, 10.0))
    assert found.shares == (0.6, 0.4)
    assert found.share == 0.5
    assert str(found) == "2 workers were busy for 50% of the time (40% to 60%)"


def test_what_still_runs_counts_until_now() -> None:
    assert utilisation([began(0.0, 1, 1), start(2.0, 0, 0)], at=8.0).share == 0.75


def test_a_run_counts_from_when_it_has_its_process() -> None:
    placed = Placed(at=3.0, trial=0, attempt=1, host="here", pid=7)
    found = utilisation([began(0.0, 1, 1), start(0.0, 0, 0), placed, end(4.0, 0)], at=4.0)
    assert str(found) == "its worker was busy for 25% of the time"


def test_runs_that_share_a_worker_count_once() -> None:
    log = [began(0.0, 1, 1), start(0.0, 0, 0), start(1.0, 1, 0), end(3.0, 0), end(4.0, 1)]
    assert utilisation(log, at=8.0).share == 0.5


def test_each_session_has_its_workers() -> None:
    log = [
        began(0.0, 1, 1),
        start(0.0, 0, 0),
        Interrupted(at=4.0, trial=0, attempt=1, reason="tuner"),  # the tuner was killed: no end of the session
        began(4.0, 2, 3),
        start(4.0, 0, 2, attempt=2),
        end(6.0, 0),
    ]
    assert utilisation(log, at=6.0) == Utilisation(busy=(4.0, 0.0, 2.0), there=(6.0, 2.0, 2.0))


def test_runs_outside_of_all_sessions_are_busy_throughout() -> None:
    assert utilisation([start(0.0, 0, 0), end(2.0, 0)], at=2.0) == Utilisation(busy=(2.0,), there=(2.0,))


def test_nothing_has_happened() -> None:
    empty = utilisation([], at=0.0)
    assert (empty.share, empty.shares, str(empty)) == (0.0, (), "no worker yet")
    assert utilisation([began(0.0, 1, 2)], at=0.0).shares == (0.0, 0.0)


@pytest.mark.parametrize(("lifetime", "seconds"), [({}, 6.0), ({1: 2.0}, 7.0)])
def test_of_a_simulated_study(lifetime: dict[int, float], seconds: float) -> None:
    """Four trials of three steps on two workers, of which one is away from second 2 to second 4.

    Meanwhile a retry waits until second 3, when the other worker is free, and a new trial until second 4.
    """

    def train(lr: float) -> Iterator[float]:
        yield from (lr, lr, lr)

    tuner = rung.Tuner(
        train,
        rung.BasicScheduler(rung.RandomSearcher({"lr": rung.uniform(0.0, 1.0)})),
        backend=Simulated(2, faults=Faults(lifetime=lifetime, absence=2.0)),
        seed=0,
    )
    study = tuner.run(max_trials=4)
    assert study.utilisation() == Utilisation(busy=(6.0, 6.0), there=(seconds, seconds))
