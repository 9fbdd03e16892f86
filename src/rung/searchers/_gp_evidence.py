"""From a study's trials to what a Gaussian process is told about them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from rung.searchers._cuts import compared_at
from rung.searchers._surrogate import Evidence
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.history import History
    from rung.searchers._curves import Curves

_MOST_BELIEVED: Final = 100  # of the trials that count as their mean, the latest: each costs as much as a known one


class Known(NamedTuple):
    """What is known in the hull.

    evidence: None while no trial has a result. n_begun: trials that could bring some; none as long as most trials are
    cut short and nobody knows what their losses say. partial: names of dimensions that are always active, and that some
    trials lack.
    """

    evidence: Evidence | None
    n_begun: int
    partial: frozenset[str]


def known_of(history: History, curves: Curves, known: Collection[int]) -> Known:
    """known: the trials that have reported or failed, in the order in which they did.

    Left out are trials with a value that the hull has not, such as one of another scale. A trial that lacks a dimension
    still tells about the others, and so does one with a dimension that is gone.

    Where most trials are cut short, those that completed or got as far as ``compared_at`` says count by the lowest loss
    that they had there. To have been cut before is no result: such a trial counts as if its mean had been observed, so
    that others go elsewhere.
    """
    usable = usable_trials(history)
    told = [trial for trial in known if trial in usable]
    pending = [trial for trial in history.running if trial not in known and trial in usable]
    reported = [trial for trial in told if history.states[trial] is not TrialState.FAILED]
    partial = partial_dimensions(history, [*told, *pending])
    if not reported:
        return Known(None, len(usable), partial)
    step = _compared_at(history, reported)
    outcomes = _outcomes(history, curves, reported, step)
    if len(outcomes) < len(reported):
        told = [trial for trial in told if trial in outcomes or history.states[trial] is TrialState.FAILED]
        pending = [*[trial for trial in reported if trial not in outcomes][-_MOST_BELIEVED:], *pending]
    return Known(_evidence(history, told, pending, outcomes), 0 if step is None else len(usable), partial)


def _compared_at(history: History, reported: Sequence[int]) -> int | None:
    states = [history.states[trial] for trial in reported]
    is_cut = np.array([state in {TrialState.STOPPED, TrialState.PAUSED} for state in states])
    is_whole = np.array([state is TrialState.COMPLETED for state in states])
    return compared_at(history.steps[reported], is_cut, is_whole)


def _outcomes(history: History, curves: Curves, reported: Sequence[int], step: int | None) -> Mapping[int, float]:
    """What those trials amount to that are compared."""
    if not step:
        return dict(zip(reported, curves.outcomes(reported), strict=True))
    steps, states = history.steps, history.states
    return {
        trial: curves.lowest_by(trial, step)
        for trial in reported
        if steps[trial] >= step or states[trial] is TrialState.COMPLETED
    }


def _evidence(history: History, told: Sequence[int], pending: Sequence[int], outcomes: Mapping[int, float]) -> Evidence:
    encoded, waiting = history.X[told], history.X[pending]
    return Evidence(
        np.nan_to_num(encoded, nan=0.5),
        ~np.isnan(encoded),
        np.array([outcomes.get(trial, math.nan) for trial in told]),
        np.nan_to_num(waiting, nan=0.5),
        ~np.isnan(waiting),
    )


def usable_trials(history: History) -> Collection[int]:
    """The trials whose values the hull has all; a dimension may be missing."""
    is_inside, trials = history.is_inside, range(len(history))
    if is_inside.all():
        return trials
    absent, names = np.isnan(history.X).tolist(), history.hull.names
    return {
        trial
        for trial in trials
        if is_inside[trial] or not any(name in history.configs[trial] for name in compress(names, absent[trial]))
    }


def partial_dimensions(history: History, trials: Sequence[int]) -> frozenset[str]:
    """The names of dimensions that are always active, and that some of these trials lack."""
    hull = history.hull
    is_absent = np.isnan(history.X[trials])
    return frozenset(
        name
        for name, absent in zip(hull.names, is_absent.T, strict=True)
        if absent.any() and name not in hull.conditions
    )
