from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rung import tune
from rung.backends.resources import Resources
from rung.backends.simulated import Simulated
from rung.errors import ExhaustedError, SettingError
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.stopping import cost, epochs, gain_below, patience, reached, seconds, stalled, trials
from rung.store import MemoryStore
from rung.tuner import Tuner
from rung.tuning.verify import verify_decisions
from rung.types import TrialState

SPACE = Space({"x": Float(0.0, 1.0)})


def square(x: float) -> float:
    return x**2


def curve(x: float, max_epochs: int = 4) -> Any:
    for epoch in range(1, max_epochs + 1):
        yield {"error": x + 1 / epoch, "hours": 0.5 * epoch}


def tuner_of(objective: Any = square, **options: Any) -> Tuner:
    return Tuner(objective, BasicScheduler(RandomSearcher(SPACE)), **{"seed": 5, "study": "s", **options})


def test_a_study_ends_when_its_criterion_is_met() -> None:
    with tuner_of(stop=trials(7)) as tuner:
        row = tuner.run().row
    assert (row.ended_why, row.ended_message) == ("criterion", "7 trials were begun")
    assert row.counts == {TrialState.RUNNING: 0, TrialState.COMPLETED: 7}
    assert row.settings["stop"] == {"type": "trials", "count": 7}


@pytest.mark.parametrize(
    "stop",
    [
        epochs(30),
        seconds(40),
        cost(3, metric="hours") | reached(-1),
        patience(4),
        stalled(epochs=20),
        stalled(seconds=15),
        gain_below(0.5, trials=2),
    ],
)
def test_simulated_studies_end_as_the_criterion_says_and_replay(stop: Any) -> None:
    store = MemoryStore()
    with tuner_of(curve, backend=Simulated(3), store=store, stop=stop) as tuner:
        row = tuner.run().row
    assert row.ended_why == "criterion"
    assert row.ended_message
    assert 1 < sum(row.counts.values()) < 60
    verified = verify_decisions(store.read("s"), BasicScheduler(RandomSearcher(SPACE)))
    assert verified.differences == []


def test_a_resumed_study_counts_what_was_before() -> None:
    store = MemoryStore()
    stop = cost(5, metric="hours")
    with tuner_of(curve, store=store, backend=Simulated(1)) as tuner:
        tuner.run(2)
    with tuner_of(curve, store=store, backend=Simulated(1), stop=stop) as tuner:
        row = tuner.run().row
    assert row.ended_message == "the trials have cost 5 hours"
    assert row.counts[TrialState.COMPLETED] == 2
    with tuner_of(curve, store=store, backend=Simulated(1), stop=stop) as tuner:
        again = tuner.run().row
        assert again.ended_message == row.ended_message
        assert again.counts == row.counts, "nothing was begun"


def test_two_runs_of_one_tuner_have_one_criterion() -> None:
    with tuner_of(stop=trials(5)) as tuner:
        assert tuner.run(2).row.ended_why == "done"
        assert tuner.run().row.ended_why == "criterion"
        assert len(tuner.records) == 5


def test_ask_and_tell_end_too() -> None:
    with tuner_of(None, stop=reached(10.0)) as tuner:
        tuner.tell(tuner.ask(), 3.0)
        with pytest.raises(ExhaustedError, match="error 3 is at least as good as 10"):
            tuner.ask()


def test_a_criterion_is_enough_to_tune_but_a_value_alone_is_not() -> None:
    study = tune(square, SPACE, stop=trials(3), store="memory", progress="off", seed=1)
    assert len(study.trials) == 3
    with pytest.raises(SettingError, match=r"nothing says when to end: .* may never come\. Give max_trials="):
        tune(square, SPACE, stop=reached(0.1), store="memory", progress="off")


def test_no_trials_at_all_are_no_total() -> None:
    with tuner_of() as tuner, pytest.raises(SettingError, match="max_trials must be a whole number, at least 1, not 0"):
        tuner.run(max_trials=0)


def test_a_study_has_a_project_a_message_and_tags() -> None:
    labels: dict[str, Any] = {"project": "vision", "message": "first", "tags": ["a"]}
    study = tune(square, SPACE, max_trials=1, store="memory", progress="off", **labels)
    assert (study.row.project, study.row.message, study.row.tags) == ("vision", "first", ("a",))


def test_on_a_resumed_study_they_are_compared_or_added(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    with tuner_of(store=store, project="vision", message="first") as tuner:
        tuner.run(1)
    with pytest.raises(SettingError, match="belongs to the project 'vision', not to 'text'"):
        tuner_of(store=store, project="text")
    with tuner_of(store=store, message="second", tags=["later"]) as tuner:
        row = tuner.run(1).row
    assert (row.message, [note.text for note in row.notes], row.tags) == ("first", ["second"], ("later",))


def test_a_project_ends_when_its_limit_is_reached_and_begins_nothing_after_it() -> None:
    store = MemoryStore()
    options: dict[str, Any] = {"store": store, "project": "p", "project_limit": "1min"}
    with tuner_of(curve, backend=Simulated(2), study="a", **options) as tuner:
        row = tuner.run().row
    assert row.ended_why == "budget"
    assert row.ended_message == "the project 'p' has used 1min of its limit of 1min"
    assert row.settings["project_limit"] == 60.0
    with (
        tuner_of(study="b", **options) as tuner,
        pytest.raises(
            SettingError, match=r"the project 'p' has used .* of its limit of 1min\. Raise the project's limit"
        ),
    ):
        tuner.run()
    assert [row.name for row in store.tables.studies()] == ["a"]
    with tuner_of(study="c", **{**options, "project": "q"}) as tuner:
        assert tuner.run(1).row.ended_why == "done"


def test_resources_go_to_the_processes_and_into_the_settings(tmp_path: Path) -> None:
    with tuner_of(store=tmp_path / "a.db", resources=Resources(memory="1GB"), workers=1) as tuner:
        row = tuner.run(1).row
    assert row.settings["resources"] == {"memory": 10**9}
    assert row.counts[TrialState.COMPLETED] == 1


def test_the_limit_that_was_given_last_holds_for_the_whole_project() -> None:
    store = MemoryStore()

    def run(study: str, trials: int, **terms: Any) -> str | None:
        scheduler = BasicScheduler(RandomSearcher({"x": Float(0.0, 1.0)}))
        backend = Simulated(1, runtime=1.0)  # every trial takes a second
        with Tuner(lambda x: x, scheduler, store=store, study=study, backend=backend, project="p", **terms) as tuner:
            return tuner.run(max_trials=trials).row.ended_why

    assert run("free", 2) == "done"
    assert run("bounded", 50, project_limit="10s") == "budget"
    with pytest.raises(SettingError, match="the project 'p' has used"):
        run("later", 1)
    assert run("later", 1, project_limit="20s") == "done"
    assert run("last", 50) == "budget"
    assert sum(row.runtime for row in store.tables.studies()) <= 21.0
