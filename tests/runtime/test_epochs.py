from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from recording_channel import RecordingChannel, make_job

from rung._trial import Trial
from rung.errors import CheckpointError, ReportError, SettingError, TrialStopped
from rung.runtime import checkpoints
from rung.testing.objectives import Total
from rung.types import Action, Change, Reported, Saved, Verdict


def make(folder, answers=None, **fields):
    channel = RecordingChannel(answers)
    return Trial(make_job(folder, **fields), channel), channel


def test_epochs_report_and_save_in_turn(tmp_path):
    trial, channel = make(tmp_path)
    total = Total()
    epochs = []
    for epoch in trial.epochs(3, total=total):
        epochs.append(epoch)
        total.value += epoch
        trial.report(total.value)
    assert epochs == channel.steps == channel.saved == [1, 2, 3]
    assert [type(fact) for fact in channel.facts] == [Reported, Saved] * 3
    assert [checkpoints.load_checkpoint(saved) for saved in channel.checkpoints] == [
        {"total": {"value": value}} for value in (6.0, 3.0, 1.0)
    ]


def test_it_goes_on_after_the_newest_checkpoint(tmp_path):
    trial, channel = make(tmp_path, until=2)
    total = Total()
    for _ in trial.epochs(5, total=total):
        total.value += 1
        trial.report(total.value)
    again, channel_again = make(tmp_path, attempt=2, until=4, checkpoints=channel.checkpoints)
    restored = Total()
    assert list(again.epochs(5, total=restored)) == [3, 4]
    assert restored.value == 2.0
    assert channel_again.saved == [3, 4]


def test_a_loop_goes_to_the_end_of_its_body_when_stopped(tmp_path):
    trial, channel = make(tmp_path, {2: [Verdict(Action.STOP, 2)]})
    ends = []
    for epoch in trial.epochs(5, total=Total()):
        trial.report(0.5)
        ends.append(epoch)
    assert ends == channel.saved == [1, 2]
    with pytest.raises(TrialStopped):
        trial.report(0.5)


def test_a_body_without_a_report_hears_the_stop_too(tmp_path):
    trial, channel = make(tmp_path, decide_at=())
    ends = []
    for epoch in trial.epochs(5, total=Total()):
        if epoch == 2:
            channel.unasked.append(Verdict(Action.PAUSE, 0))
        ends.append(epoch)
    assert ends == channel.saved == [1, 2]


def test_until_ends_the_loop_even_without_a_report(tmp_path):
    trial, channel = make(tmp_path, until=2)
    assert list(trial.epochs(5, total=Total())) == [1, 2]
    with pytest.raises(TrialStopped):
        trial.report(0.5)
    assert channel.steps == []


def test_what_comes_after_a_whole_loop_can_report(tmp_path):
    trial, channel = make(tmp_path)
    for _ in trial.epochs(3, total=Total()):
        pass
    trial.report(0.5)
    assert channel.steps == [4]


def test_steps_in_a_loop_are_the_epochs(tmp_path):
    trial, channel = make(tmp_path)
    for epoch in trial.epochs(4, total=Total()):
        if epoch % 2 == 0:
            trial.report(0.5)
            with pytest.raises(ReportError, match=f"Epoch {epoch} has been reported already"):
                trial.report(0.5)
    assert channel.steps == [2, 4]


def test_a_loop_may_report_its_own_steps(tmp_path):
    trial, channel = make(tmp_path)
    for epoch in trial.epochs(2, total=Total()):
        for batch in (1, 2):
            trial.report(0.5, step=10 * (epoch - 1) + 5 * batch)
    assert channel.steps == [5, 10, 15, 20]


@pytest.mark.parametrize(("every", "saved"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (3, [3, 5]), (9, [5])])
def test_every_says_how_often_to_save(tmp_path, every, saved):
    trial, channel = make(tmp_path)
    assert list(trial.epochs(5, every=every, total=Total())) == [1, 2, 3, 4, 5]
    assert channel.saved == saved


def test_a_pause_saves_whatever_every_says(tmp_path):
    trial, channel = make(tmp_path, {3: [Verdict(Action.PAUSE, 3)]})
    for _ in trial.epochs(5, every=4, total=Total()):
        trial.report(0.5)
    assert channel.saved == [3]


def test_without_stateful_objects_nothing_is_saved_and_all_starts_anew(tmp_path):
    saved = make_checkpoint(tmp_path)
    trial, channel = make(tmp_path, checkpoints=(saved,))
    assert list(trial.epochs(2)) == [1, 2]
    assert channel.facts == []


