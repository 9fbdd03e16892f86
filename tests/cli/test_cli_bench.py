"""``rung bench``: what it says, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from test_cli_completion import offered

from rung.benchmarks import plan as planning
from rung.benchmarks.results import append, read
from rung.cli import _bench_list, _bench_report
from rung.errors import MissingExtraError

METHODS = "random,asha(grace_period=3, reduction_factor=2)+random"
ASKED = ("--methods", METHODS, "--problems", "branin,curves:branin", "--seeds", 2, "--budget", 5, "--jobs", 2)


@pytest.fixture
def run(invoke, monkeypatch: pytest.MonkeyPatch):
    """``rung bench run`` into the folder ``results``; its modules are looked for where the tests of the runner are."""
    monkeypatch.delenv("RUNG_BENCH_DATA", raising=False)
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[1] / "benchmarks"), *sys.path])

    def call(*words: object, exit_code: int = 0):
        return invoke("bench", "run", *words, "--out", "results", exit_code=exit_code)

    return call


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of two methods on two problems with four seeds; not to be written to."""
    from rung.benchmarks.runner import run_benchmark

    made = tmp_path_factory.mktemp("bench")
    run_benchmark(["random", "asha"], ["branin", "mixed"], seeds=4, budget=6, out=made)
    return made


def test_a_run_and_its_summary(run, invoke, tmp_path: Path) -> None:
    said = run(*ASKED).stdout
    lines = said.splitlines()
    assert lines[0] == "2 methods × 2 problems × 2 seeds, 8 runs of evaluations:5, 2 at once."
    assert "0/8 runs, time left unknown" in lines[1]
    assert any("8/8 runs, " in line for line in lines)
    table = next(index for index, line in enumerate(lines) if line.startswith("method "))
    assert lines[table].split("  ")[0] == "method"
    assert lines[table + 1].split("  ")[0] == "asha(grace_period=3, reduction_factor=2)+random"
    assert lines[table + 2].split()[:3] == ["random", "4", "0"]
    assert "results  8 runs in results" in said
    assert "next     rung bench report results --out report.html" in said
    runs = read(tmp_path / "results" / "runs.jsonl").runs
    assert len(runs) == 8
    (command,) = {run.notes["command"] for run in runs}
    assert command == (
        "rung bench run --methods 'random,asha(grace_period=3, reduction_factor=2)+random' "
        "--problems branin,curves:branin --seeds 2 --budget 5 --out results"
    )
    again = run(*ASKED).stdout.splitlines()
    assert "8/8 runs" in again[1]
    assert len(read(tmp_path / "results" / "runs.jsonl").runs) == 8


def test_lists_may_be_given_in_parts(run, tmp_path: Path) -> None:
    run("--methods", "random", "--methods", "asha", "--problems", "branin", "--problems", "mixed", "--seeds", "3,",
        "--budget", "simulated:2min", "--quiet")  # fmt: skip
    runs = read(tmp_path / "results" / "runs.jsonl").runs
    assert {run.key for run in runs} == {
        (problem, method, 3) for problem in ("branin", "mixed") for method in ("random", "asha")
    }
    assert {run.budget.limit for run in runs} == {120.0}


def test_quiet_says_nothing(run) -> None:
    assert run("--methods", "random", "--problems", "branin", "--seeds", 1, "-q").output == ""


def test_json_is_a_line_per_run(run) -> None:
    said = run("--methods", "random", "--problems", "branin", "--seeds", 2, "--budget", 4, "--json").stdout
    first, *runs, last = [json.loads(line, parse_constant=pytest.fail) for line in said.splitlines()]
    assert first == {"type": "benchmark", "runs": 2, "there": 0}
    assert [(each["type"], each["method"], each["finished"], each["why"]) for each in runs] == [
        ("run", "random", 1, ""),
        ("run", "random", 2, ""),
    ]
    assert sorted(each["seed"] for each in runs) == [0, 1]
    assert (last["type"], last["runs"], last["failed"], last["skipped"]) == ("summary", 2, [], [])
    assert last["cpu_s"] > sum(last["cpu_s_of"].values()) > 0


def test_a_dry_run_lists_what_is_left(run, tmp_path: Path) -> None:
    words = ("--methods", "random", "--problems", "branin", "--budget", "trainings:2")
    run(*words, "--seeds", 1, "-q")
    said = run(*words, "--seeds", 3, "--dry-run").stdout
    assert said.splitlines() == [
        "1 method × 1 problem × 3 seeds, 3 runs of steps:2; 2 to be made.",
        "random on branin with seed 1",
        "random on branin with seed 2",
    ]
    listed = json.loads(run(*words, "--seeds", 2, "--dry-run", "--json").stdout)
    assert listed == [{"problem": "branin", "method": "random", "seed": 1}]
    assert len(read(tmp_path / "results" / "runs.jsonl").runs) == 1


