"""What is written offline is read back from the files that ``wandb sync`` would send."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tracked_study import BAD, FIRST, SPACE, WORSE, make_tuner

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
from rung.integrations.wandb import WandB
from rung.ledger import Ledger
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.store import MemoryStore
from rung.study import Study
from rung.tuner import Tuner
from rung.types import Goal, Owner, TrialState


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[None]:
    """W&B's own process, for all tests; it tells nobody of errors."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("WANDB_MODE", "WANDB_PROJECT", "WANDB_DIR"):
            patch.delenv(name, raising=False)
        patch.setenv("WANDB_ERROR_REPORTING", "false")
        wandb = pytest.importorskip("wandb.sdk").wandb_setup
        yield
        wandb.teardown()


class Part:
    """A file of one run: what it began with, its curve, its summary, and how it ended."""

    def __init__(self, file: Path) -> None:
        from rung.integrations.wandb._files import as_values, records_of

        self.id = file.stem.removeprefix("run-")
        self.curve: list[tuple[int, dict[str, Any]]] = []
        self.summary: dict[str, Any] = {}
        self.exit_code: int | None = None
        for record in records_of(file):
            kind = record.WhichOneof("record_type")
            if kind == "run":
                self.run, self.config = record.run, as_values(record.run.config.update)
            elif kind == "history":
                shown = {name: value for name, value in as_values(record.history.item).items() if name[0] != "_"}
                self.curve.append((record.history.step.num, shown))
            elif kind == "summary":
                self.summary |= as_values(record.summary.update)
            elif kind == "exit":
                self.exit_code = record.exit.exit_code


def parts_in(folder: Path) -> dict[str, list[Part]]:
    """The parts of each run, by the run's name, in the order in which they were begun."""
    found: dict[str, list[Part]] = {}
    for file in sorted((folder / "wandb").glob("offline-run-*/*.wandb"), key=lambda file: file.stat().st_mtime_ns):
        part = Part(file)
        found.setdefault(part.run.display_name, []).append(part)
    return found


def sole(folder: Path) -> dict[str, Part]:
    found = parts_in(folder)
    assert {len(parts) for parts in found.values()} == {1}
    return {name: parts[0] for name, parts in found.items()}


def offline(folder: Path, project: str = "demo") -> WandB:
    return WandB(project, mode="offline", dir=folder)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Study]:
    """A study of three trials: complete, failed, stopped."""
    folder = tmp_path_factory.mktemp("wandb")
    labels: dict[str, Any] = {"message": "first try", "tags": ["cpu", "small"]}
    study = make_tuner([FIRST, BAD, WORSE], offline(folder), **labels).run(3)
    assert [str(trial.state) for trial in study.trials] == ["completed", "failed", "stopped"]
    return folder, study


class TestAStudy:
    def test_it_is_a_group_of_runs(self, written: tuple[Path, Study]) -> None:
        found = sole(written[0])
        assert found.keys() == {"lenet-0", "lenet-1", "lenet-2"}
        for part in found.values():
            run = part.run
            assert (run.project, run.run_group, run.job_type) == ("demo", "lenet", "trial")
            assert (list(run.tags), run.notes) == (["cpu", "small"], "first try")

    def test_hyperparameters(self, written: tuple[Path, Study]) -> None:
        config = sole(written[0])["lenet-0"].config
        assert {name: config[name] for name in FIRST} == FIRST
        assert config["rung"] == {"study": "lenet", "trial": 0, "seed": 3}

    def test_every_metric_at_its_step(self, written: tuple[Path, Study]) -> None:
        folder, study = written
        found = sole(folder)
        for number in range(3):
            assert found[f"lenet-{number}"].curve == study.curve(number)

    def test_states(self, written: tuple[Path, Study]) -> None:
        folder, study = written
        ours, theirs = study.trials, sole(folder)
        assert [theirs[f"lenet-{number}"].exit_code for number in range(3)] == [0, 1, 0]
        for trial in ours:
            assert theirs[f"lenet-{trial.number}"].summary["rung/state"] == trial.state
        best = theirs["lenet-0"].summary
        assert (best["best/error"], best["best/step"]) == (0.1, 2)
        assert theirs["lenet-1"].summary["rung/reason"] == "error"
        assert "diverged" in theirs["lenet-1"].summary["rung/message"]
        assert theirs["lenet-2"].summary["rung/message"] == ours[2].message

    def test_exporting_it_again_adds_nothing(self, written: tuple[Path, Study]) -> None:
        folder, study = written
        before = sorted(folder.rglob("*.wandb"))
        offline(folder).export(study)
        assert sorted(folder.rglob("*.wandb")) == before

    def test_exported_afterwards_it_is_the_same(self, written: tuple[Path, Study], tmp_path: Path) -> None:
        offline(tmp_path).export(written[1])
        live, later = sole(written[0]), sole(tmp_path)
        assert live.keys() == later.keys()
        for name, part in live.items():
            other = later[name]
            assert (part.id, part.config, part.curve, part.exit_code) == (
                other.id, other.config, other.curve, other.exit_code,
            )  # fmt: skip