def test_a_loop_left_by_break_is_not_saved(tmp_path):
    trial, channel = make(tmp_path)
    for epoch in trial.epochs(5, total=Total()):
        if epoch == 2:
            break
    assert channel.saved == [1]
    trial.report(0.5)
    assert channel.steps == [2]


def test_a_stop_after_break_raises(tmp_path):
    trial, _ = make(tmp_path, {2: [Verdict(Action.STOP, 2)]})
    for epoch in trial.epochs(5, total=Total()):
        if epoch == 2:
            break
    with pytest.raises(TrialStopped):
        trial.report(0.5)


def test_an_exception_in_the_body_ends_the_loop(tmp_path):
    trial, channel = make(tmp_path, {1: [Verdict(Action.STOP, 1)]})

    def body():
        for _ in trial.epochs(5, total=Total()):
            raise ValueError("in the body")

    with pytest.raises(ValueError, match="in the body"):
        body()
    with pytest.raises(TrialStopped):
        trial.report(0.5)
    assert channel.saved == []


def make_checkpoint(folder, **others):
    trial, channel = make(folder / "made", **others)
    for _ in trial.epochs(1, total=Total()):
        trial.report(0.75)
    return channel.checkpoints[0]


def test_the_reported_value_survives_only_in_the_same_trial(tmp_path):
    saved = make_checkpoint(tmp_path)
    for number, value in ((0, 0.75), (1, None)):
        trial, _ = make(tmp_path, trial=number, checkpoints=(saved,))
        assert next(iter(trial.epochs(2, total=Total()))) == 2
        assert trial.progress.value == value
        assert trial.progress.step == 1


def test_a_run_that_was_lost_at_its_very_end_repeats_the_last_epoch(tmp_path):
    trial, channel = make(tmp_path)
    for _ in trial.epochs(3, total=Total()):
        pass
    again, _ = make(tmp_path, attempt=2, last_step=3, checkpoints=channel.checkpoints)
    assert list(again.epochs(3, total=Total())) == [3]  # so that what is behind the loop finds what it needs
    made, _ = make(tmp_path, attempt=3, until=2, last_step=2, checkpoints=channel.checkpoints)
    assert list(made.epochs(5, total=Total())) == [2]
    with pytest.raises(TrialStopped):
        made.report(0.5)


def test_damaged_checkpoints_are_passed_over(tmp_path, caplog):
    trial, channel = make(tmp_path)
    list(trial.epochs(3, total=Total()))
    newest, middle, _ = channel.checkpoints
    Path(newest.path).write_bytes(b"")
    Path(middle.path).unlink()
    trial, _ = make(tmp_path, attempt=2, checkpoints=channel.checkpoints)
    assert list(trial.epochs(4, total=Total())) == [2, 3, 4]
    assert "is damaged" in caplog.text
    assert "can't be read" in caplog.text


def test_when_none_is_intact_it_starts_anew(tmp_path, caplog):
    saved = make_checkpoint(tmp_path)
    Path(saved.path).write_bytes(b"nonsense")
    trial, _ = make(tmp_path, attempt=2, checkpoints=(saved,))
    assert list(trial.epochs(2, total=Total())) == [1, 2]
    assert "none of its checkpoints is intact" in caplog.text


def test_other_objects_than_saved_are_refused(tmp_path):
    saved = make_checkpoint(tmp_path)
    trial, _ = make(tmp_path, attempt=2, checkpoints=(saved,))
    with pytest.raises(CheckpointError, match=r"holds total, but trial\.epochs was given model, total"):
        list(trial.epochs(2, model=Total(), total=Total()))


class Halfway:
    def state_dict(self):
        return {}


@pytest.mark.parametrize(
    ("number", "options", "words"),
    [
        (0, {}, r"the number of epochs must be a whole number, at least 1, not 0"),
        (2.0, {}, r"the number of epochs must be .* not 2\.0"),
        (True, {}, "the number of epochs must be .* not True"),
        (3, {"every": 0}, "every must be a whole number, at least 1, not 0"),
        (3, {"model": object()}, r"model=object can't be saved: it has no state_dict\(\)"),
        (3, {"model": Halfway()}, r"model=Halfway can't be saved: it has no load_state_dict\(\)"),
    ],
)
def test_impossible_loops_are_refused_at_once(tmp_path, number, options, words):
    trial, _ = make(tmp_path)
    with pytest.raises(SettingError, match=words):
        trial.epochs(number, **options)


