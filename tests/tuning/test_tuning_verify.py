from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace
from tuning_fakes import SPACE, FakeBackend, ScriptedScheduler, Stage, decide_at, fail, finish, lose, new_trial, report

from rung.commands import ChangeSearcher, ContinueTrial, EditSpace, Enqueue, StopTrial
from rung.errors import SettingError
from rung.events import (
    Changed,
    Continued,
    Decided,
    Ended,
    Event,
    Interrupted,
    Noted,
    Observed,
    SearcherChanged,
    Started,
)  # fmt: skip
from rung.schedulers.asha import ASHA
from rung.searchers.random import RandomSearcher
from rung.space import Float, Int, Space
from rung.store import MemoryStore
from rung.tuning.verify import verify_decisions
from rung.types import Action, Decision, Proposal, TrialState, Wait

Begin = Callable[..., Stage]
Log = list[tuple[int, Any]]


def asha() -> ASHA:
    return ASHA(RandomSearcher(SPACE), max_t=4, reduction_factor=2)


def loss(config: Any, step: int) -> float:
    return float(config["x"] + 1 / step)


def play(place: Stage, n_trials: int, *, interfere: Callable[[int], Any] | None = None) -> Log:
    """Run trials of four steps each on two workers; returns the log. ``interfere`` posts a command by poll number."""
    backend = place.backend
    progress: dict[int, int] = {}
    n_polls = 0

    def poll(timeout: float, deliver: Any) -> None:
        nonlocal n_polls
        n_polls += 1
        if interfere is not None and (command := interfere(n_polls)) is not None:
            place.store.post("s", command)
        for row in [row for row in place.session.ledger.open.values() if row.state is TrialState.RUNNING]:
            if row.decided is not None or progress.get(row.number, 0) == 4:
                deliver([finish(row.number, attempt=row.attempt)])
                continue
            if n_polls == 7 and row.number % 2:
                deliver([lose(row.number, attempt=row.attempt)])
                continue
            step = progress[row.number] = progress.get(row.number, 0) + 1
            deliver([report(row.number, step, loss(row.config, step), waits=True, attempt=row.attempt)])

    backend.poll = poll
    place.loop(new_trials=n_trials).run()
    place.open.leave(place.session, "done")
    return list(place.store.read("s"))


@pytest.fixture
def honest(stage: Begin) -> Log:
    return play(stage(scheduler=asha(), backend=FakeBackend(slots=2)), 12)


def index_of(log: Log, kind: type, nth: int = 0, **fields: Any) -> int:
    found = [
        index
        for index, (_, event) in enumerate(log)
        if type(event) is kind and all(getattr(event, name) == value for name, value in fields.items())
    ]
    return found[nth]


def changed(log: Log, index: int, **fields: Any) -> Log:
    sequence, event = log[index]
    return [*log[:index], (sequence, replace(event, **fields)), *log[index + 1 :]]


def test_an_honest_log(honest: Log) -> None:
    found = verify_decisions(honest, asha())
    assert found.differences == []
    assert found.events == len(honest)
    assert found.suggestions == 12
    assert found.decisions == sum(isinstance(event, Decided) for _, event in honest) > 3


def test_an_empty_log() -> None:
    found = verify_decisions([], asha())
    assert (found.events, found.differences) == (0, [])


def test_an_honest_log_with_people_in_it(stage: Begin) -> None:
    def interfere(n_polls: int) -> Any:
        return {
            2: Enqueue({"x": 0.01, "n": 1}),
            12: EditSpace(Space({"x": Float(0.5, 0.9), "n": Int(1, 8)}).to_json()),
            6: StopTrial(1),
            9: ContinueTrial(0),  # refused: it does not pause
        }.get(n_polls)

    place = stage(scheduler=asha(), backend=FakeBackend(slots=2))
    log = play(place, 16, interfere=interfere)
    assert verify_decisions(log, asha()).differences == []
    configs = [event.config["x"] for _, event in log if isinstance(event, Started) and event.cause == "new"]
    assert 0.01 in configs
    assert all(0.5 <= x <= 0.9 for x in configs[-6:])
    assert min(configs[:-6]) < 0.5


