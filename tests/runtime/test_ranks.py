"""Several processes in one trial: started by torchrun, and by the training itself."""

from __future__ import annotations

import contextlib
import json
import pickle
import sys
import tempfile
from pathlib import Path

import pytest
from recording_channel import RecordingChannel, make_job

from rung._trial import Trial
from rung.backends.processes import Processes
from rung.errors import ReportError, SettingError
from rung.runtime.ranks import Ranks, is_launched, launched_rank
from rung.testing._driver import Stage, carry_on, say
from rung.types import Action, Change, Outcome, Remarked

HERE = Path(__file__).parent
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]


WORDS = {1: say(Action.PAUSE, at=2), 2: say(Action.STOP, at=3), 3: say(Action.STOP, at=2)}
"""What trials of the driver are told; in each, the rate is changed at step 2."""


@pytest.fixture
def stage(tmp_path, monkeypatch):
    with make_stage(tmp_path, monkeypatch) as stage:
        yield stage


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    """For trials that start their second process themselves: one for all, since it has to import torch."""

    def answer(report):
        return [*edit(report), *WORDS.get(report.trial, carry_on)(report)]

    with pytest.MonkeyPatch.context() as patch, make_stage(tmp_path_factory.mktemp("ranks"), patch) as stage:
        yield stage.driver("ddp_training:train", answer=answer)


@contextlib.contextmanager
def make_stage(folder, patch):
    pytest.importorskip("torch")
    patch.setattr(tempfile, "tempdir", str(folder))  # keeps the paths of sockets short
    patch.setenv("OMP_NUM_THREADS", "1")
    patch.syspath_prepend(str(HERE))
    stage = Stage(lambda: Processes(1, grace_s=1.0), folder, patience_s=60.0)
    yield stage
    stage.close()


def left_by_ranks(job):
    """What each rank of the run has left."""
    files = [Path(job.folder, f"rank-{rank}-attempt-{job.attempt}.json") for rank in (0, 1)]
    return [json.loads(file.read_text()) for file in files]


def start(driver, rate=0.125, **fields):
    job = driver.start(config={"rate": rate, "kind": fields.pop("kind", "epochs")}, **{"seed": 3, **fields})
    driver.finish()
    return job


def edit(report):
    return [Change({"rate": 0.25})] if report.step == 2 else []


def notes(driver, trial=0):
    return [fact.text for fact in driver.facts if isinstance(fact, Remarked) and fact.trial == trial]


def test_what_torchrun_starts_follows_rank_0(stage):
    driver = stage.driver(
        [*TORCHRUN, str(HERE / "ddp_training.py"), "{-}"],
        answer=lambda report: [*edit(report), *say(Action.PAUSE, at=3)(report)],
    )
    job = start(driver)
    assert (driver.exit().outcome, driver.exit().exit_code) == (Outcome.FINISHED, 0)
    assert [left["rates"] for left in left_by_ranks(job)] == [{"1": 0.125, "2": 0.125, "3": 0.25}] * 2
    assert list(driver.curve()) == [1, 2, 3]
    assert [checkpoint.step for checkpoint in driver.checkpoints()] == [3, 2, 1]
    assert notes(driver) == ["from rank 0"]


def test_a_paused_training_goes_on_as_if_it_had_not_been(driver):
    whole = left_by_ranks(start(driver))
    driver.expect_good_end()
    assert [left["rates"] for left in whole] == [{"1": 0.125, "2": 0.125, "3": 0.25, "4": 0.25}] * 2
    assert whole[0]["weights"] == whole[1]["weights"]
    assert whole[0]["draw"] != whole[1]["draw"]
    assert notes(driver) == ["from rank 0"]

    paused = left_by_ranks(start(driver, trial=1))
    assert [list(left["rates"]) for left in paused] == [["1", "2"]] * 2
    continued = left_by_ranks(start(driver, 0.25, trial=1, attempt=2, checkpoints=driver.checkpoints(1)))
    driver.expect_good_end(1, 2)
    assert [list(left["rates"]) for left in continued] == [["3", "4"]] * 2
    for after, before in zip(continued, whole, strict=True):
        assert (after["weights"], after["draw"]) == (before["weights"], before["draw"])
    assert driver.curve(1) | driver.curve(1, 2) == driver.curve()


def test_a_stop_outside_of_a_loop_reaches_the_ranks_that_report(driver):
    job = start(driver, trial=2, kind="plain")
    driver.expect_good_end(2)
    assert [left["rates"] for left in left_by_ranks(job)] == [{"1": 0.125, "2": 0.125, "3": 0.25}] * 2
    assert list(driver.curve(2)) == [1, 2, 3]


def test_ranks_that_do_not_report_are_not_waited_for(driver):
    start(driver, trial=3, kind="forgetful")
    driver.expect_good_end(3)
    assert list(driver.curve(3)) == [1, 2]


def test_a_rank_that_breaks_down_fails_the_trial(driver):
    job = start(driver, trial=4, kind="failing")
    assert driver.exit(4).outcome is Outcome.FAILED
    assert "rank 1 breaks down" in Path(job.folder, "output.log").read_text()


def test_a_trial_sent_elsewhere_follows(tmp_path):
    sent = pickle.loads(pickle.dumps(Trial(make_job(tmp_path), RecordingChannel())))
    assert (sent.number, dict(sent.config), sent.folder) == (0, {"rate": 0.5}, tmp_path)
    sent.report(0.5)
    sent.note("not heard")
    sent.log_artifact(tmp_path / "of rank 0")
    with pytest.raises(ReportError, match="'error' is missing"):
        sent.report(accuracy=0.5)
    with pytest.raises(SettingError, match=r"called on rank 1, and torch\.distributed is not initialised"):
        next(sent.epochs(3))


def test_rank_0_is_where_the_trial_is(tmp_path):
    torch = pytest.importorskip("torch")
    sent = pickle.loads(pickle.dumps(Trial(make_job(tmp_path), RecordingChannel())))
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/ranks", rank=0, world_size=1)
    try:
        with pytest.raises(SettingError, match="Rank 0 runs in a process that the trial has started"):
            sent.report(0.5)
    finally:
        torch.distributed.destroy_process_group()


@pytest.mark.parametrize(
    ("environ", "is_launch", "rank"),
    [
        ({}, False, 0),
        ({"RANK": "0", "LOCAL_RANK": "0"}, True, 0),
        ({"RANK": "3", "LOCAL_RANK": "1"}, True, 3),
        ({"LOCAL_RANK": "1"}, True, 1),
        ({"RANK": "general"}, False, 0),
    ],
)
def test_the_rank_that_a_launcher_gives(environ, is_launch, rank):
    assert (is_launched(environ), launched_rank(environ)) == (is_launch, rank)


def test_a_process_alone_is_the_first():
    ranks = Ranks("0/1")
    assert (ranks.own, ranks.is_first, ranks.are_many) == (0, True, False)
    assert not Ranks("0/1", launched_as=2).is_first
