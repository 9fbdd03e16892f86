from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from rung.searchers._forest_trees import Forest, Ranges, columns_of, exchanged, scores

pytest.importorskip("sklearn")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def forest_of(x: np.ndarray, y: np.ndarray, trees: int = 5, leaf_size: int = 1, seed: int = 0) -> Forest:
    return Forest(x, y, trees=trees, leaf_size=leaf_size, rng=rng(seed))


def grown(n: int = 40, trees: int = 7, seed: int = 0) -> tuple[np.ndarray, np.ndarray, Forest]:
    x = rng(1).random((n, 3)).astype(np.float32)
    y = np.sin(6.0 * x[:, 0]) + (x[:, 1] > 0.5) + 0.1 * x[:, 2]
    return x, y, forest_of(x, y, trees, seed=seed)


def walked(tree, row: np.ndarray) -> float:
    """What a tree says, read off its nodes one by one."""
    nodes, at = tree.tree_, 0
    while nodes.children_left[at] >= 0:
        is_left = row[nodes.feature[at]] <= nodes.threshold[at]
        at = (nodes.children_left if is_left else nodes.children_right)[at]
    return float(nodes.value[at, 0, 0])


class TestColumns:
    def test_an_inactive_dimension_lies_outside_of_all_ranges(self) -> None:
        columns = columns_of(np.array([[0.0, 0.25], [1.0, np.nan]]), np.array([[True, True], [True, False]]))
        assert columns.dtype == np.float32
        assert columns.tolist() == [[0.0, 0.25], [1.0, -1.0]]

    def test_trees_tell_it_from_all_that_is_active(self) -> None:
        points, is_active = np.linspace(0.0, 1.0, 20)[:, None], np.arange(20)[:, None] % 2 == 0
        forest = forest_of(columns_of(points, is_active), np.where(is_active[:, 0], 1.0, -1.0))
        anywhere = rng().random((200, 1))
        assert set(forest.drawn(columns_of(anywhere, anywhere >= 0.0), rng())) == {1.0}
        assert set(forest.drawn(columns_of(anywhere, anywhere < 0.0), rng())) == {-1.0}


class TestScores:
    def test_they_are_quantiles_of_a_normal(self) -> None:
        losses = rng().standard_normal(9)
        found = scores(losses)
        for place, index in enumerate(np.argsort(losses)):
            assert found[index] == pytest.approx(NormalDist().inv_cdf((place + 0.5) / 9))

    def test_ties_share_a_rank_and_failures_come_last(self) -> None:
        found = scores(np.array([2.0, 1.0, 2.0, np.nan, 1e300, np.nan]))
        assert found[1] < found[0] == found[2] < found[4] < found[3] == found[5]

    @pytest.mark.parametrize("losses", [[7.0], [3.0] * 5, [np.nan, np.nan]])
    def test_where_all_are_alike_they_are_0(self, losses: list[float]) -> None:
        assert scores(np.array(losses)) == pytest.approx(np.zeros(len(losses)), abs=1e-15)

    def test_only_the_order_matters(self) -> None:
        losses = rng().standard_normal(30)
        np.testing.assert_array_equal(scores(losses), scores(np.exp(30.0 * losses)))


