from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard_server import metrics_of, serving
from tracked_study import train

import rung
from rung.errors import MissingExtraError, RungWarning, SettingError
from rung.events import Event, Observed, Started, StudyCreated
from rung.integrations.tensorboard import TensorBoard
from rung.integrations.tensorboard._files import events_of, files_of
from rung.integrations.tensorboard._records import END, EXPERIMENT, START, read_experiment
from rung.ledger import Ledger
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.store import MemoryStore
from rung.tuner import Tuner
from rung.types import Goal, TrialState

pytest.importorskip("tensorboard")
from tensorboard.plugins.hparams import api_pb2, metadata

SPACE = rung.Space(
    {
        "lr": rung.loguniform(1e-3, 1.0),
        "opt": ["adam", "sgd", None],
        "units": [16, 32],
        "nesterov": [True, False],
        "depth": [1, "auto"],
        "sizes": [[8, 8], [16]],
        "momentum": rung.Float(0.0, 0.9),
        "seed": 5,
    },
    conditions={"momentum": ("opt", "sgd")},
)
REST = {"units": 16, "nesterov": True, "depth": 1, "sizes": [8, 8], "seed": 5}
FIRST = {"lr": 0.1, "opt": "sgd", "momentum": 0.5, **REST}
BARE = {"lr": 0.05, "opt": None, **REST}
BAD = {**FIRST, "lr": 0.9}
WORSE = {**FIRST, "lr": 0.2}


def make_tuner(
    points: list[Any], *boards: Any, store: Any = None, name: str = "lenet", objective: Any = train, **options: Any
) -> Tuner:
    searcher = RandomSearcher(SPACE, points_to_evaluate=points)
    return Tuner(
        objective,
        ASHA(searcher, max_t=3, reduction_factor=2),
        store=store or MemoryStore(),
        study=name,
        seed=3,
        limits=rung.Limits(failures_in_a_row=None),
        observers=boards,
        **options,
    )


def tell_all(store: Any, board: TensorBoard, name: str = "lenet", *, upto: type[Event] | None = None) -> Ledger:
    ledger = Ledger()
    for _, event in store.read(name):
        ledger.apply(event)
        board(event, ledger)
        if upto is not None and isinstance(event, upto):
            break
    return ledger


def tags(folder: Path) -> list[str]:
    return [value.tag for event in events_of(folder) for value in event.summary.value]


def curve(folder: Path, tag: str) -> list[tuple[int, float]]:
    values = [(event.step, value) for event in events_of(folder) for value in event.summary.value]
    return [(step, value.simple_value) for step, value in values if value.tag == tag]


def single(value: float) -> float:
    """In single precision, as event files have it."""
    return float(np.float32(value))


def info(folder: Path, tag: str, parse: Any) -> Any:
    (content,) = [
        value.metadata.plugin_data.content
        for event in events_of(folder)
        for value in event.summary.value
        if value.tag == tag
    ]
    return parse(content)


def started(folder: Path) -> Any:
    return info(folder, START, metadata.parse_session_start_info_plugin_data)


def ended(folder: Path) -> int:
    return int(info(folder, END, metadata.parse_session_end_info_plugin_data).status)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MemoryStore]:
    """A study of four trials: complete, without momentum, failed, stopped."""
    logdir, store = tmp_path_factory.mktemp("logdir") / "lenet", MemoryStore()
    make_tuner([FIRST, BARE, BAD, WORSE], TensorBoard(logdir), store=store).run(4)
    states = [trial.state for trial in store.tables.trials("lenet")]
    done, failed, stopped = TrialState.COMPLETED, TrialState.FAILED, TrialState.STOPPED
    assert states == [done, done, failed, stopped]
    return logdir, store


