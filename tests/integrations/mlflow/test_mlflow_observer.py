"""What is written is read back by MLflow's own client, from a real database."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tracked_study import BAD, FIRST, REST, SPACE, WORSE, make_tuner

import rung
from rung.errors import MissingExtraError, RungError, RungWarning, SettingError
from rung.events import (
    Ended,
    Event,
    Interrupted,
    Noted,
    Observed,
    SessionEnded,
    SessionStarted,
    Started,
    StudyCreated,
    Tagged,
)  # fmt: skip
from rung.integrations.mlflow import MLflow
from rung.ledger import Ledger
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.store import MemoryStore
from rung.study import Study
from rung.tuner import Tuner
from rung.types import Goal, Owner, TrialState

pytestmark = pytest.mark.filterwarnings(
    "ignore:The ``noload`` loader strategy:DeprecationWarning"
)  # MLflow's own tables

BARE = {"lr": 0.05, **REST, "opt": None}


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database for all tests, as it takes seconds to make; each has an experiment of its own, by its study's name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        pytest.importorskip("mlflow.tracking")
        pytest.importorskip("sqlalchemy")
        yield f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


class Found:
    """What an experiment has: the study's run, and those of its trials by name."""

    def __init__(self, uri: str, experiment: str = "lenet") -> None:
        from mlflow import MlflowClient

        self.client = MlflowClient(uri)
        found = self.client.get_experiment_by_name(experiment)
        assert found is not None
        runs = self.client.search_runs([found.experiment_id])
        self.count = len(runs)
        self.parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
        self.trials = {run.info.run_name: run for run in runs if run not in self.parents}

    def curve(self, run: Any, metric: str) -> list[tuple[int, float]]:
        return [(each.step, each.value) for each in self.client.get_metric_history(run.info.run_id, metric)]


@pytest.fixture(scope="module")
def written(uri: str) -> Study:
    """A study of four trials: complete, complete, failed, stopped."""
    labels: dict[str, Any] = {"message": "first try", "tags": ["cpu", "small"]}
    study = make_tuner([FIRST, BARE, BAD, WORSE], MLflow(uri), **labels).run(4)
    assert [str(trial.state) for trial in study.trials] == ["completed", "completed", "failed", "stopped"]
    return study


class TestAStudy:
    def test_it_is_a_run_above_its_trials(self, written: Study, uri: str) -> None:
        found = Found(uri)
        (parent,) = found.parents
        assert parent.info.run_name == "lenet"
        assert parent.info.status == "FINISHED"
        assert parent.data.tags["rung.seed"] == "3"
        assert parent.data.tags["rung.tags"] == "cpu, small"
        assert parent.data.tags["mlflow.note.content"] == "first try"
        assert parent.data.tags["rung.best_trial"] == "1"
        assert found.curve(parent, "best/error") == [(1, 0.05)]
        above = {run.data.tags["mlflow.parentRunId"] for run in found.trials.values()}
        assert above == {parent.info.run_id}

    def test_hyperparameters(self, written: Study, uri: str) -> None:
        trials = Found(uri).trials
        assert trials["lenet-0"].data.params == {"lr": "0.1", "opt": "sgd", "sizes": "[8, 8]"}
        assert trials["lenet-1"].data.params["opt"] == "None"

    def test_every_metric_at_its_step(self, written: Study, uri: str) -> None:
        found = Found(uri)
        for number in range(4):
            run = found.trials[f"lenet-{number}"]
            for metric in ("error", "accuracy"):
                ours = [(step, each[metric]) for step, each in written.curve(number) if metric in each]
                assert found.curve(run, metric) == ours
        assert found.curve(found.trials["lenet-0"], "best/error") == [(2, 0.1)]

    def test_states(self, written: Study, uri: str) -> None:
        trials = Found(uri).trials
        statuses = [trials[f"lenet-{number}"].info.status for number in range(4)]
        assert statuses == ["FINISHED", "FINISHED", "FAILED", "KILLED"]
        assert [trials[f"lenet-{number}"].data.tags["rung.state"] for number in range(4)] == [
            str(trial.state) for trial in written.trials
        ]
        assert trials["lenet-2"].data.tags["rung.reason"] == "error"
        assert "diverged" in trials["lenet-2"].data.tags["rung.message"]
        assert trials["lenet-3"].data.tags["rung.message"] == written.trials[3].message

    def test_times_are_those_of_the_calendar(self, written: Study, uri: str) -> None:
        info, row, trial = Found(uri).trials["lenet-1"].info, written.row, written.trials[1]
        assert trial.ended_at is not None
        for there, here in ((info.start_time, trial.started_at), (info.end_time, trial.ended_at)):
            assert there == pytest.approx(1000 * (row.last_unix + here - row.session_at), abs=1)

    def test_exporting_it_again_adds_nothing(self, written: Study, uri: str) -> None:
        before = Found(uri)
        MLflow(uri).export(written)
        after = Found(uri)
        assert after.count == before.count == 5
        for name, run in after.trials.items():
            assert dict(run.info) == dict(before.trials[name].info)
            assert after.curve(run, "error") == before.curve(before.trials[name], "error")
        assert after.curve(after.parents[0], "best/error") == [(1, 0.05)]

    def test_exported_afterwards_it_is_the_same(self, written: Study, uri: str) -> None:
        MLflow(uri, experiment="elsewhere").export(written)
        live, later = Found(uri), Found(uri, "elsewhere")
        assert live.trials.keys() == later.trials.keys()
        for name, run in live.trials.items():
            other = later.trials[name]
            assert (run.data.params, run.data.metrics) == (other.data.params, other.data.metrics)
            assert (run.info.status, run.info.start_time, run.info.end_time) == (
                other.info.status, other.info.start_time, other.info.end_time,
            )  # fmt: skip


