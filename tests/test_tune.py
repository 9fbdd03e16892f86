from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rung._trial import importing_training_code
from rung._tune import tune
from rung.backends.processes import Processes
from rung.backends.simulated import Simulated
from rung.errors import ObjectiveError, RungError, SettingError, SpaceError, StudyExistsError, StudyPausedError
from rung.registry import build_scheduler
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.grid import GridSearcher
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.stopping import diverged, epochs, patience, reached, trials
from rung.store import MemoryStore, SqliteStore
from rung.tuning.starter import Limits
from rung.tuning.verify import verify_decisions
from rung.types import TrialState

SPACE = {"x": Float(-1.0, 1.0)}


def square(x: float) -> float:
    return x**2


def curve(x: float, max_epochs: int = 8) -> Any:
    for epoch in range(1, max_epochs + 1):
        yield x**2 + 1 / epoch


def quick(objective: Any = square, space: Any = None, **options: Any) -> Any:
    given = {"max_trials": 3, "store": "memory", "seed": 2, "progress": "off", **options}
    return tune(objective, SPACE if space is None else space, **given)


def test_one_call() -> None:
    study = quick()
    assert [row.state for row in study.trials] == [TrialState.COMPLETED] * 3
    assert study.name == "square"
    assert study.incumbent_error == min(row.config["x"] ** 2 for row in study.trials)
    assert study.row.seed == 2


def test_what_is_tried_first() -> None:
    assert quick(initial_config={"x": 0.5}).trials[0].config == {"x": 0.5}
    points = [{"x": 0.25}, {"x": 0.75}]
    assert [row.config for row in quick(points_to_evaluate=points).trials[:2]] == points
    with pytest.raises(SettingError, match="both given"):
        quick(initial_config={"x": 0.5}, points_to_evaluate=points)


def test_the_store_is_a_file_in_the_working_directory_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    study = tune(square, SPACE, max_trials=1, progress="off")
    assert (tmp_path / "rung.db").is_file()
    assert len(study.trials) == 1
    study._store.close()


def test_a_store_that_was_opened_for_nothing_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(x: float) -> float:
        raise RuntimeError("no data")

    closed: list[bool] = []
    close = SqliteStore.close

    def note(store: SqliteStore) -> None:
        closed.append(True)
        close(store)

    monkeypatch.setattr(SqliteStore, "close", note)
    with pytest.raises(StudyPausedError, match="no data"):
        quick(broken, store=tmp_path / "rung.db", max_trials=5)
    assert closed


def test_all_else_goes_to_the_tuner() -> None:
    seen: list[Any] = []
    store = MemoryStore()
    study = quick(
        curve,
        store=store,
        study="named",
        metric="error",
        mode="max",
        backend=Simulated(2),
        incumbent_from="final",
        limits=Limits(trial_seconds=99.0),
        observers=[lambda event, ledger: seen.append(event)],
        scheduler="basic",
    )
    assert study.name == "named"
    assert study.row.goal.mode == "max"
    assert study.row.settings["incumbent_from"] == "final"
    assert study.row.settings["limits"]["trial_seconds"] == 99.0
    assert study.incumbent_error == max(row.last_loss * -1 for row in study.trials if row.last_loss is not None)
    assert len(seen) > 10
    with pytest.raises(StudyExistsError, match="'named'"):
        quick(store=store, study="named", resume="never")


def test_progress_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    quick(progress="plain")
    shown = capsys.readouterr()
    assert "trial" in shown.out + shown.err


def test_seconds_alone_say_when_to_end() -> None:
    study = quick(curve, max_trials=None, seconds=20.0, backend=Simulated(1, runtime=1.0), scheduler="basic")
    assert study.row.ended_why == "seconds"
    assert len(study.trials) == 3


