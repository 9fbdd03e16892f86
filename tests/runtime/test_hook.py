from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recording_channel import RecordingChannel, make_job

import rung
from rung._trial import Trial, enter, leave
from rung.backends.inline import Inline
from rung.errors import ReportError, SettingError
from rung.runtime.hook import Hook
from rung.testing.objectives import Total
from rung.types import Action, Reported, TrialState, Verdict


def framework(hook: Hook, total: Total, epochs: int = 4, *, logs: Any = None, asked: int | None = 4) -> list[int]:
    """A framework's loop: the epochs that it has trained."""
    trained = []
    for epoch in range(hook.begin(asked, total=total) + 1, epochs + 1):
        total.value += epoch
        trained.append(epoch)
        measured = {"val_loss": total.value} if logs is None else logs(epoch) if callable(logs) else logs
        if not hook.epoch_ended(measured):
            break
    hook.end()
    return trained


def within(folder: Path, hook: Hook, answers: Any = None, **job: Any) -> tuple[list[int], RecordingChannel, Total]:
    channel, total = RecordingChannel(answers), Total()
    options = {name: job.pop(name) for name in ("logs", "asked", "epochs") if name in job}
    token = enter(Trial(make_job(folder, **job), channel))
    try:
        return framework(hook, total, **options), channel, total
    finally:
        leave(token)


def test_every_epoch_is_reported_under_both_names_and_saved(tmp_path: Path) -> None:
    trained, channel, _ = within(tmp_path, Hook("val_loss"))
    assert trained == channel.steps == channel.saved == [1, 2, 3, 4]
    told = [fact.metrics for fact in channel.facts if isinstance(fact, Reported)]
    assert told == [{"val_loss": value, "error": value} for value in (1.0, 3.0, 6.0, 10.0)]


def test_it_goes_on_where_the_trial_was(tmp_path: Path) -> None:
    hook = Hook("val_loss")
    first, before, _ = within(tmp_path, hook, until=2)
    second, _, total = within(tmp_path, hook, attempt=2, last_step=2, checkpoints=before.checkpoints)
    assert [first, second] == [[1, 2], [3, 4]]
    assert total.value == 10


def test_a_stop_ends_it_after_the_epoch(tmp_path: Path) -> None:
    trained, channel, _ = within(tmp_path, Hook("val_loss"), {2: [Verdict(Action.STOP, 2)]})
    assert trained == channel.saved == [1, 2]


def test_epochs_that_are_trained_nevertheless_are_not_reported(tmp_path: Path) -> None:
    channel, hook = RecordingChannel({1: [Verdict(Action.STOP, 1)]}), Hook("val_loss")
    token = enter(Trial(make_job(tmp_path), channel))
    hook.begin(3)
    assert [hook.epoch_ended({"val_loss": 1.0}) for _ in range(3)] == [False] * 3
    leave(token)
    assert channel.steps == [1]


def test_an_epoch_without_numbers_is_saved_but_not_reported(tmp_path: Path) -> None:
    trained, channel, _ = within(tmp_path, Hook("val_loss", every=3), logs={})
    assert trained == [1, 2, 3, 4]
    assert (channel.steps, channel.saved) == ([], [3, 4])


def test_the_number_of_epochs_may_be_unknown(tmp_path: Path) -> None:
    trained, channel, _ = within(tmp_path, Hook("val_loss", every=3), asked=None)
    assert trained == channel.steps == [1, 2, 3, 4]
    assert channel.saved == [3, 4]


def test_where_the_framework_ends_the_training_the_last_epoch_is_saved_as_it_was(tmp_path: Path) -> None:
    hook = Hook("val_loss", every=3)
    trained, channel, _ = within(tmp_path, hook, epochs=2)
    assert trained == channel.steps == [1, 2]
    assert channel.saved == [2]
    again, after, total = within(tmp_path, hook, attempt=2, last_step=2, checkpoints=channel.checkpoints, epochs=2)
    assert (again, after.saved, total.value) == ([], [], 3)


def test_a_state_that_has_moved_on_is_not_saved(tmp_path: Path) -> None:
    channel, hook = RecordingChannel(), Hook("val_loss", every=3)
    token = enter(Trial(make_job(tmp_path), channel))
    hook.begin(9, total=Total())
    hook.epoch_ended({"val_loss": 1.0})
    hook.end(saves=False)
    rung.report(1.0)  # by the code behind the training
    leave(token)
    assert (channel.saved, channel.steps) == ([], [1, 2])


def every_second(epoch: int) -> dict[str, float]:
    return {"val_loss": 1 / epoch} if epoch % 2 == 0 else {}


def test_a_pause_waits_for_an_epoch_that_is_reported(tmp_path: Path) -> None:
    hook = Hook("val_loss", every=9)
    first, before, _ = within(tmp_path, hook, until=1, logs=every_second)
    assert (first, before.steps, before.waited, before.saved) == ([1, 2], [2], [2], [2])
    resumed = {"attempt": 2, "last_step": 2, "checkpoints": before.checkpoints}
    second, after, total = within(tmp_path, hook, until=3, logs=every_second, **resumed)
    assert (second, after.steps, after.saved, total.value) == ([3, 4], [4], [4], 10)