def test_tracebacks_can_be_asked_for(run) -> None:
    words = ("--methods", "random", "--problems", "branin", "--seeds", 1, "--dry-run", "--debug")
    assert "random on branin with seed 0" in run(*words).stdout


def test_runs_that_fail_are_named(run, tmp_path: Path) -> None:
    words = ("--methods", "crashing_searcher:Raises", "--problems", "branin", "--seeds", 1)
    said = run(*words, exit_code=3).stdout
    told = "failed: crashing_searcher:Raises on branin with seed 0: ValueError: no idea what to suggest"
    assert said.count(told) == 2  # when it happens, and at the end
    assert "what a peer prints" not in said
    assert "Make them again with --retry-failed." in said
    with_another = ("--methods", "random,crashing_searcher:Raises", *words[2:])
    assert told in run(*with_another).stdout
    run(*words, "--retry-failed", exit_code=3)
    assert len(read(tmp_path / "results" / "runs.jsonl").ignored) == 1


def test_a_run_may_be_limited(run) -> None:
    words = ("--methods", "crashing_searcher:Endless", "--problems", "branin", "--seeds", 1)
    assert "It took longer than 0.2s." in run(*words, "--run-limit", "0.2s", exit_code=3).stdout


@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        (("--methods", "rendom"), "There is no method named 'rendom'.", "Did you mean 'random'?"),
        (("--problems", "brannin"), "There is no problem 'brannin'.", "Did you mean 'branin'?"),
        (
            ("--budget", "step:5"),
            "The budget 'step:5' is counted in 'step', which is not known.",
            "Did you mean steps?",
        ),
        (("--seeds", "many"), "seeds='many' can't be read.", "Write 30"),
        (("--methods", "asha(max=3)+random"), "'asha' can't be made with these options", "It has: "),
        (("--methods", "asha(reduction_factor=1)"), "reduction_factor must be a whole number", "Give for instance"),
        (("--run-limit", "soon"), "--run-limit='soon' is not a duration.", "Write 90"),
        (("--problems", "lcbench:3945"), "surrogates of YAHPO Gym", "Name the folder"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_runs(run, tmp_path: Path, words, sentence, hint) -> None:
    asked = {"--methods": "random", "--problems": "branin", **dict([words])}
    told = run(*(word for pair in asked.items() for word in pair), exit_code=2).stderr
    assert told.startswith("rung: ")
    assert sentence in told
    assert f"hint: {hint}" in told
    assert not (tmp_path / "results").exists()


def test_other_budgets_are_refused(run) -> None:
    words = ("--methods", "random", "--problems", "branin", "--seeds", 1)
    run(*words, "--budget", 4, "-q")
    told = run(*words, "--budget", 5, exit_code=1)
    assert "results has runs on branin that differ" in told.stderr
    assert "their budget was evaluations:4, and evaluations:5 is asked for" in told.stderr
    assert told.stdout == ""


def test_methods_that_are_not_installed(run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = planning.method

    def method(name: str) -> object:
        if name == "optuna:tpe":
            raise MissingExtraError(name, "optuna")
        return real(name)

    monkeypatch.setattr(planning, "method", method)
    told = run("--methods", "optuna:tpe,random", "--problems", "branin", "--seeds", 1, "--dry-run")
    assert "rung: optuna:tpe is skipped: optuna:tpe needs an optional package." in told.stderr
    assert "hint: pip install 'rung[optuna]'" in told.stderr
    assert "random on branin with seed 0" in told.stdout
    assert "needs an optional package" in run("--methods", "optuna:tpe", "--problems", "branin", exit_code=1).stderr


class TestReport:
    """What ``rung bench report`` makes of a folder."""

    def test_result_and_page(self, invoke, folder: Path, tmp_path: Path) -> None:
        pytest.importorskip("matplotlib")
        said = invoke("bench", "report", folder, "--out", "r.html", "--title", "Two of ours").stdout
        assert said.splitlines()[0].split()[0] == "method"
        assert {line.split()[0] for line in said.splitlines()[1:3]} == {"random", "asha"}
        assert "did best over 2 problems" in said
        assert said.splitlines()[-2:] == ["r.html", "r.md"]
        page = (tmp_path / "r.html").read_text()
        assert "Two of ours" in page
        assert "rung bench report" in page

    def test_without_a_page(self, invoke_json, folder: Path) -> None:
        found = invoke_json("bench", "report", folder, "--no-page", "--problems", "branin", "--axis", "steps")
        assert found["pages"] == []
        assert found["comparison"]["axis"] == "steps"
        assert [each["problem"] for each in found["comparison"]["problems"]] == ["branin"]
        assert found["verdict"]

    def test_sets_and_methods_choose(self, invoke_json, folder: Path) -> None:
        words = ("bench", "report", folder, "--no-page", "--problems", "classical", "--methods", "asha,random")
        found = invoke_json(*words)["comparison"]
        assert [each["problem"] for each in found["problems"]] == ["branin", "mixed"]
        assert found["methods"] == ["asha", "random"]

    def test_bad_lines_are_named_and_an_unfinished_benchmark_is_reported(
        self, invoke, folder: Path, tmp_path: Path
    ) -> None:
        path = tmp_path / "runs.jsonl"
        for run in read(folder / "runs.jsonl").runs[:-1]:
            append(path, run)
        with path.open("a") as file:
            file.write("nonsense\n")
        told = invoke("bench", "report", ".", "--no-page")
        assert "rung: line 16 of runs.jsonl is not used: no JSON" in told.stderr
        assert "whose seed not every method has are left out" in told.stdout

    def test_missing_runs_are_known(self, folder: Path) -> None:
        runs = read(folder / "runs.jsonl").runs
        assert _bench_report._missing(runs) == []
        assert _bench_report._missing(runs[1:]) == [runs[0].key]

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("--problems", "hartmann6"), "There are no runs on 'hartmann6'. There are runs on branin, mixed"),
            (("--problems", "noisy"), "There are no runs on 'noisy'."),
            (("--problems", "yahpo"), "What is in the set 'yahpo' is not known here."),
            (("--methods", "ashaa"), "There is no run of the method 'ashaa'. Did you mean 'asha'?"),
            (("--axis", "epochs"), "axis='epochs' is not known."),
        ],
    )
    def test_what_is_not_there(self, invoke, folder: Path, words, sentence: str) -> None:
        told = invoke("bench", "report", folder, "--no-page", *words, exit_code=1).stderr
        assert sentence in told.replace("\nhint:", "")

    def test_no_results(self, invoke) -> None:
        assert "There are no benchmark results at runs.jsonl." in invoke("bench", "report", ".", exit_code=1).stderr


