"""Kill -9 at random moments: nothing acknowledged is lost, nothing is there twice, and the result is the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from killing import STUDY, processes_of, reports, run_to_the_end, run_with_kills, trial_table, wait_until

from rung import registry
from rung.events import Observed, StudyCreated
from rung.space import Space
from rung.store import open_store
from rung.store.verify import verify as verify_tables
from rung.tuning.verify import verify_decisions
from rung.types import TrialState

CI_SEEDS = (1, 2)
PROOF_SEEDS = tuple(range(10, 26))


def check_log(database: Path) -> None:
    store = open_store(str(database), create=False)
    try:
        events = list(store.read(STUDY))
        created = events[0][1]
        assert isinstance(created, StudyCreated)
        scheduler = registry.build_scheduler(created.scheduler, Space.from_json(created.space))
        found = verify_decisions(events, scheduler)
        assert found.differences == []
        assert found.suggestions > 0
        assert verify_tables(store, STUDY) == []
        observed = Counter((event.trial, event.step) for _, event in events if isinstance(event, Observed))
        assert max(observed.values()) == 1
        assert all(row.state is not TrialState.RUNNING for row in store.tables.trials(STUDY))
    finally:
        store.close()


def sequential(tmp_path: Path, variant: str, seed: int) -> int:
    run_to_the_end(tmp_path / "whole.db", variant, 0)
    kills = run_with_kills(tmp_path / "killed.db", variant, 0, seed=seed, longest=0.35)
    assert trial_table(tmp_path / "killed.db") == trial_table(tmp_path / "whole.db")
    assert reports(tmp_path / "killed.db") == reports(tmp_path / "whole.db")
    check_log(tmp_path / "killed.db")
    return kills


@pytest.mark.parametrize("variant", ["basic", "stopping", "promotion"])
def test_a_killed_sequential_study_ends_as_the_uninterrupted_one(tmp_path: Path, variant: str) -> None:
    assert sequential(tmp_path, variant, seed=CI_SEEDS[0]) > 0


def kill_one_trial_or_the_tuner(process: subprocess.Popen[str], chance: random.Random) -> None:
    """Half of the time kill some process of the study other than its tuner, and then, either way, the tuner."""
    if chance.random() < 0.5:
        others = [pid for pid in processes_of(f"ACKNOWLEDGED={process.args[2]}.acks") if pid != process.pid]  # type: ignore[index]
        if others:
            os.kill(chance.choice(others), signal.SIGKILL)
    process.send_signal(signal.SIGKILL)


def parallel(tmp_path: Path, variant: str, seed: int) -> int:
    database = tmp_path / "killed.db"
    acks = Path(f"{database}.acks")
    kills = run_with_kills(
        database,
        variant,
        2,
        seed=seed,
        longest=0.5,
        kill=kill_one_trial_or_the_tuner,
        ACKNOWLEDGED=str(acks),
        EPOCH_SECONDS="0.04",
    )
    check_log(database)
    stored = {(trial, step) for trial, step, _ in reports(database)}
    acknowledged = {tuple(map(int, line.split()[:2])) for line in acks.read_text().splitlines()}
    rows = trial_table(database)
    if variant != "basic":  # there every report below a rung streams; at rungs it waits for its acknowledgement
        acknowledged = {(trial, step) for trial, step in acknowledged if step in {1, 3, 9}}
        assert acknowledged <= stored
    assert len(rows) == 24
    assert all(row[1] in {TrialState.COMPLETED, TrialState.STOPPED, TrialState.PAUSED} for row in rows)
    wait_until(lambda: not list(processes_of(f"ACKNOWLEDGED={acks}")))
    return kills


@pytest.mark.parametrize("variant", ["stopping", "promotion"])
def test_a_killed_parallel_study_loses_nothing(tmp_path: Path, variant: str) -> None:
    assert parallel(tmp_path, variant, seed=CI_SEEDS[1]) > 0


@pytest.mark.slow
def test_more_than_a_hundred_kills(tmp_path: Path) -> None:
    kills = 0
    for seed in PROOF_SEEDS:
        for variant in ("basic", "stopping", "promotion"):
            folder = tmp_path / f"sequential-{variant}-{seed}"
            folder.mkdir()
            kills += sequential(folder, variant, seed)
    for seed in PROOF_SEEDS[:6]:
        folder = tmp_path / f"parallel-{seed}"
        folder.mkdir()
        kills += parallel(folder, "promotion", seed)
    print(f"{kills} kills")
    assert kills >= 100
