from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

SCRIPT = ("--", sys.executable, "train.py")
SPACE = ("-s", "lr=log:1e-3:1", "-s", "opt=adam,sgd")


def test_it_says_what_would_be_run_and_touches_nothing(invoke, tmp_path: Path) -> None:
    words = ("--trials", 9, "--seconds", "2h", "--stop", "reached:0.1", "--seed", 1, "-w", 2, "--memory", "2GB")
    lines = invoke("run", *SPACE, *words, "-n", "lenet", "--dry-run", *SCRIPT).stdout.splitlines()
    assert lines[0] == "study       lenet in sqlite:///rung.db"
    assert lines[1].startswith("objective   ")
    assert lines[2:5] == [
        "goal        min error",
        "method      auto + basic, 2 at a time, memory 2000000000",
        "ends        trials 9, seconds 2h, stop reached:0.1",
    ]
    assert lines[5].startswith("space       lr   Float(0.001, 1.0")
    assert lines[7].startswith("first       lr=")
    assert [line[:15] for line in lines[8:10]] == ["            lr="] * 2
    lr, opt = lines[7].split()[1:]
    filled = f"{sys.executable} train.py --lr {lr.removeprefix('lr=')}"
    assert lines[10].startswith(f"command     {filled[:-1]}")
    assert lines[10].endswith(f" --opt {opt.removeprefix('opt=')}")
    assert lines[11:-1] == [
        "forecast    9 trainings, each to its own end",
        "            as long as 5 trainings one after the other, with 2 workers, busy for 90% of the time",
        "            averages of 5 rehearsals with made-up values",
        "            not forecast, and may end it sooner: seconds:2h, reached:0.1",
        "            how many steps a training has, --scheduler basic --max-t N says",
        "            with --step-seconds and --per-hour, also in hours and money",
    ]
    assert lines[-1] == "Nothing was run."
    assert list(tmp_path.iterdir()) == []


def test_the_configurations_are_those_of_the_run(invoke, execute, invoke_json, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import rung\nrung.report(error=rung.config()['lr'])\n")
    words = (*SPACE, "--init", "lr=0.5", "--init", "opt=sgd", "--searcher", "random", "--trials", 3, "--seed", 4)
    plan = json.loads(invoke("run", *words, "--dry-run", "--json", *SCRIPT).stdout)
    execute("run", *words, *SCRIPT)
    assert plan["first_configurations"] == [row["config"] for row in invoke_json("trials", "train")]


def test_beliefs_are_part_of_the_space(invoke) -> None:
    words = (*SPACE, "--prior", "lr=~1e-2:high", "--prior", "opt=sgd", "--trials", 1, "--dry-run")
    plan = json.loads(invoke("run", *words, "--json", *SCRIPT).stdout)
    assert [each["prior"] for each in plan["space"]["dimensions"]] == [
        {"centre": 0.01, "confidence": "high"},
        {"centre": "sgd", "confidence": "medium"},
    ]
    said = invoke("run", *words, *SCRIPT).stdout
    assert "log=True), prior ~0.01 (high confidence)\n" in said
    assert "prior ~sgd\n" in said


def test_options_may_stand_in_names(invoke, tmp_path: Path) -> None:
    words = ("run", *SPACE, "--scheduler", "asha(max_t=9)", "--searcher", "tpe(startup_trials=3)", "--trials", 1)
    plan = json.loads(invoke(*words, "--eta", 2, "--dry-run", "--json", *SCRIPT).stdout)
    assert (plan["scheduler"]["max_t"], plan["scheduler"]["reduction_factor"]) == (9, 2)
    assert plan["scheduler"]["searcher"]["startup_trials"] == 3
    (tmp_path / "study.toml").write_text('trials = 1\nspace = { lr = [1, 2] }\n[search]\nsearcher = "grid(points=7)"\n')
    plan = json.loads(invoke("run", "study.toml", "--dry-run", "--json", *SCRIPT).stdout)
    assert plan["scheduler"]["searcher"] == {"name": "grid", "points": 7}


def test_beliefs_of_a_file_and_of_the_line(invoke, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(
        'trials = 1\nprior = { lr = "~1e-2:high", opt = "sgd" }\n[space]\nlr = "log:1e-4:1"\nopt = ["adam", "sgd"]\n'
    )
    plan = json.loads(invoke("run", "study.toml", "--prior", "lr=~1e-3", "--dry-run", "--json", *SCRIPT).stdout)
    assert [each["prior"]["centre"] for each in plan["space"]["dimensions"]] == [0.001, "sgd"]


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ("lr", "--prior 'lr' has no name and value."),
        ("lr=~7", "the prior of 'lr': 7.0 is not between"),
        ("rl=~0.1", "priors: there is no dimension 'rl'."),
        ("lr=~0.1:sure", "the prior of 'lr' has the confidence 'sure'."),
    ],
)
def test_beliefs_that_are_none(invoke, prior: str, message: str) -> None:
    said = invoke("run", *SPACE, "--prior", prior, "--trials", 1, "--dry-run", *SCRIPT, exit_code=2).stderr
    assert message in said


