"""ASHA and PASHA in a tuner, with objectives that do what they should not."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import rung
from rung.backends.processes import Processes
from rung.backends.simulated import Simulated
from rung.contracts import Scheduler
from rung.events import Event, Observed, Started
from rung.rows import TrialRow
from rung.schedulers.asha import ASHA
from rung.schedulers.pasha import PASHA
from rung.searchers.grid import GridSearcher
from rung.space import Int, Space
from rung.store import MemoryStore
from rung.testing.objectives import Total
from rung.tuning.starter import Limits
from rung.tuning.verify import verify_decisions
from rung.types import TrialState

SPACE = Space({"n": Int(1, 9)})  # the trials 0 … 8 have n = 1 … 9, and the losses get larger with n


def searcher() -> GridSearcher:
    return GridSearcher(SPACE, points=9)


MAKERS: dict[str, Callable[[], Scheduler]] = {
    "stopping": lambda: ASHA(searcher(), max_t=9),
    "promotion": lambda: ASHA(searcher(), max_t=9, variant="promotion"),
    "pasha": lambda: PASHA(searcher(), max_t=9),
}
PAUSING = [name for name in MAKERS if name != "stopping"]


def run(name: str, objective: Any, *, backend: Any = None) -> tuple[list[TrialRow], Sequence[Event]]:
    """All trials at the end, and the log, which is verified as well."""
    store, limits = MemoryStore(), Limits(failures_in_a_row=None)
    with rung.Tuner(objective, MAKERS[name](), store=store, study="s", backend=backend, seed=0, limits=limits) as tuner:
        trials = list(tuner.run().trials)
    log = list(store.read("s"))
    assert verify_decisions(log, MAKERS[name]()).differences == []
    return trials, [event for _, event in log]


def last_steps(trials: Sequence[TrialRow]) -> list[int]:
    return [trial.last_step for trial in trials]


@pytest.mark.parametrize("name", MAKERS)
def test_trials_that_never_report_fail(name: str) -> None:
    trials, _ = run(name, lambda trial: None)
    assert [(trial.state, trial.reason) for trial in trials] == [(TrialState.FAILED, "no_value")] * 9


@pytest.mark.parametrize("name", MAKERS)
def test_epochs_without_a_report_fail(name: str) -> None:
    def train(trial: rung.Trial) -> None:
        for _ in trial.epochs(9):
            pass

    trials, _ = run(name, train)
    assert [(trial.state, trial.reason) for trial in trials] == [(TrialState.FAILED, "no_value")] * 9


@pytest.mark.parametrize("name", PAUSING)
def test_who_only_returns_a_value_is_trained_once_and_complete(name: str) -> None:
    trials, _ = run(name, lambda n: n)
    assert [(trial.state, trial.attempt) for trial in trials] == [(TrialState.COMPLETED, 1)] * 9


def endless(trial: rung.Trial) -> Iterator[float]:
    for step in range(1, 1_000):
        yield trial.config["n"] + 1 / step


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("backend", [None, Simulated(3)], ids=["inline", "simulated"])
def test_nobody_gets_past_max_t(name: str, backend: Simulated | None) -> None:
    trials, _ = run(name, endless, backend=backend)
    assert max(last_steps(trials)) == (3 if name == "pasha" else 9)  # rungs 1 and 3 agree, so the third stays closed
    assert not any(trial.state is TrialState.FAILED for trial in trials)


def leaping(trial: rung.Trial) -> None:
    for step in (2, 5, 11, 12):
        trial.report(step=step, error=trial.config["n"] + 1 / step)


@pytest.mark.parametrize(("name", "furthest"), [("stopping", 11), ("promotion", 11), ("pasha", 5)])
def test_reports_between_and_past_the_rungs_count_at_the_rung_below(name: str, furthest: int) -> None:
    trials, _ = run(name, leaping)
    assert last_steps(trials)[0] == furthest
    assert last_steps(trials)[3:] == [2] * 6
    assert not any(trial.state is TrialState.FAILED for trial in trials)


def diverging(trial: rung.Trial) -> None:
    for epoch in trial.epochs(9, total=Total()):
        is_bad = epoch == 2 and trial.config["n"] == 1
        trial.report(error=float("nan") if is_bad else trial.config["n"] + 1 / epoch)


@pytest.mark.parametrize("name", MAKERS)
def test_a_nan_ends_its_trial_and_enters_no_rung(name: str) -> None:
    trials, _ = run(name, diverging)
    assert (trials[0].state, trials[0].reason, trials[0].last_step) == (TrialState.FAILED, "nan", 2)
    assert max(last_steps(trials[1:])) >= 3


def dying(trial: rung.Trial) -> None:
    for epoch in trial.epochs(9, total=Total()):
        if epoch == 2 and trial.config["n"] == 1:
            raise ValueError("it broke")
        trial.report(error=trial.config["n"] + 1 / epoch)


@pytest.mark.parametrize("name", PAUSING)
def test_who_dies_when_promoted_keeps_the_place_and_others_follow(name: str) -> None:
    trials, log = run(name, dying)
    assert (trials[0].state, trials[0].reason, trials[0].last_step) == (TrialState.FAILED, "error", 1)
    promoted = [event.trial for event in log if isinstance(event, Started) and event.cause == "resumed"]
    assert promoted[:3] == [0, 1, 2]  # the best third of nine: the dead one is still one of them
    assert trials[1].state is not TrialState.FAILED


def killed_once(trial: rung.Trial) -> None:
    marker = Path(trial.folder) / "killed"
    total = Total()
    for epoch in trial.epochs(9, total=total):
        total.value += 1.0
        if epoch == 3 and trial.config["n"] == 1 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        trial.report(error=trial.config["n"] + 1 / total.value)


def test_who_is_killed_when_promoted_goes_on_from_the_checkpoint() -> None:
    trials, log = run("promotion", killed_once, backend=Processes(1))
    causes = [event.cause for event in log if isinstance(event, Started) and event.trial == 0]
    assert causes[:3] == ["new", "resumed", "retried"]
    losses = [event.loss for event in log if isinstance(event, Observed) and event.trial == 0]
    assert losses == [1 + 1 / epoch for epoch in range(1, 10)]  # each step once, with the total of an unbroken run
    assert trials[0].state is TrialState.COMPLETED


def forgetful(trial: rung.Trial) -> None:
    for epoch in range(1, 10):
        trial.report(error=trial.config["n"] + 1 / epoch)


@pytest.mark.parametrize("name", PAUSING)
def test_who_has_no_checkpoint_begins_anew_and_each_step_counts_once(name: str) -> None:
    trials, log = run(name, forgetful)
    assert trials[0].attempt > 1
    steps = [event.step for event in log if isinstance(event, Observed) and event.trial == 0]
    assert steps == list(range(1, trials[0].last_step + 1))
    assert trials[0].last_step >= 3
