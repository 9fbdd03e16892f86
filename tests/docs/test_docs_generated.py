"""The references that are written from the code are those of the code as it is."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest
from doc_pages import ROOT

import rung
from rung import errors
from rung.errors import RungError, SpaceError


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    return load("generate")


@pytest.fixture(scope="module")
def provocations(generate: ModuleType) -> ModuleType:
    return load("provocations")


def load(name: str) -> ModuleType:
    """A module of the folder docs, which is no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.mark.parametrize("name", ["cli", "errors", "api"])
def test_the_page_is_up_to_date(generate: ModuleType, provocations: ModuleType, name: str) -> None:
    written = (ROOT / "docs" / f"{name}.md").read_text()
    assert written == getattr(generate, f"{name}_page")(), "run `make docs`"


def test_every_error_has_a_message_that_was_raised(generate: ModuleType, provocations: ModuleType) -> None:
    assert set(provocations.PROVOCATIONS) == set(generate.tree(RungError)) - {RungError}


def test_every_error_stands_in_the_drawing_of_the_tree(generate: ModuleType) -> None:
    assert all(error.__name__ in (errors.__doc__ or "") for error in generate.tree(RungError))


def test_what_differs_between_machines_is_left_out(provocations: ModuleType) -> None:
    text = provocations.steady(f"in {ROOT}/rung.db", ROOT)
    assert text == "in /home/you/rung.db"
    told = provocations.message_of(SpaceError, lambda _: rung.Float(1, 0))
    assert "1" in told.sentence
    with pytest.raises(AssertionError, match="SpaceError was not raised"):
        provocations.message_of(SpaceError, lambda _: None)


def test_check_tells_what_is_stale(
    generate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    monkeypatch.setattr(generate, "pages", lambda: {"cli.md": "# One\n"})
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 1
    assert "docs/cli.md is out of date" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["generate.py"])
    assert generate.main() == 0
    assert (tmp_path / "cli.md").read_text() == "# One\n"


def test_markdown_of_docstrings(generate: ModuleType) -> None:
    assert generate.prose("``a*b`` of *x* [y] and `rung ls`") == "`a*b` of \\*x\\* \\[y\\] and `rung ls`"
    assert generate.cell("a | b") == "a \\| b"
    assert list(generate.help_lines("Do it.\n\n\b\nrung do\n  it\n\nDone.")) == [
        "Do it.", "", "```text", "rung do\n  it", "```", "", "Done.", "",
    ]  # fmt: skip


def test_groups_of_verbs_are_told_with_their_verbs(generate: ModuleType) -> None:
    @click.group()
    def store() -> None:
        """Keep."""

    @store.command()
    @click.option("--deep", is_flag=True, help="All | of it.")
    def gc(deep: bool) -> None:
        """Clean."""

    lines = list(generate.command_lines(store, click.Context(store), "rung store", level=2))
    assert "## rung store" in lines
    assert "### rung store gc" in lines
    assert "| `--deep` | All \\| of it. |" in lines
