from __future__ import annotations

import contextvars
import math
import threading

import pytest
from recording_channel import RecordingChannel, make_job

import rung
from rung import _trial
from rung._trial import (
    LONGEST_NOTE,
    Trial,
    current_trial,
    enter,
    importing_training_code,
    is_importing_training_code,
    leave,
    outside_of_trials,
)
from rung.errors import ReportError, RungError, SettingError, TrialStopped
from rung.types import Remarked, Reported


@pytest.fixture
def channel():
    return RecordingChannel()


@pytest.fixture
def trial(channel, tmp_path):
    entered = Trial(make_job(tmp_path / "a" / "b", until=9, seed=3, config={"rate": 0.5, "depth": 2}), channel)
    token = enter(entered)
    yield entered
    leave(token)


def test_a_trial_tells_its_job(trial, tmp_path):
    assert (trial.study, trial.number, trial.attempt, trial.seed, trial.until) == ("s", 0, 1, 3, 9)
    assert trial.folder == tmp_path / "a" / "b"
    assert trial.folder.is_dir()
    assert repr(trial) == "<Trial 0 of 's', attempt 1: {'rate': 0.5, 'depth': 2}>"


@pytest.mark.parametrize(
    ("positional", "named", "metrics"),
    [
        ((0.5,), {}, {"error": 0.5}),
        (({"error": 1, "loss": 2},), {}, {"error": 1.0, "loss": 2.0}),
        ((), {"error": 1, "loss": 2}, {"error": 1.0, "loss": 2.0}),
        ((0.5,), {"loss": 2}, {"error": 0.5, "loss": 2.0}),
        (({"error": 1},), {"loss": 2}, {"error": 1.0, "loss": 2.0}),
        (({"error": 1, "step": 7},), {}, {"error": 1.0, "step": 7.0}),
    ],
)
def test_reports_can_be_written_in_several_ways(trial, channel, positional, named, metrics):
    trial.report(*positional, **named)
    rung.report(*positional, **named, step=5)
    assert channel.facts == [Reported(0, 1, 1, metrics, True), Reported(0, 1, 5, metrics, True)]


def test_what_no_default_is_given_for_is_pointed_out_once(trial, channel):
    rung.config()
    rung.config(rate=0.1, depth=1, width=3)
    assert channel.facts == []
    assert rung.config(rate=0.1) == rung.config(rate=0.2) == {"rate": 0.5, "depth": 2}
    text = "rung.config(...) is given no default for depth: searched in vain, if nothing reads it."
    assert channel.facts == [Remarked(0, 1, text)]


@pytest.mark.parametrize("later", [{"trial": 1}, {"attempt": 2}])
def test_only_the_first_run_of_a_study_points_it_out(channel, later):
    token = enter(Trial(make_job(config={"rate": 0.5, "depth": 2}, **later), channel))
    rung.config(rate=0.1)
    leave(token)
    assert channel.facts == []


def test_a_report_of_nothing_is_refused(trial):
    with pytest.raises(ReportError, match="'error' is missing; given: nothing"):
        trial.report()
    with pytest.raises(ReportError, match="'error' is missing; given: nothing"):
        rung.report(step=3)


def test_config_is_what_holds_now_over_the_defaults(trial):
    assert rung.config(rate=9.0, width=4) == {"rate": 0.5, "width": 4, "depth": 2}
    rung.config()["rate"] = 1.0
    assert trial.config["rate"] == 0.5


def test_outside_a_study_reports_are_checked_and_nothing_else():
    rung.report(0.5)
    rung.report(error=math.nan, step=1)
    rung.report({"error": 1}, loss=2, step=1)
    for metrics in (None, {}):
        with pytest.raises(ReportError, match="A report needs a metric; given: nothing"):
            rung.report(metrics)
    with pytest.raises(ReportError, match="loss can't be 'x'"):
        rung.report(error=1, loss="x")
    with pytest.raises(ReportError, match="0 can't be a step"):
        rung.report(0.5, step=0)


def test_outside_a_study_the_config_is_the_defaults():
    assert rung.config(rate=9.0) == {"rate": 9.0}
    assert rung.config() == {}


def test_outside_a_study_there_is_no_trial():
    assert current_trial() is None
    with pytest.raises(RungError, match=r"There is no trial here\..*rung.config"):
        rung.trial()


def test_the_current_trial_is_the_one_entered(trial):
    assert rung.trial() is trial
    inner = Trial(make_job(trial=4), RecordingChannel())
    token = enter(inner)
    assert rung.trial() is inner
    leave(token)
    assert rung.trial() is trial


def test_other_threads_have_no_trial_unless_they_take_the_context(trial):
    seen = []

    def look():
        seen.append(current_trial())

    context = contextvars.copy_context()
    for target in (look, lambda: context.run(look)):
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
    assert seen == [None, trial]


def test_a_script_asks_for_its_trial_once(monkeypatch):
    made = []

    def script_trial():
        made.append(Trial(make_job(trial=6), RecordingChannel()))
        return made[0]

    monkeypatch.setattr("rung.runtime.wire.script_trial", script_trial)
    monkeypatch.setenv(_trial.SCRIPT_VARIABLE, "6")

    def script():
        rung.report(0.5)
        return rung.trial().number, rung.config()

    assert contextvars.copy_context().run(script) == (6, {"rate": 0.5})
    assert len(made) == 1
    monkeypatch.setattr("rung.runtime.wire.script_trial", lambda: None)
    contextvars.copy_context().run(rung.report, 0.5)


def test_what_is_tried_inside_a_trial_reports_to_no_trial(trial, channel, monkeypatch):
    monkeypatch.setenv(_trial.SCRIPT_VARIABLE, "6")
    with outside_of_trials():
        rung.report(0.5)
        assert (current_trial(), rung.config(rate=1.0)) == (None, {"rate": 1.0})
        inner = Trial(make_job(trial=7), RecordingChannel())
        token = enter(inner)
        assert current_trial() is inner
        leave(token)
    assert (current_trial(), channel.steps) == (trial, [])


def test_a_script_has_its_trial_again_after_a_search(monkeypatch):
    monkeypatch.setattr("rung.runtime.wire.script_trial", lambda: Trial(make_job(trial=6), RecordingChannel()))
    monkeypatch.setenv(_trial.SCRIPT_VARIABLE, "6")

    def script():
        with outside_of_trials():
            assert current_trial() is None
        return rung.trial().number

    assert contextvars.copy_context().run(script) == 6


def test_code_is_imported_until_an_error_ends_that():
    def import_it():
        with importing_training_code():
            assert is_importing_training_code()
            raise ZeroDivisionError

    assert not is_importing_training_code()
    with pytest.raises(ZeroDivisionError):
        import_it()
    assert not is_importing_training_code()


def test_until_ends_a_plain_loop(trial, channel):
    for _ in range(8):
        rung.report(0.5)
    for _ in range(2):
        with pytest.raises(TrialStopped):
            rung.report(0.5)
    assert channel.steps == list(range(1, 10))


def test_a_note_is_told(trial, channel):
    trial.note("x" * LONGEST_NOTE)
    assert channel.facts == [Remarked(trial.number, trial.attempt, "x" * LONGEST_NOTE)]


@pytest.mark.parametrize(
    ("text", "says"), [("", "0 characters"), ("x" * 10_001, "10,001 characters"), (3, "int"), (None, "NoneType")]
)
def test_what_is_no_note_is_refused(trial, channel, text, says):
    with pytest.raises(SettingError, match=f"{says} can't be a note. Give a text of 1 to 10,000 characters"):
        trial.note(text)
    assert channel.facts == []
