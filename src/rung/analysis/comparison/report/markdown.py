"""A report as Markdown with tables, as GitHub and most others read it; without the figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import assert_never

from rung.analysis.comparison.report._blocks import (
    Beside,
    Block,
    Bullets,
    Code,
    Contents,
    Definition,
    Definitions,
    Document,
    Drawing,
    Heading,
    Inline,
    Link,
    Listing,
    Paragraph,
    Row,
    Shaded,
    Strong,
    Table,
    Text,
)
from rung.analysis.comparison.report._content import document_of
from rung.analysis.comparison.report._terms import ANCHOR
from rung.analysis.comparison.report.circumstances import Circumstances
from rung.analysis.comparison.result import Comparison

_SPECIAL = re.compile(r"([\\`*_<#|~$&]|\](?=[\[(:]))")  # a bracket is special before what makes it a link


def markdown_report(comparison: Comparison, circumstances: Circumstances, *, title: str = "") -> str:
    """The text. title: by default, what is compared.

    The same comparison and circumstances give the same text.
    """
    return markdown_text(document_of(comparison, circumstances, title=title))


def markdown_text(document: Document) -> str:
    """A document as Markdown, without its figures."""
    return "\n\n".join(filter(None, map(_lines, document.blocks))) + "\n"


def _lines(block: Block) -> str:
    """A block as lines; empty for what only a page has."""
    match block:
        case Heading(level, words, anchor):
            place = f'<a id="{ANCHOR}"></a>\n\n' if anchor == ANCHOR else ""
            return f"{place}{'#' * level} {_escaped(words)}"
        case Paragraph(text):
            return _line(text)
        case Bullets(items, role):
            return "\n".join(f"- {'**Warning:** ' if role == 'warning' else ''}{_line(item)}" for item in items)
        case Listing(words, title):
            return "\n\n".join([*([f"{_escaped(title)}:"] if title else []), _fenced(words)])
        case Definitions(items):
            return "\n".join(map(_definition, items))
        case Table():
            return _table(block)
        case Beside(blocks):
            return "\n\n".join(filter(None, map(_lines, blocks)))
        case Drawing() | Contents():
            return ""
        case _:
            assert_never(block)


def _definition(each: Definition) -> str:
    source = f" {_escaped(each.source)}." if each.source else ""
    return f"- **{_escaped(each.word)}**: {_escaped(each.meaning)}{source}"


def _table(table: Table) -> str:
    heads = [_escaped(column.title) for column in table.columns]
    lines = [
        f"**{_escaped(table.caption)}**",
        "",
        _cells(heads),
        _cells([":--" if column.is_words else "--:" for column in table.columns]),
        *(_cells(_row(row)) for row in table.rows),
    ]
    if table.note:
        lines += ["", _line(table.note)]
    return "\n".join(lines)


def _row(row: Row) -> list[str]:
    """The cells; those of the best are bold, and it has a star."""
    words = [_escaped(cell.words if isinstance(cell, Shaded) else cell) for cell in row.cells]
    if not row.is_best:
        return words
    return [f"**{'★ ' if index == 0 else ''}{word}**" if word else word for index, word in enumerate(words)]


def _cells(words: Sequence[str]) -> str:
    return f"| {' | '.join(words)} |"


def _fenced(words: str) -> str:
    """A block of code whose fence is longer than any in it."""
    longest = max((len(run) for run in re.findall("`+", words)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{words}\n{fence}"


def _line(text: Text) -> str:
    return "".join(map(_span, text))


def _span(inline: Inline) -> str:
    match inline:
        case str():
            return _escaped(inline)
        case Link(words):
            return f"[{_escaped(words)}](#{ANCHOR})"
        case Code(words) | Strong(words):
            return f"**{_escaped(words)}**"
        case _:
            assert_never(inline)


def _escaped(words: str) -> str:
    """The words as they are, on one line, whatever is in them."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", words))
