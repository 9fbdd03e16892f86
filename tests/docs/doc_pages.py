"""The pages of the documentation as tests see them: headings, links and blocks; and what it takes to run a page.

A block of any language whose first line is a comment with a file name (``# train.py``) is that file. Another
``python`` block is executed, all of a page in one namespace. A ``console`` block is what a terminal shows: each line
that begins with ``$`` is a command, and what follows it is what it may print.

Words behind the language say more: ``no-run`` (only parsed), ``theirs`` (another library's code, only parsed but for
Optuna's), ``optuna`` (run where Optuna is installed), ``exact`` (the output must be what stands there), ``exit=3`` (the
last command's code).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("README*.md")])

_FENCE = re.compile(r"^(`{3,})(.*)$")
_HEADING = re.compile(r"^(#{1,6}) +(.*?) *#*$")
_LINK = re.compile(r"!?\[(?:[^\]\\]|\\.)*\]\(([^)\s]+)\)")
_FILE = re.compile(r"^(?:#|//|--) ([\w./-]+\.\w+)$")


@dataclass(frozen=True)
class Block:
    """A fenced block. words: what stands behind the language. line: where its text begins in the page, from 1."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The name of the file that this block is; None when it is none."""
        found = _FILE.match(self.text.partition("\n")[0])
        return found[1] if found else None

    @property
    def exit_code(self) -> int:
        """The exit code that the last command must have."""
        return next((int(word.removeprefix("exit=")) for word in self.words if word.startswith("exit=")), 0)


@dataclass(frozen=True)
class Command:
    """A command of a console block, with the output that stands below it."""

    words: str
    output: str


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    fence, info, start, lines = None, "", 0, []
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        found = _FENCE.match(line)
        if fence is None and found:
            fence, info, start, lines = found[1], found[2], number + 1, []
        elif fence is not None and found and found[1] == fence and not found[2]:
            language, *words = info.split() or [""]
            yield Block(language, tuple(words), "\n".join(lines) + "\n", start)
            fence = None
        elif fence is not None:
            lines.append(line)
    assert fence is None, f"{page}: the block at line {start} is not closed"


def prose_of(page: Path) -> str:
    """The page without its blocks."""
    lines, fence = [], None
    for line in page.read_text().splitlines():
        found = _FENCE.match(line)
        if found:
            fence = None if fence == found[1] and not found[2] else fence or found[1]
        elif fence is None:
            lines.append(line)
    return "\n".join(lines)


def headings_of(page: Path) -> list[tuple[int, str]]:
    """Level and text of each heading."""
    return [(len(found[1]), found[2]) for line in prose_of(page).splitlines() if (found := _HEADING.match(line))]


def anchors_of(page: Path) -> set[str]:
    """What a link to a place in the page may be called, as GitHub names headings."""
    anchors: set[str] = set()
    for _, text in headings_of(page):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = sum(anchor == slug or re.fullmatch(rf"{re.escape(slug)}-\d+", anchor) is not None for anchor in anchors)
        anchors.add(f"{slug}-{count}" if count else slug)
    return anchors


def links_of(page: Path) -> list[str]:
    """The targets of all links and pictures, code left out."""
    return _LINK.findall(re.sub(r"`[^`\n]*`", "", prose_of(page)))


def commands_of(block: Block) -> list[Command]:
    """The commands of a console block. One that ends with a backslash goes on in the next line."""
    commands: list[Command] = []
    words, output = "", []
    for line in [*block.text.splitlines(), "$ "]:
        if words.endswith("\\"):
            words = words[:-1] + line.removeprefix("> ").strip()
        elif line.startswith("$ "):
            if words:
                commands.append(Command(words, "\n".join(output)))
            words, output = line.removeprefix("$ ").strip(), []
        else:
            output.append(line)
    return commands
