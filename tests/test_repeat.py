from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import rung
from rung.analysis.comparison.repeats import code_tag
from rung.errors import ObjectiveError, SettingError, StudyMismatchError, StudyPausedError
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.grid import GridSearcher
from rung.searchers.random import RandomSearcher
from rung.store import MemoryStore, open_store
from rung.tuner import Tuner
from rung.types import TrialState

SPACE = {"x": rung.Float(0.0, 1.0)}
INFORMED = 'random(points_to_evaluate=[{"x": 0.25}])'
TRIED: list[float] = []


@pytest.fixture(autouse=True)
def nothing_tried() -> None:
    TRIED.clear()


def bowl(x):
    TRIED.append(x)
    return (x - 0.25) ** 2


def long_training(x, max_epochs=9):
    for epoch in range(1, max_epochs + 1):
        yield (x - 0.25) ** 2 + 1 / epoch


def fails(x):
    raise RuntimeError(f"no luck with {x}")


def fails_beyond_half(x):
    if x > 0.5:
        raise RuntimeError("too far")
    return x


def needs_y(x, y):
    return x + y


def interrupts_once(x):
    TRIED.append(x)
    if len(TRIED) == 5:
        signal.raise_signal(signal.SIGINT)
    return x


def make(objective=bowl, scheduler=None, *, store=None, trials=3, **settings):
    scheduler = scheduler or BasicScheduler(RandomSearcher(SPACE))
    with Tuner(objective, scheduler, store=store or MemoryStore(), study="lenet", seed=11, **settings) as tuner:
        return tuner.run(max_trials=trials)


def is_complete(row, trials=3):
    return row.counts[TrialState.COMPLETED] == sum(row.counts.values()) == trials


def quietly(study, *methods, **settings):
    return study.compare(*methods, progress="off", **settings)


def test_every_method_runs_with_every_seed_as_an_ordinary_study():
    store = MemoryStore()
    study = make(store=store, project="vision")
    found = quietly(study, "random", "sobol", seeds=2)
    rows = {row.name: row for row in store.tables.studies()}
    names = ["lenet~random~0", "lenet~sobol~0", "lenet~random~1", "lenet~sobol~1"]
    assert list(rows) == ["lenet", *names]
    assert [rows[name].seed for name in names] == [0, 0, 1, 1]
    for name in names:
        row = rows[name]
        assert (row.goal, row.space, row.objective) == (study.row.goal, study.row.space, study.row.objective)
        assert is_complete(row)
        assert (row.project, row.tags) == ("lenet~", ("repeat", code_tag(Path(__file__))))
    assert rows[names[1]].message == "lenet with sobol and seed 0"
    assert [run.key for run in found.runs] == [
        ("test_repeat:bowl", method, seed) for seed in (0, 1) for method in ("random", "sobol")
    ]
    assert found.comparison.methods == ("random", "sobol")
    again = Tuner(bowl, BasicScheduler(RandomSearcher(SPACE)), store=MemoryStore(), seed=1).run(3)
    assert found.runs[2].points[-1].best == again.best.error


def test_the_better_one_is_found():
    found = quietly(make(), "random", INFORMED, seeds=7)
    assert str(found).splitlines()[1].startswith(f"{INFORMED} is better than random: ")


def test_where_nothing_is_better_nothing_is_told():
    found = quietly(make(), "random", "basic+random", seeds=6)
    assert "came out equal over 6 pairs of runs" in str(found)


def test_what_is_finished_is_not_run_again():
    study = make()
    quietly(study, "random", "sobol", seeds=2)
    TRIED.clear()
    found = quietly(study, "random", "sobol", seeds=[0, 1])
    assert TRIED == []
    assert len(found.runs) == 4
    quietly(study, "random", "sobol", seeds=[1, 5])
    assert len(TRIED) == 2 * 3
    quietly(study, "random", "sobol", seeds=[1], trials=5)
    assert len(TRIED) == 2 * 3 + 2 * 2


def test_fewer_trials_than_there_are_compare_the_first_ones():
    study = make()
    quietly(study, "random", "sobol", seeds=2)
    TRIED.clear()
    found = quietly(study, "random", "sobol", seeds=2, trials=2)
    assert TRIED == []
    assert found.comparison.problems[0].budget.limit == 2


