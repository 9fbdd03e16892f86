"""The Chinese README keeps step with the English one: the same parts, code and links."""

from __future__ import annotations

import re

from doc_pages import ROOT, blocks_of, headings_of, links_of, prose_of

ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
EACH_OTHER = {"README.md", "README.zh-CN.md"}
HAN = re.compile(r"[\u4e00-\u9fff]")


def test_same_levels_of_headings() -> None:
    assert [level for level, _ in headings_of(CHINESE)] == [level for level, _ in headings_of(ENGLISH)]


def test_every_heading_is_translated() -> None:
    assert all(HAN.search(text) for level, text in headings_of(CHINESE) if level > 1)


def test_same_blocks() -> None:
    chinese, english = (
        [(block.language, block.words, block.text) for block in blocks_of(page)] for page in (CHINESE, ENGLISH)
    )
    assert chinese == english


def test_same_links_in_the_same_order() -> None:
    chinese, english = ([link for link in links_of(page) if link not in EACH_OTHER] for page in (CHINESE, ENGLISH))
    assert chinese == english


def test_same_paragraphs_tables_and_lists() -> None:
    chinese, english = (_shape(prose_of(page)) for page in (CHINESE, ENGLISH))
    assert chinese == english


def _shape(text: str) -> list[str]:
    """What each paragraph is: a heading, a table with its number of rows, a list with its items, or text."""
    shapes = []
    for paragraph in re.split(r"\n{2,}", text.strip()):
        rows = paragraph.splitlines()
        items = sum(row.startswith("- ") for row in rows)
        kind = {"#": "heading", "|": f"table of {len(rows)}", "-": f"list of {items}", "!": "picture"}
        shapes.append(kind.get(rows[0][0], "text"))
    return shapes
