"""What belongs into a training by Hugging Face's Trainer. Transformers is imported when a name is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.integrations._lazy import lazily

if TYPE_CHECKING:
    from rung.integrations.transformers.report import Report

__all__ = ["Report"]

__getattr__ = lazily(__name__, {"Report": "report"}, extra="transformers", brings="torch")


def __dir__() -> list[str]:
    return __all__