@pytest.fixture
def handed_over(stage: Begin) -> Log:
    """A log in which sobol takes over after some trials, and random again after some more."""
    wishes = {8: ChangeSearcher({"name": "sobol", "seed": 5}), 20: ChangeSearcher({"name": "random"})}
    return play(stage(scheduler=asha(), backend=FakeBackend(slots=2)), 16, interfere=wishes.get)


def test_an_honest_log_in_which_others_take_over(handed_over: Log) -> None:
    assert [event.searcher["name"] for _, event in handed_over if isinstance(event, SearcherChanged)] == [
        "sobol", "random",
    ]  # fmt: skip
    assert sum("sobol" in event.notes for _, event in handed_over if isinstance(event, Started)) >= 3
    found = verify_decisions(handed_over, asha())
    assert (found.differences, found.suggestions) == ([], 16)
    assert verify_decisions(iter(handed_over), asha()) == found, "a log that can be read only once"


def test_another_searcher_than_that_which_took_over(handed_over: Log) -> None:
    index = index_of(handed_over, SearcherChanged)
    found = verify_decisions(changed(handed_over, index, searcher={"name": "sobol", "seed": 6}), asha())
    assert any("config of suggestion" in sentence for sentence in found.differences)
    assert all(int(re.match(r"event (\d+):", sentence)[1]) > index for sentence in found.differences)  # type: ignore[index]


def test_a_searcher_that_took_over_and_can_not_be_made_any_more(handed_over: Log) -> None:
    index = index_of(handed_over, SearcherChanged)
    with pytest.raises(SettingError, match="no searcher named 'gone'"):
        verify_decisions(changed(handed_over, index, searcher={"name": "gone"}), asha())


def test_promotions_too(stage: Begin) -> None:
    def promoting() -> ASHA:
        return ASHA(RandomSearcher(SPACE), max_t=4, reduction_factor=2, variant="promotion")

    log = play(stage(scheduler=promoting(), backend=FakeBackend(slots=2)), 8)
    assert sum(isinstance(event, Started) and event.cause == "resumed" for _, event in log) >= 3
    assert verify_decisions(log, promoting()).differences == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"config": {"x": 0.5, "n": 1}}, r"config of suggestion 5 is \{'x': 0.5, 'n': 1\} in the log"),
        ({"until": 3}, "until of suggestion 5 is 3 in the log, 4 by the code"),
        ({"decide_at": ()}, r"decide_at of suggestion 5 is \(\) in the log, \(1, 2\) by the code"),
        ({"parent": 1}, "parent of suggestion 5 is 1 in the log, None by the code"),
        ({"draw": 6}, "draw of suggestion 5 is 6 in the log, 5 by the code"),
        ({"notes": {"why": "so"}}, r"notes of suggestion 5 is \{'why': 'so'\} in the log, \{\} by the code"),
        ({"attempt": 2}, "attempt of suggestion 5 is 2 in the log, 1 by the code"),
        ({"cause": "resumed"}, "cause of suggestion 5 is 'resumed' in the log, 'new' by the code"),
        ({"draw": None}, "the log starts trial 5, which nobody suggested and which does not wait"),
    ],
)
def test_a_suggestion_that_was_tampered_with(honest: Log, fields: dict[str, Any], words: str) -> None:
    index = index_of(honest, Started, draw=5)
    (first, *_) = verify_decisions(changed(honest, index, **fields), asha()).differences
    assert first.startswith(f"event {index + 1}: ")
    assert re.search(words, first)


