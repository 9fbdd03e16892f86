"""Figures as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from rung.errors import RungError, SettingError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS: Final = ("png", "svg", "pdf", "jpg", "jpeg", "webp", "eps", "ps", "tif", "tiff")


def format_of(path: str | Path) -> str:
    """The format that the ending of a path says, PNG without one; SettingError for an ending that is none."""
    path = Path(path)
    ending = path.suffix.removeprefix(".").lower() or "png"
    if ending not in FORMATS:
        raise SettingError(
            f"{path.name!r} is no picture: .{ending} is none of the formats there are.", hint="Use .png, .svg or .pdf."
        )
    return ending


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure to a file in the format of its ending; RungError when it can't be written."""
    try:
        figure.savefig(path, format=format_of(path))
    except OSError as error:
        raise RungError(
            f"The figure can't be written to {path}: {error.strerror or error}.", hint="Choose another path."
        ) from error
