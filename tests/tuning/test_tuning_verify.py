from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace
from tuning_fakes import SPACE, FakeBackend, ScriptedScheduler, Stage, decide_at, finish, lose, new_trial, report

from rung.commands import ContinueTrial, EditSpace, Enqueue, StopTrial
from rung.events import Changed, Decided, Ended, Event, Observed, Started
from rung.schedulers.asha import ASHA
from rung.searchers.random import RandomSearcher
from rung.space import Float, Int, Space
from rung.store import MemoryStore
from rung.tuning.verify import verify_decisions
from rung.types import Action, Decision, TrialState, Wait

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
    found = verify_decisions(changed(honest, index, loss=-1.0), asha())
    assert "the code decides nothing" in found.differences[0]


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
