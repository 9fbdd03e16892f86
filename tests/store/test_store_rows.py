from __future__ import annotations

import sqlite3
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from rung.events import StudyCreated
from rung.ledger import Ledger
from rung.rows import StudyRow, TrialRow
from rung.store._database import SCHEMA_VERSION
from rung.store._rows import (
    SELECT_STUDY,
    SELECT_TRIALS,
    WRITE_HEAD,
    WRITE_PROGRESS,
    WRITE_TRIAL,
    head_values,
    progress_values,
    study_row,
    trial_row,
    trial_values,
)
from rung.store.codec import EVENTS
from rung.testing._store_samples import created
from rung.types import Action, Artifact, Checkpoint, Remark, TrialState

finite = st.floats(allow_nan=False)
counts = st.integers(0, 2**62)
optional_counts = st.none() | counts
rows = st.builds(
    TrialRow,
    number=counts,
    state=st.sampled_from(TrialState),
    config=st.dictionaries(
        st.text(max_size=5), st.none() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=5)
    ),
    started_at=finite,
    attempt=counts,
    worker=counts,
    until=optional_counts,
    decide_at=st.none() | st.lists(counts, max_size=3).map(tuple),
    parent=optional_counts,
    ended_at=st.none() | finite,
    launched_at=finite,
    runtime=finite,
    kills=counts,
    last_step=counts,
    last_loss=st.none() | finite,
    last_at=finite,
    best_loss=st.none() | finite,
    best_step=optional_counts,
    reason=st.text(max_size=5),
    message=st.text("a\0'\udcff\n", max_size=5),
    decided=st.none() | st.sampled_from(Action),
    decided_at=finite,
    host=st.text(max_size=5),
    pid=optional_counts,
    session=counts,
    retry_of=optional_counts,
    is_given=st.booleans(),
    gpus=st.text(max_size=5),
    tags=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    notes=st.lists(st.builds(Remark, st.text(max_size=5), finite), max_size=2).map(tuple),
    artifacts=st.lists(
        st.builds(Artifact, st.text(max_size=5), st.text(max_size=5), st.just("ab"), counts), max_size=2
    ).map(tuple),
    checkpoints=st.lists(st.builds(Checkpoint, counts, st.text(max_size=5), st.just("ab"), counts), max_size=2),
)


@pytest.fixture(scope="module")
def connection():
    connection = sqlite3.connect(":memory:")
    for version in range(1, SCHEMA_VERSION + 1):
        connection.executescript(resources.files("rung.store").joinpath("schema", f"{version}.sql").read_text())
    connection.execute("INSERT INTO study VALUES (3, 'lenet', ?)", (EVENTS.encode(created()),))
    connection.execute("INSERT INTO head (study) VALUES (3)")
    yield connection
    connection.close()


def read_trials(connection):
    return [trial_row(values) for values in connection.execute(SELECT_TRIALS, (3,))]


@given(rows)
def test_every_field_of_a_trial_comes_back(connection, row):
    connection.execute("DELETE FROM trial")
    connection.execute(WRITE_TRIAL, trial_values(3, row))
    (found,) = read_trials(connection)
    assert found == row
    assert repr(found.config) == repr(row.config)


def test_a_report_changes_only_what_it_may(connection):
    before = TrialRow(number=4, state=TrialState.RUNNING, config={"a": 1}, started_at=0.5)
    after = replace(before, last_step=3, last_loss=0.25, last_at=9.5, best_loss=0.125, best_step=2)
    connection.execute("DELETE FROM trial")
    for row in (before, replace(before, number=5)):
        connection.execute(WRITE_TRIAL, trial_values(3, row))
    connection.execute(WRITE_PROGRESS, progress_values(3, after))
    assert read_trials(connection) == [after, replace(before, number=5)]


def test_every_field_of_a_study_comes_back(connection):
    ledger = Ledger()
    ledger.apply(created())
    derived = {field.name for field in fields(StudyRow) if field.name not in StudyCreated.__struct_fields__}
    values = {
        "ended_why": "done", "counts": {TrialState.RUNNING: 0, TrialState.FAILED: 2**40}, "owner": None,
        "name": "lenet", "created_unix": 1.7e9, "at": 1.5, "sessions": 2, "last_unix": 3.5, "session_at": 0.5,
        "best_trial": 4, "best_step": 5, "best_loss": -6.5, "n_copies": 3,
        "draws": 7, "notes": (Remark("odd \udcff", 1.7e9),), "ended_message": "reached", "runtime": 9.5,
    }  # fmt: skip
    assert derived <= values.keys(), "a new field of StudyRow needs a column"
    row = replace(ledger.study, **values)
    connection.execute(WRITE_HEAD, head_values(3, row, 8))
    seq, *found = connection.execute(SELECT_STUDY, (3,)).fetchone()
    assert seq == 8
    assert study_row(found) == row
