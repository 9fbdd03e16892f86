from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording_channel import RecordingChannel, make_job

from rung.errors import ReportError, TrialStopped
from rung.runtime.progress import Progress, as_metrics, as_step
from rung.types import Action, Change, Reported, Verdict


def torch_tensor(value):
    return pytest.importorskip("torch").tensor(value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1.5, 1.5),
        (2, 2.0),
        (-0.0, -0.0),
        (Decimal("0.25"), 0.25),
        (Fraction(1, 4), 0.25),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (np.array(0.5), 0.5),
        (np.array([0.5]), 0.5),
        (math.inf, math.inf),
    ],
)
def test_numbers_of_all_kinds_are_metrics(value, number):
    assert as_metrics(value, "error") == {"error": number}
    assert as_metrics({"error": value, "other": 1}, "error") == {"error": number, "other": 1.0}
    assert all(type(kept) is float for kept in as_metrics({"error": value, "other": 1}, "error").values())


def test_tensors_are_metrics():
    tensor = torch_tensor([0.5])
    assert as_metrics(tensor.requires_grad_().sum(), "error") == {"error": 0.5}
    assert as_metrics(tensor, "error") == {"error": 0.5}
    with pytest.raises(ReportError, match="error can't be tensor"):
        as_metrics(torch_tensor([1.0, 2.0]), "error")
    with pytest.raises(ReportError, match=r"error can't be tensor\(True\)"):
        as_metrics(torch_tensor([1.0]).all(), "error")


def test_nan_stays_what_it_is():
    assert math.isnan(as_metrics(math.nan, "error")["error"])
    assert math.isnan(as_metrics({"error": np.float32("nan")}, "error")["error"])


@pytest.mark.parametrize(
    "value",
    [None, "1.0", b"1.0", True, np.bool_(1), 1j, np.complex128(1), [1.0], (1.0,), np.ones(2), object(), 10**400, print],
)
def test_anything_else_is_refused(value):
    with pytest.raises(ReportError, match=r"error can't be .*Report one number"):
        as_metrics(value, "error")
    with pytest.raises(ReportError, match="other can't be"):
        as_metrics({"error": 1.0, "other": value}, "error")


def test_a_long_value_is_shortened():
    with pytest.raises(ReportError, match=r"error can't be .{79}…\."):
        as_metrics("x" * 1000, "error")


def test_the_main_metric_must_be_there():
    with pytest.raises(ReportError, match=r"'error' is missing; given: 'loss', 'accuracy'.*Report error="):
        as_metrics({"loss": 1.0, "accuracy": 0.5}, "error")
    with pytest.raises(ReportError, match="given: nothing"):
        as_metrics({}, "error")
    with pytest.raises(ReportError, match="3 can't name a metric"):
        as_metrics({3: 1.0}, "error")
    assert as_metrics({"loss": 1}, None) == {"loss": 1.0}


def test_the_callers_mapping_is_not_kept():
    metrics = {"error": 1.0}
    assert as_metrics(metrics, "error") is not metrics


@pytest.mark.parametrize("step", [1, 7, np.int64(7), 10**30])
def test_whole_numbers_from_one_are_steps(step):
    assert as_step(step) == step
    assert type(as_step(step)) is int


@pytest.mark.parametrize("step", [0, -1, 1.0, "1", True, math.nan, None])
def test_other_steps_are_refused(step):
    with pytest.raises(ReportError, match="can't be a step"):
        as_step(step)


@given(
    steps=st.sets(st.integers(1, 40), min_size=1, max_size=12).map(sorted),
    decide_at=st.none() | st.lists(st.integers(1, 45), max_size=5).map(tuple),
    until=st.none() | st.integers(1, 45),
)
def test_a_report_waits_if_a_step_passed_was_due(steps, decide_at, until):
    channel = RecordingChannel()
    progress = Progress(make_job(decide_at=decide_at, until=until), channel)
    done = []
    for step in steps:
        try:
            progress.report(0.5, step=step)
        except TrialStopped:
            done.append(step)
            break
        done.append(step)
    assert channel.steps == done
    reached = [step for step in steps if until is not None and step >= until]
    assert done == (steps if not reached else steps[: steps.index(reached[0]) + 1])
    due = set(range(1, 50)) if decide_at is None else {*decide_at, *([] if until is None else [until])}
    waited = [step for step, before in zip(done, [0, *done], strict=False) if due & set(range(before + 1, step + 1))]
    assert channel.waited == waited


