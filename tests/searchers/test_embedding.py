from __future__ import annotations

import math

import numpy as np
import pytest

from rung.searchers._embedding import Embedding
from rung.searchers._kernel import matern52, squared_distances
from rung.space import Choice, Constant, Float, Int, Ordinal, Space, at_least

SPACE = Space(
    {
        "rate": Float(1e-4, 1.0, log=True),
        "kind": Choice(["a", "b", "c"]),
        "seed": Constant(7),
        "size": Ordinal([16, 32, 64]),
        "momentum": Float(0, 1),
        "nesterov": Choice([False, True]),
        "many": Int(1, 10**6),
    },
    conditions={"momentum": ("kind", ["a", "c"]), "nesterov": ("momentum", at_least(0.5))},
)


def sample(space: Space, n: int) -> tuple[list[dict[str, object]], np.ndarray]:
    rng = np.random.default_rng(0)
    points = rng.random((n, len(space)))
    return [space.decode(point) for point in points], points


def columns_of(space: Space, *configs: dict[str, object]) -> np.ndarray:
    encoded = space.encode(configs)
    return Embedding(space).embedded(np.nan_to_num(encoded, nan=0.5), ~np.isnan(encoded))


def gap(space: Space, a: dict[str, object], b: dict[str, object]) -> float:
    return float(squared_distances(columns_of(space, a), columns_of(space, b))[0, 0])


def test_activity_is_that_of_decoded_configs() -> None:
    configs, points = sample(SPACE, 300)
    expected = [[name in config for name in SPACE] for config in configs]
    np.testing.assert_array_equal(Embedding(SPACE).is_active(points), expected)


def test_snapped_points_decode_to_the_same_config_and_encode_to_themselves() -> None:
    configs, points = sample(SPACE, 300)
    embedding = Embedding(SPACE)
    snapped = embedding.snapped(points)
    assert [SPACE.decode(point) for point in snapped] == configs
    encoded = SPACE.encode(configs)
    discrete = [SPACE.names.index(name) for name in ("kind", "seed", "size", "nesterov")]
    is_active = ~np.isnan(encoded[:, discrete])
    np.testing.assert_allclose(snapped[:, discrete][is_active], encoded[:, discrete][is_active], rtol=1e-12)


def test_any_two_categories_are_at_distance_one() -> None:
    space = Space({"kind": Choice(list("abcd")), "x": Float(0, 1)})
    for other in "bcd":
        assert gap(space, {"kind": "a", "x": 0.5}, {"kind": other, "x": 0.5}) == pytest.approx(1.0)


def test_numbers_are_as_far_apart_as_in_the_unit_interval() -> None:
    space = Space({"x": Float(0, 10), "n": Int(1, 4)})
    assert gap(space, {"x": 1.0, "n": 1}, {"x": 4.0, "n": 3}) == pytest.approx(0.3**2 + 0.5**2)


def test_what_is_inactive_is_equally_far_from_both_ends() -> None:
    space = Space({"on": Choice([False, True]), "x": Float(0, 1)}, conditions={"x": ("on", True)})
    ends = [gap(space, {"on": False}, {"on": True, "x": x}) for x in (0.0, 0.5, 1.0)]
    assert ends == pytest.approx([1.0 + 0.25 + 0.25, 1.0 + 0.25, 1.0 + 0.25 + 0.25])
    assert gap(space, {"on": False}, {"on": False}) == 0.0


def test_coordinates_of_inactive_dimensions_do_not_matter() -> None:
    _, points = sample(SPACE, 50)
    embedding = Embedding(SPACE)
    is_active = embedding.is_active(points)
    other = np.where(is_active, points, np.nan)
    np.testing.assert_array_equal(embedding.embedded(other, is_active), embedding.embedded(points, is_active))


@pytest.mark.parametrize("seed", range(5))
def test_kernels_of_random_trees_are_positive_definite(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"p{k}" for k in range(7)]
    kinds = [Choice(["x", "y", "z"]) if rng.random() < 0.6 else Float(0, 1) for _ in names]
    conditions = {}
    for k in range(1, 7):
        parent = int(rng.integers(k))
        values = at_least(0.4) if isinstance(kinds[parent], Float) else ["x", "y"]
        conditions[names[k]] = (names[parent], values)
    space = Space(dict(zip(names, kinds, strict=True)), conditions=conditions)
    embedding = Embedding(space)
    points = rng.random((60, 7))
    x = embedding.embedded(points, embedding.is_active(points))
    x = x / embedding.per_dimension(rng.uniform(0.1, 2.0, 7))[embedding.columns.groups]
    eigenvalues = np.linalg.eigvalsh(matern52(squared_distances(x, x)))
    assert eigenvalues.min() > -1e-10


