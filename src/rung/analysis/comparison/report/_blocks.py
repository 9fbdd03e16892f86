"""What a report consists of, before it is a page or a text: headings, sentences, tables and figures as values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Role: TypeAlias = Literal["", "lead", "facts", "warning", "note"]


class Link(Struct, frozen=True):
    """Words that lead to a place in the report. to: an anchor of a heading or a definition."""

    words: str
    to: str


class Code(Struct, frozen=True):
    """Words that stand for themselves."""

    words: str


class Strong(Struct, frozen=True):
    """Words that matter most."""

    words: str


Inline: TypeAlias = str | Link | Code | Strong
Text: TypeAlias = tuple[Inline, ...]


class Heading(Struct, frozen=True):
    """A heading of level 1 to 3. anchor: unique within the report."""

    level: int
    words: str
    anchor: str


class Paragraph(Struct, frozen=True):
    """Sentences. role: how much they matter."""

    text: Text
    role: Role = ""


class Bullets(Struct, frozen=True):
    """A list. role: as of a paragraph."""

    items: tuple[Text, ...]
    role: Role = ""


class Listing(Struct, frozen=True):
    """Lines as a terminal shows them. title: names them, or empty; a titled one may be folded."""

    words: str
    title: str = ""


class Definition(Struct, frozen=True):
    """What a word of the report means. source: where it comes from, or empty."""

    word: str
    anchor: str
    meaning: str
    source: str = ""


class Definitions(Struct, frozen=True):
    """A list of definitions."""

    items: tuple[Definition, ...]


class Column(Struct, frozen=True):
    """The head of a column. to: the anchor that defines it, or empty. is_words: for reading, not for comparing."""

    title: str
    to: str = ""
    is_words: bool = False


class Shaded(Struct, frozen=True):
    """A cell with a background. share: from 0, bad, over 0.5, neither, to 1, good."""

    words: str
    share: float


class Row(Struct, frozen=True):
    """Cells of a table. method: whose line in the figures is shown beside the first cell, or empty."""

    cells: tuple[str | Shaded, ...]
    method: str = ""
    is_best: bool = False


class Table(Struct, frozen=True):
    """A table. The first cell of each row names it. note: what must be known to read it, or empty."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: Text = ()


class Drawing(Struct, frozen=True):
    """A figure, drawn when it is needed. name: unique within the report. alt: one sentence on what it shows.

    methods: those whose keys stand below it.
    """

    name: str
    draw: Callable[[], Figure]
    caption: str
    alt: str
    methods: tuple[str, ...] = ()


class Beside(Struct, frozen=True):
    """Blocks that stand side by side where there is room. is_even: all of the same width, else the last is widest."""

    blocks: tuple[Drawing | Table, ...]
    is_even: bool = False


class Contents(Struct, frozen=True):
    """A table of contents of all that follows."""


Block: TypeAlias = Heading | Paragraph | Bullets | Listing | Definitions | Table | Drawing | Beside | Contents


class Document(Struct, frozen=True):
    """A report. methods: in the order in which their looks are given out."""

    title: str
    methods: tuple[str, ...]
    blocks: tuple[Block, ...]
