from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from cmaes import CatCMAwM

from rung.searchers._cma import Start, distribution
from rung.searchers._evolution_axes import Axes, axes_of
from rung.space import Choice, Float, Int, Ordinal, Space

CONTINUOUS = axes_of(Space({"fixed": 3, "x": Float(0, 1), "y": Float(1e-4, 1, log=True)}))
MIXED = axes_of(
    Space({"kind": Choice(["a", "b", "c"]), "x": Float(0, 1), "n": Int(1, 9, log=True), "deep": Choice([False, True])})
)
LABELS = axes_of(Space({"kind": Choice(["a", "b", "c"])}))
LEVELS = axes_of(Space({"size": Ordinal([16, 32, 64])}))
LINE = axes_of(Space({"x": Float(0, 1)}))
ALL = [CONTINUOUS, MIXED, LABELS, LEVELS, LINE]


def middle(axes: Axes) -> Start:
    return Start(6, 0.1, [None] * axes.size)


@pytest.mark.parametrize("axes", ALL)
def test_asking_changes_nothing(axes: Axes) -> None:
    """However often one of them is asked, both draw the same, generation after generation."""
    asked, unasked = distribution(axes, middle(axes)), distribution(axes, middle(axes))
    for generation in range(20):
        for seed in range(3):
            list(islice(asked.draws(seed), 5))
        first, second = (list(islice(each.draws(1000 + generation), 6)) for each in (asked, unasked))
        assert [draw.raw for draw in first] == [draw.raw for draw in second]
        assert [draw.point.tolist() for draw in first] == [draw.point.tolist() for draw in second]
        raws = [draw.raw for draw in sorted(first, key=lambda draw: float(draw.point.sum()))]
        assert asked.tell(raws) == unasked.tell(raws)


@pytest.mark.parametrize("axes", ALL)
def test_draws_lie_in_the_cube_and_on_the_values(axes: Axes) -> None:
    start = Start(6, 0.5, [0.9] * axes.size)
    for draw in islice(distribution(axes, start).draws(0), 300):
        assert draw.point.shape == (axes.size,)
        assert ((draw.point >= 0.0) & (draw.point <= 1.0)).all()
        assert all(draw.point[each.column] in each.middles for each in (*axes.numbers, *axes.categories))
        assert len(draw.raw) == axes.moving


def test_a_run_begins_where_it_is_told_to() -> None:
    start = Start(6, 0.02, [(1 + 0.5) / 3, 0.3, 0.6, None])
    points = np.array([draw.point for draw in islice(distribution(MIXED, start).draws(0), 2000)])
    assert np.mean(points[:, 1]) == pytest.approx(0.3, abs=0.002)
    assert np.std(points[:, 1]) == pytest.approx(0.02, rel=0.05)
    assert np.mean(points[:, 2]) == pytest.approx(0.6, abs=0.05)
    shares = [np.mean(np.isclose(points[:, 0], (value + 0.5) / 3)) for value in range(3)]
    assert shares == pytest.approx([1 / 6, 4 / 6, 1 / 6], abs=0.03)
    assert np.mean(points[:, 3] > 0.5) == pytest.approx(0.5, abs=0.03)


def test_a_mixed_run_is_the_library_s_own_loop() -> None:
    """Its ask and tell by hand, in the order and with the values that it is made with here."""
    ours = distribution(MIXED, middle(MIXED))
    n = MIXED.numbers[0]
    theirs = CatCMAwM(
        x_space=[[0.0, 1.0]],
        z_space=[n.middles.tolist()],
        c_space=[3, 2],
        population_size=6,
        mean=np.array([0.5, 0.5]),
        sigma=0.1,
        cov=np.eye(2),
    )
    for generation in range(30):
        draws = list(islice(ours.draws(generation), 6))
        theirs.reseed_rng(generation)
        solutions = [theirs.ask() for _ in range(6)]
        for draw, solution in zip(draws, solutions, strict=True):
            places = [(np.argmax(row) + 0.5) / count for row, count in zip(solution.c, (3, 2), strict=True)]
            assert draw.point.tolist() == pytest.approx([places[0], solution.x[0], solution.z[0], places[1]], abs=1e-15)
        order = np.argsort([float(draw.point @ [1.0, 2.0, 3.0, 4.0]) for draw in draws], kind="stable")
        theirs.tell([(solutions[place], float(rank)) for rank, place in enumerate(order)])
        assert ours.tell([draws[place].raw for place in order])


def test_integers_keep_a_margin() -> None:
    """The third of nine values is always best; the others still come, and its neighbours among them."""
    axes = axes_of(Space({"n": Int(1, 9), "x": Float(0, 1)}))
    run = distribution(axes, Start(6, 0.1, [0.5, 0.5]))
    values = axes.numbers[0]
    for generation in range(60):
        draws = sorted(islice(run.draws(generation), 6), key=lambda draw: abs(values.nearest(draw.point[0]) - 2))
        run.tell([draw.raw for draw in draws])
    drawn = [values.nearest(draw.point[0]) for draw in islice(run.draws(0), 1000)]
    assert drawn.count(2) > 500
    assert drawn.count(1) > 20
    assert drawn.count(3) > 20


def test_a_distribution_says_when_it_has_shrunk_to_nothing() -> None:
    for axes in (LINE, LEVELS):
        run = distribution(axes, middle(axes))
        generations = 0
        while run.tell([d.raw for d in sorted(islice(run.draws(generations), 6), key=lambda d: abs(d.point[0] - 0.5))]):
            generations += 1
            assert generations < 1000
        assert generations > 20


def test_a_breakdown_is_the_end_of_the_run() -> None:
    """Among losses that mean nothing, a variance falls below 0: no warning, no exception."""
    axes = axes_of(Space({"x": Float(0, 1), "deep": Choice([False, True])}))
    run = distribution(axes, Start(4, 0.1, [0.5, 0.5]))
    generations = 0
    while run.tell([draw.raw for draw in islice(run.draws(700_000 + generations), 4)]):
        generations += 1
        assert generations < 1000
    assert generations > 20