class TestGoingOn:
    def test_a_paused_trial_goes_on_in_its_run(self, tmp_path: Path) -> None:
        store, points = MemoryStore(), [FIRST, WORSE]
        make_tuner(points, offline(tmp_path), store=store, variant="promotion").run(2)
        study = make_tuner(points, offline(tmp_path), store=store, variant="promotion").run(1)
        again = [trial for trial in study.trials if trial.attempt > 1]
        assert again
        found = parts_in(tmp_path)
        for trial in study.trials:
            parts = found[f"lenet-{trial.number}"]
            assert len({part.id for part in parts}) == 1
            assert [step for part in parts for step, _ in part.curve] == list(range(1, trial.last_step + 1))
        before = sorted(tmp_path.rglob("*.wandb"))
        offline(tmp_path).export(study)
        assert sorted(tmp_path.rglob("*.wandb")) == before

    def test_an_attempt_that_was_lost(self, tmp_path: Path) -> None:
        ledger = begun()
        tell(offline(tmp_path), [*STARTED, Interrupted(at=3.0, trial=0, attempt=1, reason="killed")], ledger)
        tell(offline(tmp_path), RETRIED, ledger)
        first, second = parts_in(tmp_path)["s-0"]
        assert first.id == second.id
        assert [step for part in (first, second) for step, _ in part.curve] == [1, 2]
        assert "rung/state" not in first.summary
        assert second.summary["rung/state"] == "completed"

    def test_a_tuner_that_was_killed(self, tmp_path: Path) -> None:
        """Its last file is torn; the export writes what is not in it."""
        study = make_tuner([FIRST], offline(tmp_path)).run(1)
        (file,) = tmp_path.rglob("*.wandb")
        content = file.read_bytes()
        for size in range(len(content) - 1, 0, -16):
            file.write_bytes(content[:size])
            if len(Part(file).curve) == 2:
                break
        offline(tmp_path).export(study)
        first, second = parts_in(tmp_path)["lenet-0"]
        assert [first.curve, second.curve] == [study.curve(0)[:2], study.curve(0)[2:]]
        assert second.summary["rung/state"] == "completed"

    def test_a_run_without_its_end_is_not_whole(self, tmp_path: Path) -> None:
        study = make_tuner([FIRST], offline(tmp_path)).run(1)
        (file,) = tmp_path.rglob("*.wandb")
        file.write_bytes(file.read_bytes()[:-1])
        assert "rung/state" in Part(file).summary
        assert Part(file).exit_code is None
        offline(tmp_path).export(study)
        first, second = parts_in(tmp_path)["lenet-0"]
        assert (len(first.curve), len(second.curve)) == (3, 0)
        assert second.exit_code == 0

    def test_a_study_of_the_same_name_and_seed_is_another_one(self, tmp_path: Path) -> None:
        for _ in range(2):
            make_tuner([FIRST], offline(tmp_path)).run(1)
        first, second = parts_in(tmp_path)["lenet-0"]
        assert first.id != second.id
        assert first.curve == second.curve

    def test_an_observer_has_room_for_many_studies_at_a_time(self, tmp_path: Path) -> None:
        observer = offline(tmp_path)
        scheduler = BasicScheduler(RandomSearcher(SPACE, points_to_evaluate=[FIRST]))
        tuners = [Tuner(None, scheduler, study=name, observers=[observer]) for name in ("one", "two")]
        for tuner in tuners:
            assert tuner.ask()
        for step in (1, 2):
            for tuner in tuners:
                tuner.tell(0, 0.5 / step, step=step)
        for tuner in tuners:
            tuner.close()
        found = sole(tmp_path)
        assert found.keys() == {"one-0", "two-0"}
        assert all(part.curve == [(1, {"error": 0.5}), (2, {"error": 0.25})] for part in found.values())

    def test_notes_and_tags_while_it_runs(self, tmp_path: Path) -> None:
        events: list[Event] = [
            *STARTED,
            Noted(at=2.0, trial=0, text="look here"),
            Tagged(at=2.0, trial=0, added=("odd",)),
            Noted(at=2.0, text="all of them"),
        ]
        tell(offline(tmp_path), events, begun())
        (part,) = parts_in(tmp_path)["s-0"]  # the file's last word on the run
        assert (list(part.run.tags), part.run.notes) == (["odd"], "look here")


def test_a_hyperparameter_called_rung(tmp_path: Path) -> None:
    scheduler = BasicScheduler(RandomSearcher({"rung": [5], "rung_2": [6]}))
    Tuner(lambda trial: trial.report(1.0), scheduler, study="odd", seed=3, observers=[offline(tmp_path)]).run(1)
    config = sole(tmp_path)["odd-0"].config
    assert (config["rung"], config["rung_2"]) == (5, 6)
    assert config["rung_3"] == {"study": "odd", "trial": 0, "seed": 3}


