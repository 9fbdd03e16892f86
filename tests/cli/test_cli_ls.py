from __future__ import annotations

from pathlib import Path

from rung.store import open_store


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
