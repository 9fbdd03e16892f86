from __future__ import annotations

import re

import pytest

from rung.benchmarks._seeds import read_seeds
from rung.errors import SettingError


@pytest.mark.parametrize(
    ("given", "seeds"),
    [
        ("3", (0, 1, 2)),
        (3, (0, 1, 2)),
        ("5-7", (5, 6, 7)),
        ("0, 3,7", (0, 3, 7)),
        ("7,", (7,)),
        ("0-2,10,1-3", (0, 1, 2, 10, 3)),
        (range(4, 6), (4, 5)),
        ([2, 2, 0], (2, 0)),
    ],
)
def test_seeds_are_read(given: object, seeds: tuple[int, ...]) -> None:
    assert read_seeds(given) == seeds  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["0", "", "ten", "1-", "-1", "5-3", "1;2", [], [-1], 0])
def test_seeds_that_are_none(given: object) -> None:
    with pytest.raises(SettingError, match=re.escape(f"seeds={given!r}" if given != 0 else "seeds='0'")):
        read_seeds(given)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [10**12, "100001", "3,5-100005"])
def test_very_many_seeds_are_a_slip(given: object) -> None:
    with pytest.raises(SettingError, match=r"These are [\d,]+ seeds, and at most 100,000 are taken\."):
        read_seeds(given)  # type: ignore[arg-type]


def test_a_seed_may_be_large() -> None:
    assert read_seeds(f"{10**24}-{10**24 + 1}") == (10**24, 10**24 + 1)