def test_a_server_shows_the_table(written: tuple[Path, MemoryStore]) -> None:
    logdir, _ = written
    with serving(logdir) as server:
        server.wait_for(lambda: len(server.groups()) == 4)
        experiment, groups = server.experiment(), server.groups()
        series = server.ask("metric_evals", sessionName="trial-00000", metricName={"tag": "error"})
    shown = {each["name"]: each for each in experiment["hparamInfos"]}
    assert set(shown) == set(SPACE)
    assert shown["lr"]["domainInterval"] == {"minValue": 0.001, "maxValue": 1.0}
    assert shown["units"]["domainDiscrete"] == [16.0, 32.0]
    assert {name for name, each in shown.items() if each["differs"]} == set(SPACE) - {"seed"}
    assert experiment["name"] == "lenet"
    names = [each["name"]["tag"] for each in experiment["metricInfos"]]
    assert names == ["error", "best/error", "rung/steps", "accuracy"]
    assert groups["trial-00000"]["hparams"] == {
        "lr": 0.1, "opt": "sgd", "units": 16.0, "nesterov": True, "depth": "1", "sizes": "[8, 8]", "momentum": 0.5,
        "seed": 5.0,
    }  # fmt: skip
    assert metrics_of(groups["trial-00000"]) == pytest.approx(
        {"error": 0.225, "best/error": 0.1, "rung/steps": 3, "accuracy": 0.9}
    )
    states = {name: [each["status"] for each in group["sessions"]] for name, group in groups.items()}
    good, bad = ["STATUS_SUCCESS"], ["STATUS_FAILURE"]
    assert states == {"trial-00000": good, "trial-00001": good, "trial-00002": bad, "trial-00003": good}
    assert [step for _, step, _ in series] == [1, 2, 3]


def test_a_server_follows_a_running_study(tmp_path: Path) -> None:
    logdir = tmp_path / "lenet"
    tuner = make_tuner([FIRST], TensorBoard(logdir), objective=None)
    trial = tuner.ask()
    with serving(logdir) as server:
        tuner.tell(trial, 0.5, step=1)
        server.wait_for(lambda: any(map(metrics_of, server.groups().values())))
        (group,) = server.groups().values()
        assert metrics_of(group) == {"error": 0.5, "best/error": 0.5}
        assert group["sessions"][0]["status"] == "STATUS_UNKNOWN"
        tuner.tell(trial, 0.25)
        server.wait_for(lambda: metrics_of(server.groups()["trial-00000"]).get("rung/steps") == 2)
        server.wait_for(lambda: server.groups()["trial-00000"]["sessions"][0]["status"] == "STATUS_SUCCESS")
    tuner.close()


