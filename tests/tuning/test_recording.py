from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tuning_fakes import FakeBackend, ScriptedScheduler, Stage, finish

from rung.commands import Enqueue, Note, Record
from rung.errors import ReportError, RungWarning, SettingError, SpaceError
from rung.events import ArtifactLogged, Checkpointed, CommandHandled, Decided, Ended, Enqueued, Noted, Observed, Started
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Choice, Constant, Float, Int, Space
from rung.tuning.given import GivenTrial
from rung.tuning.inbox import Inbox
from rung.tuning.recording import (
    checked_config,
    checked_known,
    checked_reports,
    checked_total,
    full_training,
    record,
    record_known,
    unrecorded,
)
from rung.types import Action, Artifact, Checkpoint, Decision, Goal, Remark, TrialState

Begin = Callable[..., Stage]
SPACE = Space(
    {
        "lr": Float(1e-4, 1.0, log=True),
        "n": Int(1, 8),
        "opt": Choice(["adam", "sgd"]),
        "momentum": Float(0, 1),
        "seed": 5,
    },
    conditions={"momentum": ("opt", "sgd")},
)
GOAL = Goal("error")


# What is brought


def test_a_configuration_of_the_space_has_the_values_that_the_space_gives_it() -> None:
    found = checked_config({"opt": "adam", "n": np.float64(4.0), "lr": np.float64(0.1)}, SPACE)
    assert found == {"lr": 0.1, "n": 4, "opt": "adam", "seed": 5}
    assert type(found["n"]) is int


@pytest.mark.parametrize(("name", "words"), [("lrr", "Did you mean 'lr'"), ("epochs", "There are lr, n, opt")])
def test_a_name_that_the_space_does_not_have_is_a_slip(name: str, words: str) -> None:
    with pytest.raises(SpaceError, match=rf"no dimension '{name}'.*{words}"):
        checked_config({"lr": 0.1, "n": 4, "opt": "adam", name: 3}, SPACE)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"lr": 7.0, "n": 4, "opt": "adam"}, r"lr: 7\.0 is not between 0\.0001 and 1"),
        ({"lr": 0.1, "n": 4, "opt": "rmsprop"}, "opt: 'rmsprop'"),
        ({"lr": 0.1, "n": 4}, "opt is missing"),
        ({"lr": 0.1, "n": 4, "opt": "adam", "momentum": 0.5}, "momentum is given but inactive"),
        ({"lr": 0.1, "n": 4, "opt": "adam", "seed": 6}, "seed: 6"),
    ],
)
def test_what_else_the_space_refuses_is_kept_and_pointed_out(config: dict[str, Any], words: str) -> None:
    with pytest.warns(RungWarning, match=rf"{words}.*the searcher learns little or nothing from it"):
        assert checked_config(config, SPACE) == {"seed": 5, **config}


def test_an_empty_space_takes_any_configuration() -> None:
    assert checked_config({"anything": [1, None]}, Space({})) == {"anything": [1, None]}


@pytest.mark.parametrize("config", [3, {"lr": object()}, {1: 2}])
def test_what_is_no_configuration(config: Any) -> None:
    with pytest.raises(SettingError, match=r"is no configuration|can't stand in a config"):
        checked_config(config, SPACE)


@pytest.mark.parametrize(
    ("result", "step", "reports"),
    [
        (0.5, None, ((9, {"error": 0.5}),)),
        (np.float32(0.5), 3, ((3, {"error": 0.5}),)),
        ({"error": 1, "acc": 0.5}, None, ((9, {"error": 1.0, "acc": 0.5}),)),
        ([0.5, {"error": 0.25, "acc": 1}], None, ((1, {"error": 0.5}), (2, {"error": 0.25, "acc": 1.0}))),
    ],
)
def test_the_reports_of_a_result(result: Any, step: int | None, reports: Any) -> None:
    assert checked_reports(result, metric="error", step=step, full=9) == reports


@pytest.mark.parametrize(
    ("result", "step", "words"),
    [
        ([0.5, 0.25], 3, "step=3 goes with a single value"),
        ([], None, "no values is no result"),
        ("good", None, "'good'"),
        ([0.5, "good"], None, "'good'"),
        ({"acc": 0.5}, None, "'error' is missing"),
        (0.5, 0, "can't be a step"),
    ],
)
def test_what_is_no_result(result: Any, step: int | None, words: str) -> None:
    with pytest.raises(ReportError, match=words):
        checked_reports(result, metric="error", step=step, full=9)


def row(last_step: int, state: TrialState = TrialState.COMPLETED, *, is_given: bool = False) -> Any:
    return SimpleNamespace(last_step=last_step, state=state, is_given=is_given)


def test_where_trials_are_fully_trained() -> None:
    assert full_training(ASHA(RandomSearcher(SPACE), max_t=27).spec(), [row(40)]) == 27
    basic = BasicScheduler(RandomSearcher(SPACE)).spec()
    assert full_training(basic, []) == 1
    assert full_training(basic, [row(0)]) == 1
    others = [row(50, is_given=True), row(60, TrialState.STOPPED), row(70, TrialState.RUNNING)]
    assert full_training(basic, [row(4), row(9), *others]) == 9


