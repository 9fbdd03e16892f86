"""Which checkpoints stay: through the intake, which is what lets the collector look."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tuning_fakes import ScriptedScheduler, Stage, WatchedStore, decide_at, fail, finish, lose, report, save

from rung.errors import StoreFullError
from rung.events import Collected
from rung.store import MemoryStore
from rung.tuning.endings import Endings
from rung.tuning.intake import Intake
from rung.tuning.starter import Limits, Starter
from rung.types import Action, Checkpoint, Decision, TrialState

Begin = Callable[..., Stage]


def checkpoint_files(tmp_path: Path, number: int) -> list[Path]:
    files = [tmp_path / f"{step}.ckpt" for step in range(1, number + 1)]
    for file in files:
        file.write_bytes(b"state")
    return files


def test_the_newest_two_checkpoints_and_the_best_ones_are_kept(stage: Begin, tmp_path: Path) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake)
    files = checkpoint_files(tmp_path, 6)
    kept: list[list[int]] = []
    for step, error in enumerate([0.5, 0.2, 0.6, 0.6, 0.1, 0.3], 1):
        intake.deliver([report(0, step, error), save(0, step, str(files[step - 1]))])
        kept.append([number for number, file in enumerate(files, 1) if file.exists() and number <= step])
    assert kept == [[1], [1, 2], [2, 3], [2, 3, 4], [4, 5], [5, 6]]
    assert [c.step for c in place.trial(0).checkpoints] == [5, 6]
    assert sum(len(event.paths) for event in place.logged(Collected)) == 4


def test_a_file_that_is_gone_already_is_no_trouble(stage: Begin, tmp_path: Path) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake)
    intake.deliver([save(0, step, str(tmp_path / f"{step}.ckpt")) for step in (1, 2, 3)])
    assert place.logged(Collected)[0].paths == (str(tmp_path / "1.ckpt"),)


def test_files_are_removed_only_after_the_log_says_so(stage: Begin, tmp_path: Path) -> None:
    store = WatchedStore(MemoryStore())
    place = stage(store=store)
    intake = place.intake()
    place.run_trial(intake)
    files = checkpoint_files(tmp_path, 3)
    store.fails_at = 0
    with pytest.raises(StoreFullError, match="disk is full"):
        intake.deliver([save(0, step, str(files[step - 1])) for step in (1, 2, 3)])
    assert all(file.exists() for file in files)


def test_nothing_is_collected_that_a_child_may_still_have_to_read(stage: Begin, tmp_path: Path) -> None:
    place = stage()
    intake = place.intake()
    files = checkpoint_files(tmp_path, 5)
    place.run_trial(intake, 0)
    intake.deliver([save(0, 1, str(files[0]))])
    place.run_trial(intake, 1, parent=0)
    intake.deliver([save(0, step, str(files[step - 1])) for step in (2, 3, 4)])
    assert [file.exists() for file in files] == [True, False, True, True, True]
    intake.deliver([save(1, 1, str(tmp_path / "child.ckpt")), save(0, 5, str(files[4]))])
    assert [file.exists() for file in files] == [False, False, False, True, True]


def test_the_original_keeps_its_files_when_a_copy_of_the_store_goes_on(stage: Begin, tmp_path: Path) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake)
    names = [Path("s", "trial-00000", f"step-{step:06d}-attempt-1.npz") for step in range(1, 4)]
    files = {home: [tmp_path / home / name for name in names] for home in ("original", "copy")}
    for file in (*files["original"], *files["copy"][:1]):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"state")
    intake = Intake(place.session, place.backend, folder=tmp_path / "copy" / "s", max_kills=3)
    intake.deliver([save(0, step, str(files["original"][step - 1])) for step in (1, 2, 3)])
    assert place.logged(Collected)[0].paths == (str(files["original"][0]),)
    assert [file.exists() for file in files["original"]] == [True, True, True]
    assert not files["copy"][0].exists()


def saved_run(place: Stage, intake: Any, tmp_path: Path, errors: list[float]) -> list[Path]:
    """A running trial that has reported these errors and saved after each of them."""
    files = checkpoint_files(tmp_path, len(errors))
    place.run_trial(intake)
    for step, (error, file) in enumerate(zip(errors, files, strict=True), 1):
        intake.deliver([report(0, step, error), save(0, step, str(file))])
    return files


def left(files: list[Path]) -> list[int]:
    return [number for number, file in enumerate(files, 1) if file.exists()]


@pytest.mark.parametrize(
    ("facts", "state", "steps"),
    [
        ([report(0, 6, math.nan), finish(0)], TrialState.FAILED, [2]),
        ([report(0, 7, 0.9), finish(0)], TrialState.STOPPED, [2]),
        ([fail(0)], TrialState.FAILED, [2]),
        ([lose(0)], TrialState.FAILED, [2]),
        ([finish(0)], TrialState.COMPLETED, [2, 5]),  # by final values the last step is what is judged
        ([report(0, 8, 0.9), finish(0)], TrialState.PAUSED, [2, 4, 5]),
    ],
)
def test_what_is_kept_of_a_trial_that_is_over(
    stage: Begin, tmp_path: Path, facts: list[Any], state: TrialState, steps: list[int]
) -> None:
    def decide(event: Any) -> list[Decision]:
        return [*decide_at(7, Action.STOP)(event), *decide_at(8, Action.PAUSE)(event)]

    place = stage(scheduler=ScriptedScheduler(decide=decide))
    intake = place.intake(max_kills=1)
    files = saved_run(place, intake, tmp_path, [0.5, 0.1, 0.4, 0.3, 0.2])
    intake.deliver(facts)
    assert place.trial(0).state is state
    assert left(files) == [c.step for c in place.trial(0).checkpoints] == steps


def test_a_paused_trial_that_is_stopped_keeps_its_best(stage: Begin, tmp_path: Path) -> None:
    place = stage()
    intake = place.intake()
    files = saved_run(place, intake, tmp_path, [0.5, 0.1, 0.4, 0.3])
    intake.decide(place.trial(0), Action.PAUSE, why="", by="person")
    intake.deliver([finish(0)])
    intake.decide(place.trial(0), Action.STOP, why="", by="person")
    intake.commit()
    assert left(files) == [2]


def test_the_newest_is_kept_when_the_best_step_left_none(stage: Begin, tmp_path: Path) -> None:
    place = stage()
    intake = place.intake()
    files = checkpoint_files(tmp_path, 4)
    place.run_trial(intake)
    facts = [
        [report(0, step, step / 10), *([save(0, step, str(files[step - 1]))] * (step > 1))] for step in range(1, 5)
    ]
    intake.deliver([fact for each in facts for fact in each])
    intake.deliver([fail(0)])
    assert left(files[1:]) == [3]


@pytest.mark.parametrize("child_ends", ["saves", "fails"])
def test_a_trial_that_is_over_keeps_what_a_child_begins_from_until_it_has_its_own(
    stage: Begin, tmp_path: Path, child_ends: str
) -> None:
    place = stage()
    intake = place.intake()
    files = saved_run(place, intake, tmp_path, [0.5, 0.1, 0.4, 0.3])
    place.run_trial(intake, 1, parent=0)
    intake.decide(place.trial(0), Action.STOP, why="", by="person")
    intake.deliver([finish(0)])
    assert left(files) == [2, 3, 4], "with the one before, in case the newest is torn"
    intake.deliver([save(1, 1, str(tmp_path / "child.ckpt")) if child_ends == "saves" else fail(1)])
    assert left(files) == [2]


@pytest.mark.parametrize("state", [TrialState.COMPLETED, TrialState.STOPPED, TrialState.RUNNING])
def test_a_child_that_was_lost_finds_what_it_began_from_however_far_its_parent_has_come(
    stage: Begin, tmp_path: Path, state: TrialState
) -> None:
    place = stage()
    intake = place.intake()
    files = checkpoint_files(tmp_path, 6)
    place.run_trial(intake)
    for step in (1, 2, 3):
        intake.deliver([report(0, step, 1 / step), save(0, step, str(files[step - 1]))])
    place.run_trial(intake, 1, parent=0)
    for step in (4, 5, 6):
        intake.deliver([report(0, step, 1 / step), save(0, step, str(files[step - 1]))])
    if state is TrialState.STOPPED:
        intake.decide(place.trial(0), Action.STOP, why="", by="person")
    if state is not TrialState.RUNNING:
        intake.deliver([finish(0)])
    intake.deliver([lose(1)])
    assert left(files) == ([2, 3, 5, 6] if state is TrialState.RUNNING else [2, 3, 6])
    started = Starter(place.session, folder=tmp_path, limits=Limits(), endings=Endings()).next_start(0)
    assert started is not None
    assert started.parent_checkpoint == Checkpoint(3, str(files[2]), "0" * 64, 1)
    intake.stage(started)
    job = Starter(place.session, folder=tmp_path, limits=Limits(), endings=Endings()).job(place.trial(1))
    assert [checkpoint.step for checkpoint in job.checkpoints] == [3, 2]
    intake.deliver([report(1, 4, 0.1, attempt=2), save(1, 4, str(tmp_path / "child.ckpt"), attempt=2)])
    assert left(files) == ([2, 3, 5, 6] if state is TrialState.RUNNING else [6])


def test_files_of_a_trial_that_is_over_stay_when_the_log_does_not_say_so(stage: Begin, tmp_path: Path) -> None:
    store = WatchedStore(MemoryStore())
    place = stage(store=store)
    intake = place.intake()
    files = saved_run(place, intake, tmp_path, [0.5, 0.1, 0.4, 0.3])
    store.fails_at = 0
    with pytest.raises(StoreFullError, match="disk is full"):
        intake.deliver([fail(0)])
    assert left(files) == [2, 3, 4]
