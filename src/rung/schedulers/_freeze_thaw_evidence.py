"""From a study's trials to what the process over configurations and training is told about them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

from rung.searchers._gp_evidence import partial_dimensions, usable_trials
from rung.types import TrialState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rung.history import History
    from rung.schedulers._freeze_thaw_record import TrainingRecord

    Floats: TypeAlias = NDArray[np.float64]
    Places: TypeAlias = NDArray[np.intp]

MOST_READINGS: Final = 500  # that a model knows; it costs their cube


class Evidence(NamedTuple):
    """What is known, by trial.

    trials: (m,) their numbers: first those with readings in the order of their numbers, then those about which nothing
    is known yet. points: (m, d) in the unit cube of the hull, NaN where a dimension is inactive. owners, times, losses:
    (n,) of readings in the order of their trials: whose it is, by its place in ``trials``; ln step; NaN where a trial
    has failed. pending_owners, pending_times: (p,) of what is to come from trials that run. partial: names of
    dimensions that are always active, and that some trials lack. n_begun: trials that could bring readings.
    n_readings: of all trials, also where there are too many.
    """

    trials: Places
    points: Floats
    owners: Places
    times: Floats
    losses: Floats
    pending_owners: Places
    pending_times: Floats
    partial: frozenset[str]
    n_begun: int
    n_readings: int

    @property
    def has_losses(self) -> bool:
        """Whether any trial has shown something, and not just failed."""
        return not bool(np.isnan(self.losses).all())


def evidence_of(history: History, record: TrainingRecord) -> Evidence:
    """What is known in the hull.

    Left out are trials with a value that the hull has not, such as one of another scale. A trial that failed counts as
    if it had come to a bad end.
    """
    usable = usable_trials(history)
    known = {trial: _seen(history, record, trial) for trial in usable}
    known = {trial: readings for trial, readings in known.items() if readings}
    n_readings = sum(map(len, known.values()))
    if n_readings > MOST_READINGS:
        known = _most_telling(known)
    told = sorted(known)
    running = [trial for trial in history.running if trial in usable]
    trials = [*told, *(trial for trial in running if trial not in known)]
    places = {trial: place for place, trial in enumerate(trials)}
    columns = [(places[trial], *reading) for trial in told for reading in known[trial]]
    owners, times, losses = np.array(columns, dtype=np.float64).reshape(-1, 3).T
    return Evidence(
        np.array(trials, dtype=np.intp),
        history.X[trials],
        owners.astype(np.intp),
        times,
        losses,
        np.array([places[trial] for trial in running], dtype=np.intp),
        np.array([math.log(record.heading(trial)) for trial in running], dtype=np.float64),
        partial_dimensions(history, trials),
        len(usable),
        n_readings,
    )


_Seen: TypeAlias = "list[tuple[float, float]]"  # ln step, loss


def _seen(history: History, record: TrainingRecord, trial: int) -> _Seen:
    last = record.levels[-1]
    seen = [(math.log(min(step, last)), loss) for step, loss in record.readings.get(trial, ())]
    if history.states[trial] is TrialState.FAILED:
        seen.append((math.log(last), math.nan))
    return seen


def _most_telling(known: dict[int, _Seen]) -> dict[int, _Seen]:
    """The last readings, which tell most about the end of a training; of the best half, and of others evenly in time.

    As long as there is room, those before them as well, of the newest trials first.
    """
    trials = list(known)
    if len(trials) > MOST_READINGS:
        trials = _chosen(trials, known)
    kept = {trial: known[trial][-1:] for trial in trials}
    room = MOST_READINGS - len(kept)
    for trial in reversed(trials):
        more = known[trial][:-1][-room:] if room else []
        kept[trial] = more + kept[trial]
        room -= len(more)
    return kept


def _chosen(trials: Sequence[int], known: dict[int, _Seen]) -> list[int]:
    def loss(trial: int) -> float:
        last = known[trial][-1][1]
        return math.inf if math.isnan(last) else last

    ranked = sorted(trials, key=loss)
    half = MOST_READINGS // 2
    rest = sorted(ranked[half:])
    others = [rest[place] for place in np.linspace(0, len(rest) - 1, MOST_READINGS - half).astype(int)]
    return sorted({*ranked[:half], *others})
