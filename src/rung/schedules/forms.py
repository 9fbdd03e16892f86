"""The JSON form of schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from rung.errors import SettingError
from rung.schedules.combining import AnySchedule
from rung.schedules.functions import import_name
from rung.schedules.schedule import Schedule

if TYPE_CHECKING:
    from rung.types import Json


def from_json(form: Json) -> Schedule:
    """The schedule of that JSON form. SettingError when it is none.

    A function in it is imported by its name.
    """
    try:
        return msgspec.convert(form, AnySchedule, dec_hook=import_name)
    except msgspec.ValidationError as error:
        raise SettingError(f"this is not the JSON form of a schedule: {str(error).rstrip('.')}.") from error
