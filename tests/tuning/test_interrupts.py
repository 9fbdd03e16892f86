from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tuning_fakes import FakeBackend, Stage, finish, report

from rung._trial import Trial, enter, leave
from rung.runtime.ranks import NoLine
from rung.tuning.interrupts import heed_interrupts
from rung.types import Job, TrialState

Begin = Callable[..., Stage]


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    """Tests that fail must not leave a handler behind."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def run(place: Stage, *script: Any, **limits: Any) -> tuple[Any, list[str]]:
    said: list[str] = []
    place.backend.script.extend(script)
    loop = place.loop(**limits)
    with heed_interrupts(loop, say=said.append):
        loop.run()
    return loop, said


def raising(*numbers: int, facts: Any = ()) -> Callable[..., None]:
    """A poll in which these signals arrive, before its facts do."""

    def poll(backend: FakeBackend, deliver: Any) -> None:
        for number in numbers:
            signal.raise_signal(number)
        deliver(facts)

    return poll


def raising_in_deliver(place: Stage, *numbers: int) -> Callable[..., None]:
    """A poll whose facts are being committed when these signals arrive."""

    def poll(backend: FakeBackend, deliver: Any) -> None:
        place.session._observers = (lambda event, ledger: [signal.raise_signal(number) for number in numbers],)
        deliver([report(0, 1, 0.5, waits=True)])

    return poll


@pytest.mark.parametrize("runs_in_caller", [True, False])
def test_once_waits_for_what_runs(stage: Begin, *, runs_in_caller: bool) -> None:
    place = stage(backend=FakeBackend(runs_in_caller=runs_in_caller))
    loop, said = run(place, raising(signal.SIGINT), [report(0, 1, 0.5)], [finish(0)])
    assert (loop.why, loop.end_now) == ("interrupted", False)
    assert place.trial(0).state is TrialState.COMPLETED
    assert said == ["Waiting for the running trials; press Ctrl-C again to stop them now."]


def test_twice_tears_an_objective_in_this_thread_out(stage: Begin) -> None:
    place = stage(backend=FakeBackend(runs_in_caller=True))
    loop, said = run(place, raising(signal.SIGINT, signal.SIGINT, facts=[finish(0)]))
    assert (loop.why, loop.end_now) == ("interrupted", True)
    assert place.trial(0).state is TrialState.WAITING
    assert len(said) == 1


def test_twice_ends_trials_elsewhere_when_the_loop_looks(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=2, runs_in_caller=False))
    loop, _ = run(place, raising(signal.SIGINT), raising(signal.SIGINT, facts=[finish(1)]))
    assert (loop.why, loop.end_now) == ("interrupted", True)
    assert [place.trial(number).state for number in (0, 1)] == [TrialState.WAITING, TrialState.COMPLETED]
    assert place.backend.stopped() == [0]


@pytest.mark.parametrize("numbers", [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM,)])
def test_no_interrupt_while_the_tuner_itself_is_at_work(stage: Begin, numbers: tuple[int, ...]) -> None:
    place = stage(backend=FakeBackend(runs_in_caller=True))
    loop, _ = run(place, raising_in_deliver(place, *numbers))
    assert (loop.why, loop.end_now) == ("interrupted", True)
    assert place.trial(0).last_step == 1
    assert place.trial(0).state is TrialState.WAITING


@pytest.mark.parametrize("runs_in_caller", [True, False])
def test_sigterm_counts_as_the_second(stage: Begin, *, runs_in_caller: bool) -> None:
    place = stage(backend=FakeBackend(runs_in_caller=runs_in_caller))
    loop, said = run(place, raising(signal.SIGTERM))
    assert (loop.why, loop.end_now, said) == ("interrupted", True, [])
    assert place.trial(0).state is TrialState.WAITING


def test_a_third_interrupts_an_objective_that_went_on_after_the_second(stage: Begin) -> None:
    place = stage(backend=FakeBackend(runs_in_caller=True))
    loop = place.loop()

    def poll(backend: FakeBackend, deliver: Any) -> None:
        loop.is_in_objective = False
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        loop.is_in_objective = True
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    place.backend.script.append(poll)
    with heed_interrupts(loop, say=lambda sentence: None):
        loop.run()
    assert place.trial(0).state is TrialState.WAITING


@pytest.mark.parametrize("error", [BrokenPipeError, RuntimeError])
def test_a_message_that_cannot_be_shown_changes_nothing(stage: Begin, error: type[Exception]) -> None:
    def say(sentence: str) -> None:
        raise error("reentrant call")

    place = stage()
    place.backend.script.append(raising(signal.SIGINT, facts=[finish(0)]))
    loop = place.loop()
    with heed_interrupts(loop, say=say):
        assert loop.run() == "interrupted"
    assert place.trial(0).state is TrialState.COMPLETED


def test_a_study_inside_a_trial_leaves_interrupts_to_the_one_outside(stage: Begin) -> None:
    calls: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: calls.append(number))
    job = Job(study="outer", trial=0, attempt=1, config={}, metric="error", seed=0, folder="")
    token = enter(Trial(job, NoLine()))
    try:
        loop, said = run(stage(), raising(signal.SIGINT, signal.SIGTERM, facts=[finish(0)]), max_trials=1)
    finally:
        leave(token)
    assert (calls, said, loop.end_now) == ([signal.SIGINT, signal.SIGTERM], [], False)
    assert loop.why != "interrupted"


def test_the_handlers_from_before_are_put_back(stage: Begin) -> None:
    calls: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: calls.append(number))
    loop = stage().loop()
    with pytest.raises(ZeroDivisionError), heed_interrupts(loop, say=print):
        raise ZeroDivisionError
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    assert calls == [signal.SIGINT, signal.SIGTERM]
    assert (loop.why, loop.end_now) == ("", False)


def test_what_is_ignored_stays_ignored(stage: Begin) -> None:
    """As for a job that a shell began with ``&``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    place = stage()
    loop, said = run(place, raising(signal.SIGINT, facts=[finish(0)]), new_trials=1)
    assert (loop.why, said) == ("", [])
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_outside_the_main_thread_signals_are_left_alone(stage: Begin) -> None:
    place = stage()
    place.backend.script.append([finish(0)])
    loop = place.loop(new_trials=1)
    before = signal.getsignal(signal.SIGINT)
    seen: list[Any] = []

    def work() -> None:
        with heed_interrupts(loop, say=print):
            seen.append(signal.getsignal(signal.SIGINT))
            seen.append(loop.run())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before, "done"]