@pytest.mark.parametrize(
    ("words", "count"),
    [(("--trials", 2), 2), (("--stop", "trials:9", "--searcher", "random"), 3), (("--searcher", "grid"), 2)],
)
def test_no_more_configurations_than_there_would_be(invoke, words: tuple[object, ...], count: int) -> None:
    plan = json.loads(invoke("run", "-s", "opt=adam,sgd", *words, "--dry-run", "--json", *SCRIPT).stdout)
    assert len(plan["first_configurations"]) == count


def test_the_command_is_that_of_the_first_configuration(invoke) -> None:
    words = ("-s", "lr=0.5,0.25", "-s", "opt=adam,two words", "--searcher", "grid", "--dry-run")
    plan = json.loads(invoke("run", *words, "--json", "--", sys.executable, "-c", "{opt}").stdout)
    assert plan["command"] == [sys.executable, "-c", "adam", "--lr", "0.5"]
    plan = json.loads(invoke("run", *words, "--json", "json:dumps").stdout)
    assert plan["command"] is None, "a function has none"


def test_a_grid_is_counted_and_the_same_in_each_run(invoke) -> None:
    words = ("run", *SPACE, "--searcher", "grid", "--dry-run")
    said = invoke(*words, *SCRIPT).stdout
    assert "method      grid + basic, 10 combinations, 1 at a time\n" in said
    assert "Without --seed" not in said
    assert json.loads(invoke(*words, "--json", *SCRIPT).stdout)["combinations"] == 10


def test_a_population_ends_by_itself(invoke) -> None:
    plan = invoke("run", *SPACE, "--scheduler", "pbt(population=2)", "--max-t", 4, "--dry-run", *SCRIPT).stdout
    assert "ends        when nothing is left to try\n" in plan


def test_without_a_seed_it_says_that_they_are_examples(invoke) -> None:
    assert "Without --seed, each run draws" in invoke("run", *SPACE, "--trials", 2, "--dry-run", *SCRIPT).stdout


def test_what_could_not_be_run_is_refused_as_without_it(invoke) -> None:
    assert "nothing says when to end" in invoke("run", *SPACE, "--dry-run", *SCRIPT, exit_code=2).stderr


def test_it_says_how_many_trials_reach_which_rung(invoke) -> None:
    words = ("--scheduler", "asha", "--max-t", 9, "--trials", 30, "-w", 3, "--seed", 1, "--dry-run")
    lines = invoke("run", *SPACE, *words, *SCRIPT).stdout.splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("forecast"))
    assert lines[first].split() == ["forecast", "rung", "trials", "that", "reach", "it", "steps"]
    assert lines[first + 1].split() == ["1", "30", "30"]
    assert [line.split()[0] for line in lines[first + 2 : first + 4]] == ["3", "9"]
    assert "steps in all" in lines[first + 4]
    assert "steps one after the other, with 3 workers" in lines[first + 5]


