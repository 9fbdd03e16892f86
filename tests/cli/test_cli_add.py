from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import make_study
from running_study import meanwhile

from rung.commands import Enqueue
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
        (("lr=0.1",), "rung: opt is missing from the config"),
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
    assert said == "rung: lr is missing from the config {'opt': 'adam'}.\nhint: Add it, such as lr=0.0316.\n"


@pytest.mark.parametrize("words", [("lr",), ("=0.1",), ("--like", "-1"), ("lr=0.1", "lr=0.2")])
def test_words_that_mean_nothing(invoke, store: Path, words: tuple[str, ...]) -> None:
    assert invoke("add", "lenet", *words, exit_code=2).stderr.startswith("rung: ")
    assert asked(store) == []
