"""From a study's log to functions that fit it, and to the shares that its hyperparameters have in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize
from scipy.special import ndtr

from rung.analysis._draws import Draws
from rung.analysis._shapley import random_walks, variance_shares
from rung.events import Ended, Observed
from rung.history import History
from rung.searchers._curves import Curves
from rung.searchers._embedding import Embedding
from rung.searchers._gp_belief import Belief, belief_given, factorised, scaled
from rung.searchers._gp_evidence import known_of
from rung.searchers._gp_fit import negative_log_posterior, prior
from rung.searchers._region import Region
from rung.searchers._targets import targets
from rung.types import TrialState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.events import SearchEvent
    from rung.searchers._gp_evidence import Known
    from rung.space import Space

    Floats: TypeAlias = NDArray[np.float64]

N_DRAWS: Final = 64
MOST_FITTED: Final = 300  # trials: beyond that the fit takes seconds, and more of them change little
_ITERATIONS: Final = 40
_EDGE: Final = 0.25  # standard deviations over the space: a sharp edge would be drawn by next to nothing among equals
_MUCH_NOISE: Final = 0.3  # of the targets' variance
_POINTS: Final = 2**14  # at which the drawn functions are asked, as long as that makes enough walks
_ENOUGH, _MOST = 2**9, 2**12  # walks: the share in one drawn function is off by 0.05 or so with 512
_NUMBERS: Final = 2**24  # coordinates of all points together, 128 MiB


class Outcomes(NamedTuple):
    """What became of the trials that count. n_failed: of those with an outcome, ``n_trials``."""

    history: History
    known: Known
    n_trials: int
    n_failed: int

    @property
    def is_flat(self) -> bool:
        """Whether all came to the same."""
        evidence = self.known.evidence
        return evidence is None or len(np.unique(evidence.losses)) < 2


def outcomes(told: Iterable[SearchEvent], trials: Collection[int], began: Space) -> Outcomes:
    """What is known after these events. trials: those that count. began: the space at the beginning."""
    history, curves = History(began), Curves()
    known: dict[int, None] = {}
    for event in told:
        history.update(event)
        if isinstance(event, Observed):
            assert event.loss is not None, "reports without a loss don't reach a searcher"
            curves.add(event.trial, event.step, event.loss)
            known.setdefault(event.trial)
        elif isinstance(event, Ended) and event.state is TrialState.FAILED:
            known.setdefault(event.trial)
    counted = [trial for trial in known if trial in trials]
    n_failed = sum(history.states[trial] is TrialState.FAILED for trial in counted)
    found = known_of(history, curves, counted)
    if found.evidence is not None:
        losses = found.evidence.losses
        return Outcomes(history, found, len(losses), int(np.isnan(losses).sum()))
    return Outcomes(history, found, n_failed, n_failed)


class Influences(NamedTuple):
    """What s functions say that the trials let seem possible.

    shares: (d, s) of each dimension; 0 for one with a single value. predicted: how much of the variance of the trials'
    outcomes the model predicts for those that it is not shown, in [0, 1].
    """

    shares: Floats
    predicted: float


def influences(found: Outcomes, top: float, rng: np.random.Generator) -> Influences:
    """The share of each dimension in how near a configuration comes to the best ``top`` part of the space.

    One trial at least has a loss. A function without any difference is left out.
    """
    space, hull = found.history.space, found.history.hull
    moving = [j for j, domain in enumerate(space.values()) if domain.size > 1]
    embedding = Embedding(hull, found.known.partial)
    belief, y = _belief(found.known, embedding)
    counts = rng.multinomial(len(y), np.full(len(y), 1.0 / len(y)), size=N_DRAWS).T
    draws = Draws(belief, y, counts, rng)  # each from a resample of the trials: as others might have come
    walks = random_walks(len(moving), _n_walks(len(moving)), rng)
    points = np.full((*walks.points.shape[:2], len(space)), 0.5)
    points[:, :, moving] = walks.points
    points = embedding.snapped(Region(hull, space).outward(points.reshape(-1, len(space))))
    values = draws.at(embedding.embedded(points, embedding.is_active(points)))
    nearness = _nearness(values, top, belief.noise)
    shares = np.zeros((len(space), nearness.shape[1]))
    shares[moving] = variance_shares(nearness.reshape(*walks.points.shape[:2], -1), walks.turns)
    return Influences(shares[:, ~np.isnan(shares).any(axis=0)], _predicted(belief, y))


def _nearness(values: Floats, top: float, noise: float) -> Floats:
    """From 1 for the best to 0 for most, ½ where the best ``top`` part ends; of functions (m, s).

    noise: variance of a trial's outcome. What differs by less than its standard deviation is much alike.
    """
    edges = np.sqrt((_EDGE * values.std(axis=0)) ** 2 + noise)
    ends = np.quantile(values, top, axis=0)
    nearness: Floats = ndtr((ends - values) / np.where(edges > 0.0, edges, 1.0))
    return nearness


def _predicted(belief: Belief, y: Floats) -> float:
    """One minus the mean squared error for each trial given all others, over the variance of the targets.

    Source: Rasmussen & Williams 2006, eq. 5.12.
    """
    inverse = lapack.dpotri(belief.factor.lower, lower=1)[0]
    errors = belief.weights / np.diag(inverse)
    return max(1.0 - float(np.mean(errors**2) / np.var(y)), 0.0)


def _belief(known: Known, embedding: Embedding) -> tuple[Belief, Floats]:
    """The process with the hyperparameters of highest posterior density, and its targets.

    The density of the noise is that of its logarithm. That of the noise itself is highest at none, which is good for
    searching, but takes noise for structure.
    """
    evidence = known.evidence
    assert evidence is not None, "there is something to fit to"
    rows = _used(evidence.losses)
    x = embedding.embedded(evidence.points[rows], evidence.is_active[rows])
    y = targets(evidence.losses[rows])[1]
    columns = embedding.columns._replace(warped=embedding.columns.warped[:0])
    given = prior(columns)
    given = given._replace(has_jacobian=np.where(given.is_noise, 0.0, given.has_jacobian))
    fits = [
        minimize(
            negative_log_posterior,
            start,
            args=(x, y, columns, given),
            method="L-BFGS-B",
            jac=True,
            bounds=np.column_stack([given.low, given.high]),
            options={"maxiter": _ITERATIONS, "gtol": 1e-2, "ftol": 1e-5},
        )
        for start in (given.start, np.where(given.is_noise, np.log(_MUCH_NOISE), given.start))
    ]
    theta = min(fits, key=lambda fit: float(fit.fun)).x
    return belief_given(theta, columns, factorised(scaled(x, theta, columns), theta, columns), y), y


def _used(losses: Floats) -> NDArray[np.intp]:
    """The trials of many that are used: the best third, and others evenly in time."""
    if len(losses) <= MOST_FITTED:
        return np.arange(len(losses))
    order = np.argsort(losses, kind="stable")  # failures last
    best, rest = order[: MOST_FITTED // 3], np.sort(order[MOST_FITTED // 3 :])
    evenly = np.linspace(0, len(rest) - 1, MOST_FITTED - len(best)).astype(np.intp)
    return np.sort(np.concatenate([best, rest[evenly]]))


def _n_walks(d: int) -> int:
    """How many, a power of two."""
    wanted = min(max(_POINTS // (d + 1), _ENOUGH), _MOST, max(_NUMBERS // (d * (d + 1)), 2))
    return 1 << (wanted.bit_length() - 1)
