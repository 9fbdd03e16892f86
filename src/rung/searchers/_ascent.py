"""Climbs from many points at once, each with its own quasi-Newton matrix, inside a box."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]
    Climbable: TypeAlias = Callable[[Floats], tuple[Floats, Floats]]

_ENOUGH: Final = 1e-4  # Armijo's share of the rise that the slope promises
_FIRST: Final = 0.3  # the first step, in units of the scales, as long as nothing is known about the curvature
_SHORTEST: Final = 1e-3  # share of a quasi-Newton step below which the matrix is taken to be wrong
_FLAT: Final = 1e-4  # share of the steepest slope at the start that is not worth a step


class Box(NamedTuple):
    """Bounds of points: (d,) each."""

    low: Floats
    high: Floats


def climb(
    function: Climbable, starts: Floats, *, box: Box, scales: Floats, is_free: Flags, iterations: int
) -> tuple[Floats, Floats]:
    """The points (s, d) that are reached from the starts, and the values there (s,), never below those of the starts.

    function: of points (s, d), its values (s,) and slopes (s, d). scales: (d,) the longest step in each coordinate.
    is_free: (s, d) what may move.

    Projected BFGS. Each call of the function is one trial step of every point, which takes it (Armijo) or halves it, so
    that no point waits for another's line search and none spoils another's matrix.
    Source: Nocedal & Wright 2006, chapter 6; the decoupling as in Optuna's GPSampler (arXiv 2511.13625).
    """
    climbers = _Climbers(starts, *function(starts), scales=scales, is_free=is_free)
    for _ in range(iterations):
        direction = climbers.direction(box)
        if direction is None:
            break
        tried = np.clip(climbers.points + direction, box.low, box.high)
        climbers.judge(tried, *function(tried))
    return climbers.points, climbers.values


@final
class _Climbers:
    """Where each point stands; the inverse is that of the negative Hessian, and fresh where it is a mere guess."""

    def __init__(self, points: Floats, values: Floats, slopes: Floats, *, scales: Floats, is_free: Flags) -> None:
        s, d = points.shape
        self.points, self.values, self.slopes = points, values, slopes * is_free
        self._scales, self._is_free = scales, is_free
        self._inverse = np.broadcast_to(np.diag(scales**2), (s, d, d)).copy()
        self._is_fresh = np.ones(s, dtype=np.bool_)
        self._shares = np.ones(s)
        self._flat = _FLAT * float(np.abs(self.slopes * scales).max(initial=0.0))

    def direction(self, box: Box) -> Floats | None:
        """The next step of each point, (s, d); None when nobody has anywhere to go."""
        slopes = self.slopes
        is_blocked = ((self.points <= box.low) & (slopes < 0.0)) | ((self.points >= box.high) & (slopes > 0.0))
        inward = np.where(is_blocked, 0.0, slopes)
        if not (np.abs(inward) * self._scales > self._flat).any():
            return None
        steps = np.where(is_blocked, 0.0, np.matmul(self._inverse, inward[:, :, None])[:, :, 0])
        is_uphill = (steps * inward).sum(axis=1) > 0.0
        steps = np.where(is_uphill[:, None], steps, inward * self._scales**2)
        lengths = np.abs(steps / self._scales).max(axis=1)
        longest = np.where(self._is_fresh, np.minimum(lengths, _FIRST), np.minimum(lengths, 1.0))
        shares = self._shares * longest / np.maximum(lengths, 1e-300)
        directed: Floats = steps * shares[:, None]
        return directed

    def judge(self, tried: Floats, values: Floats, slopes: Floats) -> None:
        """Take the steps that rise enough, and learn the curvature from them; halve the others."""
        slopes = slopes * self._is_free
        moved = tried - self.points
        promised = (moved * self.slopes).sum(axis=1)
        is_taken = (values >= self.values + _ENOUGH * promised) & (promised > 0.0)
        rows = np.flatnonzero(is_taken)
        self._inverse[rows] = _updated(self._inverse[rows], moved[rows], (self.slopes - slopes)[rows])
        self.points = np.where(is_taken[:, None], tried, self.points)
        self.values = np.where(is_taken, values, self.values)
        self.slopes = np.where(is_taken[:, None], slopes, self.slopes)
        self._is_fresh &= ~is_taken
        self._shares = np.where(is_taken, 1.0, 0.5 * self._shares)
        is_wrong = ~self._is_fresh & (self._shares < _SHORTEST)
        if is_wrong.any():
            self._inverse[is_wrong] = np.diag(self._scales**2)
            self._shares[is_wrong] = 1.0
            self._is_fresh |= is_wrong


def _updated(inverse: Floats, moved: Floats, change: Floats) -> Floats:
    """The matrices (s, d, d) after these moves and falls of the slope, (s, d); as before where curvature is upward.

    Source: Nocedal & Wright 2006, eq. 6.17.
    """
    product = (moved * change).sum(axis=1)
    is_sound = product > 1e-10 * np.sqrt((moved * moved).sum(axis=1) * (change * change).sum(axis=1))
    safe = np.where(is_sound, product, 1.0)
    reached = np.matmul(inverse, change[:, :, None])[:, :, 0]
    stretch = (1.0 + (change * reached).sum(axis=1) / safe) / safe
    cross = moved[:, :, None] * reached[:, None, :]
    squares = moved[:, :, None] * moved[:, None, :]
    updated = inverse + stretch[:, None, None] * squares - (cross + cross.transpose(0, 2, 1)) / safe[:, None, None]
    return np.where(is_sound[:, None, None], updated, inverse)
