from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_project import SPACE, make_study, trained
from msgspec import structs
from running_study import meanwhile

from rung.cli import _command
from rung.cli._command import resume_line, send, send_all
from rung.commands import (
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
)
from rung.contracts import Store
from rung.errors import RungError, SpaceError, StoreError, StudyNotFoundError, TrialNotFoundError
from rung.events import Decided, Enqueued, Noted, Tagged
from rung.schedulers.asha import ASHA
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.stopping import trials
from rung.store import current_owner, open_store
from rung.store.owner import boot_id, start_time
from rung.tuner import Tuner
from rung.tuning.verify import verify_decisions
from rung.types import Owner, TrialState

GOOD = {"lr": 0.125, "opt": "adam", "seed": 5}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that commands may be posted to, with the finished study ``lenet``, where one is by default."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNG_STORE", raising=False)
    make_study(tmp_path / "rung.db")
    opened = open_store("rung.db", create=False)
    yield opened
    opened.close()


def number_of(store: Store, state: TrialState) -> int:
    return next(row.number for row in store.tables.trials("lenet") if row.state is state)


def neighbour() -> Owner:
    """Another process, which is alive for sure."""
    pid = os.getppid()
    started = start_time(pid)
    assert started is not None
    return Owner(host=socket.gethostname(), boot=boot_id(), pid=pid, started=started)


# Where nobody runs the study


def test_notes_and_tags_are_written_down_at_once(store: Store) -> None:
    assert send(store, "lenet", Note("looks good")) == "Noted on lenet."
    assert send(store, "lenet", Note("and this one best", 2)) == "Noted on lenet#2."
    assert send(store, "lenet", Tag(("vision", "fast"))) == "lenet is tagged vision fast."
    assert send(store, "lenet", Tag((), ("fast",))) == "lenet is no longer tagged fast."
    assert send(store, "lenet", Tag(("a",), ("b",), 2)) == "lenet#2 is tagged a, and no longer tagged b."
    row = store.tables.study("lenet")
    assert ([note.text for note in row.notes], row.tags) == (["looks good"], ("vision",))
    assert store.tables.trial("lenet", 2).tags == ("a",)
    assert store.tables.pending("lenet") == []


def test_a_configuration_waits_until_the_study_is_resumed_and_may_need_a_higher_total(store: Store) -> None:
    assert send(store, "lenet", Enqueue(GOOD)) == (
        "Tried next: lr=0.125 opt=adam seed=5, once the study is resumed: rung resume lenet --trials 9"
    )
    assert send(store, "lenet", Enqueue({**GOOD, "lr": 0.1})).endswith("rung resume lenet --trials 10")
    with Tuner(trained, ASHA(RandomSearcher(SPACE), max_t=9), store=store, study="lenet", seed=3) as tuner:
        tuner.run(max_trials=10)
    assert {row.config["lr"] for row in store.tables.trials("lenet")} >= {0.125, 0.1}


def test_a_configuration_waits_for_another_end_where_the_study_has_reached_its_own(store: Store) -> None:
    with Tuner(trained, ASHA(RandomSearcher(SPACE), max_t=9), store=store, study="lenet", stop=trials(8)) as tuner:
        tuner.run()
    sentence = send(store, "lenet", Enqueue(GOOD))
    assert sentence.endswith("the study has another end than '8 trials were begun': rung resume lenet --stop WHEN")


def test_a_failed_trial_is_retried_when_the_study_is_resumed(store: Store) -> None:
    number = number_of(store, TrialState.FAILED)
    sentence = send(store, "lenet", RetryTrial(number))
    assert sentence.startswith(f"The configuration of trial {number} is tried once more, as a new trial, once the ")
    make_study(store.path, trials=9)  # type: ignore[attr-defined]
    row = store.tables.trial("lenet", 8)
    assert row.config == store.tables.trial("lenet", number).config
    assert row.retry_of == number
    events = list(store.read("lenet"))
    assert [event.retry_of for _, event in events if isinstance(event, Enqueued)] == [number]
    assert verify_decisions(events, ASHA(RandomSearcher(SPACE), max_t=9)).differences == []


