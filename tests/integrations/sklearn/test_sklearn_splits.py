"""Splits with fewer training samples."""

from __future__ import annotations

from collections import Counter

import numpy as np
from sklearn.model_selection import KFold, ShuffleSplit

from rung.integrations.sklearn._splits import SameSplits, SmallerSplits

X = np.zeros((200, 1))
Y = np.array(["a"] * 120 + ["b"] * 60 + ["c"] * 20)


def smaller(share: float, *, seed: int = 0, is_stratified: bool = True) -> list[tuple[np.ndarray, np.ndarray]]:
    splits = SameSplits(KFold(4, shuffle=True, random_state=0))
    return list(SmallerSplits(splits, share, seed=seed, is_stratified=is_stratified).split(X, Y))


def test_a_splitter_is_asked_once() -> None:
    splits = SameSplits(ShuffleSplit(2))
    first, second = splits.split(X), splits.split(X)
    assert all((a[0] == b[0]).all() for a, b in zip(first, second, strict=True))


def test_a_larger_share_contains_a_smaller_one() -> None:
    for is_stratified in (True, False):
        sizes = {share: smaller(share, is_stratified=is_stratified) for share in (0.1, 0.3, 0.9, 1.0)}
        for split in range(4):
            previous: set[int] = set()
            for share, splits in sizes.items():
                train, test = splits[split]
                assert len(train) == round(share * 150)
                assert previous <= set(train)
                assert not set(train) & set(test)
                assert len(test) == 50
                previous = set(train)


def test_any_share_has_the_classes_in_proportion() -> None:
    for train, whole in zip(smaller(0.2), smaller(1.0), strict=True):
        there, all_there = Counter(Y[train[0]].tolist()), Counter(Y[whole[0]].tolist())
        for label, count in all_there.items():
            assert abs(there[label] - 0.2 * count) <= 1


def test_the_seed_makes_the_samples() -> None:
    assert (smaller(0.1)[0][0] == smaller(0.1)[0][0]).all()
    assert set(smaller(0.1)[0][0]) != set(smaller(0.1, seed=1)[0][0])
    assert len(smaller(1e-9)[0][0]) == 1
