from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import RUNG

from rung.cli import main as module
from rung.cli.main import main


def test_without_words_the_help_is_shown(invoke) -> None:
    result = invoke()
    for verb in ("run", "resume", "ls", "show", "trials", "best", "verify", "report"):
        assert f"\n  {verb} " in result.stdout


@pytest.mark.parametrize("verb", list(module._VERBS))
def test_each_verb_has_help(invoke, verb: str) -> None:
    assert f"Usage: main {verb} [OPTIONS]" in invoke(verb, "--help").stdout


def test_the_version(invoke) -> None:
    assert invoke("--version").stdout.startswith("rung 0.")


def test_an_unknown_verb_names_the_nearest(invoke) -> None:
    assert invoke("shwo", exit_code=2).stderr == "rung: there is no command 'shwo'.\nhint: Did you mean `rung show`?\n"
    assert "hint: There are: run, resume" in invoke("xyzzy", exit_code=2).stderr


def test_a_usage_error_is_one_sentence_and_one_hint(invoke) -> None:
    result = invoke("ls", "--nonsense", exit_code=2)
    assert result.stdout == ""
    assert result.stderr == "rung: No such option '--nonsense'.\nhint: `main ls --help` lists what there is.\n"


def test_an_error_of_rung_is_one_sentence_and_one_hint(invoke, tmp_path: Path) -> None:
    result = invoke("ls", exit_code=1)
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    assert first == f"rung: There is no store at '{tmp_path / 'rung.db'}'."
    assert second.startswith("hint: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("--debug", "ls"), ("ls", "--debug")])
def test_debug_shows_the_traceback(execute, words: tuple[str, ...]) -> None:
    done = execute(*words, exit_code=1)
    assert "Traceback (most recent call last)" in done.stderr
    assert "StoreNotFoundError" in done.stderr


def test_the_debug_of_a_script_is_the_scripts(invoke) -> None:
    result = invoke("run", "-s", "lr=0.1,0.2", "--", "there-is-no-such-program", "--debug", exit_code=1)
    assert result.stderr.startswith("rung: there is no program 'there-is-no-such-program'.\n")


def test_an_unexpected_error_is_told_without_a_traceback(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("rung.store.open_store", broken)
    assert invoke("ls", exit_code=1).stderr == (
        "rung: unexpected ZeroDivisionError: division by zero\n"
        "hint: Run it again with --debug for the traceback, and report it.\n"
    )


def test_ctrl_c_outside_a_run(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rung.store.open_store", interrupted)
    assert invoke("ls", exit_code=130).stderr.endswith("rung: interrupted.\n")


def test_shell_completion_of_an_unknown_verb_is_silent() -> None:
    context = main.make_context("rung", [], resilient_parsing=True)
    assert main.get_command(context, "nonsense") is None


@pytest.mark.parametrize("words", [["--version"], ["report", "--help"]])
def test_little_is_loaded_for_little(words: list[str]) -> None:
    code = (
        "import sys\nfrom rung.cli.main import main\n"
        f"try: main({words})\nexcept SystemExit: pass\n"
        "print(*{'numpy', 'scipy', 'rich', 'sqlite3', 'torch'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""


def test_nobody_is_told_when_the_reader_goes_away(finished: Path) -> None:
    command = f"{shlex.join(RUNG)} trials lenet --store {shlex.quote(str(finished))} | true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
