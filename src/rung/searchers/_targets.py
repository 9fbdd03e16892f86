"""Losses made fit for a Gaussian process: capped, warped until they look normal, and standardised."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

from rung.searchers._warping import inverse_yeo_johnson, log_slope_of_yeo_johnson, yeo_johnson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

# Powers below 1 bring bad losses together and good ones apart. Those above 1 do the opposite, and made searching worse.
_POWERS: Final = tuple(round(-2.0 + 0.1 * k, 1) for k in range(31))
_FAR: Final = 100.0  # times the distance from the best to the median


class Scale(NamedTuple):
    """The map from losses to targets: (warped((min(loss, cap) / unit - middle) / spread) - mean) / std."""

    cap: float
    unit: float
    middle: float
    spread: float
    power: float
    mean: float
    std: float

    def target(self, losses: Floats) -> Floats:
        """The targets of losses (n,)."""
        plain = (np.minimum(losses, self.cap) / self.unit - self.middle) / self.spread
        return (yeo_johnson(plain, self.power) - self.mean) / self.std

    def loss(self, targets: Floats) -> Floats:
        """The losses of targets (n,); infinite for targets beyond the range of the warp."""
        plain = inverse_yeo_johnson(targets * self.std + self.mean, self.power)
        return (plain * self.spread + self.middle) * self.unit


def scale_of(losses: Floats) -> Scale:
    """The map under which these finite losses (n,) have mean 0, deviation 1, and the shape nearest to a normal.

    The power of the warp is that of the highest likelihood on a grid (Yeo & Johnson 2000, section 4); it is 1, no warp,
    for less than three losses. Losses that are all equal map to 0.
    """
    cap = _cap(losses)
    capped = np.minimum(losses, cap)
    unit = max(float(np.abs(capped).max()), 1e-300)
    plain = capped / unit
    middle, spread = _moments(plain)
    plain = (plain - middle) / spread
    power = max(_POWERS, key=lambda each: _log_likelihood(plain, each)) if len(losses) > 2 else 1.0
    mean, std = _moments(yeo_johnson(plain, power))
    return Scale(cap, unit, middle, spread, power, mean, std)


def targets(losses: Floats) -> tuple[Scale, Floats]:
    """The map for these losses (n,), of which some are known (not NaN), and the targets.

    Where a loss is not known because the trial has failed, the target lies above all others: by half of what the
    highest lies above their median, and by half a deviation at least.
    """
    is_known = ~np.isnan(losses)
    scale = scale_of(losses[is_known])
    y = np.empty_like(losses)
    known = scale.target(losses[is_known])
    worst = float(known.max())
    y[is_known] = known
    y[~is_known] = worst + 0.5 * max(worst - float(np.median(known)), 1.0)
    return scale, y


def _cap(losses: Floats) -> float:
    """Where losses count no more, lest a single one that diverged make all others look alike.

    A hundred times as far above the best as the median is, or where that is the best itself, the upper quartile.
    """
    ranked = np.sort(losses).tolist()
    best, median, quartile = ranked[0], ranked[len(ranked) // 2], ranked[3 * len(ranked) // 4]
    far = _FAR * ((median - best) or (quartile - best))
    return best + far if far > 0.0 else math.inf


def _moments(values: Floats) -> tuple[float, float]:
    mean, std = float(values.mean()), float(values.std())
    is_flat = std <= 1e-14 * max(abs(mean), 1e-300)  # nothing but rounding
    return mean, 1.0 if is_flat else std


def _log_likelihood(plain: Floats, power: float) -> float:
    std = _moments(yeo_johnson(plain, power))[1]
    return float(log_slope_of_yeo_johnson(plain, power).sum()) - len(plain) * math.log(std)
