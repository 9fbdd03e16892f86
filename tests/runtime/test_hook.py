from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from recording_channel import RecordingChannel, make_job

from rung._trial import Trial, enter, leave
from rung.errors import SettingError
from rung.runtime.hook import Hook
from rung.testing.objectives import Total
from rung.types import Action, Reported, Verdict


def framework(hook: Hook, total: Total, epochs: int = 4, *, logs: Any = None, asked: int | None = 4) -> list[int]:
    """A framework's loop: the epochs that it has trained."""
    trained = []
    for epoch in range(hook.begin(asked, total=total) + 1, epochs + 1):
        total.value += epoch
        trained.append(epoch)
        if not hook.epoch_ended({"val_loss": total.value} if logs is None else logs):
            break
    hook.end()
    return trained


def within(folder: Path, hook: Hook, answers: Any = None, **job: Any) -> tuple[list[int], RecordingChannel, Total]:
    channel, total = RecordingChannel(answers), Total()
    options = {name: job.pop(name) for name in ("logs", "asked") if name in job}
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
    assert channel.saved == [3]


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
