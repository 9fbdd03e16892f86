from __future__ import annotations

import numpy as np
from kernel_toy import KernelSearcher

from rung.commands import EditSpace
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.testing.play import Course, play
from rung.testing.searcher_suite import SearcherSuite


class TestKernel(SearcherSuite):
    def make(self, space: Space) -> KernelSearcher:
        return KernelSearcher(space)


SPACE = Space({"x": Float(0, 1), "y": Float(0, 1)})
BOWL = Course(loss=lambda config, step: (config["x"] - 0.3) ** 2 + (config["y"] - 0.8) ** 2)


def test_the_cache_saves_work_and_is_dropped_by_an_edit() -> None:
    searcher = KernelSearcher(SPACE)
    play(BasicScheduler(searcher), BOWL, new_trials=20, workers=1)
    assert searcher.factor.rows_computed == 19  # each trial once; the last was never asked about
    searcher = KernelSearcher(SPACE)
    edited = Space({"x": Float(0, 1), "y": Float(0, 2)})  # a narrower one would have the hull as it was
    play(BasicScheduler(searcher), BOWL, new_trials=20, workers=1, commands={30: [EditSpace(edited.to_json())]})
    assert searcher.factor.rows_computed == 9 + 19  # nine before the edit, and all anew from there on


def test_it_learns() -> None:
    def median_of_best(kind: type) -> float:
        best = []
        for seed in range(9):
            played = play(BasicScheduler(kind(SPACE)), BOWL, new_trials=25, workers=2, seed=seed)
            best.append(min(BOWL.loss(config, 1) for config in played.configs()))
        return float(np.median(best))

    assert median_of_best(KernelSearcher) < median_of_best(RandomSearcher) / 3
