from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tuning_fakes import SPACE, FakeBackend, ScriptedScheduler, Stage, WatchedStore, fail, finish

from rung.commands import (
    ChangeSearcher,
    ChangeTrial,
    Command,
    ContinueTrial,
    EditSpace,
    Enqueue,
    Note,
    PauseTrial,
    RetryTrial,
    StopStudy,
    StopTrial,
    Tag,
    UnknownCommand,
)
from rung.errors import SettingError, SpaceError
from rung.events import Changed, CommandHandled, Continued, Decided, Ended, Enqueued, SearcherChanged, SpaceEdited
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Choice, Float, Int, Space, at_least, forbid, linear
from rung.store import MemoryStore
from rung.tuning.inbox import Inbox
from rung.tuning.intake import Intake
from rung.types import Action, Change, Decision, TrialState, Verdict

Begin = Callable[..., Stage]
NARROW = Space({"x": Float(0.0, 0.5), "n": Int(1, 8)})


class Post:
    """A study with running trial 0, paused trial 1, waiting trial 2 and completed trial 3."""

    def __init__(self, place: Stage) -> None:
        self.place = place
        self.intake: Intake = place.intake()
        self.inbox = Inbox(place.session, self.intake)
        for number in range(4):
            place.run_trial(self.intake, number)
        self.intake.decide(place.trial(1), Action.PAUSE, why="", by="person")
        self.intake.interrupt(place.trial(2), reason="killed")
        self.intake.deliver([finish(1), finish(3)])
        self.n_before = len(place.logged())
        place.backend.calls.clear()
        place.scheduler.seen.clear()

    def carry_out(self, *commands: Command) -> list[Any]:
        """Post commands and carry them out; returns the events that came of it."""
        for command in commands:
            self.place.store.post("s", command)
        self.inbox.carry_out()
        return self.place.logged()[self.n_before :]


@pytest.fixture
def post(stage: Begin) -> Post:
    return Post(stage())


def refusal(events: Sequence[Any]) -> str:
    """The words of the one event, which must be a refusal."""
    (event,) = events
    assert isinstance(event, CommandHandled)
    return event.refused


def test_an_empty_inbox_changes_nothing(stage: Begin) -> None:
    store = WatchedStore(MemoryStore())
    post = Post(stage(store=store))
    n_appends = store.n_appends
    post.inbox.carry_out()
    assert store.n_appends == n_appends


def test_enqueue(post: Post) -> None:
    (event,) = post.carry_out(Enqueue({"n": 2.0, "x": 0.25}))
    assert event == Enqueued(at=0.0, config={"x": 0.25, "n": 2}, command=1)
    assert isinstance(event.config["n"], int)
    assert post.place.scheduler.seen == [event]


def test_enqueue_of_what_is_not_in_the_space(post: Post) -> None:
    events = post.carry_out(Enqueue({"x": 1.5, "n": 2}))
    assert "x" in refusal(events)
    assert "1.5" in refusal(events)
    assert (events[0].command, events[0].what) == (1, "Enqueue")
    assert post.place.scheduler.seen == []


def test_enqueue_without_a_command(post: Post) -> None:
    post.inbox.enqueue(None, {"x": 0.25, "n": 2})
    post.intake.commit()
    assert post.place.logged(Enqueued) == [Enqueued(at=0.0, config={"x": 0.25, "n": 2})]
    with pytest.raises(SpaceError, match="n"):
        post.inbox.enqueue(None, {"x": 0.25})


def test_edit_space(post: Post) -> None:
    (event,) = post.carry_out(EditSpace(NARROW.to_json()))
    assert event == SpaceEdited(at=0.0, space=NARROW.to_json(), command=1)
    assert post.place.scheduler.seen == [event]
    assert post.place.session.study.space == NARROW.to_json()


@pytest.mark.parametrize("space", [None, [], 3, {"x": {"type": "float"}}, {"type": "space", "dimensions": [{}]}])
def test_edit_space_with_what_is_none(post: Post, space: Any) -> None:
    assert refusal(post.carry_out(EditSpace(space)))
    assert post.place.session.study.space == SPACE.to_json()


