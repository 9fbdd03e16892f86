from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_project import make_study
from running_study import meanwhile

from rung.commands import EditSpace, Enqueue
from rung.errors import SettingError
from rung.store import open_store


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store that may be written to, where the verbs look for one."""
    make_study(tmp_path / "rung.db", trials=2)
    return tmp_path / "rung.db"


def asked(store: Path) -> list[object]:
    opened = open_store(str(store), create=False)
    found = [command for _, command in opened.tables.pending("lenet")]
    opened.close()
    return found


def test_a_configuration_waits_for_the_next_session(invoke, store: Path) -> None:
    said = invoke("add", "lenet", "lr=0.1", "opt=adam").stdout
    assert said == "Tried next: lr=0.1 opt=adam seed=5, once the study is resumed: rung resume lenet --trials 3\n"
    assert asked(store) == [Enqueue({"lr": 0.1, "opt": "adam", "seed": 5})]


def test_like_another_trial_but_for_a_value(invoke, invoke_json, store: Path) -> None:
    config = invoke_json("show", "lenet#1")["config"]
    invoke("add", "lenet", "--like", 1, "lr=0.5")
    assert asked(store) == [Enqueue({**config, "lr": 0.5})]


def test_while_the_study_runs(invoke, invoke_json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)
    said = meanwhile(tmp_path / "rung.db", lambda: invoke("add", "lenet", "lr=0.5").stdout, max_trials=3)
    assert said == "Tried next: lr=0.5.\n"
    assert invoke_json("show", "lenet#1")["config"] == {"lr": 0.5}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("lr=7", "opt=adam"), "rung: lr: 7"),
        (("lrr=0.1", "opt=adam"), "Did you mean 'lr'?"),
        (("lr=0.1",), "rung: opt has no value.\nhint: Add opt=sgd, or --like N for those of trial N of 'lenet'."),
        (("seed=5",), "rung: lr, opt have no value.\nhint: Add lr=0.03162 opt=sgd, or --like N"),
        (("lr=0.1", "opt=rmsprop"), "rung: opt: 'rmsprop'"),
        (("--like", "9"), "has no trial 9"),
        (("--like", "0", "lr=7"), "rung: lr: 7"),
    ],
)
def test_a_configuration_that_is_none(invoke, store: Path, words: tuple[str, ...], message: str) -> None:
    assert message in invoke("add", "lenet", *words, exit_code=1).stderr
    assert asked(store) == []


def test_without_values_it_says_what_there_is_to_give(invoke, store: Path) -> None:
    assert invoke("add", "lenet", exit_code=2).stderr == (
        "rung: no value is given.\nhint: Give one to each of lr (Float(0.001, 1.0, log=True)), "
        "opt (Choice(['adam', 'sgd'])): rung add lenet lr=0.03162 opt=sgd\n"
    )
    assert asked(store) == []


def test_the_example_of_a_missing_value_is_short(invoke, store: Path) -> None:
    said = invoke("add", "lenet", "opt=adam", exit_code=1).stderr
    assert said == "rung: lr has no value.\nhint: Add lr=0.03162, or --like N for those of trial N of 'lenet'.\n"


# Results of what was tried elsewhere


def rows(store: Path) -> Any:
    opened = open_store(str(store), create=False)
    found = opened.tables.trials("lenet")
    opened.close()
    return found


def test_a_result_is_recorded_at_once_where_nobody_runs_the_study(invoke, store: Path) -> None:
    said = invoke("add", "lenet", "lr=0.1", "opt=adam", "--result", 0.23, "--message", "from the paper").stdout
    assert said == "Recorded: error 0.23 at step 9 with lr=0.1 opt=adam seed=5, as lenet#2.\n"  # as ASHA's max_t is 9
    row = rows(store)[2]
    assert (row.is_given, row.state, row.best_loss, row.config["seed"]) == (True, "completed", 0.23, 5)
    assert [note.text for note in row.notes] == ["from the paper"]
    assert asked(store) == []
    assert "as its log says" in invoke("verify", "lenet").stdout


def test_several_metrics_at_a_step_like_another_trial(invoke, invoke_json, store: Path) -> None:
    said = invoke(
        "add", "lenet", "--like", 1, "lr=0.5", "--result", "error=0.5", "--result", "accuracy=0.75", "--step", 4
    ).stdout
    assert "error 0.5 at step 4 with lr=0.5" in said
    shown = invoke_json("show", "lenet#2")
    assert shown["config"] == {**invoke_json("show", "lenet#1")["config"], "lr": 0.5}
    opened = open_store(str(store), create=False)
    assert [metrics for *_, metrics in opened.tables.reports("lenet", 2)] == [{"error": 0.5, "accuracy": 0.75}]
    opened.close()


def test_a_result_that_is_nan_is_a_failed_trial(invoke, store: Path) -> None:
    invoke("add", "lenet", "lr=0.1", "opt=adam", "--result", "nan")
    assert (rows(store)[2].state, rows(store)[2].reason) == ("failed", "nan")


@pytest.mark.filterwarnings("default::rung.errors.RungWarning")
def test_what_the_space_does_not_have_is_recorded_but_pointed_out(invoke, store: Path) -> None:
    said = invoke("add", "lenet", "lr=7", "opt=adam", "--result", 0.23).stderr
    assert said.startswith("rung: warning: lr: 7 is not between")
    assert rows(store)[2].config["lr"] == 7


@pytest.mark.parametrize(
    ("words", "message", "code"),
    [
        (("lrr=0.1", "--result", "0.5"), "Did you mean 'lr'?", 1),
        (("lr=0.1", "opt=adam", "--result", "acc=0.5"), "'error' is missing", 1),
        (("lr=0.1", "opt=adam", "--result", "eror=0.3"), "given: 'eror'.\nhint: Did you mean error=0.3?", 1),
        (("lr=0.1", "opt=adam", "--result", "good"), "--result 'good' is no number", 2),
        (("lr=0.1", "opt=adam", "--result", "=0.5"), "--result '=0.5' is no number", 2),
        (("lr=0.1", "opt=adam", "--result", "0.5", "--result", "error=0.25"), "give each metric once", 2),
        (("lr=0.1", "opt=adam", "--step", "3"), "there is no result", 2),
        (("lr=0.1", "opt=adam", "--message", "?"), "there is no result", 2),
        (("--result", "0.5"), "no value is given", 2),
    ],
)
def test_what_is_no_result(invoke, store: Path, words: tuple[str, ...], message: str, code: int) -> None:
    assert message in invoke("add", "lenet", *words, exit_code=code).stderr
    assert len(rows(store)) == 2
    assert asked(store) == []


def test_a_result_while_the_study_runs(invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)
    said = meanwhile(tmp_path / "rung.db", lambda: invoke("add", "lenet", "lr=0.5", "--result", 0.25).stdout)
    assert said == "Recorded: error 0.25 at step 1 with lr=0.5, as lenet#1.\n"
    assert "as its log says" in invoke("verify", "lenet").stdout


def test_a_result_waits_where_only_the_study_s_program_has_the_scheduler(
    invoke, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rung.tuning.clerk.build_scheduler", not_from_here)
    said = invoke("add", "lenet", "lr=0.1", "opt=adam", "--result", 0.23).stdout
    assert said.endswith(", once the study is resumed: rung resume lenet\n")
    assert len(asked(store)) == 1
    assert len(rows(store)) == 2


def not_from_here(*_: object) -> None:
    raise SettingError("There is no scheduler 'mine'.", hint="")


@pytest.mark.parametrize("words", [("lr",), ("=0.1",), ("--like", "-1"), ("lr=0.1", "lr=0.2")])
def test_words_that_mean_nothing(invoke, store: Path, words: tuple[str, ...]) -> None:
    assert invoke("add", "lenet", *words, exit_code=2).stderr.startswith("rung: ")
    assert asked(store) == []


def test_what_is_pinned_is_said_with_the_way_out(invoke, store: Path) -> None:
    invoke("edit", "lenet", "--pin", "opt=adam")
    said = invoke("add", "lenet", "lr=0.5", "opt=sgd", exit_code=1).stderr
    assert said.splitlines() == [
        "rung: opt is pinned to 'adam', so it can't be 'sgd'.",
        "hint: Search it again by `rung edit lenet --reopen opt`, or leave it out.",
    ]
    said = invoke("add", "lenet", "lr=0.5", "seed=6", exit_code=1).stderr
    assert said.startswith("rung: seed is pinned to 5, so it can't be 6.")
    assert "--reopen" not in said, "it has been so from the beginning"
    assert [type(command) for command in asked(store)] == [EditSpace]