def test_what_is_posted_has_the_values_that_the_space_gives_them(store: Store) -> None:
    send(store, "lenet", EditSpace(Space({"lr": Float(0.0, 1.0)}).to_json()))
    assert len(store.tables.pending("lenet")) == 1


@pytest.mark.parametrize("how", ["finish", "pause", "now"])
def test_a_study_that_nobody_runs_can_not_be_stopped(store: Store, how: Any) -> None:
    with pytest.raises(RungError, match="nobody is running 'lenet'"):
        send(store, "lenet", StopStudy(how=how))
    assert store.tables.pending("lenet") == []


@pytest.mark.parametrize(
    ("command", "error", "words"),
    [
        (Enqueue({**GOOD, "lr": 7.0}), SpaceError, "lr: 7.0"),
        (Enqueue({**GOOD, "lrr": 0.1}), SpaceError, "no dimension 'lrr'"),
        (Enqueue({"lr": 0.1}), SpaceError, "opt is missing"),
        (EditSpace({"type": "none"}), SpaceError, "space"),
        (Note("?", 99), TrialNotFoundError, "no trial 99"),
        (Tag(("?",), (), 99), TrialNotFoundError, "no trial 99"),
        (StopTrial(99), TrialNotFoundError, "no trial 99"),
        (RetryTrial(99), TrialNotFoundError, "no trial 99"),
        (PauseTrial(0), RungError, "nobody is running 'lenet'"),
        (ChangeTrial(0, {"lr": 0.1}), RungError, "nobody is running 'lenet'"),
    ],
)
def test_what_can_not_be_is_never_posted(store: Store, command: Command, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        send(store, "lenet", command)
    assert store.tables.pending("lenet") == []


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (StopTrial, "only one that is not over"),
        (RetryTrial, "only failed and stopped"),
        (ContinueTrial, "only a paused"),
    ],
)
def test_the_state_of_a_trial_must_allow_it(store: Store, make: Any, words: str) -> None:
    number = number_of(store, TrialState.COMPLETED)
    with pytest.raises(RungError, match=f"trial {number} of 'lenet' is completed; {words}"):
        send(store, "lenet", make(number))
    assert store.tables.pending("lenet") == []


def test_of_several_commands_none_is_posted_when_one_can_not_be(store: Store) -> None:
    with pytest.raises(SpaceError, match=r"lr: 7\.0"):
        send_all(store, "lenet", [Enqueue(GOOD), Enqueue({**GOOD, "lr": 7.0})])
    assert store.tables.pending("lenet") == []


def test_a_study_that_is_not_there(store: Store) -> None:
    with pytest.raises(StudyNotFoundError, match="Did you mean 'lenet'"):
        send(store, "lennet", Note("?"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anything")
def test_a_store_that_may_only_be_read(store: Store) -> None:
    store.close()
    Path("rung.db").chmod(0o444)
    with pytest.raises(StoreError, match="can't be written"):
        send(store, "lenet", Note("?"))


# Where a tuner runs it


def sent(store: Path, command: Command) -> tuple[str, list[Any]]:
    """The answer to a command while trial 0 of the study runs, and the events of the log after that."""

    def body() -> str:
        opened = open_store(str(store), create=False)
        try:
            return send(opened, "lenet", command)
        finally:
            opened.close()

    sentence = meanwhile(store, body)
    opened = open_store(str(store), create=False)
    events = [event for _, event in opened.read("lenet")]
    opened.close()
    return sentence, events


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (Note("looks good"), "Noted on lenet."),
        (Tag(("vision",), (), 0), "lenet#0 is tagged vision."),
        (StopTrial(0), "Trial 0 is stopped."),
        (PauseTrial(0), "Trial 0 is paused at its next checkpoint; without checkpoints it will begin anew."),
        (StopStudy(), "Nothing more is started, and what runs comes to its end. Go on with it by: rung resume lenet"),
    ],
)
def test_the_tuner_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)
    sentence, events = sent(tmp_path / "rung.db", command)
    assert sentence == words
    kinds = {Note: Noted, Tag: Tagged, StopTrial: Decided, PauseTrial: Decided}
    if type(command) in kinds:
        assert sum(isinstance(event, kinds[type(command)]) for event in events) == 1


