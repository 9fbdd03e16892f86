"""A suite is worth something if it notices what is broken: here are backends that are, each in one way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from rung.backends.inline import Inline
from rung.runtime.objective import Kind
from rung.testing import _backend_decisions as decisions
from rung.testing import _backend_lives as lives
from rung.testing._driver import Stage
from rung.testing.backend_suite import BackendSuite
from rung.types import Action, Change, Exited, Handle, Reported, Saved, Verdict


class Broken:
    """An inline backend whose calls go through what a test puts in their place."""

    slots = 1
    runs_in_caller = True

    def __init__(self, **replaced: Callable[..., Any]) -> None:
        self._inner = Inline()
        self._replaced = replaced

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._inner, name)
        replacement = self._replaced.get(name)
        return inner if replacement is None else lambda *given: replacement(inner, *given)


def changing(change):
    """A poll that delivers ``change(facts)`` instead of the facts."""
    return lambda poll, timeout, deliver: poll(timeout, lambda facts: deliver(change(facts)))


def without(kind):
    return changing(lambda facts: [fact for fact in facts if not isinstance(fact, kind)])


def without_changes(send, trial, message):
    if not isinstance(message, Change):
        send(trial, message)


def as_another_attempt(start, job):
    start(replace(job, attempt=9))


def once_more(start, job):
    backend = start.__self__
    backend._attempts.clear()
    backend._job = None
    start(job)


def only_continuing(send, trial, message):
    send(trial, Verdict(Action.CONTINUE, message.step) if isinstance(message, Verdict) else message)


BROKEN = {
    "reports twice": ({"poll": changing(lambda facts: [*facts, *facts])}, decisions.is_continued, "after step 1"),
    "loses the end": ({"poll": without(Exited)}, decisions.is_continued, "did not come to an end"),
    "loses reports": ({"poll": without(Reported)}, lives.reports_stream_in_order, "got {}, expected {2: 0.5"),
    "loses checkpoints": (
        {"poll": without(Saved)},
        decisions.is_promoted,
        r"got {1: 0.5, .* expected {4: 2.0, 5: 2.5}",
    ),
    "turns facts around": ({"poll": changing(lambda facts: facts[::-1])}, lives.reports_stream_in_order, "after step"),
    "loses changes": ({"send": without_changes}, decisions.is_changed, "got {1: 0.5, 2: 1.0, 3: 1.5"),
    "stops nobody": ({"send": only_continuing}, decisions.is_stopped, "got {1: 0.5, 2: 1.0, 3: 1.5, 4: 2.0"),
    "mixes up attempts": ({"start": as_another_attempt}, lives.a_job_arrives_whole, "was not started"),
    "runs again": ({"start": once_more}, lives.a_start_counts_once, r"got \[Handle"),
    "does not use force": ({"stop": lambda stop, trial: None}, lives.force_ends_a_run, "is over"),
    "forgets who lives": ({"live": lambda live: []}, lives.what_runs_is_alive, r"got \[\], expected \[Handle"),
    "remembers the dead": ({"live": lambda live: [Handle(0, 1)]}, lives.what_runs_is_alive, r"expected \[\]"),
    "stands still in time": ({"now": lambda now: 0.0}, lives.time_goes_forward, "the clock stands"),
    "does not close": ({"close": lambda close: None}, lives.closing_ends_everything, r"got \[Handle"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_backend_is_noticed(name, tmp_path):
    replaced, case, words = BROKEN[name]
    stage = Stage(lambda: Broken(**replaced), tmp_path, patience_s=0.3)
    given = (Kind.TRIAL,) if case.__module__ == decisions.__name__ else ()
    with pytest.raises(AssertionError, match=words):
        case(stage, *given)


def test_the_suite_asks_for_a_backend():
    with pytest.raises(NotImplementedError):
        BackendSuite().make()


class TestAnUnbrokenOne(BackendSuite):
    """The wrapper itself breaks nothing."""

    kinds = frozenset({Kind.FUNCTION, Kind.GENERATOR, Kind.TRIAL})

    def make(self):
        return Broken()
