from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tuning_fakes import FakeBackend, ScriptedScheduler, Stage, decide_at, finish, lose, new_trial, report

from rung.errors import ExhaustedError, SettingError
from rung.events import Interrupted, SessionEnded, Started, StudyCreated
from rung.ledger import Ledger
from rung.rows import StudyRow, TrialRow
from rung.stopping import Criterion, Halt, cost, epochs, patience, reached, seconds, trials
from rung.tuning.endings import BudgetSpent, CriterionMet, Endings, endings_of
from rung.tuning.hand import ByHand, Hand
from rung.tuning.loop import Loop
from rung.tuning.standing import Tally
from rung.tuning.starter import Limits
from rung.types import Action, Goal, Owner, Proposal, TrialState

Begin = Callable[..., Stage]


def ended_by(place: Stage, criterion: Criterion) -> Endings:
    """The endings of a session on this stage, with what its log has counted."""
    tally = Tally(metrics=criterion.metrics())
    place.session.engine._also = (tally.apply,)
    ledger = Ledger()
    for _, event in place.store.read("s"):
        ledger.apply(event)
        tally.apply(event, ledger)
    return Endings([CriterionMet(criterion, tally)])


def loop_of(place: Stage, criterion: Criterion, **limits: Any) -> Loop:
    endings = ended_by(place, criterion)
    return Loop(place.session, place.backend, folder=place.folder, limits=Limits(**limits), endings=endings)


def at(clock: float, *facts: Any) -> Callable[..., None]:
    def poll(backend: FakeBackend, deliver: Any) -> None:
        backend.clock = clock
        deliver(facts)

    return poll


def test_no_more_than_so_many_trials_begin_and_all_of_them_finish(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=4))
    place.backend.script.extend([[finish(0)], [finish(1), finish(2)]])
    loop = loop_of(place, trials(3))
    assert loop.run() == "criterion"
    assert loop.message == "3 trials were begun"
    assert place.backend.started() == [(0, 1), (1, 1), (2, 1)]
    assert [event.new_trials for event in place.logged(Started)] == [True] * 3


def test_what_the_trials_have_yet_to_do_is_done_when_no_new_one_may_begin(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler([new_trial(0), new_trial(1)]))
    place.backend.script.extend([[lose(0)], [finish(0, attempt=2)], [lose(1)], [finish(1, attempt=2)]])
    loop = loop_of(place, trials(2))
    assert loop.run() == "criterion"
    assert place.backend.started() == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_paused_trials_go_on_when_no_new_one_may_begin(stage: Begin) -> None:
    goes_on = Proposal(config={"x": 0.0, "n": 4}, trial=0, until=3)
    place = stage(
        scheduler=ScriptedScheduler([new_trial(0), goes_on], decide_at(1, Action.PAUSE)),
    )
    place.backend.script.extend([[report(0, 1, 0.5), finish(0)], [report(0, 3, 0.4), finish(0, attempt=2)]])
    assert loop_of(place, trials(1)).run() == "criterion"
    assert place.backend.started() == [(0, 1), (0, 2)]
    assert [event.new_trials for event in place.logged(Started)] == [True, False]


def test_running_trials_finish_when_enough_is_reached(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=2))
    place.backend.script.extend([[report(0, 1, 0.05)], [finish(0)], [report(1, 1, 0.5), finish(1)]])
    loop = loop_of(place, reached(0.1))
    assert loop.run() == "criterion"
    assert loop.message == "error 0.05 is at least as good as 0.1"
    assert place.backend.started() == [(0, 1), (1, 1)]
    assert place.session.study.counts[TrialState.COMPLETED] == 2