def test_the_tuner_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)
    with pytest.raises(RungError, match="the objective got lr as an argument, so a change would not reach it"):
        sent(tmp_path / "rung.db", ChangeTrial(0, {"lr": 0.5}))


def test_a_configuration_beyond_the_total_of_a_running_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)
    sentence, _ = sent(tmp_path / "rung.db", Enqueue({"lr": 0.5}))
    assert sentence == (
        "Tried next: lr=0.5, once this run has ended and the study's total of 1 trials is raised: "
        "rung resume lenet --trials 2"
    )


@pytest.mark.parametrize("command", [Note("looks good"), Enqueue(GOOD), StopStudy()])
def test_a_tuner_that_is_busy(store: Store, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.setattr(_command, "PATIENCE_S", 0.0)
    store.acquire("lenet", neighbour(), ttl=60)
    sentence = send(store, "lenet", command)
    assert sentence.endswith(f", once process {os.getppid()} on {socket.gethostname()} looks into its inbox.")
    assert [posted for _, posted in store.tables.pending("lenet")] == [command]


def test_a_tuner_that_leaves_without_an_answer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The note is then written down by the one who posted it."""
    lease = store.acquire("lenet", neighbour(), ttl=60)
    monkeypatch.setattr(_command.time, "sleep", lambda _seconds: store.release(lease))
    assert send(store, "lenet", Note("looks good")) == "Noted on lenet."


def test_a_tuner_that_leaves_before_it_is_stopped(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = store.acquire("lenet", neighbour(), ttl=60)
    monkeypatch.setattr(_command.time, "sleep", lambda _seconds: store.release(lease))
    assert send(store, "lenet", StopStudy("pause")) == (
        "Nothing more is started, and what runs is paused at its next checkpoint; "
        "without checkpoints it will begin anew. "
        "The run has ended by itself before that."
    )


def test_while_another_clerk_writes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = structs.replace(current_owner(), session="clerk-1")
    lease = store.acquire("lenet", clerk, ttl=60)
    monkeypatch.setattr(_command.time, "sleep", lambda _seconds: store.release(lease))
    assert send(store, "lenet", Note("looks good")) == "Noted on lenet."


def test_many_notes_while_sessions_come_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has the study at that moment, each note is written down once."""
    path = tmp_path / "rung.db"
    make_study(path, trials=1)
    errors: list[BaseException] = []

    def take_notes(writer: int) -> None:
        store = open_store(str(path), create=False)
        try:
            for number in range(8):
                assert send(store, "lenet", Note(f"{writer}/{number}")) == "Noted on lenet."
        except BaseException as error:  # noqa: BLE001  # for the main thread
            errors.append(error)
        finally:
            store.close()

    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)
    writers = [threading.Thread(target=take_notes, args=(writer,)) for writer in range(3)]
    for writer in writers:
        writer.start()
    for count in range(2, 8):
        make_study(path, trials=count)
    for writer in writers:
        writer.join(60)
    assert errors == []
    store = open_store(str(path), create=False)
    notes = [note.text for note in store.tables.study("lenet").notes]
    assert sorted(notes) == sorted(f"{writer}/{number}" for writer in range(3) for number in range(8))
    events = list(store.read("lenet"))
    assert verify_decisions(events, ASHA(RandomSearcher(SPACE), max_t=9)).differences == []
    store.close()


# The way on


def test_the_store_is_named_where_it_is_not_the_usual_one(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = store.tables.study("lenet")
    assert resume_line(store, row) == "rung resume lenet"
    monkeypatch.setenv("RUNG_STORE", "other.db")
    assert resume_line(store, row) == f"rung resume lenet --store sqlite:///{tmp_path}/rung.db"
    monkeypatch.setenv("RUNG_STORE", "sqlite:///rung.db")
    assert resume_line(store, row) == "rung resume lenet"


def test_a_name_that_a_shell_would_take_apart(tmp_path: Path) -> None:
    make_study(tmp_path / "rung.db", name="my study", trials=1)
    store = open_store(str(tmp_path / "rung.db"), create=False)
    assert resume_line(store, store.tables.study("my study")).startswith("rung resume 'my study' --store ")
    store.close()
