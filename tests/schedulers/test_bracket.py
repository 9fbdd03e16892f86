from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.schedulers._bracket import Bracket, OpenBracket, hyperband_brackets

HALF = Fraction(1, 2)


def test_the_table_of_the_paper() -> None:
    brackets = hyperband_brackets(81, 1, 3)
    assert [(each.n, each.r) for each in brackets] == [(81, 1), (34, 3), (15, 9), (8, 27), (5, 81)]
    assert [each.s for each in brackets] == [4, 3, 2, 1, 0]
    assert brackets[0].levels == (1, 3, 9, 27, 81)
    assert [each.sizes for each in brackets] == [(81, 27, 9, 3, 1), (34, 11, 3, 1), (15, 5, 1), (8, 2), (5,)]


def test_steps_that_are_no_powers_are_rounded_and_end_at_max_t() -> None:
    assert [each.levels for each in hyperband_brackets(52, 1, 3)] == [(2, 6, 17, 52), (6, 17, 52), (17, 52), (52,)]
    assert [each.n for each in hyperband_brackets(52, 1, 3)] == [27, 12, 6, 4]
    assert [each.levels for each in hyperband_brackets(52, 3, 3)] == [(6, 17, 52), (17, 52), (52,)]
    assert [each.levels for each in hyperband_brackets(10, 1, 2)] == [(1, 3, 5, 10), (3, 5, 10), (5, 10), (10,)]


def test_without_room_to_halve_there_is_one_bracket() -> None:
    assert hyperband_brackets(5, 5, 3) == (Bracket(1, (5,), Fraction(1, 3)),)
    assert [each.r for each in hyperband_brackets(14, 5, 3)] == [14]
    assert [each.r for each in hyperband_brackets(15, 5, 3)] == [5, 15]


