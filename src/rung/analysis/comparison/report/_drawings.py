"""Figures as SVG that stands within a page: its letters, its colours in light and dark, and names of its own."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from rung.analysis._frame import GREY
from rung.analysis.comparison._method_looks import COLORS, LINE, MethodLook
from rung.errors import MissingExtraError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from matplotlib.figure import Figure

GRID: Final = "#E6E6E6"
_INK: Final[Mapping[str, str]] = {"#000000": "currentColor", GREY.lower(): "var(--muted)", GRID.lower(): "var(--grid)"}
_LINES: Final = {
    color.lower(): f"var(--line-{number})" for number, color in enumerate(COLORS) if color.lower() not in _INK
}
_NAMES: Final[Mapping[str, str]] = {**_INK, **_LINES}
_SETTINGS: Final = {
    "svg.fonttype": "none",
    "svg.hashsalt": "rung",  # so that the same figure has the same names inside
    "font.family": "sans-serif",
    "font.size": 9,
    "savefig.transparent": True,
    "path.simplify": True,
}
_DASHES: Final = {"-": "", "--": "3.7 1.6", ":": "1 1.65", "-.": "6.4 1.6 1 1.6"}
"""Lengths in widths of the line, as in the figures."""


def inline_svg(draw: Callable[[], Figure], *, name: str, alt: str) -> str:
    """The figure as an ``svg`` element.

    name: unique in the page; all names inside begin with it. alt: what it shows. The same figure gives the same text,
    and settings of the caller's own matplotlib have no part in it. MissingExtraError without matplotlib.
    """
    import xml.etree.ElementTree as ET

    try:
        from matplotlib import style
    except ImportError as error:
        raise MissingExtraError("Plotting", "plot") from error
    with style.context(["default", _SETTINGS]), io.StringIO() as file:
        draw().savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        root = ET.fromstring(file.getvalue())  # noqa: S314  # matplotlib has just written it
    _simplify(root, name)
    width = round(float(root.attrib["viewBox"].split()[2]) * 96 / 72)
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-label": alt,
        "style": f"max-width: {round(1.15 * width)}px",
    }
    return ET.tostring(root, encoding="unicode")


def key_svg(look: MethodLook) -> str:
    """The line of a method in the figures, as a picture beside its name."""
    dashes = " ".join(f"{LINE * float(each):g}" for each in _DASHES[look.dash].split())
    return (
        '<svg class="key" viewBox="0 0 26 8" aria-hidden="true">'
        f'<path d="M1 4H25" style="stroke: {_colored(look.color)}; stroke-width: {LINE * 1.25:g}; '
        f'stroke-dasharray: {dashes or "none"}"/></svg>'
    )


def _simplify(root: Element, name: str) -> None:
    """Leave what is drawn: without namespaces, descriptions, unused names and digits beyond a hundredth of a point."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in {"metadata", "style", "title"}:
                parent.remove(child)
    used = {reference for element in root.iter() for reference in _references(element)}
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.tail = None
        if element.tag not in {"text", "tspan"}:
            element.text = None
        found = {key.rpartition("}")[2]: text for key, text in element.attrib.items()}
        if found.get("id") not in used:
            found.pop("id", None)
        element.attrib = {key: _attribute(key, text, name) for key, text in found.items()}


def _references(element: Element) -> Iterator[str]:
    for key, text in element.attrib.items():
        if key.rpartition("}")[2] == "href":
            yield text.removeprefix("#")
        yield from re.findall(r"url\(#([^)]+)\)", text)


def _attribute(key: str, text: str, name: str) -> str:
    if key == "id":
        return f"{name}-{text}"
    if key == "href":
        return f"#{name}-{text.removeprefix('#')}"
    if key in {"d", "transform", "x", "y", "width", "height", "points"}:
        return re.sub(r"-?\d+\.\d+", lambda found: f"{round(float(found[0]), 2):g}", " ".join(text.split()))
    if key in {"style", "fill", "stroke"}:
        text = re.sub(r"font: ([\d.]+px)[^;]*", r"font-size: \1", text)
        text = re.sub(r"#[0-9a-fA-F]{6}", lambda found: _colored(found[0]), text)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)


def _colored(color: str) -> str:
    """A colour of the page, which differs in light and dark."""
    return _NAMES.get(color.lower(), color)
