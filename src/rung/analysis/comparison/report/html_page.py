"""A report as one HTML page that needs nothing else: no scripts, no other files, no network."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Final, assert_never

from rung.analysis.comparison._method_looks import looks_of
from rung.analysis.comparison.report._blocks import (
    Beside,
    Block,
    Bullets,
    Code,
    Column,
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
from rung.analysis.comparison.report._drawings import inline_svg, key_svg
from rung.analysis.comparison.report.circumstances import Circumstances
from rung.analysis.comparison.result import Comparison

DEEPEST: Final = 0.45  # opacity of a cell's background
LONGEST: Final = 22  # letters that stay in one line
MANY: Final = 3  # sub-headings from which a section's own list is shown
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"  # a browser then loads and runs nothing else
_PLACES: Final = re.compile(r"(?<=[:+(,=_/-])(?=.)", re.DOTALL)  # where a name may be broken
_PERCENT: Final = re.compile(r"(?<=\d) (?=%)")
_STAR: Final = '<span class="star" aria-hidden="true">★</span><span class="hidden">best: </span>'


def html_report(comparison: Comparison, circumstances: Circumstances, *, title: str = "") -> str:
    """The page. title: by default, what is compared. MissingExtraError without matplotlib.

    The same comparison and circumstances give the same text.
    """
    return html_page(document_of(comparison, circumstances, title=title))


def html_page(document: Document) -> str:
    """A document as one page that needs nothing else. MissingExtraError without matplotlib."""
    css = files("rung.analysis.comparison.report").joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_escaped(document.title)}</title>\n<style>\n{css}</style>\n</head>\n<body>\n<main>\n"
        f"{_Page(document).body()}\n</main>\n</body>\n</html>\n"
    )


class _Page:
    """The blocks of one document as elements."""

    def __init__(self, document: Document) -> None:
        self._blocks = document.blocks
        self._keys = {method: key_svg(look) for method, look in looks_of(document.methods).items()}

    def body(self) -> str:
        return "\n".join(map(self._element, self._blocks))

    def _element(self, block: Block) -> str:
        match block:
            case Heading(level, words, anchor):
                return f'<h{level} id="{anchor}">{_breakable(words)}</h{level}>'
            case Paragraph(text, role):
                return f"<p{_class(role)}>{_inline(text)}</p>"
            case Bullets(items, role):
                return _bullets(items, role)
            case Listing(words, title):
                pre = f"<pre>{_escaped(words)}</pre>"
                return f"<details><summary>{_escaped(title)}</summary>{pre}</details>" if title else pre
            case Definitions(items):
                return f"<dl>\n{''.join(map(_definition, items))}</dl>"
            case Table():
                return self._table(block)
            case Drawing():
                return self._figure(block)
            case Beside(blocks, is_even):
                inner = "\n".join(map(self._element, blocks))
                return f'<div class="beside {"even" if is_even else "uneven"}">\n{inner}\n</div>'
            case Contents():
                return _contents([each for each in self._blocks if isinstance(each, Heading) and each.level > 1])
            case _:
                assert_never(block)

    def _table(self, table: Table) -> str:
        head = "".join(_head(column) for column in table.columns)
        rows = "\n".join(self._row(row, table.columns) for row in table.rows)
        caption = _escaped(table.caption)
        note = f'\n<p class="note">{_inline(table.note)}</p>' if table.note else ""
        return (
            f'<div><div class="scroll" role="region" tabindex="0" aria-label="{caption}">\n<table>\n'
            f"<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
            f"{note}</div>"
        )

    def _row(self, row: Row, columns: Sequence[Column]) -> str:
        first, *rest = row.cells
        assert isinstance(first, str)
        name = f"<span>{_STAR if row.is_best else ''}{_breakable(first)}</span>"
        key = self._keys.get(row.method, "")
        cells = "".join(_cell(cell, column) for cell, column in zip(rest, columns[1:], strict=True))
        head = f'<th scope="row"><span class="named">{key}{name}</span></th>'
        return f"<tr{_class('best' if row.is_best else '')}>{head}{cells}</tr>"

    def _figure(self, drawing: Drawing) -> str:
        svg = inline_svg(drawing.draw, name=drawing.name, alt=_one_line(drawing.alt))
        keys = "".join(
            f'<li class="named">{self._keys[each]}<span>{_breakable(each)}</span></li>' for each in drawing.methods
        )
        listed = f'<ul class="keys">{keys}</ul>' if keys else ""
        return f"<figure>{svg}<figcaption>{_escaped(drawing.caption)}{listed}</figcaption></figure>"


def _bullets(items: Sequence[Text], role: str) -> str:
    title = f' data-title="Warning{"" if len(items) == 1 else "s"}"' if role == "warning" else ""
    inner = "\n".join(f"<li>{_inline(item)}</li>" for item in items)
    return f"<ul{_class(role)}{title}>\n{inner}\n</ul>"


def _definition(each: Definition) -> str:
    source = f' <span class="source">{_escaped(each.source)}.</span>' if each.source else ""
    return f'<dt id="{each.anchor}">{_escaped(each.word)}</dt>\n<dd>{_escaped(each.meaning)}{source}</dd>\n'


def _contents(headings: Sequence[Heading]) -> str:
    """Links to the sections, and to the parts of those that have many."""
    parts: dict[str, list[Heading]] = {}
    sections = [heading for heading in headings if heading.level == 2]
    for heading in headings:
        if heading.level == 2:
            parts[heading.anchor] = []
        else:
            parts[next(reversed(parts))].append(heading)
    items = "\n".join(_section(heading, parts[heading.anchor]) for heading in sections)
    return f'<nav aria-label="Contents">\n<ul>\n{items}\n</ul>\n</nav>'


def _section(heading: Heading, parts: Sequence[Heading]) -> str:
    if len(parts) < MANY or heading.anchor == "making":
        return f"<li>{_link(heading)}</li>"
    inner = "".join(f"<li>{_link(part)}</li>" for part in parts)
    return f"<li>{_link(heading)}<ul>{inner}</ul></li>"


def _link(heading: Heading) -> str:
    return f'<a href="#{heading.anchor}">{_breakable(heading.words)}</a>'


def _head(column: Column) -> str:
    words = _escaped(column.title)
    inner = f'<a href="#{column.to}">{words}</a>' if column.to else _breakable(column.title)
    return f'<th scope="col"{_class("words" if column.is_words else "")}>{inner}</th>'


def _cell(cell: str | Shaded, column: Column) -> str:
    if isinstance(cell, Shaded):
        depth = DEEPEST * abs(2 * cell.share - 1)
        side = "good" if cell.share > 0.5 else "bad"
        return f'<td class="shaded" style="--shade: var(--{side}); --depth: {depth:.2f}">{_escaped(cell.words)}</td>'
    return f"<td{_class('words' if column.is_words else '')}>{_escaped(cell)}</td>"


def _inline(text: Text) -> str:
    return "".join(map(_span, text))


def _span(inline: Inline) -> str:
    match inline:
        case str():
            return _escaped(inline)
        case Link(words, to):
            return f'<a href="#{to}">{_escaped(words)}</a>'
        case Code(words):
            return f"<code>{_escaped(words)}</code>"
        case Strong(words):
            return f"<strong>{_escaped(words)}</strong>"
        case _:
            assert_never(inline)


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _escaped(words: str) -> str:
    return html.escape(_PERCENT.sub("\u00a0", words), quote=True)


def _breakable(names: str) -> str:
    """Names that stay in one line each, but for long ones, which go on in the next line behind their punctuation."""
    return " ".join(map(_name, names.split(" ")))


def _name(name: str) -> str:
    if len(name) <= LONGEST:
        return f'<span class="name">{_escaped(name)}</span>'
    parts = _PLACES.split(name)
    inner = "<wbr>".join(map(_escaped, parts))
    return f'<span class="long">{inner}</span>' if max(map(len, parts)) > LONGEST else inner


def _one_line(words: str) -> str:
    return " ".join(words.split())
