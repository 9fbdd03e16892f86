from __future__ import annotations

import pytest

from known_metrics import KnownMetrics
from rung.columns import columns_of_studies, columns_of_trials, hyperparameters
from rung.errors import SettingError
from rung.filters import select
from rung.rows import StudyRow, TrialRow
from rung.types import Goal, Owner, TrialState


def study(**changes: object) -> StudyRow:
    row = StudyRow(
        name="s", goal=Goal("acc", "max"), seed=1, space={}, searcher={}, scheduler={}, objective=None, created_unix=0.0
    )
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def trial(number: int, /, **config: object) -> TrialRow:
    return TrialRow(number=number, state=TrialState.COMPLETED, config=config, started_at=0.0, best_loss=-0.9)


def test_values_are_in_the_users_direction() -> None:
    columns = columns_of_trials(study(), [], KnownMetrics())
    assert columns.find("best").get(trial(0)) == 0.9
    assert columns.find("value").get(trial(0)) is None


def test_a_hyperparameter_that_is_called_like_a_column_has_a_longer_name() -> None:
    rows = [trial(7, number=3, lr=0.1)]
    columns = columns_of_trials(study(), rows, KnownMetrics())
    assert columns.find("number").get(rows[0]) == 7
    assert columns.find("config.number").get(rows[0]) == 3
    assert columns.find("config.lr").get(rows[0]) == columns.find("lr").get(rows[0]) == 0.1


def test_a_metric_that_is_called_like_a_hyperparameter_has_a_longer_name() -> None:
    rows = [trial(0, lr=0.1), trial(1, lr=0.2)]
    columns = columns_of_trials(study(), rows, KnownMetrics({0: {"acc": 0.9, "lr": 5.0}}))
    assert columns.find("lr").get(rows[0]) == 0.1
    assert columns.find("metric.lr").get(rows[0]) == 5.0
    assert columns.find("acc").get(rows[0]) == 0.9
    assert columns.find("acc").get(rows[1]) is None


def test_the_kind_of_a_hyperparameter_follows_from_its_values() -> None:
    rows = [trial(0, a=1, b="x", c=True, d=1), trial(1, a=0.5, b="y", c=False, d="x"), trial(2)]
    columns = columns_of_trials(study(), rows, KnownMetrics())
    assert [columns.find(name).kind for name in "abcd"] == ["number", "text", "any", "any"]


def test_an_unknown_column_names_the_nearest_or_all() -> None:
    columns = columns_of_trials(study(), [trial(0, learning_rate=0.1)], KnownMetrics({0: {"loss": 1.0}}))
    with pytest.raises(SettingError, match=r"There is no column 'learning_rat'. Did you mean 'learning_rate'\?"):
        columns.find("learning_rat")
    with pytest.raises(SettingError, match=r"There are: number, state, .*best, value, learning_rate, loss\.") as caught:
        columns.find("xyzzy")
    assert "config." not in caught.value.hint


def test_hyperparameters_come_in_the_order_of_the_space_and_then_of_the_trials() -> None:
    space = {"dimensions": [{"name": "b"}, {"name": "a"}]}
    assert hyperparameters(study(space=space), [trial(0, a=1, z=2), trial(1, b=1)]) == ["b", "a", "z"]


def test_studies() -> None:
    owner = Owner(host="h", boot="b", pid=1, started=0.0)
    rows = [
        study(
            name="one", project="vision", tags=("a", "b"), sessions=1, ended_why="done", objective=["python", "t.py"]
        ),
        study(name="two", owner=owner, counts={TrialState.FAILED: 3}, at=7200.0, message="the second", objective="m:f"),
    ]
    columns = columns_of_studies(lambda row: 0.5 if row.name == "one" else None)
    names = {
        "state=done": ["one"],
        "state=running": ["two"],
        "project=vision and tag=b": ["one"],
        "project=null": ["two"],
        "trials>2": ["two"],
        "best<1": ["one"],
        "elapsed>=2h": ["two"],
        "message~SECOND": ["two"],
        "objective~train or objective~'python t'": ["one"],
        "metric=acc": ["one", "two"],
        "created<2026-01-01 and name=one": ["one"],
    }
    for where, expected in names.items():
        assert [row.name for row in select(where, rows, columns)] == expected, where
    with pytest.raises(SettingError, match="'state' is never 'completed'"):
        select("state=completed", rows, columns)
