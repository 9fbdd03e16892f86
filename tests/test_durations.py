from __future__ import annotations

from typing import Any

import pytest

from rung.durations import as_seconds, duration_text
from rung.errors import SettingError


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (90, 90.0), (0.5, 0.5), ("90", 90.0), ("90s", 90.0), ("30min", 1800.0), ("2h", 7200.0), ("1d12h", 129_600.0),
        ("1.5h", 5400.0), (".5s", 0.5), ("1h30min15s", 5415.0), (" 2h ", 7200.0), ("1e3", 1000.0),
    ],
)  # fmt: skip
def test_what_people_write(given: Any, seconds: float) -> None:
    assert as_seconds(given) == seconds


@pytest.mark.parametrize(
    "given", ["", " ", "h", "2x", "2 hours", "-1", "-2h", "12h1d", "1h1h", "0", "0s", 0, -1, "nan", float("inf"), True]
)
def test_what_is_no_duration(given: Any) -> None:
    with pytest.raises(SettingError, match=r"limit=.* is not a duration.*30min"):
        as_seconds(given, name="limit")


def test_a_value_of_another_type_is_no_duration() -> None:
    with pytest.raises(SettingError, match=r"duration=\[2\] is not a duration"):
        as_seconds([2])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.5, "0.5s"), (5, "5s"), (59.7, "1min"), (90, "1min30s"), (7200, "2h"), (129_600, "1d12h"), (3599.9, "1h")],
)
def test_the_text_of_a_duration(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
    assert as_seconds(text) == pytest.approx(seconds, abs=0.5)