@pytest.mark.parametrize(
    "scheduler",
    [
        "asha(max_t=8, variant=promotion)",
        "asha(max_t=8)",
        "halving(max_t=8)",
        "hyperband(max_t=8)",
        "pasha(max_t=8)",
        "pbt(population=4, interval=1, max_t=8)",
        "freeze-thaw(max_t=8)",
    ],
)
def test_schedulers_take_the_epochs_that_are_reported(scheduler: str) -> None:
    def train(trial: Trial) -> None:
        hook, total = Hook("val_loss"), Total()
        for epoch in range(hook.begin(8, total=total) + 1, 9):
            total.value += 1
            logs = {name: trial.config["rate"] + value for name, value in every_second(epoch).items()}
            if not hook.epoch_ended(logs):
                break
        hook.end()
        assert total.value == epoch

    space = {"rate": rung.uniform(0, 1)}
    study = rung.tune(
        train, space, scheduler=scheduler, max_trials=4, seed=0, store="memory", progress="off", backend=Inline()
    )
    assert not [trial.message for trial in study.trials if trial.state is TrialState.FAILED]
    for trial in study.trials:
        steps = [step for step, _ in study.curve(trial.number)]
        assert steps == [*range(steps[0], trial.last_step + 1, 2)]
        assert trial.last_step % 2 == 0
    assert study.best is not None
    assert study.load_best()["total"] == {"value": study.best.step}


def test_a_person_stops_it_before_anything_is_reported(tmp_path: Path) -> None:
    channel = RecordingChannel()
    channel.unasked.append(Verdict(Action.STOP, 0))
    hook, token = Hook("val_loss", every=9), enter(Trial(make_job(tmp_path), channel))
    hook.begin(4, total=Total())
    assert not hook.epoch_ended({"loss": 1.0}, is_judged=False)
    hook.end()
    leave(token)
    assert (channel.steps, channel.saved) == ([], [1])


def test_a_loss_that_is_no_longer_a_number_ends_it(tmp_path: Path) -> None:
    study_says = {2: [Verdict(Action.STOP, 2)]}
    options = {"decide_at": (), "logs": lambda epoch: {"val_loss": math.nan if epoch == 2 else 1}}
    trained, channel, _ = within(tmp_path, Hook("val_loss"), study_says, **options)
    assert trained == channel.steps == [1, 2]
    assert channel.waited == [2]


def test_measures_that_are_no_single_number_are_left_out(tmp_path: Path) -> None:
    logs = {"val_loss": 0.5, "f1": np.ones(3), "name": "adam", "is_best": True, "count": 3}
    _, channel, _ = within(tmp_path, Hook("val_loss"), logs=logs)
    first = channel.facts[0]
    assert isinstance(first, Reported)
    assert first.metrics == {"val_loss": 0.5, "error": 0.5, "count": 3}
    with pytest.raises(ReportError, match="f1 can't be"):
        within(tmp_path, Hook("f1"), logs=logs)
    with pytest.raises(SettingError, match=r"no 'auc', but nothing\."):
        within(tmp_path, Hook("auc"), logs={"name": "adam"})


def test_what_is_never_measured_is_named_at_the_end(tmp_path: Path) -> None:
    hook, token = Hook("val_loss"), enter(Trial(make_job(tmp_path), RecordingChannel()))
    hook.begin(1)
    assert not hook.epoch_ended({"loss": 1.0}, is_judged=False)
    with pytest.raises(SettingError, match=r"no 'val_loss', but loss\. .*Report\('loss'\)"):
        hook.end()
    leave(token)


def test_outside_a_study_there_is_nothing_to_do() -> None:
    hook = Hook("nonsense")
    assert framework(hook, Total()) == [1, 2, 3, 4]
    assert hook.metric is None


def test_the_metric_is_by_default_the_study_s(tmp_path: Path) -> None:
    hook = Hook()
    trained, channel, _ = within(tmp_path, hook, logs={"error": 0.5, "loss": 0.25})
    assert hook.metric == "error"
    first = channel.facts[0]
    assert isinstance(first, Reported)
    assert first.metrics == {"error": 0.5, "loss": 0.25}
    assert len(trained) == 4


def test_a_metric_that_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"no 'error', but loss, val_loss.*Report\('val_loss'\)"):
        within(tmp_path, Hook(), logs={"loss": 1.0, "val_loss": 1.0})


def test_a_second_training(tmp_path: Path) -> None:
    token = enter(Trial(make_job(tmp_path), RecordingChannel()))
    framework(Hook("val_loss"), Total())
    with pytest.raises(SettingError, match="A second training would report to the same trial"):
        framework(Hook("val_loss"), Total())
    leave(token)