class TestGoingOn:
    def test_another_session_finds_the_runs(self, uri: str) -> None:
        store = MemoryStore()
        make_tuner([FIRST, BARE], MLflow(uri), store=store, name="later").run(1)
        make_tuner([FIRST, BARE], MLflow(uri), store=store, name="later").run(1)
        found = Found(uri, "later")
        assert found.trials.keys() == {"later-0", "later-1"}
        (parent,) = found.parents
        assert sorted(found.curve(parent, "best/error")) == [(1, 0.1), (2, 0.05)]

    def test_a_paused_trial_goes_on_in_its_run(self, uri: str) -> None:
        store = MemoryStore()
        tuner = make_tuner([FIRST, WORSE, BARE], MLflow(uri), store=store, name="paused", variant="promotion")
        tuner.run(2)
        paused = [trial.number for trial in tuner.study.trials if trial.state is TrialState.PAUSED]
        assert paused
        for number in paused:
            assert Found(uri, "paused").trials[f"paused-{number}"].info.status == "SCHEDULED"
        study = make_tuner([FIRST, WORSE, BARE], MLflow(uri), store=store, name="paused", variant="promotion").run(3)
        found = Found(uri, "paused")
        assert len(found.trials) == len(study.trials)
        again = [trial for trial in study.trials if trial.attempt > 1]
        assert again
        for trial in study.trials:
            steps = [step for step, _ in found.curve(found.trials[f"paused-{trial.number}"], "error")]
            assert steps == list(range(1, trial.last_step + 1))

    def test_an_attempt_that_was_lost(self, uri: str) -> None:
        events: list[Event] = [
            Started(at=1.0, trial=0, attempt=1, config=FIRST),
            Observed(at=2.0, trial=0, attempt=1, step=1, metrics={"error": 0.5}, loss=0.5),
            Interrupted(at=3.0, trial=0, attempt=1, reason="killed"),
        ]
        more: list[Event] = [
            Started(at=4.0, trial=0, attempt=2, config=FIRST, cause="retried"),
            Observed(at=5.0, trial=0, attempt=2, step=2, metrics={"error": 0.4}, loss=0.4),
            Ended(at=6.0, trial=0, attempt=2, state=TrialState.COMPLETED),
        ]
        ledger = begun("lost")
        tell(MLflow(uri), events, ledger)
        assert Found(uri, "lost").trials["lost-0"].info.status == "SCHEDULED"
        tell(MLflow(uri), more, ledger)
        found = Found(uri, "lost")
        assert found.trials["lost-0"].info.status == "FINISHED"
        assert found.curve(found.trials["lost-0"], "error") == [(1, 0.5), (2, 0.4)]

    def test_a_study_of_the_same_name_and_seed_is_another_one(self, uri: str) -> None:
        for _ in range(2):
            make_tuner([FIRST], MLflow(uri), name="twin").run(1)
        found = Found(uri, "twin")
        assert len(found.parents) == 2
        assert found.count == 4

    def test_an_observer_has_room_for_many_studies(self, uri: str) -> None:
        observer = MLflow(uri, experiment="many")
        for name in ("one", "two"):
            make_tuner([FIRST], observer, name=name).run(1)
        assert_many(uri, "many")

    def test_also_at_a_time(self, uri: str) -> None:
        observer = MLflow(uri, experiment="mixed")
        scheduler = BasicScheduler(RandomSearcher(SPACE, points_to_evaluate=[FIRST]))
        tuners = [Tuner(None, scheduler, study=name, observers=[observer]) for name in ("one", "two")]
        for tuner in tuners:
            assert tuner.ask()
        for step, error in enumerate((0.225, 0.1, 0.225), start=1):
            for tuner in tuners:
                tuner.tell(0, error, step=step)
        for tuner in tuners:
            tuner.close()
        assert_many(uri, "mixed")

    def test_an_export_fills_what_is_missing(self, uri: str) -> None:
        study = make_tuner([FIRST], name="holes").run(1)
        ledger, observer = Ledger(), MLflow(uri)
        for event in study.events():
            ledger.apply(event)
            if not (isinstance(event, Ended) or (isinstance(event, Observed) and event.step == 2)):
                observer(event, ledger)
        before = Found(uri, "holes")
        assert [step for step, _ in before.curve(before.trials["holes-0"], "error")] == [1, 3]
        MLflow(uri).export(study)
        after = Found(uri, "holes")
        assert sorted(after.curve(after.trials["holes-0"], "error")) == [(1, 0.225), (2, 0.1), (3, 0.225)]
        assert after.trials["holes-0"].info.status == "FINISHED"

    def test_notes_and_tags_of_later(self, uri: str) -> None:
        events: list[Event] = [
            Started(at=1.0, trial=0, attempt=1, config=FIRST),
            Ended(at=2.0, trial=0, attempt=1, state=TrialState.COMPLETED),
            Noted(at=3.0, trial=0, text="look here"),
            Noted(at=3.0, trial=0, text="and there"),
            Tagged(at=4.0, trial=0, added=("odd",)),
            Noted(at=5.0, text="all of them"),
        ]
        tell(MLflow(uri), events, begun("noted"))
        found = Found(uri, "noted")
        tags = found.trials["noted-0"].data.tags
        assert (tags["mlflow.note.content"], tags["rung.tags"]) == ("look here\n\nand there", "odd")
        assert found.parents[0].data.tags["mlflow.note.content"] == "all of them"