def test_steps_count_on_by_themselves():
    channel = RecordingChannel()
    progress = Progress(make_job(), channel)
    progress.report(0.5)
    progress.report(0.5, step=10)
    progress.report(0.5)
    assert channel.steps == [1, 10, 11]
    with pytest.raises(ReportError, match=r"Step 11 was reported after step 11.*must grow"):
        progress.report(0.5, step=11)
    progress.report(0.5)
    assert channel.steps == [1, 10, 11, 12]


def test_a_refused_report_is_not_posted():
    channel = RecordingChannel()
    progress = Progress(make_job(), channel)
    with pytest.raises(ReportError, match="can't be 'x'"):
        progress.report("x")
    assert channel.facts == []
    progress.report(0.5)
    assert channel.facts == [Reported(0, 1, 1, {"error": 0.5}, True)]


@pytest.mark.parametrize("action", [Action.STOP, Action.PAUSE])
def test_stopping_is_said_again_at_every_report(action):
    channel = RecordingChannel({2: [Verdict(action, 2)]})
    progress = Progress(make_job(), channel)
    progress.report(0.5)
    for _ in range(3):
        with pytest.raises(TrialStopped):
            progress.report(0.5)
    assert channel.steps == [1, 2]


def test_an_unasked_stop_is_heard_after_the_report_that_meets_it():
    channel = RecordingChannel()
    progress = Progress(make_job(decide_at=(2,)), channel)
    progress.report(0.5)
    channel.unasked.append(Verdict(Action.STOP, 1))
    with pytest.raises(TrialStopped):
        progress.report(0.5)
    assert channel.steps == [1, 2]
    assert channel.waited == []  # nobody would answer


def test_only_the_right_answer_ends_the_waiting():
    change = Change({"rate": 2.0})
    answers = [Verdict(Action.CONTINUE, 1), change, Verdict(Action.CONTINUE, 2), Verdict(Action.STOP, 99)]
    channel = RecordingChannel({2: answers})
    progress = Progress(make_job(decide_at=(2,)), channel)
    progress.report(0.5)
    progress.report(0.5)
    assert progress.config == {"rate": 2.0}
    assert channel.wait() == Verdict(Action.STOP, 99)


def test_an_older_stop_ends_the_waiting():
    channel = RecordingChannel({2: [Verdict(Action.STOP, 1)]})
    progress = Progress(make_job(), channel)
    progress.report(0.5)
    with pytest.raises(TrialStopped):
        progress.report(0.5)


def test_the_config_is_live_and_read_only():
    job = make_job()
    channel = RecordingChannel()
    progress = Progress(job, channel)
    config = progress.config
    with pytest.raises(TypeError, match="assignment"):
        config["rate"] = 1.0
    channel.unasked.append(Change({"rate": 2.0, "more": 1}))
    assert config == {"rate": 0.5}
    progress.report(0.5)
    assert config == {"rate": 2.0, "more": 1}
    assert job.config == {"rate": 0.5}


def test_resuming_keeps_step_and_config():
    channel = RecordingChannel({2: [Change({"rate": 2.0}), Verdict(Action.PAUSE, 2)]})
    progress = Progress(make_job(), channel)
    progress.report(0.5)
    with pytest.raises(TrialStopped):
        progress.report(0.5)
    progress.resume(make_job(attempt=2))
    progress.report(0.25)
    assert channel.facts[-1] == Reported(0, 2, 3, {"error": 0.25}, True)
    assert progress.config == {"rate": 2.0}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_waits_for_its_answer(value):
    why = Verdict(Action.STOP, 2, "error is not finite at step 2")
    channel = RecordingChannel({2: [why]})
    progress = Progress(make_job(decide_at=()), channel)
    progress.report(0.5)
    with pytest.raises(TrialStopped):
        progress.report(value)
    assert channel.waited == [2]
    with pytest.raises(TrialStopped):
        progress.report(0.1)
    assert channel.steps == [1, 2]
