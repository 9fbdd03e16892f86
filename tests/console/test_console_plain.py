from __future__ import annotations

import io

import pytest
from staged_events import WHOLE_STUDY, created, ended, observed, session, show, started

from rung.console.plain import PlainLines
from rung.events import (
    ArtifactLogged,
    Changed,
    CommandHandled,
    Continued,
    Enqueued,
    Event,
    Interrupted,
    Noted,
    SearcherChanged,
    SessionEnded,
    SpaceEdited,
    Started,
    Tagged,
)
from rung.space import Float, Space
from rung.types import Artifact, Checkpoint, Goal, TrialState


def lines_of(*events: Event | list[Event], max_trials: int | None = None, store: str = "") -> list[str]:
    stream = io.StringIO()
    show(PlainLines(stream, store=store, max_trials=max_trials), *events)
    return stream.getvalue().splitlines()


def test_a_whole_study_is_told() -> None:
    told = lines_of(*WHOLE_STUDY, store="sqlite:////home/ann/rung.db", max_trials=50)
    assert told[0].startswith("rung ")
    assert told[0].endswith(
        " · study lenet (new) · store /home/ann/rung.db · random + asha (stopping, η=3, rungs 1 3 9 27)"
        " · min error · 2 workers · 50 trials"
    )
    assert told[1:] == [
        "   0:00  trial 0 started: lr=0.03125 opt=adam",
        "   0:01  trial 1 started: lr=0.5 opt=sgd",
        "   0:02  trial 0 leads: error 0.5 at step 1",
        "   0:05  trial 1 stopped at step 1: rung 1: rank 2 of 2",
        "   0:05  trial 2 started: lr=0.9 opt=sgd",
        "   0:06  trial 2 failed (oom): CUDA out of memory.",
        "   0:06  worker 1 gets no more trials: 1 failures in a row",
        "   0:06  trial 3 started: lr=0.03125 opt=adam",
        "   0:07  trial 3 failed (nan): error is nan at step 1",
        (
            "   6:30  trial 0 completed at step 3: error 0.375, best 0.25 at step 2, in 6:30"
            "; its own end, before the scheduler's max_t=27, so nothing later is compared"
        ),
        "   6:30  trial 4 started: lr=0.03125 opt=adam",
        "   6:31  trial 4 leads: error 0.125 at step 1",
        "   6:32  trial 4 interrupted at step 1; it waits for the study to be resumed",
        (
            "   6:33  study lenet: interrupted · 5 trials: 1 waiting, 1 completed, 1 stopped, 2 failed"
            " · best error 0.125 in trial 4 at step 1: lr=0.03125 opt=adam"
        ),
    ]


def test_there_are_no_control_codes() -> None:
    assert not [line for line in lines_of(*WHOLE_STUDY) if any(ord(sign) < 32 for sign in line)]


def test_values_are_in_the_users_direction() -> None:
    goal = Goal("accuracy", "max")
    told = lines_of(
        created(goal), session(), started(0), started(1),
        observed(0, 1, 0.5, goal=goal), observed(1, 1, 0.25, goal=goal), observed(1, 27, 0.75, goal=goal),
        ended(1, TrialState.COMPLETED), SessionEnded(at=1.0, session=1, why="done"),
    )  # fmt: skip
    assert "max accuracy" in told[0]
    assert [line[9:] for line in told[3:]] == [
        "trial 0 leads: accuracy 0.5 at step 1",
        "trial 1 leads: accuracy 0.75 at step 27",
        "trial 1 completed at step 27: accuracy 0.75, in 0.0 s",
        (
            "study lenet: done · 2 trials: 1 running, 1 completed"
            " · best accuracy 0.75 in trial 1 at step 27: lr=0.03125 opt=adam"
        ),
    ]


def test_a_resumed_study_says_how_far_it_is_and_keeps_its_leader() -> None:
    before: list[Event] = [created(), session(), started(0), observed(0, 1, 0.5), ended(0, TrialState.COMPLETED)]
    stream = io.StringIO()
    renderer = PlainLines(stream, store="", max_trials=100)
    ledger = show(lambda *_: None, *before)
    for event in (session(number=2, slots=1), started(1), observed(1, 1, 0.625), observed(1, 2, 0.25)):
        ledger.apply(event)
        renderer(event, ledger)
    told = stream.getvalue().splitlines()
    assert "study lenet (resumed, 1 of 100 trials done)" in told[0]
    assert told[0].endswith(" · 1 worker")
    assert [line[9:] for line in told[2:]] == ["trial 1 leads: error 0.25 at step 2"]


