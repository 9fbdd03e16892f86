from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from watching import are_gone, bench, descendants, n_lines, until

from rung.analysis.comparison.runs import Run
from rung.benchmarks import plan as planning
from rung.benchmarks.results import Results, read
from rung.benchmarks.runner import RESULTS, Standing, results_in, run_benchmark
from rung.errors import MissingExtraError, RungError, RungWarning, SettingError

SMALL = {"methods": ["random", "asha+random"], "problems": ["branin", "curves:branin"], "seeds": 2, "budget": 5}


def what_counts(results: Results) -> dict[object, object]:
    """The runs without what differs from time to time."""
    return {
        run.key: [(point.n_evaluations, point.n_steps, point.simulated_s, point.best) for point in run.points]
        for run in results.runs
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[Standing, Run | None]], Results]:
    """A small benchmark: its folder, what was shown, and what came of it."""
    folder = tmp_path_factory.mktemp("made") / "new"
    shown: list[tuple[Standing, Run | None]] = []
    results = run_benchmark(**SMALL, out=folder, jobs=2, show=lambda *each: shown.append(each))  # type: ignore[arg-type]
    return folder, shown, results


def test_every_method_runs_on_every_problem_with_every_seed(made) -> None:
    folder, _, results = made
    assert sorted(map(str, results.keys)) == sorted(
        f"{method} on {problem} with seed {seed}"
        for method in SMALL["methods"]
        for problem in SMALL["problems"]
        for seed in (0, 1)
    )
    assert results == read(folder / RESULTS)
    assert not any(run.failed for run in results.runs)
    assert sorted(path.name for path in folder.iterdir()) == ["lock", RESULTS]


def test_it_says_how_far_it_is(made) -> None:
    _, shown, results = made
    first, last = shown[0][0], shown[-1][0]
    assert (first.total, first.before, first.finished, first.left_s) == (8, 0, 0, None)
    assert (last.finished, last.failed, last.running, last.left_s) == (8, 0, 0, 0)
    assert last.cpu_s == pytest.approx(sum(run.cpu_s for run in results.runs))
    assert [run.key for _, run in shown if run is not None] == [run.key for run in results.runs]
    assert [standing.finished for standing, run in shown if run is not None] == list(range(1, 9))


def test_the_same_again_in_another_folder_gives_the_same(made, tmp_path: Path) -> None:
    again = run_benchmark(**SMALL, out=tmp_path, jobs=1)  # type: ignore[arg-type]
    assert what_counts(again) == what_counts(made[2])
    assert [run.key for run in again.runs] == [
        each.key
        for each in planning.plan_benchmark(**SMALL).assignments  # type: ignore[arg-type]
    ]


