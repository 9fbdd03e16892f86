"""Every example in the documentation does what it says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from doc_pages import PAGES, Block, anchors_of, blocks_of, commands_of, headings_of, links_of, name_of
from page_runner import PageRunner

# The translation is held to the same blocks by test_readme_zh.py.
RUNNABLE = [page for page in PAGES if page.name != "README.zh-CN.md"]

STAND_INS = {
    "README.md": {
        "training.py": "def train(learning_rate, batch_size, max_epochs):\n"
        "    for epoch in range(1, max_epochs + 1):\n"
        "        yield epoch, abs(learning_rate - 0.1) + 1 / epoch + batch_size / 1000\n"
    },
}
"""Page -> files that it takes to be the reader's own."""


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in an environment in which ``rung`` and ``python`` are those that run the tests."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin")
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")  # the network is not for tests
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    for name in ("RUNG_STORE", "RUNG_DATA"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
def test_examples_run(page: Path, alone: Path) -> None:
    for name, text in STAND_INS.get(name_of(page), {}).items():
        (alone / name).write_text(text)
    PageRunner(page, alone).run()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in links_of(page):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_are_of_known_languages(page: Path) -> None:
    known = {"", "python", "console", "toml", "sh", "json", "text", "csv", "r", "julia", "cpp"}
    assert not {block.language for block in blocks_of(page)} - known


def test_every_page_is_in_the_index() -> None:
    index = next(page for page in PAGES if name_of(page) == "docs/README.md")
    listed = {link.partition("#")[0] for link in links_of(index)}
    missing = {page.name for page in PAGES if page.parent.name == "docs" and page != index} - listed
    assert not missing


def test_a_page_has_one_title() -> None:
    for page in PAGES:
        assert [level for level, _ in headings_of(page)].count(1) == 1, name_of(page)


class TestReadingPages:
    """The reading itself, on a page made up for it."""

    @pytest.fixture
    def page(self, tmp_path: Path) -> Path:
        page = tmp_path / "page.md"
        page.write_text(
            "# A title\n\n## The `rung ls` verb\n## The rung ls verb\n[a](x.md#b) `[no](y)` ![p](p.png)\n"
            "```python theirs optuna\nimport x\n```\n```python\n# train.py\nx = 1\n```\n"
            "```console exit=3\n$ rung run \\\n    -- a\nout\n$ rung ls\n```\n"
        )
        return page

    def test_blocks(self, page: Path) -> None:
        theirs, file, console = blocks_of(page)
        assert theirs == Block("python", ("theirs", "optuna"), "import x\n", 7)
        assert (theirs.file, file.file) == (None, "train.py")
        assert console.exit_code == 3
        assert [(command.words, command.output) for command in commands_of(console)] == [
            ("rung run -- a", "out"),
            ("rung ls", ""),
        ]

    def test_anchors_and_links(self, page: Path) -> None:
        assert anchors_of(page) == {"a-title", "the-rung-ls-verb", "the-rung-ls-verb-1"}
        assert links_of(page) == ["x.md#b", "p.png"]

    def test_a_failing_example_is_told_with_its_line(self, tmp_path: Path, alone: Path) -> None:
        page = Path(__file__).parents[2] / "docs" / "concepts.md"
        runner = PageRunner(page, alone)
        with pytest.raises(pytest.fail.Exception, match="the block at line 41"):
            runner._do(Block("python", (), "1 / 0\n", 41))
        with pytest.raises(AssertionError, match="ended with 1"):
            runner._do(Block("console", (), "$ rung ls --store nowhere.db\n", 3))
