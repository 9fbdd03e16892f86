"""What belongs into a training of Keras 3. Keras is imported when a name is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.integrations._lazy import lazily

if TYPE_CHECKING:
    from rung.integrations.keras.report import Report
    from rung.integrations.keras.schedules import LearningRateSchedule, LearningRateScheduler

_HOME_OF = {"LearningRateSchedule": "schedules", "LearningRateScheduler": "schedules", "Report": "report"}

__all__ = ["LearningRateSchedule", "LearningRateScheduler", "Report"]

__getattr__ = lazily(__name__, _HOME_OF, extra="keras")


def __dir__() -> list[str]:
    return __all__