@pytest.mark.parametrize("searcher", ["random", "sobol"])
def test_something_must_say_when_to_end(searcher: str) -> None:
    """A finite space ends nothing: a random searcher repeats itself."""
    for space in (SPACE, {"x": [1, 2, 3]}):
        with pytest.raises(SettingError, match="nothing says when to end"):
            quick(space=space, max_trials=None, searcher=searcher)


def test_a_criterion_that_may_never_come_is_no_end() -> None:
    with pytest.raises(
        SettingError, match=r"when to end: reached:0\.01 may never come\. Give max_trials=… or seconds=…"
    ):
        quick(max_trials=None, stop=reached(0.01))


def test_a_grid_ends_by_itself() -> None:
    assert len(quick(space={"x": [1, 2, 3]}, searcher="grid", max_trials=None).trials) == 3
    grid = GridSearcher(SPACE, points=4)
    assert len(quick(searcher=grid, max_trials=None).trials) == 4


# Searchers and schedulers


def test_searchers_by_name_and_as_they_are() -> None:
    assert quick(searcher="sobol").row.searcher["name"] == "sobol"
    assert quick(searcher="tpe(startup_trials=3)").row.searcher["startup_trials"] == 3
    searcher = RandomSearcher(SPACE, initial_config={"x": 0.125})
    assert quick(searcher=searcher).trials[0].config == {"x": 0.125}
    with pytest.raises(SettingError, match="'radnom'"):
        quick(searcher="radnom")


@pytest.mark.parametrize("first", [{"initial_config": {"x": 0.5}}, {"points_to_evaluate": [{"x": 0.5}]}])
@pytest.mark.parametrize(
    "part", [{"searcher": RandomSearcher(SPACE)}, {"scheduler": BasicScheduler(RandomSearcher(SPACE))}]
)
def test_a_part_that_is_ready_made_has_its_points_already(first: dict[str, Any], part: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="go to the searcher, which was given ready-made"):
        quick(**first, **part)


def test_a_part_that_is_ready_made_has_its_space_already() -> None:
    other = RandomSearcher({"x": Float(-1.0, 2.0)})
    with pytest.raises(
        SettingError, match=r"differs from that of RandomSearcher: x: high 2\.0 in the study, 1\.0 here"
    ):
        quick(searcher=other)
    with pytest.raises(SettingError, match="differs from that of BasicScheduler"):
        quick(scheduler=BasicScheduler(other))
    assert len(quick(space={"x": Float(-1.0, 2.0)}, scheduler=BasicScheduler(other)).trials) == 3


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ({"scheduler": None}, r"scheduler=None is no scheduler\. .*'basic' to run every trial to its end"),
        ({"scheduler": ASHA}, r"scheduler=<class .*ASHA'> is no scheduler"),
        ({"searcher": None}, r"searcher=None is no searcher\. .*'tpe'"),
        ({"searcher": 3}, "searcher=3 is no searcher"),
    ],
    ids=["no scheduler", "a class", "no searcher", "a number"],
)
def test_a_part_that_is_none(part: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingError, match=why):
        quick(**part)


def test_the_space_must_be_one() -> None:
    with pytest.raises(SpaceError, match="nothing to search: the space is empty"):
        quick(space={})
    assert len(quick(space=Space(SPACE)).trials) == 3


def test_the_objective_must_be_one() -> None:
    with pytest.raises(ObjectiveError, match="can't be trained"):
        quick(3)


@pytest.mark.parametrize(
    ("objective", "scheduler", "expected"),
    [(curve, "auto", "asha"), (square, "auto", "basic"), (curve, "asha", "asha"), (curve, "basic", "basic")],
)
def test_schedulers_by_name(objective: Any, scheduler: str, expected: str) -> None:
    row = quick(objective, scheduler=scheduler).row
    assert row.scheduler["name"] == expected
    if expected == "asha":
        assert (row.scheduler["max_t"], row.scheduler["variant"]) == (8, "stopping")