def test_one_loop_per_trial(tmp_path):
    trial, _ = make(tmp_path)
    list(trial.epochs(1))
    with pytest.raises(SettingError, match="used twice"):
        trial.epochs(1)


def test_what_cannot_be_saved_is_named(tmp_path):
    total = Total()
    total.value = {"deep": [1, object()]}
    trial, _ = make(tmp_path)
    with pytest.raises(CheckpointError, match=r"\['stateful'\]\['total'\]\['value'\]\['deep'\]\[1\] can't be saved"):
        list(trial.epochs(1, total=total))


def test_random_numbers_go_on_where_they_were(tmp_path):
    def draws():
        return random.random(), np.random.random(), np.random.standard_normal()  # noqa: NPY002 - what is restored

    trial, channel = make(tmp_path, until=2)
    for _ in trial.epochs(4, total=Total()):
        draws()
    expected = [draws(), draws()]
    trial, _ = make(tmp_path, attempt=2, checkpoints=channel.checkpoints)
    assert [draws() for _ in trial.epochs(4, total=Total())] == expected


def test_a_change_is_seen_in_the_next_epoch(tmp_path):
    trial, _ = make(tmp_path, {1: [Change({"rate": 2.0}), Verdict(Action.CONTINUE, 1)]})
    rates = []
    for _ in trial.epochs(2, total=Total()):
        rates.append(trial.config["rate"])
        trial.report(0.5)
    assert rates == [0.5, 2.0]


def test_a_run_sweeps_what_the_killed_one_before_it_left(tmp_path):
    trial, channel = make(tmp_path)
    for _ in trial.epochs(2, total=Total()):
        trial.report(0.5)
    newest, oldest = channel.checkpoints  # the newest one was not logged any more
    again, channel_again = make(tmp_path, attempt=2, checkpoints=(oldest,))
    assert list(again.epochs(2, total=Total())) == [2]
    assert channel_again.saved == [2]
    assert not Path(newest.path).exists()
    assert Path(oldest.path).exists()


def test_a_first_run_sweeps_nothing(tmp_path):
    other = tmp_path / "step-000001-attempt-0.npz"
    other.touch()
    trial, _ = make(tmp_path)
    assert list(trial.epochs(1, total=Total())) == [1]
    assert other.exists()


def test_a_copy_takes_its_parents_state_and_its_own_settings(tmp_path):
    parent, channel = make(tmp_path / "parent", config={"rate": 0.1})
    optimizer = Optimizer(parent.config["rate"])
    for _ in parent.epochs(3, optimizer=optimizer):
        optimizer.steps += 1
        optimizer.rate /= 2
    copied = Optimizer(0.08)
    copy, _ = make(tmp_path / "copy", config={"rate": 0.08}, parent=0, checkpoints=channel.checkpoints)
    assert list(copy.epochs(5, optimizer=copied)) == [4, 5]
    assert (copied.rate, copied.steps) == (0.01, 3)
    continued = Optimizer(0.1)
    again, _ = make(tmp_path / "again", config={"rate": 0.1}, attempt=2, checkpoints=channel.checkpoints)
    assert list(again.epochs(5, optimizer=continued)) == [4, 5]
    assert (continued.rate, continued.steps) == (0.0125, 3)


def test_a_copy_of_nothing_says_so(tmp_path, caplog):
    copy, channel = make(tmp_path, trial=5, parent=3)
    assert list(copy.epochs(2, total=Total())) == [1, 2]
    assert channel.saved == [1, 2]
    assert "trial 5: there is no checkpoint of trial 3 to copy; it starts anew." in caplog.messages


def test_a_state_that_does_not_fit_says_what_to_do(tmp_path):
    torch = pytest.importorskip("torch")
    trial, channel = make(tmp_path)
    list(trial.epochs(2, model=torch.nn.Linear(2, 3)))
    copy, _ = make(tmp_path / "copy", parent=0, checkpoints=channel.checkpoints)
    with pytest.raises(CheckpointError, match=r"(?s)saved state of model does not fit .*size mismatch.*fixed=\["):
        list(copy.epochs(5, model=torch.nn.Linear(2, 4)))


class Optimizer:
    """The shape of torch's, with one number to be searched."""

    def __init__(self, rate):
        self.rate = rate
        self.steps = 0

    def state_dict(self):
        return {"param_groups": [{"lr": self.rate, "params": [0]}], "state": {"steps": self.steps}}

    def load_state_dict(self, state):
        self.rate = state["param_groups"][0]["lr"]
        self.steps = state["state"]["steps"]