@pytest.mark.parametrize("domains", [{}, {"x": Float(0.0, 0.5)}, {**NARROW, "z": Float(0.0, 1.0)}])
def test_an_edit_keeps_the_names(post: Post, domains: Any) -> None:
    words = "an edit neither adds nor takes away dimensions: there are x, n."
    assert refusal(post.carry_out(EditSpace(Space(domains).to_json()))) == words
    assert post.place.session.study.space == SPACE.to_json()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SettingError("the grid would have too many combinations."), "the grid would have too many combinations."),
        (IndexError("out of range"), "the searcher can't go on in it: IndexError: out of range."),
    ],
)
def test_a_space_in_which_the_searcher_cannot_go_on_never_gets_into_the_log(
    stage: Begin, error: Exception, words: str
) -> None:
    def refuse(event: Any) -> Sequence[Decision]:
        if isinstance(event, SpaceEdited):
            raise error
        return ()

    post = Post(stage(scheduler=ScriptedScheduler(decide=refuse)))
    assert refusal(post.carry_out(EditSpace(NARROW.to_json()))) == words
    assert post.place.scheduler.seen == []
    assert post.place.logged(SpaceEdited) == []


def constraints(*given: Any) -> Any:
    return Space({"x": Float(0.0, 1.0), "n": Int(1, 8)}, constraints=given).to_json()["constraints"]


SUM = constraints(linear({"x": 1, "n": 1}, at_least=5))
UNMET = {**Space({"x": Float(0.0, 1.0), "n": Int(1, 3)}).to_json(), "constraints": SUM}
NO_NUMBERS = Space({"x": Float(0.0, 1.0), "n": Choice(["few", "many"])}).to_json()


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (UNMET, "no config that keeps to the constraints"),
        ({**NO_NUMBERS, "constraints": SUM}, "x + n >= 5, so n can't be Choice(['few', 'many'])"),
        ({**NO_NUMBERS, "constraints": constraints(forbid({"n": at_least(5)}))}, "so n can't be Choice"),
    ],
)
def test_a_space_in_which_nothing_could_be_suggested(post: Post, space: Any, words: str) -> None:
    assert words in refusal(post.carry_out(EditSpace(space)))
    assert post.place.session.study.space == SPACE.to_json()


class Moody:
    """A searcher that raises what no searcher should."""

    def __init__(self, space: Any, *, at: str = "begin") -> None:
        if at == "begin":
            raise KeyError("no such thing")
        self.space = space

    def update(self, event: Any) -> None:
        raise ZeroDivisionError("division by zero")


@pytest.fixture
def real(stage: Begin) -> Stage:
    """A study with a real scheduler and searcher, which has points to begin with, and two trials."""
    searcher = RandomSearcher(SPACE, points_to_evaluate=[{"x": 0.125, "n": 1}, {"x": 0.25, "n": 2}, {"x": 0.5, "n": 3}])
    place = stage(scheduler=BasicScheduler(searcher))
    intake = place.intake()
    for number in range(2):
        proposal: Any = place.session.engine.propose(new_trials=True)
        place.run_trial(intake, number, config=proposal.config, notes=proposal.notes, draw=number)
    return place


def carried_out(place: Stage, *commands: Command) -> list[Any]:
    n_before = len(place.logged())
    for command in commands:
        place.store.post("s", command)
    Inbox(place.session, place.intake()).carry_out()
    return place.logged()[n_before:]


def test_another_searcher_takes_over(real: Stage) -> None:
    (event,) = carried_out(real, ChangeSearcher({"name": "sobol", "seed": 3}))
    points = real.scheduler.spec()["searcher"]["points_to_evaluate"]
    form = {"name": "sobol", "seed": 3, "points_to_evaluate": points}
    assert event == SearcherChanged(at=0.0, searcher=form, command=1)
    assert real.session.study.searcher == real.store.tables.study("s").searcher == form
    assert real.session.engine.scheduler.spec() == {"name": "basic", "searcher": form}
    proposal: Any = real.session.engine.propose(new_trials=True)
    assert proposal.config == points[2], "the one that still waits"


