from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from rung.analysis.comparison.runs import Budget, Run
from rung.benchmarks.one_run import Assignment, execute
from rung.benchmarks.pool import Done, Pool
from rung.errors import RungError, SettingError

HERE = str(Path(__file__).parent)
BUDGET = Budget("evaluations", 4)


@pytest.fixture(autouse=True)
def misbehaving_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)


def of(method: str, seed: int = 0, problem: str = "branin") -> Assignment:
    return Assignment(problem, method, seed, BUDGET, n_initial=1, command="rung bench run")


def all_of(pool: Pool, *assignments: Assignment) -> list[Done]:
    for each in assignments:
        pool.start(each)
    done: list[Done] = []
    while pool.running:
        done += pool.poll(10.0)
    return done


@pytest.fixture
def only(tmp_path: Path) -> object:
    """Makes one run, in a pool of its own."""

    def make(method: str, **settings: float) -> Run:
        with Pool(tmp_path / "running", jobs=1, **settings) as pool:  # type: ignore[arg-type]
            (done,) = all_of(pool, of(method))
        assert not (tmp_path / "running").exists()
        return done.run

    return make


def values(run: Run) -> list[tuple[int, float | None]]:
    return [(point.n_evaluations, point.best) for point in run.points]


def test_a_run_is_the_one_that_this_process_would_make(tmp_path: Path) -> None:
    assignments = [of("random"), of("sobol", seed=1)]
    with Pool(tmp_path / "running", jobs=2, modules=("rung.searchers.random", "no.such.module")) as pool:
        assert pool.n_free == 2
        done = all_of(pool, *assignments)
        assert pool.n_free == 2
    for assignment, each in zip(assignments, sorted(done, key=lambda each: each.run.method), strict=True):
        here = execute(assignment)
        assert values(each.run) == values(here)
        assert each.run.space == here.space
        assert each.run.notes.keys() == here.notes.keys()
        assert 0 < each.run.points[-1].wall_s < each.seconds


def test_a_process_that_crashes_is_a_failed_run_with_what_it_printed(only) -> None:
    run = only("crashing_searcher:Crash")
    assert run.failed == "The process crashed (SIGSEGV)."
    assert "about to crash" in run.notes["output"]
    assert "Current thread" in run.notes["output"]  # where it was, in Python
    assert (run.points, run.problem, run.method, run.budget) == ((), "branin", "crashing_searcher:Crash", BUDGET)
    assert run.versions["rung"]
    assert run.notes["command"] == "rung bench run"


def test_a_process_that_was_killed_is_tried_once_more(only, tmp_path: Path) -> None:
    run = only(f"crashing_searcher:CrashOnce(mark={tmp_path / 'mark'})")
    assert run.failed == ""
    assert run.points[-1].n_evaluations == 4


def test_what_a_method_raises_stands_in_the_run_beside_what_it_printed(only) -> None:
    run = only("crashing_searcher:Raises")
    assert run.failed == "ValueError: no idea what to suggest"
    assert run.notes["output"] == "what a peer prints"
    assert "misbehave" in run.notes["traceback"]


def test_what_a_method_prints_is_not_kept_where_all_went_well(only, capfd: pytest.CaptureFixture[str]) -> None:
    run = only("crashing_searcher:Talks")
    assert run.failed == ""
    assert "output" not in run.notes
    assert "chatter" not in "".join(capfd.readouterr())


def test_a_run_that_takes_too_long_is_ended(only) -> None:
    assert only("crashing_searcher:Endless", run_limit_s=0.2).failed == "It took longer than 0.2s."


def test_a_run_that_cannot_even_begin_says_why(tmp_path: Path) -> None:
    with Pool(tmp_path / "running", jobs=1) as pool:
        (done,) = all_of(pool, of("random")._replace(n_initial="many"))  # type: ignore[arg-type]
    assert "Expected `int`, got `str`" in done.run.failed
    assert "output" not in done.run.notes
    assert "_worker.py" in done.run.notes["traceback"]


def test_a_result_that_cannot_be_written_is_no_fault_of_the_method(tmp_path: Path) -> None:
    with (
        Pool(tmp_path / "running", jobs=1) as pool,
        pytest.raises(RungError, match=r"could not be written to .*: the disk may be full\. Free space there"),
    ):
        all_of(pool, of(f"crashing_searcher:Obstructs(running={tmp_path / 'running'})"))


def test_the_others_go_on_beside_a_crash(tmp_path: Path) -> None:
    with Pool(tmp_path / "running", jobs=2) as pool:
        done = all_of(pool, of("crashing_searcher:Crash"), of("random"))
    assert {each.run.method: bool(each.run.failed) for each in done} == {
        "crashing_searcher:Crash": True,
        "random": False,
    }


def test_leaving_ends_what_runs(tmp_path: Path) -> None:
    with Pool(tmp_path / "running", jobs=1) as pool:
        pool.start(of("crashing_searcher:Endless"))
        pool.poll(0.0)
        assert pool.n_free == 0
    assert not (tmp_path / "running").exists()


def test_processes_compute_with_one_thread(tmp_path: Path) -> None:
    (tmp_path / "counting.py").write_text(
        "import os\nfrom crashing_searcher import _Around\n"
        "class Count(_Around):\n"
        "    def misbehave(self):\n"
        "        raise ValueError(os.environ['OMP_NUM_THREADS'] + os.environ['OPENBLAS_NUM_THREADS'])\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        with Pool(tmp_path / "running", jobs=1) as pool:
            (done,) = all_of(pool, of("counting:Count"))
    finally:
        sys.path.remove(str(tmp_path))
    assert done.run.failed == "ValueError: 11"


def test_there_is_a_job(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=re.escape("jobs must be a whole number, at least 1, not 0")):
        Pool(tmp_path, jobs=0)