class TestList:
    """What ``rung bench list`` offers."""

    @pytest.fixture(autouse=True)
    def no_data(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("RUNG_BENCH_DATA", raising=False)

    def test_problems(self, invoke_json) -> None:
        rows = {row["name"]: row for row in invoke_json("bench", "list", "--problems")["problems"]}
        assert rows["branin"]["sets"] == ["classical"]
        assert rows["branin"]["best"] == pytest.approx(0.397887)
        assert rows["curves:branin"]["steps"] == 27
        assert rows["mlp:fashion-mnist"]["best"] is None
        assert rows["mlp:fashion-mnist"]["hint"].startswith("Name the folder")

    def test_methods(self, invoke_json, invoke, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = {row["name"]: row for row in invoke_json("bench", "list", "--methods")["methods"]}
        assert rows["random"] == {"name": "random", "is_installed": True, "hint": ""}
        assert "optuna:tpe" in rows
        monkeypatch.setattr(_bench_list, "find_spec", lambda _name: None)
        said = invoke("bench", "list", "--methods").stdout
        assert next(line for line in said.splitlines() if line.startswith("optuna:tpe")).endswith(
            "pip install 'rung[optuna]'"
        )

    def test_both(self, invoke) -> None:
        said = invoke("bench", "list").stdout
        assert said.startswith("method ")
        assert "\nproblem " in said
        branin = next(line for line in said.splitlines() if line.startswith("branin"))
        assert branin.split() == ["branin", "classical", "1", "0.3979", "35.58"]


def test_names_are_completed_behind_commas(monkeypatch, capsys) -> None:
    assert offered("rung bench run --methods ran", monkeypatch, capsys) == ["random"]
    assert offered("rung bench run --methods sobol,as", monkeypatch, capsys) == ["sobol,asha"]
    assert "classical" in offered("rung bench run --problems cl", monkeypatch, capsys)
    assert offered("rung bench report . --axis st", monkeypatch, capsys) == ["steps"]
    assert {"run", "report", "list"} == set(offered("rung bench ", monkeypatch, capsys))