def test_the_columns_of_a_dimension_share_a_length_scale() -> None:
    columns = Embedding(SPACE).columns
    assert columns.groups.tolist() == [0, 1, 1, 1, 2, 3, 3, 4, 4, 5]
    assert columns.warped.tolist() == [0, 4, 9]  # numbers without a condition
    expected = 1 + 1 + 1 + 2 / 3 + 1 / 3 + 1
    assert columns.n_active == pytest.approx(expected, abs=0.4)


def test_slopes_go_back_to_the_coordinates() -> None:
    _, points = sample(SPACE, 20)
    embedding = Embedding(SPACE)
    is_active = embedding.is_active(points)
    weights = np.random.default_rng(1).normal(size=10)
    by_point = embedding.slopes(np.tile(weights, (20, 1)), is_active)
    step = 1e-6
    for j, each in enumerate(embedding.dimensions):
        if each.is_category or not each.width:
            np.testing.assert_array_equal(by_point[:, j], 0.0)
            continue
        moved = points.copy()
        moved[:, j] += step
        change = (embedding.embedded(moved, is_active) - embedding.embedded(points, is_active)) @ weights
        np.testing.assert_allclose(by_point[:, j], change / step, atol=1e-8)


def test_neighbours_are_all_other_values_or_two_to_either_side() -> None:
    space = Space({"kind": Choice(list("abc")), "n": Int(0, 39), "x": Float(0, 1), "one": 1})
    point = space.encode([{"kind": "b", "n": 20, "x": 0.25, "one": 1}])
    found = [space.decode(each[0]) for each in Embedding(space).neighbours(point, few=16)]
    assert [(each["kind"], each["n"]) for each in found] == [
        ("c", 20), ("a", 20), ("b", 18), ("b", 19), ("b", 21), ("b", 22),
    ]  # fmt: skip
    assert {each["x"] for each in found} == {0.25}
    everything = [space.decode(each[0])["n"] for each in Embedding(space).neighbours(point, few=40)]
    assert sorted({*everything}) == list(range(40))


def test_what_can_be_moved_along_a_slope() -> None:
    dimensions = dict(zip(SPACE, Embedding(SPACE).dimensions, strict=True))
    assert {name for name, each in dimensions.items() if each.can_move(2)} == {"rate", "size", "many"}
    assert {name for name, each in dimensions.items() if each.can_move(16)} == {"rate", "many"}


def test_numbers_alone_need_no_columns_of_their_own() -> None:
    space = Space({"x": Float(0, 1), "n": Int(1, 9)})
    _, points = sample(space, 5)
    embedding = Embedding(space)
    np.testing.assert_array_equal(embedding.embedded(points, embedding.is_active(points)), points)
    assert embedding.columns.n_active == 2.0
    assert math.isclose(embedding.snapped(points)[0, 0], points[0, 0])


@pytest.mark.parametrize("space", [Space({}), Space({"a": Constant(1), "b": Int(3, 3)})])
def test_a_space_without_choice_has_no_columns(space: Space) -> None:
    embedding = Embedding(space)
    points = np.full((2, len(space)), 0.5)
    assert embedding.embedded(points, embedding.is_active(points)).shape == (2, 0)
    assert embedding.columns.n_lengths == 0
    assert embedding.per_dimension(np.empty(0)).tolist() == [1.0] * len(space)


def test_a_dimension_that_some_points_lack_is_embedded_as_if_under_a_condition() -> None:
    space = Space({"x": Float(0, 1), "z": Float(0, 1), "kind": Choice(["a", "b"]), "fixed": 3})
    plain, partial = Embedding(space), Embedding(space, frozenset({"z", "kind", "fixed"}))
    assert [each.width for each in plain.dimensions] == [1, 1, 2, 0]
    assert [each.width for each in partial.dimensions] == [1, 2, 2, 0]
    points = np.full((3, 4), 0.75)
    points[1, 1] = 0.25
    is_known = np.array([[True] * 4, [True] * 4, [True, False, False, True]])
    x = partial.embedded(points, is_known)
    gaps = squared_distances(x, x)
    assert gaps[0, 2] == pytest.approx(0.25**2 + 0.5**2 + 0.5), "the value, that it is known, and the category"
    assert gaps[1, 2] == pytest.approx(gaps[0, 2])
    assert gaps[0, 1] == pytest.approx(0.5**2)
    assert partial.is_active(points).all()
    assert partial.columns.n_lengths == plain.columns.n_lengths