def test_early_stopping_by_itself() -> None:
    study = quick(curve, searcher="random", max_trials=9)
    assert TrialState.STOPPED in {row.state for row in study.trials}


def test_a_scheduler_as_it_is() -> None:
    scheduler = ASHA(RandomSearcher(SPACE), max_t=4, reduction_factor=2)
    assert quick(curve, scheduler=scheduler).row.scheduler["max_t"] == 4


def test_a_scheduler_with_options() -> None:
    for text in ("asha(max_t=8, reduction_factor=2)", "asha(reduction_factor=2)"):
        row = quick(curve, scheduler=text).row
        assert (row.scheduler["name"], row.scheduler["max_t"], row.scheduler["reduction_factor"]) == ("asha", 8, 2)


def test_asha_must_know_how_long_a_training_is() -> None:
    with pytest.raises(SettingError, match=r"asha needs to know how long.*max_epochs"):
        quick(scheduler="asha")


def one_epoch(x: float, max_epochs: int = 1) -> float:
    return x


def test_one_epoch_is_nothing_to_stop_early() -> None:
    assert quick(one_epoch).row.scheduler["name"] == "basic"


def test_no_second_study_while_training_code_is_imported() -> None:
    with (
        importing_training_code(),
        pytest.raises(
            RungError, match=r"would start a second one\. Put the call of tune\(\) or Tuner\(\) under `if __name__"
        ),
    ):
        quick()


def nested(x: float) -> float:
    """A study of its own, whose trials have processes as well."""
    study = quick(square, {"x": [x, x + 1]}, searcher="grid", workers=1)
    assert len(study.trials) == 2
    return float(study.incumbent["x"])


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_trial_may_consist_of_a_study(start: Any) -> None:
    study = quick(nested, {"x": Float(0.0, 1.0)}, backend=Processes(slots=1, start=start), max_trials=1)
    (row,) = study.trials
    assert (row.message, row.last_step, row.last_loss) == ("", 1, row.config["x"])


def wavy(x: float, max_epochs: int = 8) -> Any:
    for epoch in range(1, max_epochs + 1):
        yield {"accuracy": 0.5 if epoch > 3 and x < 0 else 0.1 * epoch}


@pytest.mark.parametrize("backend", [None, Simulated(3)])
def test_trials_are_stopped_by_criteria_and_the_log_says_why(backend: Any) -> None:
    store, goal = MemoryStore(), {"metric": "accuracy", "mode": "max"}
    criterion = reached(0.75) | patience(2)
    study = quick(wavy, scheduler="basic", store=store, backend=backend, stop_trials=criterion, max_trials=6, **goal)
    good = (TrialState.STOPPED, 8, "the metric 0.8 is at least as good as 0.75")
    bad = (TrialState.STOPPED, 6, "the metric did not get better in 2 reports")
    ends = [(row.state, row.last_step, row.message) for row in study.trials]
    assert ends == [bad if row.config["x"] < 0 else good for row in study.trials]
    assert {good, bad} == set(ends)
    again = build_scheduler(study.row.scheduler, Space(SPACE))
    assert verify_decisions(store.read(study.name), again).differences == []


def test_criteria_for_trials_go_with_any_scheduler() -> None:
    ready = ASHA(RandomSearcher(Space(SPACE)), max_t=8)
    for scheduler, within in (("auto", "asha"), ("basic", "basic"), (ready, "asha")):
        study = quick(curve, scheduler=scheduler, stop_trials=epochs(2) & diverged(0.5 + 0.6) | epochs(7))
        form = study.row.scheduler
        assert form["within"]["name"] == within
        assert form["mode"] == "min"
        assert form["name"] == "early"
    with pytest.raises(SettingError, match=r"^trials:3 can't stop a single trial"):
        quick(curve, scheduler=ready, stop_trials=trials(3))


def test_a_study_ends_by_a_criterion_in_words() -> None:
    assert len(quick(curve, stop="trials:3,epochs:1").trials) == 3
