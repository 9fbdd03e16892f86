"""Warnings on the command line are sentences, not Python's lines of code."""

from __future__ import annotations

from pathlib import Path

OBJECTIVE = """
import warnings

warnings.warn("values may be large", stacklevel=1)

def total(**values):
    return sum(values.values())
"""


def test_a_grid_that_is_too_big_is_one_sentence_and_one_hint(execute, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OBJECTIVE)
    domains = [word for name in "abcde" for word in ("-s", f"{name}=float:0:1")]
    done = execute("run", *domains, "--searcher", "grid", "--trials", "1", "mine:total")
    lines = done.stderr.splitlines()
    at = lines.index("rung: warning: This grid has 3,125 combinations over 5 dimensions.")
    assert lines[at + 1].startswith("hint: RandomSearcher and SobolSearcher (--searcher random, sobol) try")
    assert "RungWarning" not in done.stderr
    assert "UserWarning: values may be large" in done.stderr, "the user's own warnings are not ours to change"