def test_another_trial_number_than_the_code_gives(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([[finish(0)], [finish(1)]])
    place.loop(new_trials=2).run()
    log = list(place.store.read("s"))
    index = index_of(log, Started, 1)
    found = verify_decisions(changed(log, index, trial=5)[: index + 1], ScriptedScheduler())
    assert found.differences == [f"event {index + 1}: trial of suggestion 1 is 5 in the log, 1 by the code"]


def test_another_seed_gives_other_suggestions(honest: Log) -> None:
    found = verify_decisions(changed(honest, 0, seed=8), asha())
    assert len([line for line in found.differences if "config of suggestion" in line]) == 12


def test_a_report_that_was_tampered_with_shows_in_the_decisions(honest: Log) -> None:
    index = index_of(honest, Decided) - 1
    assert isinstance(honest[index][1], Observed)
    found = verify_decisions(changed(honest, index, loss=-1.0, metrics={"error": -1.0}), asha())
    assert found.differences[0].endswith("the code decides nothing")


def test_a_decision_that_was_dropped(honest: Log) -> None:
    index = index_of(honest, Decided)
    trial = honest[index][1].trial
    found = verify_decisions(honest[:index] + honest[index + 1 :], asha())
    assert found.differences[0].startswith(f"event {index}: the log lacks the decision to stop trial {trial} (rung 1")


def test_a_decision_that_was_dropped_at_the_very_end(honest: Log) -> None:
    index = index_of(honest, Decided)
    (line,) = verify_decisions(honest[:index], asha()).differences
    assert line.startswith(f"event {index}: the log lacks the decision to stop")


def test_a_decision_that_was_added(honest: Log) -> None:
    index = index_of(honest, Observed) + 1
    added = Decided(at=0.0, trial=0, attempt=1, step=1, action=Action.STOP)
    found = verify_decisions([*honest[:index], (99, added), *honest[index:]], asha())
    assert found.differences[0] == "event 99: the log has the decision to stop trial 0, the code decides nothing"


@pytest.mark.parametrize("fields", [{"action": Action.PAUSE}, {"trial": 0}])
def test_a_decision_that_was_tampered_with(honest: Log, fields: dict[str, Any]) -> None:
    index = index_of(honest, Decided)
    trial = honest[index][1].trial
    assert trial != 0
    (first, *_) = verify_decisions(changed(honest, index, **fields)[: index + 1], asha()).differences
    logged = "pause trial" if "action" in fields else "stop trial 0"
    assert first.startswith(f"event {index + 1}: the log has the decision to {logged}")
    assert first.endswith(f"the code the decision to stop trial {trial}")


def test_a_start_that_the_code_does_not_propose(honest: Log) -> None:
    found = verify_decisions(honest, ScriptedScheduler([Wait()]))
    assert "event 3: the log starts trial 0, the code proposes nothing" in found.differences


def test_what_people_decided_is_not_the_codes_business(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([lambda backend, deliver: place.store.post("s", StopTrial(0)), [], [finish(0)]])
    place.loop(new_trials=1).run()
    log = list(place.store.read("s"))
    found = verify_decisions(log, ScriptedScheduler())
    assert (found.decisions, found.differences) == (0, [])


# Decisions about trials that do not run, and decisions that lead to others


def cascade(event: Any) -> Sequence[Decision]:
    """Pause trials 0 and 1 at step 1. Trial 3 at step 1 stops 0; that stops 1 twice; that pauses 2; and pauses 3."""
    if isinstance(event, Observed) and event.trial in {0, 1}:
        return [Decision(event.trial, Action.PAUSE)]
    if isinstance(event, Observed) and event.trial == 3:
        return [
            Decision(0, Action.STOP, "a"),
            Decision(1, Action.STOP, "again"),
            Decision(7, Action.STOP, "unknown"),
            Decision(3, Action.CONTINUE),
            Decision(3, Action.PAUSE, "d"),
        ]
    if isinstance(event, Ended) and event.state is TrialState.STOPPED:
        return [[Decision(1, Action.STOP, "b")], [Decision(2, Action.PAUSE, "c")]][event.trial]
    return ()


@pytest.fixture
def cascading(stage: Begin) -> Log:
    place = stage(backend=FakeBackend(slots=4), scheduler=ScriptedScheduler(decide=cascade))
    place.backend.script.extend(
        [
            [report(0, 1, 0.5), finish(0), report(1, 1, 0.5), finish(1)],
            [report(3, 1, 0.5), finish(3), finish(2)],
        ]
    )
    place.loop(new_trials=4).run()
    return list(place.store.read("s"))


def test_a_cascade_is_derived_in_the_order_in_which_it_was_logged(cascading: Log) -> None:
    found = verify_decisions(cascading, ScriptedScheduler(decide=cascade))
    assert found.differences == []
    assert found.decisions == 6  # two pauses; then the stops of 0 and 1, and the pauses of 2 and 3
    assert [
        event.trial for _, event in cascading if isinstance(event, Ended) and event.state is TrialState.STOPPED
    ] == [0, 1]


@pytest.mark.parametrize("trial", [0, 1])
def test_the_stop_of_a_paused_trial_that_was_dropped(cascading: Log, trial: int) -> None:
    index = index_of(cascading, Ended, trial=trial, state=TrialState.STOPPED)
    found = verify_decisions(cascading[:index] + cascading[index + 1 :], ScriptedScheduler(decide=cascade))
    wanted = f"the decision to stop trial {trial}"
    assert any("lacks " + wanted in line or "the code " + wanted in line for line in found.differences)


def test_the_stop_of_a_paused_trial_that_was_added(cascading: Log) -> None:
    index = index_of(cascading, Observed, trial=3)
    added = Ended(at=0.0, trial=0, attempt=1, state=TrialState.STOPPED, reason="scheduler")
    found = verify_decisions([*cascading[:index], (99, added)], ScriptedScheduler(decide=decide_at(1, Action.PAUSE)))
    assert found.differences == ["event 99: the log has the decision to stop trial 0, the code decides nothing"]


def test_changed_hyperparameters_are_no_suggestion(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler([new_trial(0)]))
    place.session.stage(Started(at=0.0, trial=0, attempt=1, config={"x": 0.0, "n": 4}, draw=0))
    event: Event = Changed(at=0.0, trial=0, attempt=1, step=0, changes={"x": 0.5})
    place.session.stage(event)
    place.session.flush()
    assert isinstance(place.store, MemoryStore)
    assert verify_decisions(place.store.read("s"), ScriptedScheduler([new_trial(0)])).differences == []


# Runs that go on, runs that end, and losses that are not finite


def in_the_log(log: Log, index: int, words: str, scheduler: Any, **fields: Any) -> None:
    """Change an event of an honest log: the first difference names it."""
    assert verify_decisions(log, copy.deepcopy(scheduler)).differences == []
    first, *_ = verify_decisions(changed(log, index, **fields), scheduler).differences
    assert first == f"event {log[index][0]}: {words}"


def goes_on() -> ScriptedScheduler:
    proposal = Proposal(config={"x": 0.0, "n": 4}, until=4, decide_at=(2,))
    return ScriptedScheduler([proposal], decide_at(4, Action.PAUSE))


@pytest.fixture
def going_on(stage: Begin) -> Log:
    """Trial 0 is lost and tried again until step 4; paused there, a person continues it, and it completes."""
    place = stage(scheduler=goes_on())
    place.backend.script.extend(
        [
            [report(0, 1, 0.5), lose(0)],
            [report(0, 4, 0.5, attempt=2), finish(0, attempt=2)],
        ]
    )
    place.loop().run()
    place.store.post("s", ContinueTrial(0))
    place.backend.script.append([report(0, 5, 0.5, attempt=3), finish(0, attempt=3)])
    place.loop().run()
    return list(place.store.read("s"))


@pytest.mark.parametrize(
    ("attempt", "field", "value", "words"),
    [
        (2, "config", {"x": 1.0, "n": 4}, "is {'x': 1.0, 'n': 4} in the log, {'x': 0.0, 'n': 4} by the code"),
        (2, "until", 3, "is 3 in the log, 4 by the code"),
        (2, "decide_at", (1,), "is (1,) in the log, (2,) by the code"),
        (2, "parent", 0, "is 0 in the log, None by the code"),
        (2, "cause", "resumed", "is 'resumed' in the log, 'retried' by the code"),
        (2, "attempt", 4, "is 4 in the log, 2 by the code"),
        (3, "config", {"x": 1.0, "n": 4}, "is {'x': 1.0, 'n': 4} in the log, {'x': 0.0, 'n': 4} by the code"),
        (3, "until", 8, "is 8 in the log, None by the code"),
        (3, "decide_at", (), "is () in the log, None by the code"),
        (3, "cause", "retried", "is 'retried' in the log, 'resumed' by the code"),
    ],
)
def test_a_run_that_goes_on_was_tampered_with(going_on: Log, attempt: int, field: str, value: Any, words: str) -> None:
    index = index_of(going_on, Started, attempt=attempt)
    kind = "retried" if attempt == 2 else "resumed"
    in_the_log(going_on, index, f"{field} of the {kind} trial 0 {words}", goes_on(), **{field: value})


def test_metrics_that_were_tampered_with(honest: Log) -> None:
    index = index_of(honest, Observed, trial=0, step=1)
    loss = honest[index][1].loss
    words = f"loss of trial 0 at step 1 is {loss!r} in the log, "
    in_the_log(honest, index, words + "0.25 by the code", asha(), metrics={"error": 0.25})
    in_the_log(honest, index, words + "None by the code", asha(), metrics={"error": math.nan})
    lacks = "the report of trial 0 at step 1 lacks error"
    in_the_log(honest, index, lacks, asha(), metrics={"other": loss})


def test_the_loss_of_a_goal_to_maximise(stage: Begin) -> None:
    place = stage(mode="max")
    place.backend.script.append([report(0, 1, 0.5), finish(0)])
    place.loop(new_trials=1).run()
    log = list(place.store.read("s"))
    words = "loss of trial 0 at step 1 is 0.5 in the log, -0.5 by the code"
    in_the_log(log, index_of(log, Observed), words, ScriptedScheduler(), loss=0.5)


@pytest.mark.parametrize("state", [TrialState.COMPLETED, TrialState.FAILED, TrialState.PAUSED])
def test_the_end_of_a_stopped_run_that_was_tampered_with(honest: Log, state: TrialState) -> None:
    index = index_of(honest, Ended, state=TrialState.STOPPED)
    trial = honest[index][1].trial
    in_the_log(honest, index, f"trial {trial} ends {state} in the log, stopped by the code", asha(), state=state)


@pytest.mark.parametrize("state", [TrialState.STOPPED, TrialState.PAUSED])
def test_the_end_of_an_undecided_run_that_was_tampered_with(honest: Log, state: TrialState) -> None:
    index = index_of(honest, Ended, state=TrialState.COMPLETED)
    words = f"trial {honest[index][1].trial} ends {state} in the log, completed or failed by the code"
    in_the_log(honest, index, words, asha(), state=state)


def test_the_reason_of_an_end_that_was_tampered_with(honest: Log) -> None:
    index = index_of(honest, Ended, state=TrialState.STOPPED)
    words = f"reason of the end of trial {honest[index][1].trial} is 'person' in the log, 'scheduler' by the code"
    in_the_log(honest, index, words, asha(), reason="person")
    index = index_of(honest, Ended, state=TrialState.COMPLETED)
    words = f"reason of the end of trial {honest[index][1].trial} is 'oom' in the log, '' by the code"
    in_the_log(honest, index, words, asha(), reason="oom")


def test_the_end_of_a_paused_run_that_was_tampered_with(going_on: Log) -> None:
    index = index_of(going_on, Ended, state=TrialState.PAUSED)
    words = "trial 0 ends stopped in the log, paused or completed or failed by the code"
    in_the_log(going_on, index, words, goes_on(), state=TrialState.STOPPED)


@pytest.mark.parametrize(
    ("end", "state"),
    [(fail(0), TrialState.FAILED), (replace(finish(0), is_whole=True), TrialState.COMPLETED)],
)
def test_a_run_that_ends_before_it_pauses(stage: Begin, end: Any, state: TrialState) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(1, Action.PAUSE)))
    place.backend.script.append([report(0, 1, 0.5), end])
    place.loop(new_trials=1).run()
    log = list(place.store.read("s"))
    assert log[-1][1].state is state
    assert verify_decisions(log, ScriptedScheduler(decide=decide_at(1, Action.PAUSE))).differences == []


