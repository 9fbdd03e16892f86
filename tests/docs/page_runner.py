"""Does what a page of the documentation shows, in a folder of its own."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from doc_pages import Block, Command, blocks_of, commands_of, name_of

from rung.cli.main import main
from rung.errors import StoreNotFoundError
from rung.store import open_store

DEADLINE_S = 60
NEEDS_SHELL = re.compile(r"[|&;<>*$`]")


class PageRunner:
    """Runs one page: its Python in one namespace, its commands in one working directory."""

    def __init__(self, page: Path, folder: Path) -> None:
        self._page = page
        self._folder = folder
        self._ours: dict[str, Any] = {"__name__": "__main__"}
        self._theirs: dict[str, Any] = {"__name__": "__main__"}
        self._background: list[subprocess.Popen[str]] = []

    def run(self) -> None:
        """All blocks in order; fails with the page's line."""
        with self._as_if_alone():
            for block in blocks_of(self._page):
                self._do(block)
            for process in self._background:
                output, _ = process.communicate(timeout=DEADLINE_S)
                assert process.returncode == 0, f"{name_of(self._page)}, in the background: {output}"

    def _do(self, block: Block) -> None:
        if block.language == "python":
            ast.parse(block.text)
        if "no-run" in block.words or ("optuna" in block.words and not is_installed("optuna")):
            return
        if block.file is not None:
            path = self._folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
            sys.modules.pop(path.stem, None)  # another page, or test, may have had one of that name
        elif block.language == "python" and "theirs" in block.words:
            self._do_theirs(block)
        elif block.language == "python":
            self._execute(block, self._ours)
        elif block.language == "console":
            for command, is_last in self._commands(block):
                self._call(command, block, expected=block.exit_code if is_last else 0)

    @staticmethod
    def _commands(block: Block) -> list[tuple[Command, bool]]:
        commands = commands_of(block)
        return [(command, index == len(commands) - 1) for index, command in enumerate(commands)]

    def _do_theirs(self, block: Block) -> None:
        if "optuna" not in block.words:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what another library warns of is its own affair
            self._execute(block, self._theirs)

    def _execute(self, block: Block, namespace: dict[str, Any]) -> None:
        text = "\n" * (block.line - 1) + block.text
        try:
            exec(compile(text, str(self._page), "exec"), namespace)
        except Exception:  # noqa: BLE001  an example may fail in any way
            pytest.fail(f"{name_of(self._page)}, the block at line {block.line}:\n{traceback.format_exc()}")

    def _call(self, command: Command, block: Block, *, expected: int) -> None:
        where = f"{name_of(self._page)}, in the block at line {block.line}: {command.words}"
        if command.words.startswith("cd "):
            os.chdir(command.words.removeprefix("cd "))
            return
        if command.words.startswith(("pip ", "git ", "make ", ". ")):
            return  # installs; the tests run where this is done
        if command.words.endswith(" &"):
            self._start(command.words.removesuffix(" &"))
            return
        code, output = self._result(command.words)
        assert code == expected, f"{where}\nended with {code}:\n{output}"
        if "exact" in block.words:
            assert output.strip() == command.output.strip(), where

    def _result(self, words: str) -> tuple[int, str]:
        if words.startswith("rung ") and not NEEDS_SHELL.search(words):
            result = CliRunner().invoke(main, shlex.split(words)[1:])
            return result.exit_code, result.output
        done = subprocess.run(
            ["bash", "-c", words], capture_output=True, text=True, check=False, timeout=DEADLINE_S, errors="replace"
        )
        return done.returncode, done.stdout + done.stderr

    def _start(self, words: str) -> None:
        """Start a command in the background, and come back when the study that it runs has reported something."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {words}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._background.append(process)
        deadline = time.monotonic() + DEADLINE_S
        while not is_something_reported():
            assert process.poll() is None, f"{words} ended early: {process.communicate()[0]}"
            assert time.monotonic() < deadline, f"{words} has not begun"
            time.sleep(0.05)

    @contextlib.contextmanager
    def _as_if_alone(self) -> Iterator[None]:
        """The page's folder as the working directory; what it imported from there is forgotten."""
        before, path, modules = Path.cwd(), list(sys.path), set(sys.modules)
        os.chdir(self._folder)
        sys.path.insert(0, str(self._folder))
        try:
            yield
        finally:
            for process in self._background:
                if process.poll() is None:
                    process.kill()
                    process.communicate()
            os.chdir(before)
            sys.path[:] = path
            for name in set(sys.modules) - modules:
                file = getattr(sys.modules[name], "__file__", None)
                if file is not None and Path(file).is_relative_to(self._folder):
                    del sys.modules[name]


def is_installed(package: str) -> bool:
    """Whether it can be imported."""
    return importlib.util.find_spec(package) is not None


def is_something_reported() -> bool:
    """Whether a running study of the store in the working directory has a value."""
    try:
        store = open_store("rung.db", create=False)
    except StoreNotFoundError:  # not there yet, or just being made
        return False
    with contextlib.closing(store):
        return any(row.owner is not None and row.best_trial is not None for row in store.tables.studies())
