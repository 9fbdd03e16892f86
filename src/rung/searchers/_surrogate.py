"""From what is known of a study's trials to a Gaussian process: when to fit, on which trials, and where to look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, final

import numpy as np

from rung.searchers._ascent import Box
from rung.searchers._gp_belief import Belief, Factor, appended, belief_given, factorised, scaled, surprises
from rung.searchers._gp_fit import fit, prior
from rung.searchers._targets import Scale, targets
from rung.searchers._trust import trust_box, trust_length

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.searchers._embedding import Embedding
    from rung.searchers._region import Region

    Floats: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]
    Rows: TypeAlias = NDArray[np.intp]

_EACH_TIME: Final = 20  # up to so many trials each new one brings a new fit; later a tenth more of them does
_GROWTH: Final = 1.1
_SURPRISE: Final = 3.0  # deviations by which a new target may miss what was believed, before a new fit
_ITERATIONS: Final = 30
_FITTED_ALL: Final = 300  # trials up to which the hyperparameters are fitted to all of them
MOST_FITTED: Final = 250  # and beyond that to so many
MOST_EXACT: Final = 1_000  # trials up to which the process knows all of them
_NEAREST: Final = 400
_OTHERS: Final = 100
_CLEAN: Final = 1e-3  # noise variance below which the lowest target is the one to beat, and not the lowest mean
_TOP: Final = 5


class Fit(NamedTuple):
    """Hyperparameters, and how many trials there were when they were found."""

    n_trials: int
    theta: tuple[float, ...]


class Evidence(NamedTuple):
    """What is known. points: (n, d) in the unit cube, in the order in which they became known; is_active alike.

    losses: (n,), NaN where a trial failed; at least one is known. pending, pending_is_active: (p, d), of those that
    nothing is known about yet.
    """

    points: Floats
    is_active: Flags
    losses: Floats
    pending: Floats
    pending_is_active: Flags

    def without_pending(self) -> Evidence:
        """The same while nothing is pending."""
        return self._replace(pending=self.pending[:0], pending_is_active=self.pending_is_active[:0])


class Model(NamedTuple):
    """The outcome, for a search in a region.

    best: the target to beat there. scales: (d,) distances over which the targets change, in the unit cube, and no
    longer than the region. top: (k, d) the best points, best first, those in the region before others.
    """

    fit: Fit
    belief: Belief
    scale: Scale
    best: float
    scales: Floats
    top: Floats
    box: Box


@final
class Surrogate:
    """Makes models. What it keeps from one to the next is work that need not be done again, nothing that matters."""

    def __init__(self, embedding: Embedding, region: Region, *, warps: bool) -> None:
        self._embedding = embedding
        self._region = region
        columns = embedding.columns
        self._columns = columns if warps else columns._replace(warped=columns.warped[:0])
        self._kept: tuple[tuple[float, ...], Floats, Factor] | None = None
        self._last: tuple[Floats, Floats, Fit | None, tuple[float, ...]] | None = None

    def model(self, evidence: Evidence, noted: Fit | None) -> Model:
        """What to believe after the evidence. noted: the last fit that is on record.

        It depends on these two alone: bit by bit the same however many models were made before.
        """
        columns, embedding = self._columns, self._embedding
        x = embedding.embedded(evidence.points, evidence.is_active)
        scale, y = targets(evidence.losses)
        is_inside = self._region.contains(_placed(evidence.points, evidence.is_active))
        rows = np.arange(len(y)) if len(y) <= MOST_EXACT else local_rows(x, y, is_inside)
        x, y, points, is_inside = x[rows], y[rows], evidence.points[rows], is_inside[rows]
        current, factor = self._fitted(x, y, len(evidence.losses), noted)
        theta = np.array(current.theta)
        pending = embedding.embedded(evidence.pending, evidence.pending_is_active)
        for row in scaled(pending, theta, columns):
            factor = appended(factor, row, theta, columns)
        belief = belief_given(theta, columns, factor, y)
        mean = belief.means(y)
        top = points[np.lexsort((mean, ~is_inside))[:_TOP]]
        scales = embedding.per_dimension(np.minimum(np.exp(theta[: columns.n_lengths]), 1.0))
        scales = np.minimum(scales, self._region.spans)
        is_reached = is_inside & ~np.isnan(evidence.losses[rows])
        best = self._to_beat(belief, y if belief.noise < _CLEAN else mean, is_reached, evidence)
        return Model(current, belief, scale, best, scales, top, self._box(evidence, top[0], scales))

    def _fitted(self, x: Floats, y: Floats, n: int, noted: Fit | None) -> tuple[Fit, Factor]:
        """The fit that is due or still holds, and the factor of all inputs."""
        is_usable = noted and noted.n_trials <= n and len(noted.theta) == self._columns.n_hyperparameters
        known = noted if is_usable else None
        if known is not None and (n <= known.n_trials or (n > _EACH_TIME and n < _GROWTH * known.n_trials)):
            factor = self._factor(x, known)
            new = surprises(factor, y)[known.n_trials :] if len(y) == n else y[:0]
            if not (np.abs(new) > _SURPRISE).any():
                return known, factor
        found = Fit(n, self._found(x, y, known))
        return found, self._factor(x, found)

    def _found(self, x: Floats, y: Floats, known: Fit | None) -> tuple[float, ...]:
        """The theta of a new fit, from the prior's start and from the fit before it: either may lead to the better."""
        if self._last is not None:
            last_x, last_y, last_known, theta = self._last
            if last_known == known and np.array_equal(last_x, x) and np.array_equal(last_y, y):
                return theta
        rows = fitting_rows(y)
        starts = [prior(self._columns).start] + ([np.array(known.theta)] if known else [])
        theta = tuple(fit(x[rows], y[rows], self._columns, starts=starts, iterations=_ITERATIONS).tolist())
        self._last = (x, y, known, theta)
        return theta

    def _factor(self, x: Floats, known: Fit) -> Factor:
        """The factor of all inputs: at once for those of the fit, then one by one.

        In this order whatever is kept, so that the last bit doesn't depend on it.
        """
        theta = np.array(known.theta)
        if self._kept is not None and self._kept[0] == known.theta and _begins_with(x, self._kept[1]):
            factor = self._kept[2]
        else:
            factor = factorised(scaled(x[: known.n_trials], theta, self._columns), theta, self._columns)
        for row in scaled(x[len(factor.z) :], theta, self._columns):
            factor = appended(factor, row, theta, self._columns)
        self._kept = (known.theta, x, factor)
        return factor

    def _to_beat(self, belief: Belief, known: Floats, is_reached: Flags, evidence: Evidence) -> float:
        """The lowest target in the region, what is pending included; if none is known there, the lowest expected one.

        One outside is not to be beaten: where all that can be reached lies above it, only uncertainty would count.
        """
        region, embedding = self._region, self._embedding
        pending, is_active = evidence.pending, evidence.pending_is_active
        pending_inside = region.contains(_placed(pending, is_active))
        waiting = embedding.embedded(pending, is_active)[pending_inside]
        if not is_reached.any():
            moved = np.clip(evidence.points, region.low, region.high)
            moved = region.kept(moved, np.full(moved.shape, 0.5))
            waiting = np.vstack([waiting, embedding.embedded(moved, embedding.is_active(moved))])
        lowest = float(known[is_reached].min(initial=np.inf))
        return min(lowest, float(belief.predict(waiting)[0].min(initial=lowest)))

    def _box(self, evidence: Evidence, best: Floats, scales: Floats) -> Box:
        low, high = self._region.low, self._region.high
        if len(evidence.losses) <= MOST_EXACT:
            return Box(low, high)
        before = float(np.nanmin(evidence.losses[:MOST_EXACT], initial=np.inf))
        length = trust_length(evidence.losses[MOST_EXACT:].tolist(), before, len(scales))
        box = trust_box(np.clip(best, low, high), length, scales)
        return Box(np.maximum(box.low, low), np.minimum(box.high, high))


