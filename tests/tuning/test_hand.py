from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tuning_fakes import SPACE, FakeBackend, ScriptedScheduler, Stage, decide_at, new_trial

from rung.commands import ContinueTrial, EditSpace, Enqueue, PauseTrial, Record, StopStudy, StopTrial
from rung.errors import ExhaustedError, ReportError, SettingError, SpaceError
from rung.events import Decided, Ended, Enqueued, Observed, Started
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.store import MemoryStore
from rung.tuning.hand import Asked, ByHand, Hand
from rung.tuning.starter import Limits
from rung.types import Action, Decision, Job, Proposal, TrialState, Verdict, Wait

Begin = Callable[..., Stage]


@pytest.fixture
def by_hand(stage: Begin) -> Callable[..., tuple[Stage, Hand]]:
    def begin(scheduler: Any = None, store: Any = None) -> tuple[Stage, Hand]:
        place = stage(scheduler=scheduler, store=store, backend=ByHand())
        return place, Hand(place.session, place.backend, folder=Path("/s"), limits=Limits())

    return begin


def test_ask_gives_a_trial_that_is_in_the_log_already(by_hand: Any) -> None:
    place, hand = by_hand(ScriptedScheduler([new_trial(31, until=9)]))
    assert hand.ask(1) == [Asked(0, {"x": 0.31, "n": 4}, 9)]
    (started,) = place.logged(Started)
    assert (started.trial, started.draw, started.config) == (0, 0, {"x": 0.31, "n": 4})


def test_ask_for_several(by_hand: Any) -> None:
    _, hand = by_hand()
    assert [asked.number for asked in hand.ask(3)] == [0, 1, 2]


def test_ask_gives_fewer_when_there_are_no_more(by_hand: Any) -> None:
    _, hand = by_hand(ScriptedScheduler([new_trial(0), new_trial(1)]))
    assert len(hand.ask(5)) == 2


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ([], r"\(exhausted\)\. Widen the space by study\.edit\(…\), or enqueue"),
        ([Wait("for a result")], r"\(done\)\. Tell the results"),
    ],
)
def test_ask_when_there_is_nothing(by_hand: Any, script: list[Any], words: str) -> None:
    _, hand = by_hand(ScriptedScheduler(script))
    with pytest.raises(ExhaustedError, match=rf"nothing to ask for {words}"):
        hand.ask(1)


def test_ask_when_all_that_there_is_runs(by_hand: Any) -> None:
    _, hand = by_hand(ScriptedScheduler([new_trial(0)]))
    hand.ask(1)
    with pytest.raises(ExhaustedError, match=r"nothing to ask for \(exhausted\)\. Tell the results of open trials"):
        hand.ask(1)


@pytest.mark.parametrize("count", [0, -1])
def test_ask_for_nothing(by_hand: Any, count: int) -> None:
    _, hand = by_hand()
    with pytest.raises(SettingError, match=rf"ask\({count}\)"):
        hand.ask(count)


def test_tell_the_result(by_hand: Any) -> None:
    place, hand = by_hand()
    hand.ask(1)
    assert hand.tell(0, 0.25, step=None) == Decision(0, Action.STOP, "its result was told")
    assert [(event.step, event.metrics, event.loss) for event in place.logged(Observed)] == [(1, {"error": 0.25}, 0.25)]
    assert place.trial(0).state is TrialState.COMPLETED