def test_the_first_points_are_those_of_the_study():
    study = make(scheduler=BasicScheduler(RandomSearcher(SPACE, initial_config={"x": 0.5})))
    quietly(study, "random", "grid", INFORMED, seeds=1)
    first = {
        name: rung.Study(study._store, f"lenet~{name}~0").trials[0].config for name in ("random", "grid", INFORMED)
    }
    assert first == {"random": {"x": 0.5}, "grid": {"x": 0.5}, INFORMED: {"x": 0.25}}


def test_everything_else_is_as_in_the_study():
    limits = rung.Limits(failures_in_a_row=None, max_kills=7, trial_seconds=50)
    study = make(incumbent_from="final", limits=limits, mode="max")
    quietly(study, "random", "sobol", seeds=1)
    row = rung.Study(study._store, "lenet~sobol~0").row
    for name in ("limits", "incumbent_from", "max_trials"):
        assert row.settings[name] == study.row.settings[name]
    assert row.goal.mode == "max"


def test_the_length_of_a_training_is_that_of_the_scheduler_or_of_the_longest_trial():
    for scheduler, max_t in ((ASHA(RandomSearcher(SPACE), max_t=4), 4), (None, 9)):
        study = make(long_training, scheduler)
        quietly(study, "random", "asha(reduction_factor=2)+sobol", seeds=1)
        form = rung.Study(study._store, "lenet~asha(reduction_factor=2)+sobol~0").row.scheduler
        assert (form["max_t"], form["reduction_factor"]) == (max_t, 2)


def test_a_training_of_one_step_can_not_be_halved():
    with pytest.raises(SettingError, match="'asha' needs to know the length of a full training"):
        quietly(make(), "random", "asha")


def test_a_grid_that_is_through_is_finished():
    study = make(scheduler=BasicScheduler(GridSearcher({"x": [0.1, 0.2]})), trials=3)
    assert study.row.ended_why == "exhausted"
    TRIED.clear()
    for _ in range(2):
        found = quietly(study, "grid", "random", seeds=1)
    assert len(TRIED) == 2 + 3
    assert [run.failed for run in found.runs] == ["", ""]


def test_a_function_may_be_given():
    study = make(lambda x: x)
    with pytest.raises(SettingError, match="What the study 'lenet' tunes has no name") as caught:
        quietly(study, "random", "sobol")
    assert caught.value.hint == "Give it: study.compare(…, objective=train)."
    assert len(quietly(study, "random", "sobol", seeds=1, objective=bowl).runs) == 2


def test_repeats_may_be_kept_elsewhere(tmp_path: Path):
    study = make()
    found = quietly(study, "random", "sobol", seeds=2, store=tmp_path / "repeats.db")
    assert [row.name for row in study._store.tables.studies()] == ["lenet"]
    assert rung.compare("lenet~*", store=tmp_path / "repeats.db").comparison == found.comparison
    other = MemoryStore()
    quietly(study, "random", "sobol", seeds=1, store=other)
    assert len(other.tables.studies()) == 2


def test_in_processes_of_their_own(tmp_path: Path):
    study = make("rung.testing.objectives:returns_rate", BasicScheduler(RandomSearcher({"rate": rung.Float(0.0, 1.0)})))
    quietly(study, "random", "sobol", seeds=1, workers=2, store=tmp_path / "rung.db")
    row = rung.open_study("lenet~random~0", tmp_path / "rung.db").row
    assert row.settings["workers"] == 2
    assert is_complete(row)


