from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import SPACE
from msgspec.structs import replace

from rung.cli.main import main
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.store import open_store
from rung.tuning.opening import new_study
from rung.types import Goal


def test_studies_are_listed(invoke, finished: Path) -> None:
    titles, line = invoke("ls", "--store", finished).stdout.splitlines()
    assert titles.split() == [
        "study",
        "state",
        "trials",
        "open",
        "done",
        "stopped",
        "failed",
        "best",
        "objective",
        "created",
    ]
    assert line.split()[:4] == ["lenet", "done", "8/8", "0"]
    assert "trained" in line


def test_studies_in_json(invoke_json, finished: Path) -> None:
    (row,) = invoke_json("ls", "--store", finished)
    assert row["study"] == "lenet"
    assert row["state"] == "done"
    assert (row["metric"], row["mode"], row["seed"]) == ("error", "min", 3)
    counts = row["trials"]
    assert counts["total"] == 8
    assert counts["total"] == sum(count for state, count in counts.items() if state != "total")
    assert counts["stopped"] > 0
    assert counts["failed"] > 0
    best = invoke_json("best", "lenet", "--store", finished)
    assert row["best"] == {name: best[name] for name in ("trial", "step", "value")}


def test_an_empty_store_shows_how_to_begin(invoke, tmp_path: Path) -> None:
    open_store(str(tmp_path / "rung.db"), create=True).close()
    result = invoke("ls")
    assert result.stdout.splitlines() == [
        f"No studies in sqlite:///{tmp_path}/rung.db.",
        "Begin one: rung run -s lr=log:1e-4:1 --metric error --trials 20 -- python train.py",
    ]


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """Two studies of one project, and one of none that nobody has begun."""
    store = open_store(str(tmp_path / "rung.db"), create=True)
    plain = new_study("plain", BasicScheduler(RandomSearcher(SPACE)), Goal("error"), seed=1, objective="m:f")
    store.create(plain)
    for name in ("first", "second"):
        store.create(replace(plain, study=name, project="vision", message=f"the {name} try", tags=("a b", name)))
    store.close()
    return tmp_path / "rung.db"


def test_project_tags_and_message_are_shown_when_there_are_any(invoke, several: Path, finished: Path) -> None:
    assert not {"project", "tags", "message"} & set(invoke("ls", "--store", finished).stdout.split())
    titles, *lines = invoke("ls").stdout.splitlines()
    assert titles.split()[:3] == ["study", "project", "state"]
    assert titles.split()[-2:] == ["tags", "message"]
    assert lines[1].split()[:3] == ["first", "vision", "new"]
    assert lines[1].endswith("'a b' first   the first try")


def test_of_little_room_the_best_is_kept(
    finished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for width in (50, 70, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        with pytest.raises(SystemExit):
            main.main(["ls", "--store", str(finished)])
        titles, line = capsys.readouterr().out.splitlines()
        assert {"study", "state", "trials", "best"} <= set(titles.split())
        assert ("failed" in titles) is (width == 200)
        assert "error 0." in line
        assert len(line) <= width


def test_a_long_objective_is_cut(invoke, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "rung.db"), create=True)
    words = ["python", "train.py", *(f"--option-{number}" for number in range(20))]
    store.create(new_study("s", BasicScheduler(RandomSearcher(SPACE)), Goal("error"), seed=1, objective=words))
    store.close()
    assert "python train.py --option-0 --option-1 -…  1970" in invoke("ls").stdout


def names(rows: list[dict[str, object]]) -> list[object]:
    return [row["study"] for row in rows]


def test_filters(invoke, invoke_json, several: Path, finished: Path) -> None:
    assert names(invoke_json("ls", "--project", "vision")) == ["first", "second"]
    assert names(invoke_json("ls", "--where", "tag=second or project=null")) == ["plain", "second"]
    assert names(invoke_json("ls", "--project", "vision", "--where", "message~SECOND")) == ["second"]
    assert names(invoke_json("ls", "--where", "best<10 and trials=8", "--store", finished)) == ["lenet"]
    assert invoke("ls", "--project", "nlp").stdout == f"No study passes, of 3 in sqlite:///{several}.\n"


def test_a_filter_that_is_wrong_is_marked(invoke, several: Path) -> None:
    result = invoke("ls", "--where", "state=finished", exit_code=2)
    assert result.stderr.startswith("rung: 'state' is never 'finished'.\n  state=finished\n        ^\nhint: ")


def test_trials_are_not_read(invoke, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.store._tables.SqliteTables.trials", lambda *_: pytest.fail("all trials were read"))
    assert "lenet" in invoke("ls", "--store", finished, "--where", "best<10").stdout
    assert "error" in invoke("best", "lenet", "--store", finished).stdout