@given(st.integers(1, 2000), st.integers(1, 50), st.integers(2, 6))
def test_brackets_are_those_of_the_formulas(max_t: int, grace: int, eta: int) -> None:
    max_t = max(max_t, grace)
    brackets = hyperband_brackets(max_t, grace, eta)
    s_max = math.floor(math.log(max_t / grace) / math.log(eta) + 1e-9)
    assert [each.s for each in brackets] == list(range(s_max, -1, -1))
    for each in brackets:
        assert each.n == math.ceil(Fraction(s_max + 1, each.s + 1) * eta**each.s)
        exact = [Fraction(max_t, eta ** (each.s - k)) for k in range(each.s + 1)]
        assert all(abs(level - step) <= HALF for level, step in zip(each.levels, exact, strict=True))
        assert each.levels[-1] == max_t
        assert each.r >= grace
        assert list(each.levels) == sorted(set(each.levels))
        assert each.sizes == tuple(each.n // eta**k for k in range(each.s + 1))


def test_at_least_one_goes_on() -> None:
    assert Bracket(5, (1, 2, 4, 8), HALF).sizes == (5, 2, 1, 1)
    assert Bracket(7, (1, 9), Fraction(3, 7)).places(4) == 1
    assert Bracket(7, (1, 9), Fraction(3, 7)).places(7) == 3


# ---- an open bracket


def at_first_rung(n: int = 4, *, losses: dict[int, float]) -> OpenBracket:
    """Trials 0 … have joined a bracket of n; those with a loss are held at the first rung, in that order."""
    bracket = OpenBracket(Bracket(n, (1, 2, 4), HALF), 0)
    for trial in range(n):
        bracket.join(trial)
    for trial, loss in losses.items():
        bracket.record(trial, loss, expected_at=0, reached=0)
        bracket.leave(trial, 0, holds=True)
    return bracket


def promote_all(bracket: OpenBracket, index: int) -> list[int]:
    """Promote who is due at a rung; returns them in order."""
    gone = []
    while (trial := bracket.next_up()) is not None:
        bracket.promote(trial, index)
        gone.append(trial)
    return gone


def test_a_rung_waits_for_all_and_then_the_best_go_on() -> None:
    bracket = at_first_rung(losses={2: 0.3, 0: 0.4, 3: 0.1})
    assert bracket.next_up() is None
    assert bracket.record(1, 0.2, expected_at=0, reached=0) == (2, 4)
    assert bracket.next_up() is None  # its run is not over
    bracket.leave(1, 0, holds=True)
    assert promote_all(bracket, 0) == [3, 1]
    assert repr(bracket) == "OpenBracket(0: 4 → 2 → 0 of 4)"


def test_a_bracket_with_room_waits_unless_it_is_closed() -> None:
    bracket = OpenBracket(Bracket(4, (1, 2), HALF), 0)
    bracket.join(0)
    bracket.record(0, 0.5, expected_at=0, reached=0)
    bracket.leave(0, 0, holds=True)
    assert not bracket.is_full
    assert bracket.next_up() is None
    assert bracket.next_up(closed=True) == 0
    bracket.promote(0, 0)
    assert bracket.is_full  # a decided rung takes nobody in


def test_one_that_comes_to_a_decided_rung_is_too_late() -> None:
    bracket = at_first_rung(losses={0: 0.1, 1: 0.2, 2: 0.3})
    bracket.leave(3, 0, holds=False)  # a person has paused it
    bracket.promote(0, 0)
    bracket.expect(3, 0)
    assert promote_all(bracket, 0) == [1]  # half of the four that headed there; nobody waits for the last
    assert bracket.record(3, 0.0, expected_at=0, reached=0) is None
    assert not bracket.has_been_at(3, 0)
    assert bracket.next_up() is None


def test_one_that_comes_back_in_time_is_waited_for() -> None:
    bracket = at_first_rung(losses={0: 0.1, 1: 0.2, 2: 0.3})
    bracket.leave(3, 0, holds=False)
    assert bracket.next_up() == 0
    bracket.expect(3, 0)
    assert bracket.next_up() is None


def test_the_next_best_takes_the_place_of_one_that_is_gone() -> None:
    bracket = at_first_rung(losses={0: 0.1, 1: 0.2, 2: 0.3, 3: 0.4})
    bracket.promote(0, 0)
    bracket.leave(1, 0, holds=False)
    assert promote_all(bracket, 0) == [2]


def test_the_places_of_a_decided_rung_stay() -> None:
    bracket = at_first_rung(losses={0: 0.1, 1: 0.2, 2: 0.3})
    bracket.leave(3, 0, holds=False)
    bracket.promote(0, 0)
    bracket.record(3, 0.5, expected_at=0, reached=1)  # a person went on with it, and it has jumped to the next rung
    assert bracket.has_been_at(3, 1)
    assert promote_all(bracket, 0) == [1]


def test_one_that_jumps_is_compared_where_it_lands() -> None:
    bracket = at_first_rung(losses={0: 0.1, 1: 0.2, 2: 0.3})
    assert bracket.record(3, 0.0, expected_at=0, reached=1) == (1, 1)
    assert promote_all(bracket, 0) == [0]  # half of the three that are left
    bracket.leave(3, 1, holds=True)
    assert bracket.next_up() is None  # trial 0 is on its way
    bracket.record(0, 0.5, expected_at=1, reached=1)
    bracket.leave(0, 1, holds=True)
    assert promote_all(bracket, 1) == [3]


def test_a_rung_left_behind_takes_nobody_back() -> None:
    bracket = at_first_rung(n=2, losses={})
    bracket.leave(0, 0, holds=False)  # a person has paused it
    bracket.record(1, 0.3, expected_at=0, reached=1)
    bracket.leave(1, 1, holds=True)
    assert promote_all(bracket, 1) == [1]
    bracket.expect(0, 0)
    assert bracket.record(0, 0.1, expected_at=0, reached=0) is None


@pytest.mark.parametrize("n", [1, 2])
def test_nobody_goes_on_from_the_last_rung(n: int) -> None:
    bracket = OpenBracket(Bracket(n, (8,), HALF), 0)
    for trial in range(n):
        bracket.join(trial)
        assert bracket.record(trial, 0.1, expected_at=0, reached=0) == (trial + 1, trial + 1)
        bracket.leave(trial, 0, holds=True)
    assert bracket.is_full
    assert bracket.next_up() is None