def test_who_takes_over_knows_what_was_asked_for_in_the_same_breath(real: Stage) -> None:
    ideas = [{"x": 0.75, "n": 4}, {"x": 0.875, "n": 5}]
    commands = [Enqueue(ideas[0]), ChangeSearcher({"name": "manual"}), Enqueue(ideas[1]), EditSpace(NARROW.to_json())]
    kinds = [type(event) for event in carried_out(real, *commands)]
    assert kinds == [Enqueued, SearcherChanged, Enqueued, SpaceEdited]
    scheduler: Any = real.session.engine.scheduler
    assert scheduler.space == NARROW
    assert scheduler.searcher._history.waiting == [{"x": 0.5, "n": 3}]
    carried_out(real, EditSpace(SPACE.to_json()), Enqueue(ideas[0]))
    assert scheduler.searcher._history.waiting == [{"x": 0.5, "n": 3}, ideas[0]]


@pytest.mark.parametrize(
    ("searcher", "words"),
    [
        ({"name": "bayes"}, "There is no searcher named 'bayes'"),
        ({"name": "asha", "max_t": 3}, "There is no searcher named 'asha'"),
        ({"name": "sobol", "sede": 3}, "'sobol' can't be made with these options"),
        ({"name": "tpe", "gamma": -1}, "gamma must be a number, above 0"),
        ({"name": "sobol", "points_to_evaluate": [{"x": 0.5, "n": 1}]}, "can't bring points of its own"),
        ({"class": "some.module:Opaque", "opaque": "book:Searcher"}, "book:Searcher draws from generators of its own"),
        ({"class": "nowhere.to.be:found"}, "'nowhere.to.be:found' can't be imported"),
        ({"class": f"{__name__}:Moody"}, "the searcher can't take over: KeyError: 'no such thing'."),
        ({"class": f"{__name__}:Moody", "at": "update"}, "can't take over: ZeroDivisionError: division by zero."),
        ({}, "has neither 'name' nor 'class'"),
        (None, "None is no searcher's form"),
        (["sobol"], "is no searcher's form"),
    ],
)
def test_a_searcher_that_can_not_take_over_never_gets_into_the_log(real: Stage, searcher: Any, words: str) -> None:
    before = real.session.engine.scheduler
    events = carried_out(real, ChangeSearcher(searcher))
    assert words in refusal(events)
    assert events[0].what == "ChangeSearcher"
    assert real.session.engine.scheduler is before
    assert real.session.study.searcher == before.spec()["searcher"]


def test_a_scheduler_that_can_not_be_made_again_keeps_its_searcher(post: Post) -> None:
    events = post.carry_out(ChangeSearcher({"name": "random"}))
    assert "'scripted' can't be" in refusal(events) or "no scheduler named 'scripted'" in refusal(events)
    assert post.place.session.engine.scheduler is post.place.scheduler


def test_stop_a_running_trial(post: Post) -> None:
    decided, handled = post.carry_out(StopTrial(0))
    assert (decided.trial, decided.action, decided.by, decided.why) == (
        0,
        Action.STOP,
        "person",
        "asked for by a person",
    )
    assert handled == CommandHandled(at=0.0, command=1, what="StopTrial")
    assert post.place.backend.sent() == [(0, Verdict(Action.STOP, 0, "asked for by a person"))]


@pytest.mark.parametrize("trial", [1, 2])
def test_stop_a_paused_or_a_waiting_trial(post: Post, trial: int) -> None:
    ended, handled = post.carry_out(StopTrial(trial))
    assert (ended.trial, ended.state, ended.reason) == (trial, TrialState.STOPPED, "person")
    assert handled.refused == ""
    assert post.place.scheduler.seen == [ended]