def test_with_the_length_of_a_step_it_says_how_long_and_at_what_cost(invoke) -> None:
    words = (*SPACE, "--trials", 4, "-w", 2, "--step-seconds", "30min", "--per-hour", 2.5, "--dry-run")
    said = invoke("run", *words, *SCRIPT).stdout
    assert "            1h with 2 workers, busy for 100% of the time\n" in said
    assert "            2h of training at 30min a training, which cost 5\n" in said
    plan = json.loads(invoke("run", *words, "--json", *SCRIPT).stdout)
    assert (plan["forecast"]["wall_s"], plan["forecast"]["cost"]) == (3600.0, 5.0)


def test_the_price_may_stand_in_the_criterion(invoke) -> None:
    words = (*SPACE, "--stop", "cost:5:per_hour=2.5", "--step-seconds", "30min", "--dry-run", "--json")
    plan = json.loads(invoke("run", *words, *SCRIPT).stdout)
    assert (plan["forecast"]["trials"], plan["forecast"]["cost"]) == (4.0, 5.0)


def test_a_study_that_has_begun_tells_how_long_its_steps_take(invoke, execute, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import rung\nfor epoch in (1, 2, 3):\n    rung.report(error=rung.config()['lr'])\n"
    )
    words = ("-n", "mine", "--trials", 2, "--seed", 4)
    execute("run", *SPACE, *words, *SCRIPT)
    plan = json.loads(invoke("run", *words, "--dry-run", "--json", *SCRIPT).stdout)["forecast"]
    assert plan["step_s"] > 0
    assert plan["runtime_s"] == pytest.approx(plan["step_s"] * 2 * 3)
    said = invoke("run", *words, "--dry-run", *SCRIPT).stdout
    assert "   3  2                         6\n" in said
    assert "of the whole study, which has 2 trials already\n" in said
    assert "a step takes as long as those of the study so far\n" in said


def test_the_length_of_a_training_may_be_told(invoke) -> None:
    """Where the scheduler has no word for it, it serves the forecast alone."""
    words = (*SPACE, "--trials", 10, "--step-seconds", 30, "--scheduler")
    for scheduler in ("median", "early(criterion=patience:3)", "basic"):
        known = invoke("run", *words, scheduler, "--max-t", 9, "--dry-run", *SCRIPT).stdout
        assert "of training at 30s a step" in known
        assert "how many steps a training has" not in known
        unknown = invoke("run", *words, scheduler, "--dry-run", *SCRIPT).stdout
        assert "of training at 30s a training" in unknown
        assert f"how many steps a training has, --scheduler {scheduler.split('(')[0]} --max-t N says" in unknown
    plan = json.loads(invoke("run", *words, "basic", "--max-t", 9, "--dry-run", "--json", *SCRIPT).stdout)
    assert plan["forecast"]["steps"] == 90
    said = invoke("run", *words, "median", "--max-t", 9, *SCRIPT, exit_code=2).stderr
    assert "--max-t means nothing to the scheduler median.\nhint: Leave it out; with --dry-run" in said


def test_what_can_not_be_forecast_is_no_reason_to_fail(invoke) -> None:
    words = (*SPACE, "--seconds", "2h", "--dry-run")
    said = invoke("run", *words, *SCRIPT).stdout
    assert "forecast    nothing that can be forecast says when the search ends. Give a number" in said
    assert json.loads(invoke("run", *words, "--json", *SCRIPT).stdout)["forecast"] is None
    assert "4 trainings, each" in invoke("run", *words, "--step-seconds", "30min", *SCRIPT).stdout


@pytest.mark.parametrize("option", ["--step-seconds", "--per-hour"])
def test_what_serves_the_forecast_alone_is_refused_without_it(invoke, option: str) -> None:
    said = invoke("run", *SPACE, "--trials", 1, option, 2, *SCRIPT, exit_code=2).stderr
    assert "--step-seconds and --per-hour serve the forecast alone." in said
