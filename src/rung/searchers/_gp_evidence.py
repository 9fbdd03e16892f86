"""From a study's trials to what a Gaussian process is told about them."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rung.searchers._surrogate import Evidence
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.history import History
    from rung.searchers._curves import Curves


class Known(NamedTuple):
    """What is known in the hull. evidence: None while no trial has a result. n_begun: trials that could bring some.

    partial: names of dimensions that are always active, and that some trials lack.
    """

    evidence: Evidence | None
    n_begun: int
    partial: frozenset[str]


def known_of(history: History, curves: Curves, known: Collection[int]) -> Known:
    """known: the trials that have reported or failed, in the order in which they did.

    Left out are trials with a value that the hull has not, such as one of another scale. A trial that lacks a dimension
    still tells about the others, and so does one with a dimension that is gone.
    """
    usable = _usable(history)
    told = [trial for trial in known if trial in usable]
    pending = [trial for trial in history.running if trial not in known and trial in usable]
    reported = [trial for trial in told if history.states[trial] is not TrialState.FAILED]
    partial = _partial(history, [*told, *pending])
    if not reported:
        return Known(None, len(usable), partial)
    outcomes = dict(zip(reported, curves.outcomes(reported), strict=True))
    losses = np.array([outcomes.get(trial, math.nan) for trial in told])
    encoded, waiting = history.X[told], history.X[pending]
    evidence = Evidence(
        np.nan_to_num(encoded, nan=0.5),
        ~np.isnan(encoded),
        losses,
        np.nan_to_num(waiting, nan=0.5),
        ~np.isnan(waiting),
    )
    return Known(evidence, len(usable), partial)


def _usable(history: History) -> Collection[int]:
    is_inside, trials = history.is_inside, range(len(history))
    if is_inside.all():
        return trials
    absent, names = np.isnan(history.X).tolist(), history.hull.names
    return {
        trial
        for trial in trials
        if is_inside[trial] or not any(name in history.configs[trial] for name in compress(names, absent[trial]))
    }


def _partial(history: History, trials: Sequence[int]) -> frozenset[str]:
    hull = history.hull
    is_absent = np.isnan(history.X[trials])
    return frozenset(
        name
        for name, absent in zip(hull.names, is_absent.T, strict=True)
        if absent.any() and name not in hull.conditions
    )
