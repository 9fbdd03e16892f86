"""Reports from skorch. skorch and torch are imported when a name is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.integrations._lazy import lazily

if TYPE_CHECKING:
    from rung.integrations.skorch.report import Report

__all__ = ["Report"]

__getattr__ = lazily(__name__, {"Report": "report"}, extra="skorch", brings="torch")


def __dir__() -> list[str]:
    return __all__
