"""A report as files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rung.analysis.comparison.report._blocks import Document
from rung.analysis.comparison.report._content import document_of
from rung.analysis.comparison.report.circumstances import Circumstances
from rung.analysis.comparison.report.html_page import html_page
from rung.analysis.comparison.report.markdown import markdown_text
from rung.analysis.comparison.result import Comparison
from rung.errors import RungError, SettingError

MARK: Final = "<!-- a report by rung -->\n\n"
"""The first line of the Markdown, by which a report is known from another file of that name."""


def write_report(
    comparison: Comparison, circumstances: Circumstances, out: Path, *, title: str = ""
) -> tuple[Path, ...]:
    """Write the page to ``out``, and the same without figures as Markdown beside it; the paths of both.

    See ``write_document``.
    """
    return write_document(document_of(comparison, circumstances, title=title), out)


def write_document(document: Document, out: Path) -> tuple[Path, ...]:
    """Write a document as a page to ``out``, and without figures as Markdown beside it; the paths of both.

    out: ends in .html; a report that is there already is replaced. SettingError for another ending, a folder that
    isn't there, or a Markdown file that is no report; RungError when a file can't be written; MissingExtraError
    without matplotlib.
    """
    check_place(out)
    texts = {out: html_page(document), out.with_suffix(".md"): MARK + markdown_text(document)}
    for path, text in texts.items():
        try:
            draft = path.with_name(f".{path.name}.draft")  # so that a full disk leaves the report that was there
            try:
                draft.write_bytes(text.encode("utf-8", "replace"))
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
        except OSError as error:
            raise RungError(
                f"The report can't be written to {path}: {error.strerror or error}.", hint="Choose another path."
            ) from error
    return tuple(texts)


def check_place(out: Path) -> None:
    """Refuse at once what would only fail after the work is done, as ``write_report`` does."""
    beside = out.with_suffix(".md")
    if out.suffix.lower() not in {".html", ".htm"}:
        raise SettingError(f"The report can't be written to {out}: it is a page.", hint="Let its name end in .html.")
    if not out.parent.is_dir():
        raise SettingError(f"There is no folder {out.parent} for the report.", hint="Make it, or choose another one.")
    if beside.is_file() and not _is_report(beside):
        raise SettingError(
            f"The report's tables would replace {beside}, which is no report.", hint="Choose another name for the page."
        )


def _is_report(path: Path) -> bool:
    try:
        return path.read_bytes().startswith(MARK.strip().encode())
    except OSError as error:
        raise RungError(f"{path} can't be read: {error.strerror or error}.", hint="Choose another path.") from error