class TestTheExperiment:
    def test_there_is_one_at_the_root_with_the_whole_space(self, written: tuple[Path, MemoryStore]) -> None:
        logdir, _ = written
        assert [tags(folder).count(EXPERIMENT) for folder in (logdir, *logdir.iterdir()) if folder.is_dir()] == [
            1, 0, 0, 0, 0,
        ]  # fmt: skip
        found = read_experiment(events_of(logdir))
        assert found is not None
        assert list(found.columns) == list(SPACE)  # momentum too, though not all have it
        assert found.columns["momentum"][:3] == ("number", 0.0, 0.9)

    def test_it_waits_for_the_first_report_to_know_the_metrics(self, tmp_path: Path) -> None:
        tuner = make_tuner([FIRST], TensorBoard(tmp_path), objective=None)
        trial = tuner.ask()
        assert files_of(tmp_path) == []
        tuner.tell(trial, {"error": 0.5, "other": 1.0}, step=1)
        found = read_experiment(events_of(tmp_path))
        assert found is not None
        assert "other" in found.metrics
        tuner.close()

    def test_what_is_searched_differs_and_what_is_constant_does_not(self, written: tuple[Path, MemoryStore]) -> None:
        found = read_experiment(events_of(written[0]))
        assert found is not None
        assert [name for name, column in found.columns.items() if not column.differs] == ["seed"]

    def test_there_is_still_one_after_another_session(self, tmp_path: Path) -> None:
        store = MemoryStore()
        make_tuner([FIRST], TensorBoard(tmp_path), store=store).run(1)
        make_tuner([FIRST], TensorBoard(tmp_path), store=store).run(1)
        assert tags(tmp_path) == [EXPERIMENT]
        assert len(list(tmp_path.glob("trial-*"))) == 2

    def test_a_value_from_outside_of_the_space_has_its_place(self, tmp_path: Path) -> None:
        store = MemoryStore()
        with pytest.warns(RungWarning, match="lr"):
            make_tuner([FIRST], store=store, known_results=[({**FIRST, "lr": 7.0, "opt": "lion"}, 0.3)]).run(2)
        tell_all(store, TensorBoard(tmp_path))
        found = read_experiment(events_of(tmp_path))
        assert found is not None
        assert (found.columns["lr"].low, found.columns["lr"].high) == (0.001, 7.0)
        assert found.columns["opt"].values == ("adam", "sgd", "none", "lion")

    def test_an_edit_of_the_space_widens_it(self, tmp_path: Path) -> None:
        store = MemoryStore()
        tuner = make_tuner([FIRST], TensorBoard(tmp_path), store=store)
        study = tuner.run(1)
        study.edit({"lr": rung.loguniform(1e-2, 10.0)})
        tuner.run(1)
        found = read_experiment(events_of(tmp_path))
        assert found is not None
        assert (found.columns["lr"].low, found.columns["lr"].high) == (0.001, 10.0)

    def test_the_folder_of_another_study_is_refused(self, written: tuple[Path, MemoryStore], tmp_path: Path) -> None:
        logdir, _ = written
        before = events_of(logdir)
        with pytest.raises(SettingError, match="has events of something else"):
            make_tuner([FIRST], TensorBoard(logdir), name="other").run(1)
        assert events_of(logdir) == before
        (tmp_path / "events.out.tfevents.1700000000.somebody").touch()
        with pytest.raises(SettingError, match="has events of something else"):
            make_tuner([FIRST], TensorBoard(tmp_path)).run(1)

    def test_a_study_of_the_same_name_and_seed_is_another_one(self, written: tuple[Path, MemoryStore]) -> None:
        logdir, _ = written
        before = {path: path.read_bytes() for path in logdir.rglob("events*")}
        with pytest.raises(SettingError, match="has events of something else"):
            make_tuner([FIRST, BARE, BAD, WORSE], TensorBoard(logdir)).run(4)
        assert {path: path.read_bytes() for path in logdir.rglob("events*")} == before

    def test_a_study_that_never_reported_is_another_one_too(self, tmp_path: Path) -> None:
        """It has no experiment, but its trials have their folders."""
        store = MemoryStore()
        make_tuner([BAD, FIRST], TensorBoard(tmp_path), store=store).run(1)
        assert files_of(tmp_path) == []
        with pytest.raises(SettingError, match="has events of something else"):
            make_tuner([FIRST], TensorBoard(tmp_path)).run(1)
        make_tuner([BAD, FIRST], TensorBoard(tmp_path), store=store).run(1)
        assert tags(tmp_path) == [EXPERIMENT]