# What is known at the beginning


def known(*pairs: Any, scheduler: Any = None) -> list[GivenTrial]:
    return checked_known(pairs, scheduler or ScriptedScheduler(), GOAL)


A, B = {"x": 0.25, "n": 2}, {"x": 0.75, "n": 2}


def test_known_results_are_pairs() -> None:
    pairs: Any = zip([A, B], [0.5, [0.75, 0.25]], strict=True)
    one, two = checked_known(pairs, ScriptedScheduler(), GOAL)
    assert (one.config, one.reports) == (A, ((1, {"error": 0.5}),))
    assert [step for step, _ in two.reports] == [1, 2]
    asha = ASHA(RandomSearcher(Space({"x": Float(0, 1), "n": Int(1, 8)})), max_t=9)
    assert known((A, 0.5), scheduler=asha)[0].reports == ((9, {"error": 0.5}),)


@pytest.mark.parametrize("pairs", [[A], [(A, 0.5, 3)], {"x": 0.5}, ["ab"]])
def test_what_are_no_pairs(pairs: Any) -> None:
    with pytest.raises(SettingError, match=r"is no pair of a configuration and its result\. Give pairs"):
        checked_known(pairs, ScriptedScheduler(), GOAL)


def test_known_results_that_use_up_the_total() -> None:
    results = known((A, 0.5), (B, 0.5))
    checked_total(3, results)
    checked_total(None, results)
    checked_total(0, [])
    with pytest.raises(SettingError, match=r"max_trials=2 .* its 2 known results count.* at least max_trials=3"):
        checked_total(2, results)


def test_each_known_result_is_recorded_once(stage: Begin) -> None:
    place = stage()
    results = known((A, 0.5), (A, 0.5), (A, 0.25), (B, math.nan))
    record_known(place.session, results, place.backend, folder=place.folder)
    assert [event.config for event in place.logged(Started)] == [A, A, A, B]
    assert unrecorded(results, place.session.engine) == []
    more = [*results, *known((A, 0.5), (B, [0.5, math.inf]))]
    assert unrecorded(more, place.session.engine) == more[-2:]
    record_known(place.session, more, place.backend, folder=place.folder)
    assert unrecorded(more, place.session.engine) == []
    states = [row.state for row in place.session.ledger.trials.values()]
    assert states == [TrialState.COMPLETED] * 3 + [TrialState.FAILED, TrialState.COMPLETED, TrialState.FAILED]


def test_a_trial_of_the_study_itself_is_no_known_result(stage: Begin) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake, 0, config=A)
    intake.deliver([finish(0)])
    results = known((A, 0.5))
    assert unrecorded(results, place.session.engine) == results


# What gets into the log


def test_a_result_is_a_trial_of_the_seconds_that_it_took(stage: Begin) -> None:
    place = stage()
    place.backend.clock = 10.0
    intake = place.intake()
    assert record(place.session, intake, known((A, [0.5, 0.25]))[0], seconds=4.0) == 0
    assert record(place.session, intake, known((B, 0.75))[0], seconds=99.0) == 1
    intake.commit()
    assert [event.at for event in place.logged(Started, Observed, Ended)] == [6.0, 10.0, 10.0, 10.0, 0.0, 10.0, 10.0]
    rows = place.store.tables.trials("s")
    assert [(row.is_given, row.runtime, row.best_loss) for row in rows] == [(True, 4.0, 0.25), (True, 10.0, 0.75)]
    assert place.scheduler.seen[0].config == A


def test_the_scheduler_may_decide_about_others_because_of_it(stage: Begin) -> None:
    def decide(event: Any) -> list[Decision]:
        is_given = isinstance(event, Observed) and event.trial == 1
        return [Decision(0, Action.STOP, "much worse"), Decision(1, Action.STOP, "none of its business")] * is_given

    place = stage(scheduler=ScriptedScheduler(decide=decide))
    intake = place.intake()
    place.run_trial(intake, 0)
    record(place.session, intake, known((A, 0.125))[0])
    intake.commit()
    assert [(event.trial, event.why) for event in place.logged(Decided)] == [(0, "much worse")]
    assert place.trial(1).state is TrialState.COMPLETED
    assert len(place.backend.sent(0)) == 1


def carried_out(place: Stage, *commands: Any, kinds: Any = object) -> list[Any]:
    inbox = Inbox(place.session, place.intake())
    for command in commands:
        place.store.post("s", command)
    n_before = len(place.logged())
    inbox.carry_out(kinds)
    return place.logged()[n_before:]


