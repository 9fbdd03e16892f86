from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import Any

import pytest
from running_study import meanwhile

import rung
from rung.cli._space import parse_domain
from rung.cli.zoom import _wider
from rung.commands import EditSpace, Enqueue
from rung.schedulers.basic import BasicScheduler
from rung.searchers.grid import GridSearcher
from rung.space import Choice, Float, Int, Normal, Ordinal, Space
from rung.store import open_store
from rung.tuner import Tuner

SPACE = Space({"lr": Float(1e-4, 1.0, log=True), "units": Int(8, 64, step=8), "opt": Choice(["adam", "sgd"])})


def scored(lr: float, units: int, opt: str) -> float:
    return abs(math.log10(lr)) + abs(units - 32) / 100 + 9 * (opt == "sgd")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with the study ``lenet``, a grid of 50 trials."""
    scheduler = BasicScheduler(GridSearcher(SPACE, points=5))
    with Tuner(scored, scheduler, store=tmp_path / "rung.db", study="lenet", seed=0) as tuner:
        tuner.run()
    return tmp_path / "rung.db"


def asked(store: Path) -> list[Any]:
    opened = open_store(str(store), create=False)
    found = [command for _, command in opened.tables.pending("lenet")]
    opened.close()
    return found


HINT = "The best trials have lr at the upper end of all that was allowed; to go beyond: "


def test_what_changes_and_why(invoke, store: Path) -> None:
    said = invoke("zoom", "lenet").stdout.splitlines()
    assert said == [
        "The 10 best of 50 trials with a result:",
        "hyperparameter  from         to         why",
        "lr              0.0001 to 1  0.01 to 1  the 10 best trials have 0.1 to 1",
        "units           8 to 64      as before  the 10 best trials have 8 to 64",
        "opt             adam, sgd    adam       none of the 10 best trials has sgd, tried 25 times",
        f"{HINT}rung edit lenet lr=log:0.01:10",
        "The space of lenet changes, once the study is resumed: rung resume lenet",
    ]
    (command,) = asked(store)
    space = Space.from_json(command.space)
    assert (space["units"], space["opt"]) == (SPACE["units"], Choice(["adam"]))
    assert space["lr"].low == pytest.approx(0.01)


def test_the_same_results_narrow_only_once(invoke, store: Path) -> None:
    invoke("zoom", "lenet")
    for words in ((), ("--dry-run",)):
        said = invoke("zoom", "lenet", *words, exit_code=1).stderr
        assert said.startswith("rung: no result has come in since the last zoom or edit of the ranges")
    assert len(asked(store)) == 1


def test_nothing_is_changed_by_a_dry_run(invoke, store: Path) -> None:
    said = invoke("zoom", "lenet", "--dry-run", "--top", "0.5").stdout.splitlines()
    assert said[0] == "The 25 best of 50 trials with a result:"
    assert said[-1] == "Nothing was changed."
    assert asked(store) == []


def test_points_that_will_not_be_tried_any_more(invoke, store: Path) -> None:
    invoke("add", "lenet", "lr=0.001", "units=8", "opt=adam")
    said = invoke("zoom", "lenet").stdout.splitlines()
    assert said[-2] == "not tried any more, as the space won't have it: lr=0.001 units=8 opt=adam"
    assert [type(command) for command in asked(store)] == [Enqueue, EditSpace]


def test_for_programs(invoke, invoke_json, store: Path) -> None:
    said = invoke_json("zoom", "lenet", "--dry-run")
    assert (said["study"], said["best"], said["trials"]) == ("lenet", 10, 50)
    lr, units, opt = said["dimensions"]
    assert lr["before"] == {"type": "float", "low": 1e-4, "high": 1.0, "log": True}
    assert lr["after"]["low"] == pytest.approx(0.01)
    assert (lr["name"], lr["open_end"], units["open_end"]) == ("lr", "upper", None)
    assert units["before"] == units["after"]
    assert opt["why"] == "none of the 10 best trials has sgd, tried 25 times"
    assert said["hints"][0].endswith("rung edit lenet lr=log:0.01:10")
    assert (said["dropped"], said["told"]) == ([], [])
    assert invoke_json("zoom", "lenet")["told"] == [
        "The space of lenet changes, once the study is resumed: rung resume lenet"
    ]


def test_while_the_study_runs(invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)
    said = meanwhile(tmp_path / "rung.db", lambda: invoke("zoom", "lenet", exit_code=1).stderr)
    assert said.startswith("rung: zooming needs 5 trials with a result, and there ")


def test_where_there_is_nothing_to_change(invoke, tmp_path: Path) -> None:
    scheduler = BasicScheduler(GridSearcher({"n": rung.randint(1, 4), "k": ["a", "b"]}))
    with Tuner(lambda n, k: 1.0, scheduler, store=tmp_path / "rung.db", study="s", seed=0) as tuner:
        tuner.run()
    assert invoke("zoom", "s").stdout.splitlines()[-1] == "Nothing changes in s."  # all are equally good


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("lenet", "--top", "0"), 2, "rung: top must be a number, above 0 and at most 1, not 0.0."),
        (("lenet", "--margin", "2"), 2, "rung: margin must be a number, at least 0 and at most 1, not 2.0."),
        (("lenett",), 1, "Did you mean 'lenet'?"),
    ],
)
def test_what_cannot_be_done(invoke, store: Path, words: tuple[str, ...], code: int, message: str) -> None:
    assert message in invoke("zoom", *words, exit_code=code).stderr
    assert asked(store) == []


@pytest.mark.parametrize(
    ("domain", "end", "wider"),
    [
        (Float(1e-4, 1.0, log=True), "upper", "log:0.0001:10"),
        (Float(1e-4, 1.0, log=True), "lower", "log:1e-05:1"),
        (Float(-1.0, 3.0), "upper", "float:-1:5"),
        (Float(-1.0, 3.0), "lower", "float:-3:3"),
        (Float(0.5, 0.9), "lower", "float:0.25:0.9"),
        (Float(0.0, 0.9), "lower", None),
        (Float(0.0, 1.0, step=0.25), "upper", "float:0:1.5:step=0.25"),
        (Int(8, 64, step=8), "upper", "int:8:96:step=8"),
        (Int(8, 64, step=8), "lower", None),
        (Int(1, 2), "upper", None),
        (Int(1, 4), "upper", "int:1:6"),
        (Int(16, 256, log=True), "lower", "logint:2:256"),
        (Int(1, 256, log=True), "lower", None),
        (Normal(0.0, 1.0), "upper", None),
        (Ordinal([1, 2, 3]), "upper", None),
    ],
)
def test_a_wider_range_as_rung_edit_takes_it(domain: Any, end: Any, wider: str | None) -> None:
    assert _wider(domain, end) == wider
    if wider is not None:
        (word,) = shlex.split(wider)
        read: Any = parse_domain(word, where="-s")
        assert type(read) is type(domain)
        assert read.log == domain.log
        assert (read.low < domain.low) == (end == "lower")
        assert (read.high > domain.high) == (end == "upper")
