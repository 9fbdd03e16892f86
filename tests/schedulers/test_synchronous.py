from __future__ import annotations

from fractions import Fraction
from typing import Any

from bracket_courses import Counting, courses, play_checked
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.schedulers._bracket import Bracket, hyperband_brackets
from rung.schedulers._rungs import rung_levels
from rung.schedulers.halving import SuccessiveHalving
from rung.schedulers.hyperband import Hyperband
from rung.schedulers.iepoch import IEpoch


@settings(max_examples=150, deadline=None)
@given(courses(), st.integers(1, 4), st.integers(0, 25), st.integers(2, 4), st.integers(1, 12))
def test_successive_halving_agrees_with_the_rules(
    setup: dict[str, Any], grace: int, more: int, factor: int, n: int
) -> None:
    scheduler = SuccessiveHalving(Counting(), max_t=grace + more, grace_period=grace, reduction_factor=factor, n=n)
    plan = Bracket(n, rung_levels(grace, grace + more, factor), Fraction(1, factor))
    play_checked(scheduler, [plan], setup)


@settings(max_examples=100, deadline=None)
@given(courses(), st.integers(1, 3), st.integers(0, 25), st.integers(2, 4))
def test_hyperband_agrees_with_the_rules(setup: dict[str, Any], grace: int, more: int, factor: int) -> None:
    scheduler = Hyperband(Counting(), max_t=grace + more, grace_period=grace, reduction_factor=factor)
    play_checked(scheduler, hyperband_brackets(grace + more, grace, factor), setup)


@settings(max_examples=50, deadline=None)
@given(courses(), st.integers(1, 5), st.integers(0, 20), st.integers(1, 10), st.integers(1, 10))
def test_iepoch_agrees_with_the_rules(setup: dict[str, Any], epochs: int, more: int, n: int, top: int) -> None:
    scheduler = IEpoch(Counting(), max_t=epochs + more, epochs=epochs, n=max(n, top), top=min(n, top))
    levels = (epochs, epochs + more) if more else (epochs,)
    play_checked(scheduler, [Bracket(max(n, top), levels, Fraction(min(n, top), max(n, top)))], setup)