def assert_many(uri: str, experiment: str) -> None:
    found = Found(uri, experiment)
    above = {run.info.run_name: run.info.run_id for run in found.parents}
    assert above.keys() == {"one", "two"}
    assert found.trials.keys() == {"one-0", "two-0"}
    for name, run in found.trials.items():
        assert run.data.tags["mlflow.parentRunId"] == above[name.removesuffix("-0")]
        assert found.curve(run, "error") == [(1, 0.225), (2, 0.1), (3, 0.225)]


def begun(name: str) -> Ledger:
    ledger, spec = Ledger(), {"name": "random"}
    owner = Owner(host="h", boot="b", pid=1, started=0.0)
    ledger.apply(
        StudyCreated(study=name, space=SPACE.to_json(), goal=Goal("error"), seed=1, searcher=spec, scheduler=spec)
    )
    ledger.apply(SessionStarted(at=0.0, session=1, owner=owner, slots=1, unix=1_700_000_000.0))
    return ledger


def tell(observer: MLflow, events: list[Event], ledger: Ledger) -> None:
    for event in (*events, SessionEnded(at=9.0, session=1, why="done")):
        ledger.apply(event)
        observer(event, ledger)


def test_names_that_mlflow_forbids(uri: str) -> None:
    space = {"lr (log)": rung.Float(0, 1)}

    def score(trial: Any) -> None:
        trial.report({"top-5 [%]": trial.config["lr (log)"]})

    searcher = RandomSearcher(space, points_to_evaluate=[{"lr (log)": 0.5}])
    Tuner(score, BasicScheduler(searcher), metric="top-5 [%]", study="odd", observers=[MLflow(uri)]).run(1)
    data = Found(uri, "odd").trials["odd-0"].data
    assert data.params == {"lr _log_": "0.5"}
    assert data.metrics == {"top-5 ___": 0.5, "best/top-5 ___": 0.5}


