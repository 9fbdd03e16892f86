from __future__ import annotations

import random

import numpy as np
import pytest

from rung.searchers._cuts import compared_at


def compared(*, cut: list[int], whole: list[int] | None = None, running: list[int] | None = None) -> int | None:
    """Of trials with these last steps."""
    steps = [*cut, *(whole or []), *(running or [])]
    places = np.arange(len(steps))
    n_ended = len(cut) + len(whole or [])
    return compared_at(np.array(steps, dtype=np.int64), places < len(cut), (len(cut) <= places) & (places < n_ended))


def test_as_long_as_half_of_them_come_to_their_own_end_all_are_compared() -> None:
    assert compared(cut=[]) == 0
    assert compared(cut=[], whole=[9] * 30) == 0
    assert compared(cut=[1] * 30, whole=[9] * 30) == 0
    assert compared(cut=[1] * 31, whole=[9] * 30) == 9


def test_the_rungs_of_successive_halving() -> None:
    """Of 81 trials 54 are cut at step 1, 18 at 3, 6 at 9, and 3 end at 27; later there are as many again."""
    first = [1] * 54 + [3] * 18 + [9] * 6
    assert compared(cut=first, whole=[27] * 3) == 3
    assert compared(cut=first * 2, whole=[27] * 6) == 9
    assert compared(cut=first * 4, whole=[27] * 12) == 9, "a tenth of the trials got as far"


def test_the_lowest_rung_alone_says_nothing() -> None:
    assert compared(cut=[1] * 100) is None
    assert compared(cut=[1] * 30 + [3] * 14) is None
    assert compared(cut=[1] * 30 + [3] * 15) == 3
    assert compared(cut=[1] * 30 + [3] * 13, whole=[9] * 2) == 3


def test_neither_silent_nor_running_trials_say_anything() -> None:
    assert compared(cut=[0] * 5, whole=[9]) == 0
    assert compared(cut=[0] * 5 + [1] * 30 + [3] * 14, whole=[0] * 10) is None
    assert compared(cut=[1] * 30 + [3] * 14, running=[9] * 5) is None


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_a_slow_second_writing_says(seed: int) -> None:
    rng = random.Random(seed)
    cut = [rng.choice((1, 2, 3, 5, 8)) for _ in range(rng.randint(15, 400))]
    whole = [rng.choice((5, 8, 9)) for _ in range(rng.randint(0, 20))]
    ended = cut + whole
    enough = max(15, len(ended) // 10)
    steps = [step for step in ended if step > min(cut) and sum(other >= step for other in ended) >= enough]
    if len(cut) <= len(whole):
        assert compared(cut=cut, whole=whole) == 0
    else:
        assert compared(cut=cut, whole=whole) == max(steps, default=None)