def test_finished_runs_are_not_made_again(made, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _, results = made

    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("nothing is left to run")

    monkeypatch.setattr("rung.benchmarks.runner.Pool", refuse)
    shown: list[Standing] = []
    again = run_benchmark(**SMALL, out=folder, show=lambda standing, _: shown.append(standing))  # type: ignore[arg-type]
    assert again == results
    assert [(each.total, each.before, each.finished) for each in shown] == [(8, 8, 0)]


def test_other_budgets_are_refused_before_anything_runs(made) -> None:
    folder, _, results = made
    with pytest.raises(SettingError, match="their budget was evaluations:5, and evaluations:6 is asked for"):
        run_benchmark(**{**SMALL, "budget": 6}, out=folder)  # type: ignore[arg-type]
    assert results_in(folder) == results


def test_a_mistake_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="run_limit='soon' is not a duration"):
        run_benchmark(**SMALL, out=tmp_path / "new", run_limit="soon")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="Did you mean 'random'"):
        run_benchmark(["rendom"], ["branin"], seeds=1, budget=1, out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_failed_runs_are_made_again_on_request_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    asked = {"methods": ["crashing_searcher:Raises"], "problems": ["branin"], "seeds": 1, "budget": 3, "jobs": 1}
    first = run_benchmark(**asked, out=tmp_path)  # type: ignore[arg-type]
    assert [run.failed for run in first.runs] == ["ValueError: no idea what to suggest"]
    assert run_benchmark(**asked, out=tmp_path) == first  # type: ignore[arg-type]
    again = run_benchmark(**asked, out=tmp_path, retry_failed=True)  # type: ignore[arg-type]
    assert len(again.runs) == 1
    assert [each.reason.partition(":")[0] for each in again.ignored] == ["line 2 is about the same run"]


def test_a_method_without_its_package_is_skipped_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = planning.method

    def method(name: str) -> object:
        if name == "optuna:tpe":
            raise MissingExtraError(name, "optuna")
        return real(name)

    monkeypatch.setattr(planning, "method", method)
    with pytest.warns(RungWarning, match=r"optuna:tpe is skipped: .* pip install 'rung\[optuna\]'"):
        results = run_benchmark(["optuna:tpe", "random"], ["branin"], seeds=1, budget=1, out=tmp_path, jobs=1)
    assert {run.method for run in results.runs} == {"random"}


def test_only_one_runner_is_in_a_folder(tmp_path: Path) -> None:
    words = ("run", "--methods", "crashing_searcher:Endless", "--problems", "branin", "--out", tmp_path)
    with bench(*words, folder=tmp_path) as first:
        until((tmp_path / "running").exists)
        with pytest.raises(RungError, match=f"Another benchmark is writing to .*: process {first.pid}"):
            run_benchmark(["random"], ["branin"], seeds=1, budget=1, out=tmp_path)
    assert run_benchmark(["random"], ["branin"], seeds=1, budget=1, out=tmp_path, jobs=1).runs


def test_a_folder_that_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to("/dev/full")
    with pytest.raises(RungError, match=r"Results can't be written to .*Choose another folder"):
        run_benchmark(["random"], ["branin"], seeds=1, budget=1, out=tmp_path)


def test_there_is_a_job(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=re.escape("jobs must be a whole number, at least 1, not 0")):
        run_benchmark(["random"], ["branin"], seeds=1, budget=1, out=tmp_path, jobs=0)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RungError, match=r"Results can't be written to .*Choose another folder"):
        run_benchmark(["random"], ["branin"], seeds=1, budget=1, out=tmp_path / "file" / "folder")


def test_a_kill_leaves_no_process_and_loses_only_what_ran(tmp_path: Path) -> None:
    words = ("run", "--methods", "random,asha+random", "--problems", "branin,hartmann6", "--seeds", "8",
             "--budget", "40", "--jobs", "2", "--out", "results")  # fmt: skip
    path = tmp_path / "results" / RESULTS
    with bench(*words, folder=tmp_path) as runner:
        until(lambda: n_lines(path) >= 5)
        family = descendants(runner)
        os.kill(runner.pid, signal.SIGKILL)
        assert family
        until(lambda: are_gone(family))
    before = read(path)
    assert 5 <= len(before.runs) < 32
    assert not before.ignored
    with bench(*words, folder=tmp_path) as runner:
        output, _ = runner.communicate(timeout=60)
    assert runner.returncode == 0, output
    after = read(path)
    assert after.runs[: len(before.runs)] == before.runs
    assert len(after.keys) == n_lines(path) == 32
    assert not after.ignored


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_never_ends_dies_with_its_runner(tmp_path: Path, jobs: int) -> None:
    words = ("run", "--methods", "crashing_searcher:Endless", "--problems", "branin", "--jobs", jobs, "--out", ".")
    with bench(*words, folder=tmp_path) as runner:
        until(lambda: len(descendants(runner)) == 1 + jobs)  # the fork-server and the runs
        family = descendants(runner)
        os.kill(runner.pid, signal.SIGKILL)
        until(lambda: are_gone(family))


def test_an_interrupt_keeps_what_is_finished_and_says_how_to_go_on(tmp_path: Path) -> None:
    words = ("run", "--methods", "random,crashing_searcher:Endless", "--problems", "branin", "--seeds", "1",
             "--jobs", "2", "--out", "results")  # fmt: skip
    path = tmp_path / "results" / RESULTS
    with bench(*words, folder=tmp_path) as runner:
        until(lambda: n_lines(path) == 1 and len(descendants(runner)) == 2)
        family = descendants(runner)
        os.killpg(runner.pid, signal.SIGINT)  # as the terminal does
        output, _ = runner.communicate(timeout=30)
    assert runner.returncode == 130
    assert "rung: interrupted; 1 of 2 runs are kept." in output
    assert (
        "Go on with it by: rung bench run --methods random,crashing_searcher:Endless --problems branin --seeds 1"
        " --out results" in output
    )
    assert "Traceback" not in output
    assert are_gone(family)
    assert [run.method for run in read(path).runs] == ["random"]
    assert not (tmp_path / "results" / "running").exists()
