from __future__ import annotations

import pytest
from recording_channel import RecordingChannel, make_job

import rung
from rung._trial import current_trial
from rung.errors import TrialStopped
from rung.runtime.execute import GeneratorRun, run_job
from rung.runtime.objective import as_objective
from rung.testing import objectives
from rung.types import Action, Exited, Outcome, Verdict


def run(target, answers=None, channel=None, **fields):
    channel = channel or RecordingChannel(answers)
    run_job(make_job(**fields), as_objective(target), channel)
    return channel


def exit_of(channel):
    exits = [fact for fact in channel.facts if isinstance(fact, Exited)]
    assert exits == channel.facts[-1:]
    return exits[0]


def test_a_value_after_reports_counts_if_it_differs():
    for value, errors in ((0.5, [0.5]), (0.25, [0.5, 0.25]), (None, [0.5]), ({"error": 0.5, "more": 1}, [0.5])):

        def train(value=value):
            rung.report(error=0.5)
            return value

        channel = run(train, config={})
        assert channel.errors == errors
        assert exit_of(channel).outcome is Outcome.FINISHED


def test_a_value_that_comes_at_a_step_not_reached_is_reported_there():
    def train(max_epochs=5):
        return max_epochs

    for config, until, step in (({}, 3, 3), ({}, None, 1), ({"max_epochs": 2}, 3, 2), ({"max_epochs": 2}, None, 1)):
        assert run(train, config=config, until=until).steps == [step]


def test_a_value_after_a_stop_does_not_count():
    channel = run(objectives.swallows_stops, {1: [Verdict(Action.STOP, 1)]})
    assert channel.errors == [0.5]
    assert exit_of(channel).outcome is Outcome.FINISHED


def test_the_last_value_may_itself_be_stopped():
    channel = run(objectives.returns_rate, {1: [Verdict(Action.STOP, 1)]})
    assert exit_of(channel) == Exited(0, 1, Outcome.FINISHED, is_whole=True)


@pytest.mark.parametrize("answer", [Action.CONTINUE, Action.PAUSE])
def test_where_a_function_is_told_to_end_is_not_its_own_end(answer):
    def train(max_epochs=5):
        return max_epochs

    for until, is_whole in ((1, False), (3, False), (None, True)):
        step = until or 1
        assert exit_of(run(train, {step: [Verdict(answer, step)]}, config={}, until=until)).is_whole is is_whole
    channel = run(objectives.returns_rate, {1: [Verdict(answer, 1)]}, until=1)
    assert exit_of(channel).is_whole, "it knows of no end but its own"


def _reports_late(trial):
    for _ in trial.epochs(3):
        pass
    trial.report(0.5)


def _returns_late(trial):
    for _ in trial.epochs(3):
        pass
    return 0.5


def _yields_never(trial):
    for _ in trial.epochs(3):
        pass
    yield from ()


def _reports_never(trial):
    for _ in trial.epochs(3):
        pass


@pytest.mark.parametrize("train", [_reports_never, _reports_late, _returns_late, _yields_never])
def test_who_has_not_reported_up_to_its_last_step_has_failed(train, tmp_path):
    exited = exit_of(run(train, config={}, folder=tmp_path, until=3))
    assert (exited.outcome, exited.reason) == (Outcome.FAILED, "no_value")
    assert exited.message == "Nothing was reported up to step 3. Report error in each epoch."


def test_who_is_told_to_end_before_its_first_report_has_not_failed(tmp_path):
    channel = RecordingChannel()

    def train(trial):
        for _ in trial.epochs(3):
            channel.unasked.append(Verdict(Action.STOP, 0))

    assert exit_of(run(train, channel=channel, config={}, folder=tmp_path, until=3)).outcome is Outcome.FINISHED


def test_what_an_earlier_attempt_has_reported_counts(tmp_path):
    exited = exit_of(run(_reports_never, config={}, folder=tmp_path, until=3, attempt=2, last_step=1))
    assert exited.outcome is Outcome.FINISHED


@pytest.mark.parametrize("answer", [Action.STOP, Action.PAUSE])
def test_who_obeys_has_not_come_to_its_own_end(answer, tmp_path):
    def by_epochs(trial):
        for _ in trial.epochs(3):
            trial.report(0.5)

    def yields():
        yield 0.5
        yield 0.5

    def reports():
        rung.report(0.5)
        rung.report(0.5)

    for train in (by_epochs, yields, reports):
        for answers, is_whole in (({1: [Verdict(answer, 1)]}, False), ({}, True)):
            exited = exit_of(run(train, answers, config={}, folder=tmp_path))
            assert (exited.outcome, exited.is_whole) == (Outcome.FINISHED, is_whole), train


