from __future__ import annotations

import msgspec

from rung.rows import StudyRow, TrialRow
from rung.types import Goal, TrialState


def test_rows_of_two_trials_share_nothing_that_can_change() -> None:
    one, other = (TrialRow(number=number, state=TrialState.RUNNING, config={}, started_at=0.0) for number in (0, 1))
    for name in TrialRow.__struct_fields__:
        value = getattr(one, name)
        assert not isinstance(value, list | dict) or value is not getattr(other, name) or name == "config"


def test_rows_can_be_written_as_json() -> None:
    trial = TrialRow(number=3, state=TrialState.PAUSED, config={"x": 0.5}, started_at=1.0, best_loss=0.25, best_step=2)
    study = StudyRow(
        name="s",
        goal=Goal("error"),
        seed=1,
        space={},
        searcher={},
        scheduler={},
        objective=None,
        created_unix=0.0,
        counts={TrialState.PAUSED: 1},
    )
    for row in (trial, study):
        assert msgspec.json.decode(msgspec.json.encode(row), type=type(row)) == row