def test_a_lead_is_told_even_when_the_whole_transaction_was_folded_before() -> None:
    told = lines_of(created(), session(), [started(0), observed(0, 1, 0.5), observed(0, 2, 0.25)])
    assert told[-1] == "   0:00  trial 0 leads: error 0.5 at step 1"


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (
            started(1, parent=0, parent_checkpoint=Checkpoint(6, "/c", "0", 1)),
            "trial 1 started: lr=0.03125 opt=adam, from the checkpoint of trial 0 after step 6",
        ),
        (
            started(1, parent=0),
            "trial 1 started: lr=0.03125 opt=adam, from the beginning, since trial 0 has no checkpoint",
        ),
        (ended(0, TrialState.PAUSED, "person"), "trial 0 paused by a person at step 3: person"),
        (
            ended(0, TrialState.PAUSED, "scheduler", "rung 3: rank 1 of 2"),
            "trial 0 paused at step 3: rung 3: rank 1 of 2",
        ),
        (ended(0, TrialState.FAILED, "stalled"), "trial 0 failed (stalled): stalled"),
        (
            Interrupted(at=0.0, trial=0, attempt=1, reason="killed", message="It got SIGKILL.\nmore"),
            "trial 0 lost its process at step 3: It got SIGKILL.",
        ),
        (
            Interrupted(at=0.0, trial=0, attempt=1, reason="tuner"),
            "trial 0 was cut off at step 3 when its tuner ended; it is tried again",
        ),
        (
            CommandHandled(at=0.0, command=4, what="StopTrial", refused="there is no trial 9."),
            "what somebody asked for (to stop a trial) was refused: there is no trial 9.",
        ),
        (Enqueued(at=0.0, config={"lr": 0.5}), "asked for: lr=0.5"),
        (Enqueued(at=0.0, config={"lr": 0.5}, retry_of=0), "asked for once more, after trial 0: lr=0.5"),
        (Noted(at=0.0, text="warm-up\nhelps"), "note on the study: warm-up helps"),
        (Noted(at=0.0, text="diverges", trial=0), "note on trial 0: diverges"),
        (Tagged(at=0.0, added=("vision",), removed=("todo",)), "tags of the study: +vision -todo"),
        (Tagged(at=0.0, trial=0, added=("keep",)), "tags of trial 0: +keep"),
        (
            ArtifactLogged(at=0.0, trial=0, attempt=1, artifact=Artifact("net.onnx", "/net.onnx", "0" * 64, 3_400_000)),
            "trial 0 keeps net.onnx (3.4 MB)",
        ),
        (Changed(at=0.0, trial=0, attempt=1, step=3, changes={"lr": 0.5}), "trial 0 changed after step 3: lr=0.5"),
        (SpaceEdited(at=0.0, space={"dimensions": []}), "the space was edited"),
        (
            SpaceEdited(at=0.0, space=Space({"lr": Float(0.0, 0.5), "k": 5}, priors={"lr": 0.25}).to_json()),
            "from here on the space is lr: Float(0.0, 0.5), prior ~0.25; k: Constant(5)",
        ),
        (
            Started(at=0.0, trial=1, attempt=1, config={"lr": 0.5}, notes={"auto": "tpe", "auto_why": "gp takes 1 s"}),
            "trial 1 started: lr=0.5; from here on tpe suggests, because gp takes 1 s",
        ),
        (SearcherChanged(at=0.0, searcher={"name": "gp", "acquisition": "ei"}), "from here on gp searches"),
        (
            SessionEnded(at=0.0, session=1, why="exhausted"),
            (
                "study lenet: done, nothing is left to try · 1 trial: 1 running · "
                "best error 0.5 in trial 0 at step 3: lr=0.03125 opt=adam"
            ),
        ),
    ],
)
def test_what_else_is_told(event: Event, sentence: str) -> None:
    assert lines_of(created(), session(), started(0), observed(0, 3, 0.5), event)[-1] == f"   0:00  {sentence}"


