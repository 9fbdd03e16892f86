from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_project import make_study
from running_study import meanwhile

from rung.commands import ChangeSearcher, EditSpace, Enqueue
from rung.errors import SpaceError
from rung.schedulers.basic import BasicScheduler
from rung.searchers.grid import GridSearcher
from rung.space import Constant, Float, Int, Space
from rung.store import open_store
from rung.tuner import Tuner

LR = "lr: Float(0.001, 1.0, log=True) -> Float(0.001, 0.1, log=True)"
OPT = "opt: Choice(['adam', 'sgd']) -> pinned to 'adam'"
LATER = ", once the study is resumed: rung resume lenet --trials 3"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store that may be written to, where the verbs look for one."""
    make_study(tmp_path / "rung.db", trials=2)
    return tmp_path / "rung.db"


def asked(store: Path) -> list[Any]:
    opened = open_store(str(store), create=False)
    found = [command for _, command in opened.tables.pending("lenet")]
    opened.close()
    return found


def test_what_changes_is_told_and_waits_for_the_next_session(invoke, store: Path) -> None:
    said = invoke("edit", "lenet", "lr=log:1e-3:0.1", "--pin", "opt=adam").stdout
    assert said.splitlines() == [LR, OPT, "The space of lenet changes" + LATER]
    (command,) = asked(store)
    assert isinstance(command, EditSpace)
    space = Space.from_json(command.space)
    assert (space["lr"], space["opt"], space["seed"]) == (Float(1e-3, 0.1, log=True), Constant("adam"), Constant(5))


def test_one_edit_after_the_other_and_what_is_added_then(invoke, invoke_json, store: Path) -> None:
    invoke("edit", "lenet", "lr=log:1e-3:0.1", "--pin", "opt=adam")
    said = invoke("edit", "lenet", "--reopen", "opt", "--prior", "lr=~1e-2:high", "--prior", "opt=sgd").stdout
    assert said.splitlines()[:2] == [
        "lr: prior none -> ~0.01 (high confidence)",
        "opt: pinned to 'adam' -> Choice(['adam', 'sgd']), prior none -> ~sgd",
    ]
    said = invoke("edit", "lenet", "opt=adam,sgd,lion", "--no-prior", "lr", "--searcher", "tpe(gamma=0.2)").stdout
    assert said.splitlines() == [
        "lr: prior ~0.01 (high confidence) -> none",
        "opt: Choice(['adam', 'sgd']) -> Choice(['adam', 'sgd', 'lion'])",
        "searcher: random -> tpe(gamma=0.2)",
        "The space of lenet changes" + LATER,
        "tpe takes over the search of lenet" + LATER,
    ]
    assert "lr: 0.5 is not between" in invoke("add", "lenet", "lr=0.5", "opt=lion", exit_code=1).stderr
    invoke("add", "lenet", "lr=0.05", "opt=lion")
    assert asked(store)[3:] == [
        ChangeSearcher({"name": "tpe", "gamma": 0.2}),
        Enqueue({"lr": 0.05, "opt": "lion", "seed": 5}),
    ]
    shown = invoke_json("show", "lenet")["asked"]
    now = "The space of lenet changes"
    assert shown[0]["what"] == f"{now}; {LR}; {OPT}"
    assert shown[1]["what"] == f"{now}; {LR}, prior none -> ~0.01 (high confidence); opt: prior none -> ~sgd"


def test_what_waits_to_be_tried_and_is_outside_is_told(invoke, invoke_json, store: Path) -> None:
    invoke("add", "lenet", "lr=0.5", "opt=sgd")
    line = "not tried any more, as the space won't have it: lr=0.5 opt=sgd seed=5"
    said = invoke("edit", "lenet", "lr=log:1e-3:0.1", "--dry-run").stdout
    assert said.splitlines() == [LR, line, "Nothing was changed."]
    found = invoke_json("edit", "lenet", "lr=log:1e-3:0.1")
    assert found["dropped"] == [{"lr": 0.5, "opt": "sgd", "seed": 5}]
    assert "not tried" not in invoke("edit", "lenet", "lr=log:1e-3:0.2").stdout, "it is dropped already"


def test_in_json(invoke_json, store: Path) -> None:
    words = ("lenet", "--pin", "opt=adam", "--prior", "lr=~1e-2", "--searcher", "gp(acquisition=ei)")
    expected = {
        "study": "lenet",
        "changes": [
            {
                "name": "lr",
                "before": Float(1e-3, 1.0, log=True).to_json(),
                "after": Float(1e-3, 1.0, log=True).to_json(),
                "prior_before": None,
                "prior": "~0.01",
            },
            {
                "name": "opt",
                "before": {"type": "choice", "values": ["adam", "sgd"]},
                "after": {"type": "constant", "value": "adam"},
                "prior_before": None,
                "prior": None,
            },
        ],
        "dropped": [],
        "searcher": {"name": "gp", "acquisition": "ei"},
        "told": [],
    }
    assert invoke_json("edit", *words, "--dry-run") == expected
    assert asked(store) == []
    told = ["The space of lenet changes" + LATER, "gp takes over the search of lenet" + LATER]
    assert invoke_json("edit", *words) == {**expected, "told": told}
    assert invoke_json("edit", *words)["searcher"] is None, "it is asked for already"


def test_while_the_study_runs(invoke, invoke_json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)
    words = ("edit", "lenet", "--pin", "lr=0.5", "--searcher", "sobol")
    said = meanwhile(tmp_path / "rung.db", lambda: invoke(*words).stdout, max_trials=2)
    assert said.splitlines() == [
        "lr: Float(0.001, 1.0, log=True) -> pinned to 0.5",
        "searcher: random -> sobol",
        "The space of lenet changes.",
        "sobol takes over the search of lenet.",
    ]
    assert invoke_json("show", "lenet#1")["config"] == {"lr": 0.5}
    shown = invoke_json("show", "lenet")
    assert (shown["searcher"], shown["scheduler"]["searcher"]) == ({"name": "sobol"}, {"name": "sobol"})
    page = invoke("show", "lenet").stdout
    assert "method     sobol + basic\n" in page
    assert "space      lr: Constant(0.5)\n" in page
    log = invoke("log", "lenet").stdout
    assert "from here on the space is lr: Constant(0.5)\n" in log
    assert "from here on sobol searches\n" in log


def test_what_the_tuner_refuses(invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)
    monkeypatch.setattr("rung.tuning.inbox.check_usable", raising)
    said = meanwhile(tmp_path / "rung.db", lambda: invoke("edit", "lenet", "--pin", "lr=0.5", exit_code=1).stderr)
    assert said == "rung: this tuner takes no such space.\n"


def raising(space: Space) -> None:
    raise SpaceError("this tuner takes no such space.")


def test_priors_are_shown(invoke, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.cli._command.PATIENCE_S", 0.0)
    with Tuner(None, BasicScheduler(GridSearcher({"x": Int(1, 3)})), store=store, study="grid") as tuner:
        tuner.ask()
        assert invoke("edit", "grid", "--prior", "x=~2").stdout.startswith("x: prior none -> ~2\n")
        tuner.tell(0, 0.5)
    assert "space      x: Int(1, 3), prior ~2\n" in invoke("show", "grid").stdout


def test_another_searcher_may_have_no_end_of_its_own(invoke, store: Path) -> None:
    """A grid ends by itself; whoever takes over from it may not."""
    (store.parent / "model.py").write_text("def plain(x):\n    return x\n")
    invoke("run", "model.py:plain", "-n", "g", "-s", "x=int:1:3", "--searcher", "grid", "--progress", "off")
    invoke("edit", "g", "x=int:1:5", "--searcher", "random")
    assert "nothing says when to end" in invoke("resume", "g", exit_code=2).stderr
    invoke("resume", "g", "--trials", 4, "--progress", "off")
    invoke("edit", "g", "--searcher", "grid")
    invoke("resume", "g", "--trials", 9, "--progress", "off")
    assert "method     grid + basic\n" in invoke("show", "g").stdout
    assert "The study 'g' is as its log says." in invoke("verify", "g").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("lrr=log:1e-3:0.1",), "has no dimension 'lrr'.\nhint: Did you mean 'lr'? There are lr, opt, seed."),
        (("--pin", "lr=7"), "rung: lr: 7 is not between 0.001 and 1.0.\nhint: Give it a domain with this value first."),
        (("--pin", "lr=0.1", "--reopen", "lr"), "lr: a pinned value and re-opening it contradict each other"),
        (("--reopen", "lr"), "rung: lr is not pinned: it is Float(0.001, 1.0, log=True)."),
        (("--reopen", "seed"), "rung: seed has been Constant(5) from the beginning."),
        (("--prior", "lr=~7"), "rung: the prior of 'lr': 7.0 is not between"),
        (("--prior", "lr=~0.1:sure"), "the prior of 'lr' has the confidence 'sure'"),
        (("--no-prior", "lr"), "rung: lr has no prior that could be dropped."),
        (("--searcher", "asha"), "rung: 'asha' is not a searcher alone"),
        (("--searcher", "bayes"), "rung: There is no searcher named 'bayes'."),
        (("--searcher", "sobol(sede=1)"), "rung: 'sobol' can't be made with these options"),
        (("opt=adam", "--searcher", "bayes"), "rung: There is no searcher named 'bayes'."),
    ],
)
def test_what_can_not_be_had(invoke, store: Path, words: tuple[str, ...], message: str) -> None:
    assert message in invoke("edit", "lenet", *words, exit_code=1).stderr
    assert asked(store) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "rung: nothing is to be changed.\nhint: Give NAME=DOMAIN, --pin, --reopen, --prior or --searcher. "),
        ((), "There are lr (Float(0.001, 1.0, log=True)), opt (Choice(['adam', 'sgd'])), seed (Constant(5)).\n"),
        (("lr",), "rung: rung edit STUDY 'lr' has no name and value."),
        (("lr=lgo:1:2",), "rung: rung edit STUDY 'lr=lgo:1:2': there is no kind 'lgo'."),
        (("lr=1,2", "lr=3,4"), "rung: rung edit STUDY 'lr' is given twice."),
        (("--pin", "lr"), "rung: --pin 'lr' has no name and value."),
        (("--prior", "lr"), "rung: --prior 'lr' has no name and value.\nhint: Write --prior lr=~1e-3, or with low"),
        (("--prior", "lr=~"), "rung: --prior 'lr=~' has no name and value."),
        (("--prior", "lr=1", "--prior", "lr=2"), "rung: --prior 'lr' is given twice."),
        (("--prior", "lr=~1", "--no-prior", "lr"), "rung: lr: --prior and --no-prior contradict each other."),
    ],
)
def test_words_that_mean_nothing(invoke, store: Path, words: tuple[str, ...], message: str) -> None:
    assert message in invoke("edit", "lenet", *words, exit_code=2).stderr
    assert asked(store) == []


@pytest.mark.parametrize("words", [("--pin", "seed=5"), ("lr=log:1e-3:1",), ("--searcher", "random")])
def test_where_nothing_changes(invoke, store: Path, words: tuple[str, ...]) -> None:
    assert invoke("edit", "lenet", *words).stdout == "Nothing changes in lenet.\n"
    assert asked(store) == []


def test_a_study_of_runs_by_hand(invoke, store: Path) -> None:
    invoke("track", "-n", "notes", "lr=0.1", "--", "true")
    assert "the study 'notes' keeps runs by hand" in invoke("edit", "notes", "lr=1,2", exit_code=1).stderr
    assert "the study 'notes' keeps runs by hand" in invoke("edit", "notes", exit_code=1).stderr


def test_a_study_that_is_not_there(invoke, store: Path) -> None:
    assert "Did you mean 'lenet'?" in invoke("edit", "lennet", "lr=1,2", exit_code=1).stderr
