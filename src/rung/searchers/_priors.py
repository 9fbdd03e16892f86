"""What a person believes about the place of the optimum, and how an acquisition heeds it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, final

import numpy as np

from rung.searchers._parzen import draw_from_normals
from rung.space.categories import Choice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.searchers._region import Region
    from rung.space import Space

    Floats: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]

_DOUBT: Final = 0.1  # the weight far away from what is believed, which bounds what a wrong belief costs
_FAITH: Final = 10.0  # beta: Hvarfner et al. 2022, section 4.1


class _Label(NamedTuple):
    """The value of a choice that is believed to be the best: the one at ``place`` of ``size``, with a weight."""

    column: int
    place: int
    size: int
    weight: float


@final
class Opinion:
    """The priors of a space: weights of points (m, d) of its unit cube, 1 where the best one is believed to be.

    0.9 times a product, plus 0.1; the product is of a normal for each number, divided by its peak, and of 1 / weight
    for each choice that is not the believed one. A dimension that is inactive is not in the product. False when there
    is no prior, or only of dimensions with one value.
    """

    def __init__(self, space: Space) -> None:
        self._centre = np.full(len(space), math.nan)
        self._labels: list[_Label] = []
        columns, widths = [], []
        for column, (name, domain) in enumerate(space.items()):
            prior = space.priors.get(name)
            if prior is None or domain.size == 1:
                continue
            place = self._centre[column] = domain.to_unit(prior.centre)
            if isinstance(domain, Choice):
                size = len(domain.values)
                self._labels.append(_Label(column, int(place * size), size, prior.weight))
            else:
                columns.append(column)
                widths.append(prior.width)
        self._columns, self._widths = np.array(columns, dtype=np.int64), np.array(widths)

    def __bool__(self) -> bool:
        return not np.isnan(self._centre).all()

    def log_weight(self, points: Floats, is_active: Flags) -> Floats:
        """(m,) the log of the weight, from log 0.1 to 0."""
        return np.logaddexp(self._log_product(points, is_active), math.log(_DOUBT))

    def log_weight_and_slopes(self, points: Floats, is_active: Flags) -> tuple[Floats, Floats]:
        """(m,) and (m, d), while the same dimensions stay active; 0 for choices."""
        logs = self._log_product(points, is_active)
        total = np.logaddexp(logs, math.log(_DOUBT))
        slopes = np.zeros_like(points)
        slopes[:, self._columns] = -self._away(points, is_active) / self._widths * np.exp(logs - total)[:, None]
        return total, slopes

    def centred(self, points: Floats) -> Floats:
        """The points, moved to the centre in the dimensions about which something is believed."""
        return np.where(np.isnan(self._centre), points, self._centre)

    def quantiles(self, uniforms: Floats) -> Floats:
        """The points at these quantiles (m, d) of what is believed: normals cut to the unit interval, and shares.

        A dimension about which nothing is believed stays as it is.
        """
        result, columns = uniforms.copy(), self._columns
        result[:, columns] = draw_from_normals(self._centre[columns], self._widths, uniforms[:, columns])
        for each in self._labels:
            weights = np.ones(each.size)
            weights[each.place] = each.weight
            ends = np.cumsum(weights / weights.sum())[:-1]
            result[:, each.column] = (np.searchsorted(ends, uniforms[:, each.column], side="right") + 0.5) / each.size
        return result

    def _away(self, points: Floats, is_active: Flags) -> Floats:
        """(m, numbers) how many standard deviations a point lies from the centre; 0 where it has no coordinate."""
        columns = self._columns
        deviations: Floats = np.where(is_active, points - self._centre, 0.0)[:, columns] / self._widths
        return deviations

    def _log_product(self, points: Floats, is_active: Flags) -> Floats:
        logs: Floats = math.log(1.0 - _DOUBT) - 0.5 * (self._away(points, is_active) ** 2).sum(axis=1)
        for each in self._labels:
            places = np.minimum(np.floor(points[:, each.column] * each.size), each.size - 1.0)
            logs -= np.where(is_active[:, each.column] & (places != each.place), math.log(each.weight), 0.0)
        return logs


class Leaning(NamedTuple):
    """How an opinion bears on the heights of an acquisition function.

    They are raised by ``power`` times the log weight; or where they are no logarithms and can't be negative, multiplied
    with the weight to that power (``is_factor``). The power is beta / n, with n the trials that have begun since the
    opinion was given, so that it fades, and no point is lowered by more than a factor of ten to that power.
    Points are those of the region's hull. Source: Hvarfner et al. 2022, eq. 6.
    """

    opinion: Opinion
    region: Region
    power: float
    is_factor: bool = False

    def heights(self, heights: Floats, points: Floats, is_active: Flags) -> Floats:
        """(m,) of heights (m,) at points (m, d)."""
        pull = self.power * self.opinion.log_weight(self.region.inward(points), is_active)
        return heights * np.exp(pull) if self.is_factor else heights + pull

    def heights_and_slopes(
        self, heights: Floats, slopes: Floats, points: Floats, is_active: Flags
    ) -> tuple[Floats, Floats]:
        """The same, and (m, d)."""
        logs, by_place = self.opinion.log_weight_and_slopes(self.region.inward(points), is_active)
        pull, pulls = self.power * logs, self.power * by_place / self.region.spans
        if not self.is_factor:
            return heights + pull, slopes + pulls
        factor = np.exp(pull)
        return heights * factor, (slopes + heights[:, None] * pulls) * factor[:, None]


def power_after(n_trials: int) -> float:
    """The power of an opinion after so many trials."""
    return _FAITH / max(n_trials, 1)
