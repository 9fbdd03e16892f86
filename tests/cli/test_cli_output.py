from __future__ import annotations

import math
import os
import sys

import pytest

from rung.cli import _output


def test_a_table_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    _output.print_table(["name", "n"], [["a", "1"], ["bcdef\n g", "10"]], right=["n"])
    assert capsys.readouterr().out == "name      n\na         1\nbcdef g  10\n"


def test_on_a_terminal_lines_are_cut(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(_output.shutil, "get_terminal_size", lambda: os.terminal_size((10, 20)))
    _output.print_table(["name"], [["0123456789"], ["01234567890"]])
    assert capsys.readouterr().out == "name\n0123456789\n012345678…\n"


def test_wide_signs_take_their_two_cells(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [["学习率", "1"], ["lr", "10"]]
    _output.print_table(["name", "n"], rows, right=["n"])
    assert capsys.readouterr().out == "name     n\n学习率   1\nlr      10\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(_output.shutil, "get_terminal_size", lambda: os.terminal_size((6, 20)))
    _output.print_table(["name"], [["学习率"], ["超参数表"]])
    assert capsys.readouterr().out == "name\n学习率\n超参…\n"


def test_what_a_terminal_would_obey_is_left_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(_output.shutil, "get_terminal_size", lambda: os.terminal_size((80, 20)))
    _output.print_table(["note"], [["\x1b[2J\x1b[31mred\x1b[0m"]])
    _output.print_facts([("note", "one\x1b]0;title\x07\ntwo\x9b3D")])
    assert capsys.readouterr().out == "note\nred\nnote  one\n      two3D\n"


def test_facts(capsys: pytest.CaptureFixture[str]) -> None:
    _output.print_facts([("study", "lenet"), ("x", "two\nlines"), ("empty", "")])
    assert capsys.readouterr().out == "study  lenet\nx      two\n       lines\nempty\n"


def test_json_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    _output.print_json({"nan": math.nan, "text": "é"})
    assert capsys.readouterr().out == '{\n  "nan": null,\n  "text": "é"\n}\n'