def test_a_command_brings_a_result(stage: Begin) -> None:
    place = stage()
    command = Record(config=A, reports=((1, {"error": 0.5}), (4, {"error": 0.25})), notes=(Remark("by hand", 1.7e9),))
    *events, noted, handled = carried_out(place, command)
    assert [type(event) for event in events] == [Started, Observed, Observed, Ended]
    assert (events[0].cause, events[0].notes) == ("given", {"command": 1})
    assert noted == Noted(at=0.0, trial=0, text="by hand", unix=1.7e9)
    assert handled == CommandHandled(at=0.0, command=1, what="Record")
    assert place.store.tables.pending("s") == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reports": ()}, "a run without a report has no result. Give its error"),
        ({"reports": ((1, {"loss": 0.5}),)}, "'error' is missing"),
        ({"reports": ((2, {"error": 0.5}), (2, {"error": 0.5}))}, "step 2 comes after step 2"),
        ({"seconds": -1.0}, "a run can't take -1.0 s"),
        ({"seconds": math.nan}, "a run can't take nan s"),
        ({"reports": ((0, {"error": 0.5}),)}, "can't be a step"),
        ({"state": TrialState.RUNNING}, "a run that is running has no result"),
        ({"config": {1: 2}}, "is no configuration"),
    ],
)
def test_a_command_that_brings_none(stage: Begin, fields: dict[str, Any], words: str) -> None:
    place = stage()
    (handled,) = carried_out(place, Record(**{"config": A, "reports": ((1, {"error": 0.5}),), **fields}))
    assert words in handled.refused
    assert place.session.ledger.trials == {}


@pytest.mark.parametrize(
    ("state", "reason"), [(TrialState.STOPPED, "person"), (TrialState.FAILED, "exit"), (TrialState.COMPLETED, "")]
)
def test_how_the_run_ended(stage: Begin, state: TrialState, reason: str) -> None:
    place = stage()
    given = "exit" if state is TrialState.FAILED else ""
    carried_out(place, Record(config=A, reports=((1, {"error": 0.5}),), state=state, reason=given, message="so"))
    (ended,) = place.logged(Ended)
    assert (ended.state, ended.reason) == (state, reason)


def test_a_failed_run_needs_no_report(stage: Begin) -> None:
    place = stage()
    carried_out(place, Record(config=A, state=TrialState.FAILED, reason="oom", message="too big"))
    assert (place.trial(0).state, place.trial(0).reason) == (TrialState.FAILED, "oom")


def test_the_files_of_a_run_become_those_of_its_trial(stage: Begin, tmp_path: Path) -> None:
    files = tmp_path / "by-hand-1"
    (files / "artifacts").mkdir(parents=True)
    for name in ("2.npz", "artifacts/model.pt", "output.log"):
        (files / name).write_text(name)
    command = Record(
        config=A,
        reports=((2, {"error": 0.5}),),
        files=str(files),
        checkpoints=(Checkpoint(2, "2.npz", "00", 5),),
        artifacts=(Artifact("model.pt", "artifacts/model.pt", "00", 8),),
    )
    place = stage()
    carried_out(place, command)
    folder = tmp_path / "trial-00000"
    assert not files.exists()
    assert (folder / "output.log").read_text() == "output.log"
    (checkpointed,), (logged,) = place.logged(Checkpointed), place.logged(ArtifactLogged)
    assert Path(checkpointed.checkpoint.path).read_text() == "2.npz"
    assert Path(logged.artifact.path).read_text() == "artifacts/model.pt"


def test_files_that_are_not_the_study_s_stay_where_they_are(stage: Begin, tmp_path: Path) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    place = stage()
    for files in (elsewhere, tmp_path / "gone"):
        carried_out(place, Record(config=A, reports=((1, {"error": 0.5}),), files=str(files)))
    assert elsewhere.is_dir()
    assert [row.state for row in place.session.ledger.trials.values()] == [TrialState.COMPLETED] * 2


def test_only_some_kinds_of_commands(stage: Begin) -> None:
    place = stage()
    wish, result, note = Enqueue(B), Record(config=A, reports=((1, {"error": 0.5}),)), Note("?")
    carried_out(place, wish, result, note, kinds=Record | Note)
    assert [command for _, command in place.store.tables.pending("s")] == [wish]
    assert place.logged(Enqueued) == []


def test_results_are_none_of_the_new_trials_of_a_run(stage: Begin) -> None:
    """They come while it runs, and it still begins as many as it was asked for."""
    backend = FakeBackend()

    def bring(_backend: Any, deliver: Any) -> None:
        place.store.post("s", Record(config=A, reports=((1, {"error": 0.5}),)))
        deliver([finish(0)])

    place = stage(backend=backend)
    backend.script += [bring, [finish(2)]]
    assert place.loop(new_trials=2).run() == "done"
    assert [(event.trial, event.cause) for event in place.logged(Started)] == [(0, "new"), (1, "given"), (2, "new")]


def test_constants_with_conditions_are_not_filled_in() -> None:
    space = Space({"opt": Choice(["adam", "sgd"]), "m": Constant(0.9)}, conditions={"m": ("opt", "sgd")})
    with pytest.warns(RungWarning, match="opt: 'none'"):
        assert checked_config({"opt": "none"}, space) == {"opt": "none"}