def test_the_stop_of_a_paused_trial_that_became_a_failure(cascading: Log) -> None:
    index = index_of(cascading, Ended, trial=0, state=TrialState.STOPPED)
    scheduler = ScriptedScheduler(decide=cascade)
    in_the_log(
        cascading, index, "trial 0 ends failed in the log, stopped by the code", scheduler, state=TrialState.FAILED
    )
    words = "reason of the end of trial 0 is 'nan' in the log, 'person' by the code"
    in_the_log(cascading, index, words, ScriptedScheduler(decide=cascade), reason="nan")


@pytest.fixture
def diverging(stage: Begin) -> Log:
    place = stage()
    place.backend.script.append([report(0, 1, 0.5), report(0, 2, math.nan), finish(0)])
    place.loop(new_trials=1).run()
    return list(place.store.read("s"))


def test_a_loss_that_is_not_finite_is_decided_upon(diverging: Log) -> None:
    found = verify_decisions(diverging, ScriptedScheduler())
    assert (found.decisions, found.differences) == (1, [])
    index = index_of(diverging, Ended)
    words = "trial 0 ends stopped in the log, failed by the code"
    in_the_log(diverging, index, words, ScriptedScheduler(), state=TrialState.STOPPED)


def test_the_decision_on_a_loss_that_was_dropped(diverging: Log) -> None:
    index = index_of(diverging, Decided)
    first, *_ = verify_decisions(diverging[:index] + diverging[index + 1 :], ScriptedScheduler()).differences
    why = "its loss is not finite at step 2"
    assert first == f"event {diverging[index - 1][0]}: the log lacks the decision to stop trial 0 by nan ({why})"