def test_the_result_and_the_end_are_one_transaction(by_hand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    place, hand = by_hand()
    hand.ask(1)
    sizes: list[list[str]] = []
    append = place.store.append

    def watched(events: Any, *, lease: Any) -> int:
        sizes.append([type(event).__name__ for event in events])
        return append(events, lease=lease)

    monkeypatch.setattr(place.store, "append", watched)
    hand.tell(0, 0.25, step=None)
    assert sizes == [["Observed", "Ended"]]


def test_tell_several_metrics_and_numbers_of_other_kinds(by_hand: Any) -> None:
    place, hand = by_hand()
    hand.ask(2)
    hand.tell(0, {"error": np.float32(0.5), "loss": 3}, step=None)
    hand.tell(1, np.int64(2), step=None)
    assert [event.metrics for event in place.logged(Observed)] == [{"error": 0.5, "loss": 3.0}, {"error": 2.0}]


@pytest.mark.parametrize(
    ("value", "words"),
    [({"loss": 0.5}, "'error' is missing"), ("good", "'good'"), ({"error": None}, "None"), (True, "True")],
)
def test_tell_what_is_no_result(by_hand: Any, value: Any, words: str) -> None:
    place, hand = by_hand()
    hand.ask(1)
    with pytest.raises(ReportError, match=words):
        hand.tell(0, value, step=None)
    assert place.trial(0).state is TrialState.RUNNING


def test_tell_of_trials_that_do_not_run(by_hand: Any) -> None:
    _, hand = by_hand(ScriptedScheduler(decide=decide_at(3, Action.PAUSE)))
    hand.ask(2)
    hand.tell(0, 0.5, step=None)
    hand.tell(1, 0.5, step=3)
    with pytest.raises(ReportError, match=r"there is no trial 5\. Tell only"):
        hand.tell(5, 0.5, step=None)
    with pytest.raises(ReportError, match="trial 0 is completed"):
        hand.tell(0, 0.5, step=None)
    with pytest.raises(ReportError, match="trial 1 is paused"):
        hand.tell(1, 0.5, step=4)


def test_steps_must_grow(by_hand: Any) -> None:
    _, hand = by_hand()
    hand.ask(1)
    hand.tell(0, 0.5, step=2)
    for step in (1, 2):
        with pytest.raises(ReportError, match=f"trial 0 has told step 2 already, got step {step}"):
            hand.tell(0, 0.5, step=step)
    for step in (0, 2.5, True):
        with pytest.raises(ReportError, match="can't be a step"):
            hand.tell(0, 0.5, step=step)
    hand.tell(0, 0.5, step=7)


def test_tell_step_by_step_until_the_result(by_hand: Any) -> None:
    place, hand = by_hand()
    hand.ask(1)
    for step, error in ((1, 0.5), (2, 0.4)):
        assert hand.tell(0, error, step=step) == Decision(0, Action.CONTINUE)
        assert place.trial(0).state is TrialState.RUNNING
    hand.tell(0, 0.3, step=None)
    assert [event.step for event in place.logged(Observed)] == [1, 2, 3]
    assert place.trial(0).state is TrialState.COMPLETED


@pytest.mark.parametrize(("action", "state"), [(Action.STOP, TrialState.STOPPED), (Action.PAUSE, TrialState.PAUSED)])
@pytest.mark.parametrize("step", [1, None])
def test_the_answer_may_be_to_stop_or_to_pause(
    by_hand: Any, action: Action, state: TrialState, step: int | None
) -> None:
    place, hand = by_hand(ScriptedScheduler(decide=decide_at(1, action, why="rank 3 of 3")))
    hand.ask(1)
    assert hand.tell(0, 0.5, step=step) == Decision(0, action, "rank 3 of 3")
    assert (place.trial(0).state, place.trial(0).reason) == (state, "scheduler")


@pytest.mark.parametrize("step", [3, 5])
def test_a_trial_is_over_where_the_scheduler_wanted_it_to_be(by_hand: Any, step: int) -> None:
    place, hand = by_hand(ScriptedScheduler([new_trial(0, until=3)]))
    hand.ask(1)
    hand.tell(0, 0.5, step=2)
    assert place.trial(0).state is TrialState.RUNNING
    assert hand.tell(0, 0.4, step=step) == Decision(0, Action.STOP, "fully trained: 3 steps")
    assert place.trial(0).state is TrialState.COMPLETED


@pytest.mark.parametrize("step", [1, None])
def test_nan_ends_the_trial(by_hand: Any, step: int | None) -> None:
    place, hand = by_hand()
    hand.ask(1)
    assert hand.tell(0, math.nan, step=step) == Decision(0, Action.STOP, "error is nan at step 1")
    assert (place.trial(0).state, place.trial(0).reason) == (TrialState.FAILED, "nan")
    assert [event.by for event in place.logged(Decided)] == ["nan"]


def test_a_paused_trial_is_asked_for_again(by_hand: Any) -> None:
    script = [new_trial(0), Proposal(config={"x": 0.0, "n": 4}, trial=0, until=9)]
    place, hand = by_hand(ScriptedScheduler(script, decide_at(3, Action.PAUSE)))
    hand.ask(1)
    hand.tell(0, 0.5, step=3)
    assert hand.ask(1) == [Asked(0, {"x": 0.0, "n": 4}, 9)]
    assert place.trial(0).attempt == 2
    hand.tell(0, 0.4, step=9)
    assert place.trial(0).state is TrialState.COMPLETED


def test_trials_outlive_the_session_in_which_they_were_asked_for(by_hand: Any) -> None:
    place, hand = by_hand()
    hand.ask(1)
    again, hand = by_hand(store=place.store)
    hand.tell(0, 0.5, step=None)
    assert again.trial(0).state is TrialState.COMPLETED
    assert again.trial(0).attempt == 1


def test_a_trial_that_a_loop_left_waiting_is_asked_for_first(stage: Begin, by_hand: Any) -> None:
    place = stage(backend=FakeBackend())
    place.backend.script.append([])
    loop = place.loop()
    place.backend.script.append(lambda backend, deliver: loop.stop_now("stopped"))
    loop.run()
    again, hand = by_hand(store=place.store)
    assert [asked.number for asked in hand.ask(2)] == [0, 1]
    assert again.trial(0).attempt == 2


# Results of what nobody asked for


def test_a_result_from_elsewhere(by_hand: Any) -> None:
    place, hand = by_hand()
    hand.ask(1)
    assert hand.record({"x": 0.75, "n": 2.0}, {"error": 0.5, "acc": 1}, step=None) == Decision(
        1, Action.STOP, "its result was told"
    )
    started, observed, ended = place.logged(Started, Observed, Ended)[1:]
    assert (started.trial, started.cause, started.config, started.draw) == (1, "given", {"x": 0.75, "n": 2}, None)
    assert (observed.step, observed.metrics) == (1, {"error": 0.5, "acc": 1.0})
    assert ended.state is TrialState.COMPLETED
    assert place.trial(0).state is TrialState.RUNNING


def test_a_whole_curve_from_elsewhere(by_hand: Any) -> None:
    place, hand = by_hand()
    hand.record({"x": 0.75, "n": 2}, [0.5, 0.25], step=None)
    assert [(event.step, event.loss) for event in place.logged(Observed)] == [(1, 0.5), (2, 0.25)]


@pytest.mark.parametrize(("step", "at"), [(None, 7), (3, 3)])
def test_a_single_result_is_that_of_a_full_training_unless_it_says_its_step(
    by_hand: Any, step: int | None, at: int
) -> None:
    place, hand = by_hand()
    hand.ask(1)
    hand.tell(0, 0.5, step=6)
    hand.tell(0, 0.5, step=None)
    hand.record({"x": 0.75, "n": 2}, 0.25, step=step)
    assert place.trial(1).last_step == at


def test_a_result_from_elsewhere_that_is_nan(by_hand: Any) -> None:
    place, hand = by_hand()
    assert hand.record({"x": 0.75, "n": 2}, math.nan, step=None) == Decision(0, Action.STOP, "error is nan at step 1")
    assert (place.trial(0).state, place.trial(0).reason) == (TrialState.FAILED, "nan")


@pytest.mark.parametrize(
    ("result", "step", "words"),
    [
        (({"y": 1}, 0.5), None, "no dimension 'y'"),
        (({"x": 0.5, "n": 2}, "good"), None, "'good'"),
        (({"x": 0.5, "n": 2}, [0.5]), 2, "step=2 goes with a single value"),
    ],
)
def test_what_is_no_result_from_elsewhere(by_hand: Any, result: Any, step: int | None, words: str) -> None:
    place, hand = by_hand()
    with pytest.raises((SpaceError, ReportError), match=words):
        hand.record(*result, step=step)
    assert place.session.ledger.trials == {}


def test_a_list_is_no_result_of_a_trial_that_was_asked_for(by_hand: Any) -> None:
    _, hand = by_hand()
    hand.ask(1)
    with pytest.raises(ReportError, match=r"error can't be \[0\.5, 0\.25\]"):
        hand.tell(0, [0.5, 0.25], step=None)


def test_commands_are_carried_out_before_a_result_is_taken(by_hand: Any) -> None:
    place, hand = by_hand()
    place.store.post("s", Record(config={"x": 0.25, "n": 2}, reports=((1, {"error": 0.5}),)))
    assert hand.record({"x": 0.75, "n": 2}, 0.5, step=None).trial == 1


def test_enqueue(by_hand: Any) -> None:
    place, hand = by_hand()
    hand.enqueue({"x": 0.75, "n": 2})
    assert [event.config for event in place.logged(Enqueued)] == [{"x": 0.75, "n": 2}]
    with pytest.raises(SpaceError, match="x"):
        hand.enqueue({"x": 7.0, "n": 2})


def test_what_is_enqueued_after_an_edit_is_checked_by_it(by_hand: Any) -> None:
    place, hand = by_hand(BasicScheduler(RandomSearcher(SPACE)))
    place.store.post("s", EditSpace(Space({"x": Float(2.0, 3.0), "n": SPACE["n"]}).to_json()))
    with pytest.raises(SpaceError, match=r"0\.75 is not between"):
        hand.enqueue({"x": 0.75, "n": 2})
    hand.enqueue({"x": 2.5, "n": 2})
    assert hand.ask(1)[0].config == {"x": 2.5, "n": 2}


def test_commands_are_carried_out_before_asking(by_hand: Any) -> None:
    place, hand = by_hand()
    place.store.post("s", Enqueue({"x": 0.75, "n": 2}))
    hand.ask(1)
    assert [type(event) for event in place.logged()] == [Enqueued, Started]


@pytest.mark.parametrize(
    ("command", "action", "state"),
    [(StopTrial(0), Action.STOP, TrialState.STOPPED), (PauseTrial(0), Action.PAUSE, TrialState.PAUSED)],
)
def test_who_tells_hears_what_a_person_wants(by_hand: Any, command: Any, action: Action, state: TrialState) -> None:
    place, hand = by_hand()
    hand.ask(1)
    hand.tell(0, 0.5, step=1)
    place.store.post("s", command)
    assert hand.tell(0, 0.4, step=2) == Decision(0, action, "asked for by a person")
    assert (place.trial(0).state, place.trial(0).last_step) == (state, 2)
    assert place.logged(Ended)[0].reason == "person"


def test_a_paused_trial_that_a_person_continues_is_asked_for(by_hand: Any) -> None:
    place, hand = by_hand(ScriptedScheduler(decide=decide_at(1, Action.PAUSE)))
    hand.ask(1)
    hand.tell(0, 0.5, step=1)
    place.store.post("s", ContinueTrial(0))
    assert [asked.number for asked in hand.ask(1)] == [0]


def test_nothing_to_ask_for_after_the_study_was_stopped(by_hand: Any) -> None:
    place, hand = by_hand()
    hand.ask(1)
    place.store.post("s", StopStudy())
    with pytest.raises(ExhaustedError, match="the study was stopped"):
        hand.ask(1)
    hand.tell(0, 0.5, step=None)
    assert place.trial(0).state is TrialState.COMPLETED


def test_the_backend_behind_it_has_no_machinery() -> None:
    backend = ByHand()
    store = MemoryStore()
    backend.open("s", None, store.folder("s"))  # type: ignore[arg-type]
    job = Job(study="s", trial=0, attempt=1, config={}, metric="error", seed=0, folder="/s")
    backend.start(job)
    backend.send(0, Verdict(Action.STOP))
    backend.stop(0)
    delivered: list[Any] = []
    backend.poll(10.0, delivered.append)
    backend.close()
    assert (backend.live(), delivered, backend.slots) == ((), [], 1)
    assert 0 <= backend.now() <= backend.now()
