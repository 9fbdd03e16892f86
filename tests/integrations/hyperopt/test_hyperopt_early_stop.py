from __future__ import annotations

from typing import Any

import pytest

import rung.integrations.hyperopt
from rung.integrations.hyperopt import Trials, early_stop


@pytest.mark.parametrize(
    ("losses", "settings", "n"),
    [
        ([5, 4, 3, 3, 3, 3, 3], (3,), 6),
        ([5, 4, 3, 2, 1, 0, -1], (3,), 7),
        ([100, 99.5, 99, 98.5, 98, 97], (3, 5.0), 3),
        ([100, 90, 80, 79, 78, 77], (3, 5.0), 6),
    ],
)
def test_it_ends_as_hyperopts_does(losses, settings, n):
    hyperopt = pytest.importorskip("hyperopt")
    theirs_stop = pytest.importorskip("hyperopt.early_stop")
    ours, theirs = Trials(), hyperopt.Trials()
    run(rung.integrations.hyperopt, ours, early_stop.no_progress_loss(*settings), losses)
    run(hyperopt, theirs, theirs_stop.no_progress_loss(*settings), losses)
    assert len(ours) == len(theirs) == n


def run(library: Any, trials: Any, ends: Any, losses: list[float]) -> None:
    coming = iter(losses)
    library.fmin(
        lambda _: next(coming), library.hp.uniform("x", 0, 1), algo=library.rand.suggest, max_evals=len(losses),
        trials=trials, early_stop_fn=ends, show_progressbar=False,
    )  # fmt: skip