def test_a_decision_on_a_loss_that_is_finite(diverging: Log) -> None:
    index = index_of(diverging, Observed, step=2)
    log = changed(diverging, index, metrics={"error": 0.25}, loss=0.25)
    (line,) = verify_decisions(log, ScriptedScheduler()).differences
    assert line == f"event {index + 2}: the log has the decision to stop trial 0 by nan, the code decides nothing"


def test_an_end_of_a_trial_that_is_over(diverging: Log) -> None:
    index = index_of(diverging, Ended)
    found = verify_decisions([*diverging[: index + 1], (99, diverging[index][1])], ScriptedScheduler())
    assert found.differences == ["event 99: 'ended' of trial 0 can't follow, because attempt 1 of it is failed"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"by": "scheduler"}, "the log has the decision to stop trial 0, the code the decision to stop trial 0 by nan"),
        ({"step": 1}, "step of the decision to stop trial 0 by nan is 1 in the log, 2 by the code"),
    ],
)
def test_the_decision_on_a_loss_that_was_tampered_with(diverging: Log, fields: dict[str, Any], words: str) -> None:
    in_the_log(diverging, index_of(diverging, Decided), words, ScriptedScheduler(), **fields)


def test_a_run_that_was_told_to_pause_is_not_told_again_when_its_loss_is_not_finite(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(1, Action.PAUSE)))
    place.backend.script.append([report(0, 1, 0.5), report(0, 2, math.inf), finish(0)])
    place.loop(new_trials=1).run()
    found = verify_decisions(place.store.read("s"), ScriptedScheduler(decide=decide_at(1, Action.PAUSE)))
    assert (found.decisions, found.differences) == (1, [])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Started, "trial of suggestion 0 is 50 in the log, 0 by the code"),
        (Observed, "'observed' of trial 50 can't follow, because there is no such trial"),
        (Decided, "the log has the decision to stop trial 50, the code the decision to stop trial"),
        (Ended, "'ended' of trial 50 can't follow, because there is no such trial"),
    ],
)
def test_an_event_of_a_trial_that_is_not_there_is_the_last_that_is_looked_at(
    honest: Log, kind: type, words: str
) -> None:
    index = index_of(honest, kind)
    found = verify_decisions(changed(honest, index, trial=50), asha())
    assert found.differences[-1].startswith(f"event {honest[index][0]}: {words}")
    assert found.events == index + 1


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            Continued(at=0.0, trial=0, attempt=1),
            "'continued' of trial 0 can't follow, because attempt 1 of it is failed",
        ),
        (Interrupted(at=0.0, trial=0, attempt=1, reason="killed"), "'interrupted' of trial 0 can't follow"),
        (Observed(at=0.0, trial=0, attempt=1, step=9, metrics={"error": 1.0}, loss=1.0), "'observed' of trial 0"),
    ],
)
def test_what_can_not_happen_to_a_trial_that_is_over(diverging: Log, event: Event, words: str) -> None:
    (line,) = verify_decisions(
        [*diverging[: index_of(diverging, Ended) + 1], (99, event)], ScriptedScheduler()
    ).differences
    assert line.startswith(f"event 99: {words}")


def test_a_note_on_a_trial_that_is_over(diverging: Log) -> None:
    remarks = [(98, Noted(at=0.0, text="why?", trial=0)), (99, Noted(at=0.0, text="nobody", trial=1))]
    (line,) = verify_decisions([*diverging, *remarks], ScriptedScheduler()).differences
    assert line == "event 99: 'noted' of trial 1 can't follow, because there is no such trial"


def test_a_report_of_an_attempt_that_is_not_the_newest(honest: Log) -> None:
    index = index_of(honest, Observed, trial=0)
    words = "'observed' of trial 0 can't follow, because attempt 1 of it is running"
    in_the_log(honest, index, words, asha(), attempt=2)
