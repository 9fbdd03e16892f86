"""Shell completion: the scripts, and what they are offered."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click
import pytest

from rung.cli.main import _VERBS, main


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_rung_for_completions(invoke, shell: str) -> None:
    script = invoke("completion", shell).stdout
    assert f"_RUNG_COMPLETE={shell}_complete" in script
    assert script.startswith("# ")
    if shutil.which(shell) is not None:
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_other_shells_are_not_known(invoke) -> None:
    assert "'bash', 'zsh', 'fish'" in invoke("completion", "tcsh", exit_code=2).stderr


def offered(words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What a shell is offered for the last of these words."""
    monkeypatch.setenv("_RUNG_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - (not words.endswith(" "))))
    monkeypatch.setattr("sys.argv", ["rung"])
    with pytest.raises(SystemExit) as left:
        main.main(prog_name="rung")
    assert left.value.code == 0
    said = capsys.readouterr()
    assert said.err == ""
    return [line.partition(",")[2] for line in said.out.splitlines() if line]


def test_verbs_and_options(monkeypatch, capsys) -> None:
    assert {"log", "ls"} <= set(offered("rung l", monkeypatch, capsys))
    assert offered("rung log --fo", monkeypatch, capsys) == ["--follow"]


def test_studies_and_trials(monkeypatch, capsys, finished: Path, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUNG_STORE", str(finished))
    assert offered("rung log le", monkeypatch, capsys) == ["lenet"]
    assert offered("rung log lenet#", monkeypatch, capsys) == [f"lenet#{number}" for number in range(7, -1, -1)]
    assert offered("rung log lenet#1", monkeypatch, capsys) == ["lenet#1"]
    assert offered("rung log x", monkeypatch, capsys) == []
    monkeypatch.delenv("RUNG_STORE")
    assert offered(f"rung log --store {finished} le", monkeypatch, capsys) == ["lenet"]


@pytest.mark.parametrize(
    "words",
    [
        "rung track -n a -- python tr",
        "rung plot lenet -o ",
        "rung ls --store ",
    ],
)
def test_files_are_left_to_the_shell(monkeypatch, capsys, words: str) -> None:
    monkeypatch.setenv("_RUNG_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - (not words.endswith(" "))))
    monkeypatch.setattr("sys.argv", ["rung"])
    with pytest.raises(SystemExit):
        main.main(prog_name="rung")
    assert capsys.readouterr().out.startswith("file,")


def test_values_of_options(monkeypatch, capsys, finished: Path) -> None:
    monkeypatch.setenv("RUNG_STORE", str(finished))
    assert {"grid", "random", "sobol"} <= set(offered("rung run --searcher ", monkeypatch, capsys))
    assert offered("rung run --scheduler a", monkeypatch, capsys) == ["asha", "auto"]
    assert offered("rung plot lenet c", monkeypatch, capsys) == ["curves", "contour"]
    assert {"number", "best", "lr", "opt"} <= set(offered("rung trials lenet --sort ", monkeypatch, capsys))
    assert offered("rung trials lenet --sort ru", monkeypatch, capsys) == ["runtime"]
    assert offered("rung trials lennet --sort ru", monkeypatch, capsys) == []


def takes_study(verb: str) -> bool:
    command = main.get_command(click.Context(main), verb)
    assert command is not None
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    return any(param.name == "study" or (param.metavar or "").startswith("STUDY") for param in arguments)


@pytest.mark.parametrize("verb", sorted(_VERBS))
def test_every_verb_that_takes_a_study_offers_them(monkeypatch, capsys, finished: Path, verb: str) -> None:
    monkeypatch.setenv("RUNG_STORE", str(finished))
    if takes_study(verb):
        assert offered(f"rung {verb} le", monkeypatch, capsys) == ["lenet"]


def test_without_a_store_nothing_is_offered_and_none_is_made(monkeypatch, capsys, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNG_STORE", raising=False)
    assert offered("rung log ", monkeypatch, capsys) == []
    (tmp_path / "rung.db").write_text("no database")
    assert offered("rung log x#", monkeypatch, capsys) == []