class TestForest:
    def test_each_row_hears_one_tree(self) -> None:
        _, _, forest = grown()
        points = rng(2).random((60, 3)).astype(np.float32)
        said = np.array([[walked(tree, row) for tree in forest.trees] for row in points])
        drawn = forest.drawn(points, rng(3))
        assert (np.abs(said - drawn[:, None]).min(axis=1) < 1e-12).all()
        assert len({row.argmin() for row in np.abs(said - drawn[:, None])}) > 3

    def test_all_trees_are_heard_equally_often(self) -> None:
        _, _, forest = grown(trees=4)
        point = next(row for row in rng(2).random((50, 3)) if len({walked(tree, row) for tree in forest.trees}) == 4)
        drawn = forest.drawn(np.tile(point.astype(np.float32), (4_000, 1)), rng(3))
        values, counts = np.unique(drawn, return_counts=True)
        assert values.tolist() == pytest.approx(sorted(walked(tree, point) for tree in forest.trees))
        assert (np.abs(counts - 1_000) < 150).all()  # five deviations

    def test_what_is_known_is_kept_and_what_is_told_twice_is_its_mean(self) -> None:
        x, y, forest = grown()
        np.testing.assert_allclose(forest.drawn(x, rng()), y)
        twice = forest_of(np.vstack([x, x]), np.concatenate([y, y + 1.0]))
        np.testing.assert_allclose(twice.drawn(x, rng()), y + 0.5)

    def test_a_leaf_is_the_mean_of_its_targets_which_are_so_many_at_least(self) -> None:
        x, y, _ = grown()
        for tree in forest_of(x, y, leaf_size=4).trees:
            leaves = tree.apply(x)
            for leaf in np.unique(leaves):
                inside = leaves == leaf
                assert inside.sum() >= 4
                assert tree.tree_.value[leaf, 0, 0] == pytest.approx(y[inside].mean())

    def test_trees_differ_most_where_little_is_known(self) -> None:
        x = np.concatenate([np.linspace(0.0, 0.4, 30), [1.0]]).astype(np.float32)[:, None]
        forest = forest_of(x, 3.0 * x[:, 0].astype(float), 30)
        spread = [np.std([walked(tree, np.array([place])) for tree in forest.trees]) for place in (0.207, 0.7)]
        assert spread[1] > 5.0 * spread[0]

    def test_the_stream_alone_decides(self) -> None:
        points = rng(5).random((50, 3)).astype(np.float32)
        same = [grown(seed=4)[2].drawn(points, rng(6)) for _ in range(2)]
        np.testing.assert_array_equal(*same)
        assert (grown(seed=5)[2].drawn(points, rng(6)) != same[0]).any()

    @pytest.mark.parametrize("n", [1, 2])
    def test_a_single_trial_is_enough(self, n: int) -> None:
        forest = forest_of(np.zeros((n, 2), dtype=np.float32), np.full(n, 0.5))
        assert forest.drawn(np.ones((3, 2), dtype=np.float32), rng()).tolist() == [0.5] * 3


RANGES = Ranges(
    low=np.array([0.0, 0.0, 0.1, 0.0]),
    high=np.array([1.0, 1.0, 0.3, 1.0]),
    sizes=np.array([np.inf, 3.0, 20.0, 1.0]),
    is_category=np.array([False, True, False, False]),
    can_move=np.array([True, True, True, False]),
)
POINTS = np.array([[0.5, 0.5, 0.225, 0.5], [0.98, 1.0 / 6.0, 0.125, 0.5]])


class TestExchanged:
    def neighbours(self, is_active: np.ndarray | None = None, copies: int = 500) -> tuple[np.ndarray, np.ndarray]:
        """The points, repeated, and their neighbours."""
        active = np.ones(POINTS.shape, dtype=bool) if is_active is None else is_active
        return np.repeat(POINTS, copies, axis=0), exchanged(POINTS, active, RANGES, copies, rng())

    def test_each_differs_in_one_dimension_that_can_move(self) -> None:
        before, after = self.neighbours()
        is_changed = before != after
        assert (is_changed.sum(axis=1) <= 1).all()
        assert is_changed.sum() > 900  # a number at the end of its range may stay there
        assert is_changed[:, :3].sum(axis=0).min() > 250
        assert not is_changed[:, 3].any()

    def test_of_a_category_every_other_value_comes_equally_often(self) -> None:
        before, after = self.neighbours(copies=2_000)
        rows = before[:, 1] != after[:, 1]
        steps = (after[rows, 1] - before[rows, 1]) * 3.0 % 3.0
        assert np.unique(np.round(steps, 9)).tolist() == [1.0, 2.0]
        assert np.mean(steps > 1.5) == pytest.approx(0.5, abs=0.07)

    def test_numbers_stay_in_their_range_and_move_by_a_value_at_least(self) -> None:
        before, after = self.neighbours()
        assert ((after >= RANGES.low) & (after <= RANGES.high)).all()
        moved = np.abs(after - before)[:, 2]
        is_inside = (moved > 0.0) & (after[:, 2] > 0.1) & (after[:, 2] < 0.3)
        assert is_inside.any()
        assert (moved[is_inside] >= 1.0 / 20.0 - 1e-12).all()

    def test_steps_have_all_lengths_around_a_tenth_of_the_range(self) -> None:
        before, after = self.neighbours(copies=4_000)
        steps = np.abs(after - before)[:4_000, 0]
        middle, far = np.quantile(steps[steps > 0.0], [0.5, 0.95])
        assert 0.05 < middle < 0.15
        assert 0.2 < far < 0.5

    def test_what_is_inactive_does_not_move(self) -> None:
        is_active = np.array([[True, False, False, True], [False, False, False, True]])
        before, after = self.neighbours(is_active)
        assert (before[:500] != after[:500]).sum(axis=0).tolist() == [500, 0, 0, 0]
        np.testing.assert_array_equal(before[500:], after[500:])
