from __future__ import annotations

import random
import weakref

import numpy as np
import pytest
from recording_channel import RecordingChannel, make_job

from rung._trial import Trial
from rung.errors import SettingError, TrialStopped
from rung.testing.objectives import Total
from rung.types import Action, Remarked, Verdict


def make(folder="/nowhere", answers=None, **fields):
    channel = RecordingChannel(answers)
    return Trial(make_job(folder, **fields), channel), channel


def notes(channel):
    return [fact.text for fact in channel.facts if isinstance(fact, Remarked)]


def fits(most, tried):
    def function(batch_size):
        tried.append(batch_size)
        if batch_size > most:
            raise MemoryError
        return f"fits {batch_size}"

    return function


def test_the_batch_is_made_smaller_until_it_fits():
    trial, channel = make()
    tried = []
    assert trial.batch_size_backoff(fits(70, tried), 256) == "fits 64"
    assert tried == [256, 128, 64]
    assert notes(channel) == [
        "out of memory with batch size 256, goes on with 128",
        "out of memory with batch size 128, goes on with 64",
    ]


def test_a_batch_that_fits_is_left_alone():
    trial, channel = make()
    assert trial.batch_size_backoff(fits(256, []), 256) == "fits 256"
    assert channel.facts == []


def test_the_factor_is_rounded_down():
    trial, _ = make()
    tried = []
    assert trial.batch_size_backoff(fits(30, tried), 100, factor=0.7) == "fits 23"
    assert tried == [100, 70, 49, 34, 23]


@pytest.mark.parametrize(("size", "least", "tried"), [(64, 20, [64, 32]), (3, 1, [3, 1]), (8, 8, [8])])
def test_below_the_least_the_error_is_raised_as_it_is(size, least, tried):
    trial, channel = make()
    asked = []
    with pytest.raises(MemoryError):
        trial.batch_size_backoff(fits(0, asked), size, least=least)
    assert asked == tried
    assert len(notes(channel)) == len(tried) - 1


def test_other_errors_pass():
    trial, channel = make()

    def function(batch_size):
        raise ValueError(batch_size)

    with pytest.raises(ValueError, match="64"):
        trial.batch_size_backoff(function, 64)
    assert channel.facts == []


def test_what_the_failed_call_held_is_gone_before_the_next():
    trial, _ = make()
    held = []

    class Tensor:
        pass

    def function(batch_size):
        assert all(reference() is None for reference in held)
        tensor = Tensor()
        tensor.itself = tensor
        held.append(weakref.ref(tensor))
        if batch_size > 16:
            raise MemoryError
        return batch_size

    assert trial.batch_size_backoff(function, 64) == 16


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number, at least 1, not 0"),
        ({"batch_size": 16.0}, r"batch_size must be a whole number, at least 1, not 16\.0"),
        ({"batch_size": True}, "batch_size must be a whole number, at least 1, not True"),
        ({"batch_size": 8, "least": 0}, "least must be a whole number, at least 1, not 0"),
        ({"batch_size": 8, "least": 9}, "batch_size=8 is below least=9"),
        ({"batch_size": 8, "factor": 1}, "factor must be a number, above 0 and below 1, not 1"),
        ({"batch_size": 8, "factor": 0.0}, r"factor must be a number, above 0 and below 1, not 0\.0"),
        ({"batch_size": 8, "factor": "half"}, "factor must be a number, above 0 and below 1, not 'half'"),
    ],
)
def test_bad_settings_are_refused(settings, says):
    trial, _ = make()
    size = settings.pop("batch_size")
    with pytest.raises(SettingError, match=says):
        trial.batch_size_backoff(lambda size: size, size, **settings)


class Walk(Total):
    """A training that draws from the global generators."""

    def step(self):
        self.value += random.random() + np.random.random()  # noqa: NPY002 - what a user does


def train(trial, *, fails_in=0, fails_at=""):
    """Trains six epochs; the first batch size fails once in this epoch, before its report or after it."""
    random.seed(trial.seed)
    np.random.seed(trial.seed)  # noqa: NPY002
    ran = []

    def function(batch_size):
        model = Walk()
        for epoch in trial.epochs(6, model=model):
            ran.append((batch_size, epoch))
            is_failing = batch_size == 64 and epoch == fails_in
            model.step()
            if is_failing and fails_at == "before":
                raise MemoryError
            trial.report(model.value)
            if is_failing:
                raise MemoryError
        return model.value

    return trial.batch_size_backoff(function, 64), ran