class TestTrials:
    def test_the_end_is_written_once(self, written: tuple[Path, MemoryStore], tmp_path: Path) -> None:
        logdir, store = written
        for number in range(4):
            assert tags(logdir / f"trial-{number:05}").count(END) == 1
        tell_all(store, TensorBoard(tmp_path), upto=Observed)
        assert END not in tags(tmp_path / "trial-00000")

    def test_states(self, written: tuple[Path, MemoryStore]) -> None:
        good, bad = api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE
        assert [ended(written[0] / f"trial-{number:05}") for number in range(4)] == [good, good, bad, good]

    def test_a_paused_trial_has_not_ended(self, tmp_path: Path) -> None:
        store = MemoryStore()
        searcher = RandomSearcher(SPACE, points_to_evaluate=[FIRST, WORSE])
        halving = ASHA(searcher, max_t=3, reduction_factor=2, variant="promotion")
        tuner = Tuner(train, halving, store=store, study="lenet", seed=1, observers=[TensorBoard(tmp_path)])
        tuner.run(2)
        paused = [trial for trial in store.tables.trials("lenet") if trial.state is TrialState.PAUSED]
        assert paused
        for trial in paused:
            folder = tmp_path / f"trial-{trial.number:05}"
            assert END not in tags(folder)
            assert curve(folder, "rung/steps")[-1] == (trial.last_step, trial.last_step)

    def test_how_far_a_stopped_trial_came(self, written: tuple[Path, MemoryStore]) -> None:
        assert curve(written[0] / "trial-00000", "rung/steps") == [(3, 3.0)]
        assert curve(written[0] / "trial-00003", "rung/steps") == [(1, 1.0)]
        assert curve(written[0] / "trial-00002", "rung/steps") == []

    def test_the_best_value_so_far(self, written: tuple[Path, MemoryStore]) -> None:
        folder = written[0] / "trial-00000"
        assert curve(folder, "error") == [(1, single(0.225)), (2, single(0.1)), (3, single(0.225))]
        assert curve(folder, "best/error") == [(1, single(0.225)), (2, single(0.1))]

    def test_the_best_of_a_metric_that_is_to_grow(self, tmp_path: Path) -> None:
        def rises(x: float) -> Any:
            yield from (0.1 * x, 0.3 * x, 0.2 * x, 0.3 * x)

        scheduler = BasicScheduler(RandomSearcher({"x": [1.0]}))
        Tuner(rises, scheduler, metric="score", mode="max", study="s", observers=[TensorBoard(tmp_path)]).run(1)
        assert curve(tmp_path / "trial-00000", "best/score") == [(1, single(0.1)), (2, single(0.3))]

    def test_values_that_are_not_finite_are_left_out(self, tmp_path: Path) -> None:
        """A single one breaks the axes of parallel coordinates and of the scatter matrix, for all trials."""

        def breaks(x: float) -> Any:
            yield {"error": 0.5 * x, "norm": 2.0}
            yield {"error": 0.4 * x, "norm": 1e300}  # infinite in single precision
            yield {"error": -1e300, "norm": math.inf}
            yield {"error": math.nan, "norm": 3.0}

        store, logdirs = MemoryStore(), (tmp_path / "live", tmp_path / "told")
        scheduler = BasicScheduler(RandomSearcher({"x": [1.0]}))
        Tuner(breaks, scheduler, store=store, study="s", observers=[TensorBoard(logdirs[0])]).run(1)
        for _ in range(2):
            tell_all(store, TensorBoard(logdirs[1]), "s")
        for logdir in logdirs:
            folder = logdir / "trial-00000"
            assert curve(folder, "error") == [(1, 0.5), (2, single(0.4))]
            assert curve(folder, "norm") == [(1, 2.0), (4, 3.0)]
            assert curve(folder, "best/error") == [(1, 0.5), (2, single(0.4))]
            assert curve(folder, "rung/steps") == [(4, 4.0)]
            assert ended(folder) == api_pb2.STATUS_FAILURE

    def test_types(self, written: tuple[Path, MemoryStore]) -> None:
        first = {name: each.WhichOneof("kind") for name, each in started(written[0] / "trial-00000").hparams.items()}
        assert first == {
            "lr": "number_value", "opt": "string_value", "units": "number_value", "nesterov": "bool_value",
            "depth": "string_value", "sizes": "string_value", "momentum": "number_value", "seed": "number_value",
        }  # fmt: skip
        bare = started(written[0] / "trial-00001").hparams
        assert bare["opt"].string_value == "none"
        assert "momentum" not in bare

    def test_each_has_one_folder_and_nothing_below_it(self, written: tuple[Path, MemoryStore]) -> None:
        logdir, _ = written
        assert sorted(folder.name for folder in logdir.iterdir() if folder.is_dir()) == [
            f"trial-{number:05}" for number in range(4)
        ]
        assert all(len(list((logdir / f"trial-{number:05}").iterdir())) == 1 for number in range(4))

    def test_equal_configurations_are_one_group(self, tmp_path: Path) -> None:
        store = MemoryStore()
        make_tuner([FIRST, WORSE], TensorBoard(tmp_path), store=store).run(2)
        make_tuner([FIRST, WORSE], TensorBoard(tmp_path), store=store, known_results=[(FIRST, 0.3)]).run(3)
        groups = [started(tmp_path / f"trial-{number:05}").group_name for number in range(3)]
        assert groups == ["trial-00000", "trial-00001", "trial-00000"]

    def test_a_copy_is_a_group_of_its_own(self, tmp_path: Path) -> None:
        board, ledger, goal = TensorBoard(tmp_path), Ledger(), Goal("error")
        spec = {"name": "random"}
        created = StudyCreated(study="s", space=SPACE.to_json(), goal=goal, seed=1, searcher=spec, scheduler=spec)
        parents = [None, 0, None]
        for event in (
            created,
            *(Started(at=1.0, trial=n, attempt=1, config=FIRST, parent=parent) for n, parent in enumerate(parents)),
        ):
            ledger.apply(event)
            board(event, ledger)
        groups = [started(tmp_path / f"trial-{number:05}").group_name for number in range(3)]
        assert groups == ["trial-00000", "trial-00001", "trial-00000"]

    def test_times_are_those_of_the_calendar(self, written: tuple[Path, MemoryStore]) -> None:
        logdir, store = written
        row, trial = store.tables.study("lenet"), store.tables.trial("lenet", 1)
        began = started(logdir / "trial-00001").start_time_secs
        assert began == pytest.approx(row.last_unix + trial.started_at - row.session_at)