def test_eight_trials_at_a_time(tmp_path: Path) -> None:
    scheduler = BasicScheduler(RandomSearcher(SPACE))
    tuner = Tuner(None, scheduler, study="wide", seed=0, workers=8, observers=[offline(tmp_path)])
    trials = tuner.ask(8)
    assert isinstance(trials, list)
    for step in range(1, 4):
        for trial in trials:
            tuner.tell(trial, {"error": trial.config["lr"] / step}, step=step)
    for trial in trials:
        tuner.tell(trial, trial.config["lr"] / 4)
    tuner.close()
    found = sole(tmp_path)
    assert len(found) == 8
    for number in range(8):
        assert found[f"wide-{number}"].curve == tuner.study.curve(number)


def test_a_long_curve(tmp_path: Path) -> None:
    """Longer than a block of the file."""

    def falls(x: float) -> Any:
        yield from (x / step for step in range(1, 401))

    scheduler = BasicScheduler(RandomSearcher({"x": [1.0]}))
    study = Tuner(falls, scheduler, study="long", observers=[offline(tmp_path)]).run(1)
    (file,) = tmp_path.rglob("*.wandb")
    assert file.stat().st_size > 2 * 32_768
    assert Part(file).curve == study.curve(0)


def test_nothing_is_written_where_it_is_disabled(tmp_path: Path) -> None:
    make_tuner([FIRST], WandB(mode="disabled", dir=tmp_path)).run(1)
    assert list(tmp_path.iterdir()) == []


class TestFailures:
    def test_a_refusal_ends_the_export_and_not_the_study(self, tmp_path: Path) -> None:
        too_long: dict[str, Any] = {"tags": ["x" * 65]}
        with pytest.warns(RungWarning, match=r"(?s)has ended: .*Tags must be.*rung\.open_study\('lenet'") as told:
            study = make_tuner([FIRST, WORSE], offline(tmp_path), **too_long).run(2)
        assert len(told) == 1
        assert len(study.trials) == 2
        with pytest.raises(RungError, match=r"(?s)Weights & Biases can't be written: .*Tags must be"):
            offline(tmp_path).export(study)

    def test_what_wandb_would_refuse_is_refused_at_once(self, tmp_path: Path) -> None:
        mode: Any = "oflline"
        with pytest.raises(SettingError, match=r"takes no mode='oflline': Input should be 'online', 'offline'"):
            WandB("demo", mode=mode, dir=tmp_path)
        with pytest.raises(SettingError, match="Invalid project name 'no/project'"):
            offline(tmp_path, "no/project")
        entity: Any = 3
        with pytest.raises(SettingError, match="takes no entity=3: Input should be a valid string"):
            WandB(entity=entity, dir=tmp_path)

    def test_also_where_the_environment_has_it(self, tmp_path: Path) -> None:
        code = (
            "from rung.errors import SettingError; from rung.integrations.wandb import WandB\n"
            "try:\n    WandB('demo', dir='.')\nexcept SettingError as error:\n    print(error)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=os.environ | {"WANDB_MODE": "oflline"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "takes no mode='oflline'" in done.stdout

    def test_a_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.warns(RungWarning, match="export to Weights & Biases has ended"):
            make_tuner([FIRST], offline(tmp_path / "file")).run(1)

    def test_it_needs_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "wandb", None)
        with pytest.raises(MissingExtraError, match=r"Weights & Biases needs.*pip install 'rung\[wandb\]'"):
            WandB()


def test_it_is_imported_when_it_is_used() -> None:
    code = "import sys, rung.integrations.wandb; assert 'wandb' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


STARTED: list[Event] = [
    Started(at=1.0, trial=0, attempt=1, config=FIRST),
    Observed(at=2.0, trial=0, attempt=1, step=1, metrics={"error": 0.5}, loss=0.5),
]
RETRIED: list[Event] = [
    Started(at=4.0, trial=0, attempt=2, config=FIRST, cause="retried"),
    Observed(at=5.0, trial=0, attempt=2, step=2, metrics={"error": 0.4}, loss=0.4),
    Ended(at=6.0, trial=0, attempt=2, state=TrialState.COMPLETED),
]


def begun() -> Ledger:
    ledger, spec = Ledger(), {"name": "random"}
    owner = Owner(host="h", boot="b", pid=1, started=0.0)
    goal = Goal("error")
    ledger.apply(StudyCreated(study="s", space=SPACE.to_json(), goal=goal, seed=1, searcher=spec, scheduler=spec))
    ledger.apply(SessionStarted(at=0.0, session=1, owner=owner, slots=1, unix=1_700_000_000.0))
    return ledger


def tell(observer: WandB, events: list[Event], ledger: Ledger) -> None:
    for event in (*events, SessionEnded(at=9.0, session=1, why="done")):
        ledger.apply(event)
        observer(event, ledger)
