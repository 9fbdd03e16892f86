from __future__ import annotations

from collections.abc import Callable

import pytest
from tuning_fakes import ScriptedScheduler, Stage, decide_at, finish, report, save

from rung.events import Noted
from rung.tuning.intake import Intake
from rung.tuning.repeats import TRAINED_AGAIN
from rung.types import Action

Begin = Callable[..., Stage]


def paused_once(stage: Begin, *trials: int, saves: bool = False) -> tuple[Stage, Intake]:
    """Trials that were paused after their first report."""
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(1, Action.PAUSE)))
    intake = place.intake()
    for number in trials:
        place.run_trial(intake, number)
        saved = [save(number, 1, f"/c{number}")] if saves else []
        intake.deliver([report(number, 1, 0.5), *saved, finish(number)])
    return place, intake


def notes(place: Stage) -> list[str]:
    return [event.text for event in place.logged(Noted)]


def test_steps_that_are_trained_again_after_a_pause_get_one_note(stage: Begin) -> None:
    place, intake = paused_once(stage, 0, 1)
    for number in (0, 1):
        place.run_trial(intake, number, attempt=2, cause="resumed")
        assert notes(place) == [TRAINED_AGAIN] * number
        intake.deliver([report(number, 1, 0.5, attempt=2), report(number, 2, 0.4, attempt=2)])
    assert notes(place) == [TRAINED_AGAIN]
    (note,) = place.session.study.notes
    assert (note.text, note.by) == (TRAINED_AGAIN, "trial")


def test_an_objective_that_keeps_its_own_state_gets_no_note(stage: Begin) -> None:
    place, intake = paused_once(stage, 0)
    place.run_trial(intake, 0, attempt=2, cause="resumed")
    intake.deliver([report(0, 2, 0.4, attempt=2)])
    assert notes(place) == []


@pytest.mark.parametrize(("cause", "saves"), [("retried", False), ("resumed", True)])
def test_a_lost_run_and_one_with_a_checkpoint_get_no_note(stage: Begin, cause: str, saves: bool) -> None:
    place, intake = paused_once(stage, 0, saves=saves)
    place.run_trial(intake, 0, attempt=2, cause=cause)
    intake.deliver([report(0, 1, 0.5, attempt=2)])
    assert notes(place) == []


def test_a_run_that_is_lost_after_it_was_resumed_is_not_blamed(stage: Begin) -> None:
    place, intake = paused_once(stage, 0)
    place.run_trial(intake, 0, attempt=2, cause="resumed")
    intake.interrupt(place.trial(0), reason="killed")
    place.run_trial(intake, 0, attempt=3, cause="retried")
    intake.deliver([report(0, 1, 0.5, attempt=3)])
    assert notes(place) == []