def test_a_value_returned_after_the_epochs_is_no_step_of_its_own(tmp_path):
    def train(trial):
        total = objectives.Total()
        for epoch in trial.epochs(2, total=total):
            total.value = epoch
            trial.report(total.value)
        return -epoch  # better than all, but no checkpoint has it

    first = run(train, folder=tmp_path, until=1)
    again = run(train, folder=tmp_path, attempt=2, checkpoints=first.checkpoints)
    assert (first.errors, again.errors) == ([1.0], [2.0])
    repeated = run(train, folder=tmp_path, attempt=3, last_step=2, checkpoints=again.checkpoints)
    assert exit_of(repeated).outcome is Outcome.FINISHED


def test_failing_while_obeying_a_stop_is_failing():
    def train():
        try:
            rung.report(error=0.5)
        finally:
            raise ValueError("in the cleaning")

    exited = exit_of(run(train, {1: [Verdict(Action.STOP, 1)]}, config={}))
    assert (exited.outcome, exited.reason) == (Outcome.FAILED, "error")
    assert exited.message.startswith("ValueError: in the cleaning")


def test_a_generator_is_closed_when_stopped_and_may_fail_in_it():
    closed = []

    def train(rate):
        try:
            yield rate
        finally:
            closed.append(current_trial().number)
            if rate > 1:
                raise ValueError("in the cleaning")

    channel = run(train, {1: [Verdict(Action.STOP, 1)]})
    assert exit_of(channel).outcome is Outcome.FINISHED
    assert closed == [0]
    exited = exit_of(run(train, {1: [Verdict(Action.STOP, 1)]}, config={"rate": 2.0}))
    assert exited.message.startswith("ValueError: in the cleaning")


def test_the_trial_is_current_only_while_its_code_runs():
    seen = []

    def train(rate):
        seen.append(current_trial().number)
        yield rate
        seen.append(current_trial().number)

    run(train, trial=4)
    assert seen == [4, 4]
    assert current_trial() is None


@pytest.mark.parametrize("target", ["function", "generator"])
def test_only_an_interrupt_comes_through(target):
    def function(rate):
        rung.report(error=rate)
        raise KeyboardInterrupt

    def generator(rate):
        yield rate
        raise KeyboardInterrupt

    channel = RecordingChannel()
    with pytest.raises(KeyboardInterrupt):
        run({"function": function, "generator": generator}[target], channel=channel)
    assert channel.steps == [1]
    assert len(channel.facts) == 1
    assert current_trial() is None


class GoneTuner(RecordingChannel):
    def post(self, fact):
        raise TrialStopped

    def wait(self):
        raise TrialStopped


@pytest.mark.parametrize("target", [objectives.curve_function, objectives.curve_generator, objectives.swallows_stops])
def test_a_tuner_that_is_gone_ends_the_trial(target):
    channel = run(target, channel=GoneTuner())
    assert channel.facts == []


def test_a_suspended_generator_goes_on_as_another_attempt():
    channel = RecordingChannel({2: [Verdict(Action.PAUSE, 2)]})
    generator = GeneratorRun(make_job(), as_objective(objectives.curve_generator), channel)
    assert generator.advance(keep=True)
    assert generator.advance(keep=True)
    assert not generator.advance(keep=True)
    assert generator.is_suspended
    assert exit_of(channel) == Exited(0, 1, Outcome.FINISHED)
    generator.resume(make_job(attempt=2, last_step=2))
    while generator.advance(keep=True):
        pass
    assert not generator.is_suspended
    assert channel.errors == [0.5 * step for step in range(1, 7)]
    assert channel.facts[-1] == Exited(0, 2, Outcome.FINISHED, is_whole=True)


def test_a_generator_is_kept_only_if_it_stands_at_a_yield():
    for target, answers in (
        (objectives.yields_nothing, {}),
        (objectives.yields_and_raises, {}),
        (objectives.yields_text, {}),
        (objectives.curve_generator, {}),
    ):
        generator = GeneratorRun(make_job(), as_objective(target), RecordingChannel(answers))
        while generator.advance(keep=True):
            pass
        assert not generator.is_suspended
        assert generator.close() is None


def test_a_generator_can_be_taken_silently_through_what_is_known():
    channel = RecordingChannel()
    generator = GeneratorRun(make_job(attempt=2, last_step=3), as_objective(objectives.curve_generator), channel)
    while generator.advance(silent_until=3):
        pass
    assert channel.steps == [4, 5, 6]
    assert channel.errors == [2.0, 2.5, 3.0]


def test_a_generator_stopped_before_it_began_is_never_begun():
    channel = RecordingChannel()
    channel.unasked.append(Verdict(Action.STOP, 0))
    run(objectives.yields_and_raises, channel=channel)
    assert channel.facts == [Exited(0, 1, Outcome.FINISHED)]
