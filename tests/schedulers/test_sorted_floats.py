from __future__ import annotations

from bisect import bisect_left

import numpy as np
import pytest

from rung.schedulers._sorted_floats import SortedFloats


@pytest.mark.parametrize("n_first", [0, 1, 4096, 9000])
def test_it_is_a_sorted_list(n_first: int) -> None:
    rng = np.random.default_rng(n_first)
    numbers = rng.normal(size=n_first).round(2).tolist()
    kept = SortedFloats(numbers)
    for more in (rng.normal(size=3000).round(2), np.linspace(-9, 9, 3000), np.full(3000, 0.5)):
        for number in more.tolist():
            kept.add(number)
        numbers += more.tolist()
        assert len(kept) == len(numbers)
        assert [kept[place] for place in range(0, len(kept), 7)] == sorted(numbers)[::7]
    assert all(bisect_left(kept, number) == bisect_left(sorted(numbers), number) for number in (-10, 0.5, 0.123, 10))


def test_there_is_nothing_outside() -> None:
    kept = SortedFloats([1.0])
    for place in (-1, 1):
        with pytest.raises(IndexError):
            kept[place]