class TestNamesThatWouldBeTheSame:
    """In MLflow, which takes few signs, and has names of ours."""

    SPACE = rung.Space({"lr:a": rung.Float(0, 1), "lr;a": rung.Float(0, 1), "lr_a": rung.Float(0, 1)})
    POINT: ClassVar = {"lr:a": 0.1, "lr;a": 0.2, "lr_a": 0.3}

    def tuner(self, uri: str, name: str, store: MemoryStore, *reports: dict[str, float]) -> Tuner:
        def score(trial: Any) -> None:
            for report in reports:
                trial.report(report)

        searcher = RandomSearcher(self.SPACE, points_to_evaluate=[self.POINT] * 2)
        options: dict[str, Any] = {"metric": "acc:1", "study": name, "store": store, "observers": [MLflow(uri)]}
        return Tuner(score, BasicScheduler(searcher), **options)

    def test_they_are_numbered(self, uri: str) -> None:
        report = {"acc:1": 1.0, "acc;1": 2.0, "acc_1": 3.0, "best/acc_1": 4.0}
        study = self.tuner(uri, "alike", MemoryStore(), report).run(1)
        MLflow(uri, experiment="alike too").export(study)
        for experiment in ("alike", "alike too"):
            found = Found(uri, experiment)
            data = found.trials["alike-0"].data
            assert data.params == {"lr_a": "0.1", "lr_a_2": "0.2", "lr_a_3": "0.3"}
            shown = {"acc_1": 1.0, "acc_1_2": 2.0, "acc_1_3": 3.0, "best/acc_1_2": 4.0, "best/acc_1": 1.0}
            assert data.metrics == shown
            tags = found.parents[0].data.tags
            names = {
                name.removeprefix("rung."): text for name, text in tags.items() if name.startswith(("rung.p", "rung.m"))
            }
            assert names == {
                "parameter.lr_a": "lr:a",
                "parameter.lr_a_2": "lr;a",
                "parameter.lr_a_3": "lr_a",
                "metric.acc_1": "acc:1",
                "metric.acc_1_2": "acc;1",
                "metric.acc_1_3": "acc_1",
                "metric.best/acc_1_2": "best/acc_1",
            }

    def test_they_keep_their_names_in_a_later_session(self, uri: str) -> None:
        store = MemoryStore()
        self.tuner(uri, "names", store, {"acc:1": 1.0}, {"acc:1": 0.5, "f_1": 2.0, "f;1": 3.0}).run(1)
        self.tuner(uri, "names", store, {"acc:1": 1.0, "f:1": 4.0}, {"acc:1": 0.5, "f;1": 3.0, "f_1": 2.0}).run(1)
        first, second = (Found(uri, "names").trials[f"names-{number}"].data.metrics for number in range(2))
        assert first == {"acc_1": 0.5, "f_1": 2.0, "f_1_2": 3.0, "best/acc_1": 0.5}
        assert second == {"acc_1": 0.5, "f_1": 2.0, "f_1_2": 3.0, "f_1_3": 4.0, "best/acc_1": 0.5}

    def test_also_when_the_first_one_was_never_written(self, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the observer still knows is not what is there."""
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        def fail(*_: Any, **__: Any) -> None:
            raise MlflowException("full")

        tuner = self.tuner(uri, "full", MemoryStore(), {"acc:1": 1.0, "acc;1": 2.0})
        study, observer = tuner.run(1), MLflow(uri, experiment="again")
        with monkeypatch.context() as patch:
            patch.setattr(MlflowClient, "log_batch", fail)
            with pytest.raises(RungError, match="MLflow can't be written: full"):
                observer.export(study)
        observer.export(study)
        tags = Found(uri, "again").parents[0].data.tags
        assert (tags["rung.metric.acc_1"], tags["rung.metric.acc_1_2"]) == ("acc:1", "acc;1")
        assert tags["rung.parameter.lr_a"] == "lr:a"


def test_values_that_are_not_finite(uri: str) -> None:
    def breaks(x: float) -> Any:
        yield {"error": 0.5 * x}
        yield {"error": float("nan")}

    scheduler = BasicScheduler(RandomSearcher({"x": [1.0]}))
    Tuner(breaks, scheduler, study="nan", observers=[MLflow(uri)]).run(1)
    found = Found(uri, "nan")
    (_, first), (step, second) = found.curve(found.trials["nan-0"], "error")
    assert (first, step) == (0.5, 2)
    assert second != second  # noqa: PLR0124  it is NaN
    assert found.trials["nan-0"].info.status == "FAILED"


class TestFailures:
    def test_a_server_that_is_down_ends_the_export_and_not_the_study(
        self, uri: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        observer = MLflow("http://127.0.0.1:9")
        with pytest.warns(RungWarning, match=r"export to MLflow has ended.*rung\.open_study\('down'") as told:
            study = make_tuner([FIRST, BARE], observer, name="down").run(2)
        assert len(told) == 1
        assert len(study.trials) == 2
        with pytest.raises(RungError, match="MLflow can't be written"):
            MLflow("http://127.0.0.1:9").export(study)
        MLflow(uri).export(study)
        assert len(Found(uri, "down").trials) == 2

    def test_an_address_that_mlflow_refuses(self, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
        with pytest.raises(SettingError, match="MLflow can't use the address 'file:"):
            MLflow(tmp_path.as_uri())

    def test_it_needs_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "mlflow", None)
        with pytest.raises(MissingExtraError, match=r"An export to MLflow needs.*pip install 'rung\[mlflow\]'"):
            MLflow()

    def test_a_database_needs_more_than_the_skinny_package(
        self, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "mlflow.store.tracking.sqlalchemy_store", None)
        with pytest.raises(MissingExtraError, match=r"in a database needs.*pip install 'rung\[mlflow\]'"):
            MLflow(f"sqlite:///{tmp_path}/other.db")


def test_it_is_imported_when_it_is_used() -> None:
    code = "import sys, rung.integrations.mlflow; assert 'mlflow' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