def test_a_remark_on_a_short_training_comes_once() -> None:
    ends = [event for n in range(2) for event in (started(n), observed(n, 4, 0.5), ended(n, TrialState.COMPLETED))]
    told = lines_of(created(), session(), *ends)
    assert [line[9:] for line in told if "completed" in line] == [
        (
            "trial 0 completed at step 4: error 0.5, in 0.0 s"
            "; its own end, before the scheduler's max_t=27, so nothing later is compared"
        ),
        "trial 1 completed at step 4: error 0.5, in 0.0 s",
    ]


def test_a_training_of_max_t_steps_is_not_remarked_upon() -> None:
    told = lines_of(created(), session(), started(0), observed(0, 27, 0.5), ended(0, TrialState.COMPLETED))
    assert told[-1].endswith("trial 0 completed at step 27: error 0.5, in 0.0 s")


def test_a_configuration_from_elsewhere_is_not_remarked_upon() -> None:
    begun = started(0, cause="given", until=None)
    told = lines_of(created(), session(), begun, observed(0, 4, 0.5), ended(0, TrialState.COMPLETED))
    assert told[-1].endswith("trial 0 completed at step 4: error 0.5, in 0.0 s")


def test_where_every_trial_has_failed_the_end_says_how_the_first_one_did() -> None:
    nan = "error is nan at step 1"
    told = lines_of(
        created(), session(), started(0), ended(0, TrialState.FAILED, "nan", nan),
        started(1), ended(1, TrialState.FAILED, "oom"), SessionEnded(at=0.0, session=1, why="exhausted"),
    )  # fmt: skip
    assert told[-1].endswith(
        f"2 trials: 2 failed · no value of error: every trial failed, trial 0 (nan): {nan}"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ([1], "1 trial waits for you: rung resume lenet#1"),
        ([0, 2], "2 trials wait for you: rung resume lenet#0"),
    ],
)
def test_what_a_person_has_paused_is_remembered_at_the_end(held: list[int], words: str) -> None:
    paused = [ended(n, TrialState.PAUSED, "person" if n in held else "scheduler") for n in range(3)]
    told = lines_of(
        created(), session(), *map(started, range(3)), *paused, SessionEnded(at=0.0, session=1, why="done")
    )  # fmt: skip
    assert told[-1].endswith(f" · {words}")


def test_what_only_the_scheduler_has_paused_waits_for_nobody() -> None:
    paused = ended(0, TrialState.PAUSED, "scheduler")
    told = lines_of(created(), session(), started(0), paused, SessionEnded(at=0.0, session=1, why="done"))
    assert told[-1].endswith(" · no value of error yet")


@pytest.mark.parametrize("state", [TrialState.PAUSED, TrialState.COMPLETED])
def test_a_study_in_which_all_were_paused_says_how_to_train_the_best_on(state: TrialState) -> None:
    told = lines_of(
        created(), session(), started(0), observed(0, 1, 0.5), ended(0, TrialState.PAUSED, "scheduler"),
        started(1), observed(1, 1, 0.9), ended(1, state, "scheduler"), SessionEnded(at=0.0, session=1, why="done"),
    )  # fmt: skip
    advice = " · no trial was trained to the end: rung resume lenet#0 sends the best on"
    assert told[-1].endswith(advice) == (state is TrialState.PAUSED)


def test_a_person_lets_a_paused_trial_go_on() -> None:
    told = lines_of(
        created(), session(), started(0), ended(0, TrialState.PAUSED, "person"), Continued(at=0.0, trial=0, attempt=1)
    )
    assert told[-1] == "   0:00  trial 0 is to go on"


def test_a_command_that_was_carried_out_is_not_worth_a_line() -> None:
    assert len(lines_of(created(), session(), CommandHandled(at=0.0, command=1, what="StopTrial"))) == 1


def test_a_study_without_a_value_says_so() -> None:
    told = lines_of(created(), session(), SessionEnded(at=0.0, session=1, why="failures"))
    assert told[-1] == "   0:00  study lenet: paused, everything failed · 0 trials · no value of error yet"


def test_a_completed_trial_without_a_value() -> None:
    told = lines_of(created(), session(), started(0), ended(0, TrialState.COMPLETED))
    assert told[-1] == "   0:00  trial 0 completed"


def test_signs_that_the_stream_does_not_know_are_replaced() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    show(PlainLines(stream, store="", max_trials=None), created(), session())
    assert b" ? study lenet (new) ? " in raw.getvalue()
