from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rung import schedules
from rung.analysis.lineage import Lineage, lineage
from rung.errors import SettingError, TrialNotFoundError
from rung.events import Changed, Event, Observed, Started
from rung.types import Checkpoint


def start(trial: int, rate: float, *, parent: int | None = None, origin: int | None = None, **fields: Any) -> Started:
    saved = None if origin is None else Checkpoint(origin, "/c", "0", 1)
    config = {"rate": rate, "kind": "a"}
    return Started(at=0.0, trial=trial, attempt=1, config=config, parent=parent, parent_checkpoint=saved, **fields)


def reports(trial: int, *steps: int) -> Iterator[Observed]:
    for step in steps:
        metrics = {"error": 1 / step, "other": 1.0}
        yield Observed(at=0.0, trial=trial, attempt=1, step=step, metrics=metrics, loss=1 / step)


LOG: list[Event] = [
    start(0, 0.1),
    start(1, 0.5),
    *reports(0, 1, 2, 3, 4, 5),
    *reports(1, 1, 2, 3, 4, 5),
    start(2, 0.2, parent=0, origin=5),
    *reports(2, 6, 7, 8, 9, 10),
    *reports(0, 6, 7, 8),
    start(3, 0.2, parent=2, origin=10),
    *reports(3, 11, 12),
    Changed(at=0.0, trial=3, attempt=1, step=12, changes={"rate": 0.4}),
    *reports(3, 13),
]


def of(trial: int, **fields: Any) -> Lineage:
    return lineage(LOG, trial, study="s", metric="error", **fields)


def parts(line: Lineage) -> list[tuple[int, int, int, float]]:
    return [(each.trial, each.from_step, each.to_step, each.config["rate"]) for each in line.segments]


def test_a_copy_has_the_steps_of_its_parent_up_to_its_checkpoint() -> None:
    line = of(3)
    assert parts(line) == [(0, 0, 5, 0.1), (2, 5, 10, 0.2), (3, 10, 12, 0.2), (3, 12, 13, 0.4)]
    assert (line.trials, line.step, line.error) == ([0, 2, 3], 13, 1 / 13)


def test_it_ends_at_the_step_that_is_asked_for() -> None:
    assert parts(of(3, until=11)) == [(0, 0, 5, 0.1), (2, 5, 10, 0.2), (3, 10, 11, 0.2)]
    assert of(3, until=11).error == 1 / 11
    assert parts(of(3, until=7)) == [(0, 0, 5, 0.1), (2, 5, 7, 0.2)], "before it was copied"


def test_a_trial_that_is_no_copy() -> None:
    assert parts(of(1)) == [(1, 0, 5, 0.5)]
    assert parts(of(0)) == [(0, 0, 8, 0.1)], "what it did after it was copied is its own"


def test_a_copy_that_found_no_checkpoint_has_no_ancestors() -> None:
    log: list[Event] = [start(0, 0.1), *reports(0, 1, 2), start(1, 0.2, parent=0), *reports(1, 1, 2, 3)]
    assert parts(lineage(log, 1, study="s", metric="error")) == [(1, 0, 3, 0.2)]


def test_a_later_attempt_changes_nothing() -> None:
    log = [*LOG, Started(at=0.0, trial=3, attempt=2, config={"rate": 0.4, "kind": "a"}, cause="retried")]
    assert lineage(log, 3, study="s", metric="error") == of(3)


def test_a_hyperparameter_as_a_schedule() -> None:
    schedule = of(3).schedule("rate")
    assert schedule == schedules.table([(0, 0.1), (5, 0.2), (12, 0.4)], unit="rate")
    assert [schedule(done) for done in (0, 4, 5, 11, 12, 99)] == [0.1, 0.1, 0.2, 0.2, 0.4, 0.4]
    assert schedules.from_json(json.loads(json.dumps(schedule.to_json()))) == schedule


def test_its_json_form_is_exact() -> None:
    assert Lineage.from_json(json.loads(json.dumps(of(3).to_json()))) == of(3)
    with pytest.raises(SettingError, match="This is no lineage"):
        Lineage.from_json({"segments": 3})
    with pytest.raises(SettingError, match="This is no lineage: it has no segments"):
        Lineage.from_json({**of(3).to_json(), "segments": []})


@pytest.mark.parametrize("name", ["kind", "depth"])
def test_what_is_no_number_has_no_schedule(name: str) -> None:
    with pytest.raises(SettingError, match=f"'{name}' is no number at step 1. There is: rate, kind"):
        of(3).schedule(name)


def test_trials_that_have_none() -> None:
    with pytest.raises(TrialNotFoundError, match=r"The study 's' has no trial 9\. It has 4 trials"):
        of(9)
    with pytest.raises(SettingError, match="Trial 4 has reported no step"):
        lineage([*LOG, start(4, 0.1, parent=3, origin=12)], 4, study="s", metric="error")
    for step in (0, 14):
        with pytest.raises(SettingError, match=rf"Trial 3 has no step {step}\. Its last one is 13"):
            of(3, until=step)