def fitting_rows(y: Floats) -> Rows:
    """The inputs that hyperparameters are fitted to: all, or of many the best third and others evenly in time."""
    n = len(y)
    if n <= _FITTED_ALL:
        return np.arange(n)
    order = np.argsort(y, kind="stable")
    best, rest = order[: MOST_FITTED // 3], np.sort(order[MOST_FITTED // 3 :])
    return np.sort(np.concatenate([best, _evenly(rest, MOST_FITTED - len(best))]))


def local_rows(x: Floats, y: Floats, is_inside: Flags) -> Rows:
    """The inputs (n, c) that a local model knows: those nearest to the best one inside, and others evenly in time."""
    best = np.lexsort((y, ~is_inside))[0]
    gaps = ((x - x[best]) ** 2).sum(axis=1)
    order = np.argsort(gaps, kind="stable")
    return np.sort(np.concatenate([order[:_NEAREST], _evenly(np.sort(order[_NEAREST:]), _OTHERS)]))


def _placed(points: Floats, is_active: Flags) -> Floats:
    """The points with NaN where a dimension is inactive."""
    return np.where(is_active, points, np.nan)


def _evenly(rows: Rows, count: int) -> Rows:
    return rows[np.linspace(0, len(rows) - 1, count).astype(np.intp)]


def _begins_with(x: Floats, start: Floats) -> bool:
    return len(start) <= len(x) and np.array_equal(x[: len(start)], start)