def test_steps_and_patience_end_a_study(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([[report(0, 1, 0.5), report(0, 2, 0.5), finish(0)]])
    assert loop_of(place, epochs(2)).run() == "criterion"
    again = stage(store=place.store)
    again.backend.script.extend([[report(1, 1, 0.6), finish(1)], [report(2, 1, 0.7), finish(2)]])
    loop = loop_of(again, patience(2))
    assert loop.run() == "criterion"
    assert loop.message == "error did not get better while 2 trials finished"
    assert again.backend.started() == [(1, 1), (2, 1)]


@pytest.mark.parametrize("criterion", [seconds(10), cost(1, per_hour=360)])
def test_a_budget_ends_what_runs(stage: Begin, criterion: Criterion) -> None:
    place = stage()
    place.backend.script.extend([at(9.0, report(0, 1, 0.5)), at(10.0)])
    loop = loop_of(place, criterion)
    assert loop.run() == "criterion"
    assert place.backend.stopped() == [0]
    assert [event.reason for event in place.logged(Interrupted)] == ["interrupted"]
    assert place.session.study.counts[TrialState.WAITING] == 1
    again = stage(store=place.store)
    again.backend.script.extend([[finish(0, attempt=2)]])
    assert loop_of(again, trials(1)).run() == "criterion", "the trial is not lost"
    assert again.session.study.counts[TrialState.COMPLETED] == 1


def test_a_budget_that_runs_out_while_the_last_trials_finish_ends_them(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([at(1.0, report(0, 1, 0.05)), at(10.0)])
    loop = loop_of(place, reached(0.1) | seconds(10))
    assert loop.run() == "criterion"
    assert loop.message == "error 0.05 is at least as good as 0.1; the study has taken 10s"
    assert place.backend.stopped() == [0]


def test_all_sessions_count(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([at(6.0, report(0, 1, 0.5), finish(0))])
    loop_of(place, seconds(100), new_trials=1).run()
    place.open.leave(place.session, "done")
    again = stage(store=place.store)
    again.backend.script.extend([at(3.9, report(1, 1, 0.5)), at(4.1)])
    assert loop_of(again, seconds(10)).run() == "criterion"


def test_a_criterion_that_is_met_already_begins_nothing(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([[report(0, 1, 0.05), finish(0)]])
    loop_of(place, reached(0.1)).run()
    again = stage(store=place.store)
    loop = loop_of(again, reached(0.1))
    assert loop.run() == "criterion"
    assert loop.message == "error 0.05 is at least as good as 0.1"
    assert again.backend.started() == []


def test_another_reason_to_end_keeps_its_own_words(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([[report(0, 1, 0.5), finish(0)]])
    loop = loop_of(place, trials(5), new_trials=1)
    assert loop.run() == "done"
    assert loop.message == ""


# By hand


def hand_of(place: Stage, criterion: Criterion) -> Hand:
    return Hand(place.session, place.backend, folder=Path("/s"), limits=Limits(), endings=ended_by(place, criterion))


def test_ask_gives_no_more_than_the_criterion_allows(stage: Begin) -> None:
    place = stage(backend=ByHand())
    hand = hand_of(place, trials(2))
    assert [asked.number for asked in hand.ask(5)] == [0, 1]
    with pytest.raises(ExhaustedError, match=r"the study is over: 2 trials were begun\. Make a new Tuner"):
        hand.ask(1)
    hand.tell(0, 0.5, step=None)


def test_ask_says_what_was_reached(stage: Begin) -> None:
    place = stage(backend=ByHand())
    hand = hand_of(place, reached(0.1))
    (asked,) = hand.ask(1)
    hand.tell(asked.number, 0.05, step=None)
    with pytest.raises(ExhaustedError, match=r"error 0\.05 is at least as good as 0\.1"):
        hand.ask(1)


# The budget of a project


class FakeTables:
    """Rows of studies and trials as a test wants them; counts how often it was asked."""

    def __init__(self, *rows: StudyRow) -> None:
        self.rows = list(rows)
        self.trials: dict[str, Sequence[TrialRow]] = {}
        self.n_looks = 0

    def studies(self) -> Sequence[StudyRow]:
        self.n_looks += 1
        return self.rows

    def running(self, study: str) -> Sequence[TrialRow]:
        return [trial for trial in self.trials[study] if trial.state is TrialState.RUNNING]


def row_of(name: str, *, project: str = "p", runtime: float = 0.0, **fields: Any) -> StudyRow:
    return StudyRow(
        name=name, goal=Goal("error"), seed=1, space={}, searcher={}, scheduler={}, objective=None, created_unix=0.0,
        project=project, runtime=runtime, **fields,
    )  # fmt: skip


def own_ledger(runtime: float = 0.0, *, project: str = "p") -> Ledger:
    ledger = Ledger()
    ledger.apply(
        StudyCreated(study="s", space={}, goal=Goal("error"), seed=1, searcher={}, scheduler={}, project=project)
    )
    assert ledger.study is not None
    ledger.study.runtime = runtime
    return ledger


def budget_of(ledger: Ledger, tables: Any, limit: float, **parts: Any) -> BudgetSpent:
    assert ledger.study is not None
    return BudgetSpent(tables, study=ledger.study, limit=limit, **parts)


def test_all_studies_of_the_project_count_and_no_others() -> None:
    tables = FakeTables(
        row_of("s", runtime=999), row_of("a", runtime=10), row_of("b", runtime=5), row_of("c", project="q", runtime=99)
    )
    ledger = own_ledger(20)
    assert budget_of(ledger, tables, 35.5).look(ledger, 0.0) == (Halt.NOTHING, "")
    assert budget_of(ledger, tables, 35).look(ledger, 0.0) == (
        Halt.RUNS, "the project 'p' has used 35s of its limit of 35s",
    )  # fmt: skip


def test_what_runs_elsewhere_counts_as_far_as_it_is_known() -> None:
    here = Owner("h", "b", 1, 1.0)
    running = row_of("a", runtime=10, at=50.0, owner=here, counts={TrialState.RUNNING: 1})
    tables = FakeTables(running, row_of("b", at=50.0, counts={TrialState.RUNNING: 1}))
    began = TrialRow(number=0, state=TrialState.RUNNING, config={}, started_at=0.0, launched_at=30.0)
    over = TrialRow(number=1, state=TrialState.COMPLETED, config={}, started_at=0.0, launched_at=0.0)
    tables.trials["a"] = [began, over]
    ledger = own_ledger()
    assert budget_of(ledger, tables, 30.5).look(ledger, 0.0)[0] is Halt.NOTHING
    assert budget_of(ledger, tables, 30).look(ledger, 0.0)[0] is Halt.RUNS


def test_the_other_studies_are_read_once_in_a_while() -> None:
    clock = SimpleNamespace(now=100.0)
    tables = FakeTables(row_of("a", runtime=10))
    ledger = own_ledger()
    budget = budget_of(ledger, tables, 30, clock=lambda: clock.now)
    for now in (100.0, 102.0, 104.9):
        clock.now = now
        assert budget.look(ledger, 0.0)[0] is Halt.NOTHING
    assert tables.n_looks == 1
    tables.rows = [row_of("a", runtime=40)]
    clock.now = 105.0
    assert budget.look(ledger, 0.0)[0] is Halt.RUNS
    assert tables.n_looks == 2


def test_nothing_begins_when_the_budget_is_spent() -> None:
    tables: Any = FakeTables(row_of("a", runtime=3600))
    with pytest.raises(SettingError, match=r"the project 'p' has used 1h10s of its limit of 1h\. Raise the project"):
        endings_of(tables, own_ledger(10), stop=None, tally=Tally(), project_limit=3600)


def test_a_study_without_a_project_has_no_budget() -> None:
    tables: Any = FakeTables()
    with pytest.raises(SettingError, match="'s' belongs to no project"):
        endings_of(tables, own_ledger(project=""), stop=None, tally=Tally(), project_limit=3600)


def test_without_anything_given_nothing_ends_it() -> None:
    tables: Any = FakeTables()
    endings = endings_of(tables, own_ledger(), stop=None, tally=Tally(), project_limit=None)
    assert endings.look(own_ledger(), 1e9) is Halt.NOTHING


def test_the_message_goes_into_the_log(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([[finish(0)]])
    loop = loop_of(place, trials(1))
    place.open.leave(place.session, loop.run(), loop.message)
    (ended,) = place.logged(SessionEnded)
    assert (ended.why, ended.message) == ("criterion", "1 trial was begun")
