from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import make_study

from rung.commands import RetryTrial
from rung.store import open_store


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store that may be written to, where the verbs look for one."""
    make_study(tmp_path / "rung.db")
    return tmp_path / "rung.db"


@pytest.fixture
def failed(invoke_json, store: Path) -> list[int]:
    """The numbers of the trials that have failed; there are several."""
    numbers = [row["trial"] for row in invoke_json("trials", "lenet") if row["state"] == "failed"]
    assert len(numbers) > 1
    return numbers


def asked(store: Path) -> list[object]:
    opened = open_store(str(store), create=False)
    found = [command for _, command in opened.tables.pending("lenet")]
    opened.close()
    return found


def test_one_trial(invoke, store: Path, failed: list[int]) -> None:
    said = invoke("retry", f"lenet#{failed[0]}").stdout
    assert said == (
        f"The configuration of trial {failed[0]} is tried once more, as a new trial, once the study is resumed: "
        "rung resume lenet --trials 9\n"
    )
    assert asked(store) == [RetryTrial(failed[0])]


def test_all_that_have_failed_each_once(invoke, invoke_json, store: Path, failed: list[int]) -> None:
    invoke("retry", f"lenet#{failed[0]}")
    said = invoke("retry", "lenet", "--failed").stdout.splitlines()
    assert len(said) == len(failed) - 1
    assert said[-1].endswith(f"rung resume lenet --trials {8 + len(failed)}")
    assert asked(store) == [RetryTrial(number) for number in failed]
    make_study(store, trials=8 + len(failed))
    retried = {row["trial"]: row["retry_of"] for row in invoke_json("trials", "lenet") if row["trial"] >= 8}
    assert list(retried.values()) == failed
    assert invoke_json("show", f"lenet#{failed[0]}")["retries"] == [8]
    again = invoke("retry", "lenet", "--failed").stdout
    assert again.count("is tried once more") == len(failed), "those that tried again have failed again, and no others"


def test_those_that_pass_a_filter(invoke, invoke_json, store: Path, failed: list[int]) -> None:
    rates = sorted(invoke_json("show", f"lenet#{number}")["config"]["lr"] for number in failed)
    said = invoke("retry", "lenet", "--failed", "--where", f"lr<={rates[0]!r} and reason=error").stdout
    assert said.count("is tried once more") == 1
    assert invoke("retry", "lenet", "--failed", "--where", "reason=oom").stdout == (
        "No trial of lenet has failed that was not retried and passes the filter.\n"
    )


def test_nothing_is_left_to_retry(invoke, store: Path, failed: list[int]) -> None:
    invoke("retry", "lenet", "--failed")
    assert invoke("retry", "lenet", "--failed").stdout == "No trial of lenet has failed that was not retried.\n"
    assert asked(store) == [RetryTrial(number) for number in failed]


def test_a_trial_that_came_to_its_end(invoke, invoke_json, store: Path) -> None:
    number = next(row["trial"] for row in invoke_json("trials", "lenet") if row["state"] == "completed")
    assert invoke("retry", f"lenet#{number}", exit_code=1).stderr == (
        f"rung: trial {number} of 'lenet' is completed; only failed and stopped ones can be retried.\n"
        f"hint: `rung show lenet#{number}` tells more.\n"
    )
    assert asked(store) == []


@pytest.mark.parametrize(
    "words",
    [
        ("lenet",),
        ("lenet#0", "--failed"),
        ("lenet", "--where", "lr<1"),
        ("lenet#0", "--where", "lr<1"),
        ("lenet", "--failed", "--where", "lrr<1"),
        ("lenet", "--failed", "--where", "lr<"),
    ],
)
def test_words_that_mean_nothing(invoke, store: Path, words: tuple[str, ...]) -> None:
    assert "hint: " in invoke("retry", *words, exit_code=2).stderr
    assert asked(store) == []


def test_what_is_not_there(invoke, store: Path) -> None:
    assert "no trial 8" in invoke("retry", "lenet#8", exit_code=1).stderr
    assert "Did you mean 'lenet'?" in invoke("retry", "lennet", "--failed", exit_code=1).stderr