def test_pause_a_running_trial(post: Post) -> None:
    decided, handled = post.carry_out(PauseTrial(0))
    assert (decided.action, decided.by) == (Action.PAUSE, "person")
    assert handled.refused == ""
    assert post.place.backend.sent(0)[0][1].action is Action.PAUSE


@pytest.mark.parametrize("second", [StopTrial(0), PauseTrial(0)])
def test_a_run_that_was_told_already_can_not_be_told_otherwise(post: Post, second: Command) -> None:
    *_, handled = post.carry_out(PauseTrial(0), second)
    assert handled.refused == "trial 0 has been told to pause already."
    assert len(post.place.logged(Decided)) == 2  # the one of trial 1 in the beginning, and the first of these


def test_continue_a_paused_trial(post: Post) -> None:
    (event,) = post.carry_out(ContinueTrial(1))
    assert event == Continued(at=0.0, trial=1, attempt=1, command=1)
    assert (post.place.trial(1).state, post.place.trial(1).reason) == (TrialState.WAITING, "continued")


@pytest.fixture
def ended(post: Post) -> Post:
    """The same with failed trial 4 and stopped trial 5."""
    for number in (4, 5):
        post.place.run_trial(post.intake, number)
    post.intake.decide(post.place.trial(5), Action.STOP, why="", by="person")
    post.intake.deliver([fail(4), finish(5)])
    post.n_before = len(post.place.logged())
    post.place.backend.calls.clear()
    post.place.scheduler.seen.clear()
    return post


@pytest.mark.parametrize("trial", [4, 5])
def test_retry_a_failed_or_a_stopped_trial(ended: Post, trial: int) -> None:
    before = ended.place.trial(trial).state
    (event,) = ended.carry_out(RetryTrial(trial))
    assert event == Enqueued(at=0.0, config={"x": trial / 100, "n": 4}, command=1, retry_of=trial)
    assert ended.place.scheduler.seen == [event]
    assert ended.place.trial(trial).state is before, "what has ended stays as it is"


def test_a_retry_of_what_the_space_has_no_more(ended: Post) -> None:
    ended.place.scheduler.space = Space({"x": Float(0.5, 1.0), "n": Int(1, 8)})
    words = refusal(ended.carry_out(RetryTrial(4)))
    assert words.startswith("x: ")
    assert "0.04" in words


def test_note_and_tag_the_study_and_a_trial(post: Post) -> None:
    about_study, about_trial, tagged, untagged = post.carry_out(
        Note("looks good"), Note("and this one best", 0), Tag(("vision", "fast")), Tag((), ("fast",))
    )
    assert (about_study.text, about_study.trial, about_study.by, about_study.command) == (
        "looks good", None, "person", 1
    )  # fmt: skip
    assert about_study.unix == pytest.approx(time.time(), abs=60)
    assert (about_trial.trial, about_trial.command) == (0, 2)
    assert (tagged.added, untagged.removed) == (("vision", "fast"), ("fast",))
    assert post.place.session.study.tags == ("vision",)
    assert [note.text for note in post.place.trial(0).notes] == ["and this one best"]
    assert post.place.scheduler.seen == [], "they concern nobody but people"


