from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

pytest.importorskip("matplotlib")

from rung.analysis.kinds import KINDS
from rung.study import open_study


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"contour", "importance"}])
def test_every_kind_is_drawn_into_the_working_directory(invoke, finished: Path, tmp_path: Path, kind: str) -> None:
    assert invoke("plot", "lenet", kind, "--store", finished).stdout == f"lenet-{kind}.png\n"
    assert (tmp_path / f"lenet-{kind}.png").read_bytes().startswith(b"\x89PNG")


def test_the_overview_comes_by_default_and_replaces_a_file(invoke, finished: Path, tmp_path: Path) -> None:
    (tmp_path / "lenet-overview.png").write_text("old")
    assert invoke("plot", "lenet", "--store", finished).stdout == "lenet-overview.png\n"
    assert (tmp_path / "lenet-overview.png").read_bytes().startswith(b"\x89PNG")


def test_the_ending_says_the_format(invoke, finished: Path, tmp_path: Path) -> None:
    invoke("plot", "lenet", "any-time", "--x", "epochs", "--step-name", "epoch", "--store", finished, "-o", "a.svg")
    assert "<svg" in (tmp_path / "a.svg").read_text()
    invoke("plot", "lenet", "curves", "--store", finished, "-o", "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_json_is_what_the_figure_shows(invoke, finished: Path, tmp_path: Path) -> None:
    invoke("plot", "lenet", "parallel", "--store", finished, "--where", "state=done", "-o", "a.json")
    found = json.loads((tmp_path / "a.json").read_text(), parse_constant=pytest.fail)
    study = open_study("lenet", finished)
    assert found == study.plot_json("parallel", where="state=done")
    assert {tried["state"] for tried in found["tried"]} == {"completed"}
    study.close()


def test_a_picture_can_be_opened(invoke, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", opened.append)
    invoke("plot", "lenet", "curves", "--store", finished, "--open")
    assert opened == ["lenet-curves.png"]


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["lennet"], 1, "rung: There is no study 'lennet' in this store.\nhint: Did you mean 'lenet'?\n"),
        (["lenet", "violin"], 2, "rung: There is no kind of figure 'violin'.\nhint: There are: overview, "),
        (["lenet", "slice", "--x", "trials"], 2, "takes no x.\nhint: These do: any_time."),
        (["lenet", "slice", "--hyperparameters", "lrr"], 2, "no hyperparameter 'lrr' that varies.\nhint: Did you mean"),
        (["lenet", "contour"], 2, "A contour needs two numeric hyperparameters, got lr.\nhint: "),
        (["lenet", "importance"], 1, "needs 10 trials with an outcome, and there are 8.\nhint: Draw it when more"),
        (["lenet", "--where", "lr<"], 2, "\n  lr<\n     ^\nhint: Write it like: "),
        (["lenet", "-o", "a.docx"], 2, "is none of the formats there are.\nhint: Use .png, .svg, .pdf or .json."),
        (["lenet", "-o", "a.gif"], 2, "is none of the formats there are.\nhint: Use .png, .svg, .pdf or .json."),
        (["lenet", "-o", "nowhere/a.png"], 1, "can't be written to nowhere/a.png: No such file or directory."),
        (["lenet", "-o", "nowhere/a.json"], 1, "can't be written to nowhere/a.json: No such file or directory."),
        (["lenet", "any_time", "--x", "trials", "-o", "a.json"], 2, "--x and --open are for pictures, not for JSON."),
    ],
)
def test_bad_input(invoke, finished: Path, words: list[str], exit_code: int, said: str) -> None:
    result = invoke("plot", *words, "--store", finished, exit_code=exit_code)
    assert said in result.stderr
    assert result.stdout == ""
    assert not list(Path.cwd().iterdir())


def test_there_is_no_store(invoke, tmp_path: Path) -> None:
    assert "There is no store at" in invoke("plot", "lenet", exit_code=1).stderr
    assert not list(tmp_path.iterdir())


def test_odd_names_of_studies_make_plain_names_of_files() -> None:
    from rung.cli.plot import _file_name

    assert _file_name("../../a b/ä:1", "slice") == "a-b-ä-1-slice.png"
    assert _file_name("...", "slice") == "study-slice.png"