def test_a_line_for_each_run_with_the_time_that_is_left(capsys: pytest.CaptureFixture[str]):
    study = make()
    study.compare("random", "sobol", seeds=1)
    study.compare("random", "sobol", seeds=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 1 + 2
    assert lines[0].startswith("1/2  random with seed 0: error 0.")
    assert lines[0].endswith(" left")
    assert lines[1].startswith("2/2  sobol with seed 0: error 0.")
    assert " left" not in lines[1]
    assert lines[2] == "Already there: 2 of 4 runs."
    assert lines[3].startswith("3/4  random with seed 1: ")


def edited(path: Path, power: int) -> str:
    path.write_text(f"def train(x):\n    return abs(x - 0.25) ** {power}\n")
    return f"{path}:train"


def test_runs_from_before_the_file_was_edited_are_told(tmp_path: Path):
    study = make(edited(tmp_path / "train.py", 2), workers=1)
    assert "was changed" not in str(quietly(study, "random", "sobol", seeds=1))
    edited(tmp_path / "train.py", 4)
    found = quietly(study, "random", "sobol", seeds=2)
    told = "2 of 4 runs were made before train.py was changed."
    assert f"Note: {told}" in str(found).splitlines()
    assert told in found.report(tmp_path / "report.html").read_text()
    edited(tmp_path / "train.py", 2)
    again = quietly(study, "random", "sobol", seeds=2)
    assert again.comparison.warnings[0] == told  # now the other two


def test_a_run_that_went_on_after_an_edit_is_of_both(tmp_path: Path):
    study = make(edited(tmp_path / "train.py", 2), workers=1)
    quietly(study, "random", "sobol", seeds=1)
    edited(tmp_path / "train.py", 4)
    found = quietly(study, "random", "sobol", seeds=1, trials=4)
    assert found.comparison.warnings[0] == "2 of 2 runs were made before train.py was changed."


def test_that_a_method_has_not_the_scheduler_of_the_study_is_told_first(capsys: pytest.CaptureFixture[str]):
    study = make(long_training, ASHA(RandomSearcher(SPACE), max_t=4))
    study.compare("random", "sobol", seeds=1)
    assert capsys.readouterr().out.splitlines()[0] == (
        "The study itself used asha+random; a method named without a scheduler trains every configuration to its end: "
        "write asha+sobol to keep its scheduler."
    )
    study.compare("asha+random", "basic+sobol", seeds=1)
    assert "The study itself used" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("methods", "settings", "message"),
    [
        (["rndom", "sobol"], {}, r"no method named 'rndom'\. Did you mean 'random'\?"),
        (["random", "optuna:tpe"], {}, r"'optuna:tpe' is a method of another project.*\. Methods .* by rung bench"),
        (["random", 3], {}, r"3 is no name of a method\. Name it"),
        (["random"], {}, "takes two methods, and there is random"),
        ([], {}, "takes two methods, and there is none"),
        (["random", "random "], {}, "takes two methods, and there is random"),
        (["random", "sobol(colour=3)"], {}, "'sobol' can't be made with these options"),
        (["random", "sobol"], {"seeds": 0}, "seeds=0 are none"),
        (["random", "sobol"], {"seeds": True}, "seeds=True are none"),
        (["random", "sobol"], {"seeds": 2.5}, "seeds=2.5 are none"),
        (["random", "sobol"], {"axis": "epochs"}, "axis='epochs' is not known"),
        (["random", "sobol"], {"seeds": [1, 1]}, r"seeds=\[1, 1\] are none"),
        (["random", "sobol"], {"seeds": [-1]}, r"seeds=\[-1\] are none"),
        (["random", "sobol"], {"seeds": ["a"]}, r"seeds=\['a'\] are none"),
        (["random", "sobol"], {"trials": 0}, "trials must be a whole number, at least 1, not 0"),
        (["random", "sobol"], {"workers": 0}, "workers must be a whole number, at least 1, not 0"),
    ],
)
def test_what_can_not_be_run_is_told_before_anything_runs(methods, settings, message):
    study = make()
    TRIED.clear()
    with pytest.raises(SettingError, match=message):
        quietly(study, *methods, **settings)
    assert TRIED == []
    assert len(study._store.tables.studies()) == 1