class TestTellingALogAgain:
    def test_it_gives_the_same_as_live(self, written: tuple[Path, MemoryStore], tmp_path: Path) -> None:
        logdir, store = written
        tell_all(store, TensorBoard(tmp_path))
        for number in range(4):
            folder = f"trial-{number:05}"
            assert events_of(tmp_path / folder) == events_of(logdir / folder)
        assert read_experiment(events_of(tmp_path)) == read_experiment(events_of(logdir))

    def test_what_is_there_is_not_written_again(self, written: tuple[Path, MemoryStore]) -> None:
        logdir, store = written
        before = {path: path.read_bytes() for path in logdir.rglob("events*")}
        tell_all(store, TensorBoard(logdir))
        assert {path: path.read_bytes() for path in logdir.rglob("events*")} == before

    def test_it_goes_on_behind_a_torn_record(self, written: tuple[Path, MemoryStore], tmp_path: Path) -> None:
        logdir, store = written
        tell_all(store, TensorBoard(tmp_path))
        (file,) = files_of(tmp_path / "trial-00000")
        file.write_bytes(file.read_bytes()[:-150])
        assert END not in tags(tmp_path / "trial-00000")
        tell_all(store, TensorBoard(tmp_path))
        assert len(files_of(tmp_path / "trial-00000")) == 2
        assert sorted(tags(tmp_path / "trial-00000")) == sorted(tags(logdir / "trial-00000"))


def test_a_folder_that_cannot_be_written_ends_the_export_and_not_the_study(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.warns(RungWarning, match=r"has ended.*Catch up on it by: rung tensorboard lenet") as told:
        study = make_tuner([FIRST], TensorBoard(tmp_path / "file")).run(2)
    assert len(told) == 1
    assert len(study.trials) == 2


def test_an_observer_is_for_one_study(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path / "lenet")
    make_tuner([FIRST], board).run(1)
    before = {path: path.read_bytes() for path in tmp_path.rglob("events*")}
    with pytest.raises(SettingError, match="has events of something else"):
        make_tuner([FIRST], board, name="other").run(1)
    assert {path: path.read_bytes() for path in tmp_path.rglob("events*")} == before


def test_an_export_that_has_ended_says_so_of_each_study(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    board = TensorBoard(tmp_path / "file")
    for name in ("lenet", "other"):
        with pytest.warns(RungWarning, match=f"Catch up on it by: rung tensorboard {name}"):
            make_tuner([FIRST], board, name=name).run(1)


def test_it_needs_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'rung\[tensorboard\]'"):
        TensorBoard(tmp_path)


def test_an_old_package_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tensorboard.version.VERSION", "2.15.2")
    with pytest.raises(SettingError, match=r"tensorboard 2\.15\.2 is too old.*pip install 'tensorboard>=2\.20'"):
        TensorBoard(tmp_path)


def test_it_imports_neither_tensorflow_nor_torch(tmp_path: Path) -> None:
    """Nor where they are installed and it reads what it wrote, which TensorBoard's loaders do by TensorFlow."""
    code = (
        "import sys, rung; from rung.integrations.tensorboard import TensorBoard\n"
        "assert 'tensorboard' not in sys.modules\n"
        "for trials in (1, 2):\n"
        f"    rung.tune(lambda x: x, {{'x': rung.Float(0, 1)}}, max_trials=trials, store='study.db', study='two',"
        f" seed=0, progress='off', observers=[TensorBoard({str(tmp_path / 'logs')!r})])\n"
        "bad = {'tensorflow', 'torch', 'tensorboard.plugins.hparams.summary'} & set(sys.modules)\n"
        "assert not bad, bad\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert tags(tmp_path / "logs") == [EXPERIMENT]
