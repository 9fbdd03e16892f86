from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_info

from rung.searchers._one_thread import in_one_thread

_SUGGEST = """
import numpy as np
from rung.events import Ended, Observed, Started
from rung.searchers.gp import GPSearcher
from rung.space import Float, Space
from rung.types import TrialState

space = Space({name: Float(0.0, 1.0) for name in "abcdef"})
searcher, rng = GPSearcher(space), np.random.default_rng(0)
for trial in range(150):
    config = space.sample(rng)
    searcher.update(Started(at=0.0, trial=trial, attempt=1, config=config))
    loss = sum((value - 0.3) ** 2 for value in config.values())
    searcher.update(Observed(at=0.0, trial=trial, attempt=1, step=1, metrics={}, loss=loss))
    searcher.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.COMPLETED))
print(searcher.suggest(rng).config)
"""


def threads() -> list[int]:
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


def test_there_is_one_thread_inside_and_as_many_as_before_outside() -> None:
    scipy.linalg.eigh(np.eye(2))
    before = threads()
    assert in_one_thread(threads)() == [1] * len(before)
    assert before == threads()


def test_arguments_results_and_errors_pass_through() -> None:
    assert in_one_thread(divmod)(7, 2) == (3, 1)
    assert in_one_thread(sorted)([2, 1], reverse=True) == [2, 1]
    before = threads()
    try:
        in_one_thread(divmod)(1, 0)
    except ZeroDivisionError:
        pass
    else:
        raise AssertionError("the error is lost")
    assert before == threads()


def test_a_suggestion_is_the_same_however_many_threads_there_are() -> None:
    """To the last bit: else a log that was written on another machine would not be derived again."""
    said = {
        subprocess.run(
            [sys.executable, "-c", _SUGGEST],
            env={**os.environ, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for count in ("1", "2")
    }
    assert len(said) == 1
