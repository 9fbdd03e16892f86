from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tuning_fakes import Stage, report

from rung.tuning.deadlines import Deadlines
from rung.tuning.intake import Intake
from rung.tuning.starter import Limits
from rung.types import Action, Launched, TrialState

Begin = Callable[..., Stage]


def running(place: Stage, *, runs_in_caller: bool = True, **limits: Any) -> tuple[Deadlines, Intake]:
    intake = place.intake()
    place.run_trial(intake, 0, until=3)
    return Deadlines(place.session, intake, Limits(**limits), runs_in_caller=runs_in_caller), intake


@pytest.mark.parametrize(
    ("limits", "last", "reason"),
    [({"trial_seconds": 10}, 10.0, "timeout"), ({"stall_seconds": 4}, 4.0, "stalled")],
)
def test_a_run_that_breaks_a_limit_is_ended(stage: Begin, limits: dict[str, Any], last: float, reason: str) -> None:
    place = stage()
    deadlines, _ = running(place, **limits)
    for at in (0.0, last / 2, last):
        deadlines.hold(at)
    assert place.backend.stopped() == []
    deadlines.hold(last + 0.1)
    assert place.backend.stopped() == [0]
    assert (place.trial(0).state, place.trial(0).reason) == (TrialState.FAILED, reason)


@pytest.mark.parametrize("limits", [{"trial_seconds": 10}, {"stall_seconds": 10}])
def test_the_time_of_a_process_counts_from_when_it_is_there(stage: Begin, limits: dict[str, Any]) -> None:
    place = stage()
    deadlines, intake = running(place, runs_in_caller=False, **limits)
    deadlines.hold(100.0)
    assert place.backend.stopped() == []
    place.backend.clock = 100.0
    intake.deliver([Launched(0, 1, "here", 4711)])
    deadlines.hold(110.0)
    assert place.backend.stopped() == []
    deadlines.hold(120.1)
    assert place.backend.stopped() == [0]


def test_a_report_gives_more_time(stage: Begin) -> None:
    place = stage()
    deadlines, intake = running(place, stall_seconds=4)
    deadlines.hold(0.0)
    place.backend.clock = 3.0
    intake.deliver([report(0, 1, 0.5)])
    deadlines.hold(6.9)
    assert place.backend.stopped() == []
    deadlines.hold(7.1)
    assert place.backend.stopped() == [0]


@pytest.mark.parametrize("action", [Action.STOP, Action.PAUSE])
def test_who_does_not_obey_is_ended_when_its_grace_is_over(stage: Begin, action: Action) -> None:
    place = stage()
    deadlines, intake = running(place, stop_grace_s=5)
    intake.decide(place.trial(0), action, why="so it is", by="person")
    intake.commit()
    deadlines.hold(4.0)
    assert place.backend.stopped() == []
    deadlines.hold(5.1)
    assert place.backend.stopped() == [0]


def test_nothing_is_looked_at_before_anything_can_be_due(stage: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    place = stage()
    deadlines, intake = running(place, trial_seconds=10)
    commits: list[float] = []
    monkeypatch.setattr(intake, "commit", lambda: commits.append(0.0))
    for at in (0.0, 1.0, 9.0):
        deadlines.hold(at)
    assert len(commits) == 1