def test_other_things_that_can_not_be_run():
    with pytest.raises(SettingError, match="progress='live' is not known"):
        make().compare("random", "sobol", progress="live")
    with pytest.raises(ObjectiveError, match="needs_y needs y"):
        quietly(make(), "random", "sobol", objective=needs_y)
    with Tuner(bowl, BasicScheduler(RandomSearcher(SPACE)), store=MemoryStore(), study="lenet") as tuner:
        tuner.ask()
        study = tuner.study
    assert quietly(study, "random", "sobol", seeds=1).comparison.problems[0].budget.limit == 1
    store = MemoryStore()
    _, created = next(study._store.read("lenet"))
    store.create(msgspec.structs.replace(created, space=rung.Space({}).to_json()))
    by_hand = rung.Study(store, "lenet")
    store.create(msgspec.structs.replace(created, study="new"))
    with pytest.raises(SettingError, match="The study 'new' has no trials yet"):
        quietly(rung.Study(store, "new"), "random", "sobol")
    with pytest.raises(SettingError, match="searches nothing, so there is nothing to repeat"):
        quietly(by_hand, "random", "sobol")


def test_a_study_of_the_same_name_that_is_no_repeat_is_left_alone():
    study = make()
    store = study._store
    Tuner(bowl, BasicScheduler(RandomSearcher({"x": rung.Float(0.0, 2.0)})), store=store, study="lenet~sobol~1").run(1)
    TRIED.clear()
    with pytest.raises(StudyMismatchError, match="'lenet~sobol~1' exists and differs"):
        quietly(study, "random", "sobol", seeds=2)
    assert TRIED == []


def test_where_trials_fail_in_a_row_the_other_runs_go_on(capsys: pytest.CaptureFixture[str]):
    study = make(limits=rung.Limits(failures_in_a_row=2), trials=20)
    found = study.compare("random", "sobol", seeds=3, objective=fails_beyond_half)
    assert [run.failed.partition(" with")[0] for run in found.runs] == ["was paused"] * 6
    assert {run.points[-1].best is None for run in found.runs} == {True, False}
    assert "error — (paused, as its trials failed) in 0." in capsys.readouterr().out


def test_where_all_trials_of_all_methods_fail_nothing_goes_on():
    study = make(limits=rung.Limits(failures_in_a_row=2))
    with pytest.raises(StudyPausedError, match="no luck with"):
        quietly(study, "random", "sobol", seeds=3, objective=fails)
    assert len(study._store.tables.studies()) == 1 + 2


def test_after_ctrl_c_the_same_call_goes_on(capsys: pytest.CaptureFixture[str]):
    study = make(interrupts_once, trials=2)
    with pytest.raises(KeyboardInterrupt):
        quietly(study, "random", "sobol", seeds=2)
    assert (
        "Done so far: 1 of 4 runs. The same comparison goes on with this one and the rest." in capsys.readouterr().err
    )
    assert len(TRIED) == 5  # two of the study, two of the first run, one of the second
    found = quietly(study, "random", "sobol", seeds=2)
    assert len(TRIED) == 2 + 4 * 2
    assert [run.failed for run in found.runs] == [""] * 4


SCRIPT = """
import os, signal
from pathlib import Path
import rung

def train(x):
    tried = Path("tried.txt")
    with tried.open("a") as file:
        file.write(f"{x}\\n")
    if len(tried.read_text().splitlines()) == 8:
        os.kill(os.getpid(), signal.SIGKILL)
    return (x - 0.25) ** 2

if __name__ == "__main__":
    study = rung.tune(
        train, {"x": rung.Float(0.0, 1.0)}, max_trials=3, seed=1, store="rung.db", study="lenet", progress="off"
    )
    print(study.compare("random", "sobol", seeds=3))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no such signal")
def test_after_a_kill_the_same_script_goes_on(tmp_path: Path):
    (tmp_path / "train.py").write_text(SCRIPT)
    environ = {name: value for name, value in os.environ.items() if name != "RUNG_STORE"}

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "train.py"]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60, env=environ
        )

    assert run().returncode == -signal.SIGKILL
    done = run()
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Already there: 1 of 6 runs."
    assert "train.py:train: error, lower is better; 3 evaluations, 3 runs of each." in lines
    tried = (tmp_path / "tried.txt").read_text().splitlines()
    assert len(tried) == 3 + 6 * 3 + 1  # only what was in flight was tried again
    store = open_store(tmp_path / "rung.db", create=False)
    assert all(map(is_complete, store.tables.studies()))
    store.close()