@pytest.mark.parametrize("fails_at", ["before", "after"])
@pytest.mark.parametrize("fails_in", [2, 3, 6])
def test_it_goes_on_from_the_newest_checkpoint_as_if_nothing_had_happened(tmp_path, fails_in, fails_at):
    trial, channel = make(tmp_path / "plain")
    expected, _ = train(trial)
    again, told = make(tmp_path / "failing")
    value, ran = train(again, fails_in=fails_in, fails_at=fails_at)
    assert value == expected
    assert told.steps == channel.steps == [1, 2, 3, 4, 5, 6]
    assert told.errors == channel.errors
    assert told.saved == channel.saved
    assert ran == [(64, epoch) for epoch in range(1, fails_in + 1)] + [(32, epoch) for epoch in range(fails_in, 7)]


def test_without_a_checkpoint_it_starts_anew_and_reports_what_is_new():
    trial, channel = make()

    def function(batch_size):
        for epoch in trial.epochs(4):
            if batch_size == 64 and epoch == 3:
                raise MemoryError
            trial.report(epoch * batch_size)

    trial.batch_size_backoff(function, 64)
    assert channel.steps == channel.waited == [1, 2, 3, 4]
    assert channel.errors == [64, 128, 96, 128]


def test_reports_outside_a_loop_are_not_repeated_either():
    trial, channel = make(decide_at=(2, 4))
    trial.report(0.0)

    def function(batch_size):
        for step in range(2, 6):
            trial.report(batch_size * step)
            if batch_size == 64 and step == 3:
                raise MemoryError

    trial.batch_size_backoff(function, 64)
    assert channel.steps == [1, 2, 3, 4, 5]
    assert channel.waited == [2, 4]
    assert channel.errors == [0, 128, 192, 128, 160]


def test_within_the_body_of_a_loop_only_the_epoch_is_done_again(tmp_path):
    trial, channel = make(tmp_path)
    total, sizes = Total(), []

    def epoch_with(batch_size):
        sizes.append(batch_size)
        trial.report(batch_size)
        if batch_size > 32:
            raise MemoryError

    size = 64
    for _ in trial.epochs(3, total=total):
        trial.batch_size_backoff(epoch_with, size)
        size = 32
    assert channel.steps == channel.saved == [1, 2, 3]
    assert channel.errors == [64, 32, 32]
    assert sizes == [64, 32, 32, 32]


def test_a_loop_that_is_still_held_does_not_disturb_the_next(tmp_path):
    trial, channel = make(tmp_path)
    loops = []

    def function(batch_size):
        loops.append(trial.epochs(3, total=Total()))
        for epoch in loops[-1]:
            if batch_size == 64:
                raise MemoryError
            if epoch == 2:
                loops[0].close()
            trial.report(epoch)

    trial.batch_size_backoff(function, 64)
    assert channel.steps == channel.saved == [1, 2, 3]


def test_it_goes_on_to_until_and_saves_there(tmp_path):
    trial, channel = make(tmp_path, until=2)

    def function(batch_size):
        for epoch in trial.epochs(4, total=Total()):
            trial.report(epoch)
            if batch_size == 64 and epoch == 2:
                raise MemoryError

    trial.batch_size_backoff(function, 64)
    assert channel.steps == channel.saved == [1, 2]
    with pytest.raises(TrialStopped):
        trial.report(0.5)


def test_a_trial_that_was_told_to_stop_does_not_go_on(tmp_path):
    trial, channel = make(tmp_path, {1: [Verdict(Action.STOP, 1)]})

    def function(batch_size):
        for epoch in trial.epochs(4, total=Total()):
            trial.report(epoch)
            raise MemoryError

    with pytest.raises(TrialStopped):
        trial.batch_size_backoff(function, 64)
    assert channel.steps == [1]
    assert notes(channel) == []


def test_torch_is_asked_to_give_back_what_it_keeps(monkeypatch):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    emptied = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(True))
    trial, _ = make()

    def function(batch_size):
        if batch_size > 32:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return batch_size

    assert trial.batch_size_backoff(function, 64) == 32
    assert emptied == [True]