def test_change_a_running_trial(post: Post) -> None:
    (event,) = post.carry_out(ChangeTrial(0, {"n": 6.0}))
    assert event == Changed(at=0.0, trial=0, attempt=1, step=0, changes={"n": 6}, command=1)
    assert isinstance(event.changes["n"], int)
    assert post.place.trial(0).config == {"x": 0.0, "n": 6}
    assert post.place.backend.sent() == [(0, Change({"n": 6}))]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (StopTrial(9), "there is no trial 9"),
        (StopTrial(3), "trial 3 is completed already"),
        (PauseTrial(9), "there is no trial 9"),
        (PauseTrial(1), "trial 1 is paused, so it can't be paused"),
        (PauseTrial(2), "trial 2 is waiting"),
        (ContinueTrial(0), "trial 0 is running, so it can't be continued"),
        (ContinueTrial(2), "trial 2 is waiting"),
        (ContinueTrial(3), "trial 3 is completed already"),
        (ChangeTrial(1, {"x": 0.1}), "trial 1 is paused; only a running trial"),
        (ChangeTrial(0, {"x": 7.0}), "7.0"),
        (ChangeTrial(0, {"y": 0.1}), "no dimension 'y'"),
        (ChangeTrial(9, {"x": 0.1}), "there is no trial 9"),
        (RetryTrial(0), "trial 0 is running; only failed and stopped ones are retried"),
        (RetryTrial(1), "trial 1 is paused; only failed"),
        (RetryTrial(2), "trial 2 is waiting; only failed"),
        (RetryTrial(3), "trial 3 is completed; only failed"),
        (RetryTrial(9), "there is no trial 9"),
        (Note("?", 9), "there is no trial 9"),
        (Tag(("?",), trial=9), "there is no trial 9"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_in_the_log(post: Post, command: Command, words: str) -> None:
    states = {number: row.state for number, row in post.place.session.ledger.trials.items()}
    config = dict(post.place.trial(0).config)
    events = post.carry_out(command)
    assert words in refusal(events)
    assert events[0].what == type(command).__name__
    assert {number: row.state for number, row in post.place.session.ledger.trials.items()} == states
    assert post.place.trial(0).config == config
    assert post.place.backend.calls == []


def test_what_this_version_does_not_know_is_refused_in_the_log(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    number = post.place.store.post("s", StopTrial(0))
    monkeypatch.setattr(post.place.session, "commands", lambda: [(number, UnknownCommand("clone_trial"))])
    assert refusal(post.carry_out()) == "this version of rung does not know the command 'clone_trial'."
    monkeypatch.undo()
    assert list(post.place.session.commands()) == []


def test_stop_the_study(post: Post) -> None:
    assert post.inbox.stop is None
    (handled,) = post.carry_out(StopStudy())
    assert (handled.what, handled.refused) == ("StopStudy", "")
    assert post.inbox.stop == "finish"


def test_a_stop_now_outweighs_one_that_waits(post: Post) -> None:
    post.carry_out(StopStudy())
    post.carry_out(StopStudy(how="now"))
    post.carry_out(StopStudy())
    assert post.inbox.stop == "now"


def test_a_pause_outweighs_a_stop_that_waits_for_the_ends(post: Post) -> None:
    post.carry_out(StopStudy(), StopStudy(how="pause"), StopStudy())
    assert post.inbox.stop == "pause"


@pytest.mark.parametrize(
    "command",
    [
        Enqueue({"x": 0.5, "n": 1}),
        Enqueue({"x": 5.0, "n": 1}),
        EditSpace(NARROW.to_json()),
        ChangeSearcher({"name": "sobol"}),
        StopTrial(0),
        PauseTrial(0),
        ContinueTrial(1),
        ChangeTrial(0, {"x": 0.1}),
        RetryTrial(3),
        Note("looks good"),
        Tag(("vision",)),
        StopStudy(),
    ],
    ids=lambda command: type(command).__name__,
)
def test_each_command_is_carried_out_once(post: Post, command: Command) -> None:
    events = post.carry_out(command)
    assert events
    assert post.carry_out() == events
    assert list(post.place.session.commands()) == []


def test_commands_are_carried_out_in_order_in_one_transaction(stage: Begin) -> None:
    backend = FakeBackend()
    store = WatchedStore(MemoryStore(), backend.calls)
    post = Post(stage(store=store, backend=backend))
    post.carry_out(PauseTrial(0), StopTrial(9), ContinueTrial(1), StopTrial(1))
    assert backend.calls == [
        ("append", ["Decided", "CommandHandled", "CommandHandled", "Continued", "Ended", "CommandHandled"]),
        ("send", 0, Verdict(Action.PAUSE, 0, "asked for by a person")),
    ]
    assert post.place.logged(Ended)[-1].trial == 1
