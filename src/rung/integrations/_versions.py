"""Which versions of a framework have what is needed of it."""

from __future__ import annotations

from rung.errors import SettingError


def need(framework: str, version: str, least: tuple[int, ...]) -> None:
    """SettingError when the ``version`` of the framework is lower than ``least``."""
    given = tuple(int(part) for part in version.split(".")[: len(least)] if part.isdecimal())
    if given < least:
        needed = ".".join(map(str, least))
        raise SettingError(
            f"{framework} {version} is too old.", hint=f"It takes {needed}: pip install '{framework}>={needed}'"
        )
