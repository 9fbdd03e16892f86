"""Reports from XGBoost. XGBoost is imported when a name is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.integrations._lazy import lazily

if TYPE_CHECKING:
    from rung.integrations.xgboost.report import Report

__all__ = ["Report"]

__getattr__ = lazily(__name__, {"Report": "report"}, extra="xgboost")


def __dir__() -> list[str]:
    return __all__
