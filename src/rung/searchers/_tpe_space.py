"""A search space as a Parzen estimator sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rung.searchers._parzen_axes import Axes, Listed, Pinned
from rung.space.categories import Choice

if TYPE_CHECKING:
    from rung.searchers._region import Region
    from rung.space import Space
    from rung.space.domain import Domain

MOST_LISTED: Final = 256  # values of a scale; the bins of more are narrow against a kernel, so it counts as continuous


def axes_of(hull: Space, region: Region) -> Axes:
    """The axes of the dimensions that have more than one value in the region."""
    continuous, listed, pinned = [], [], []
    for column, domain in enumerate(hull.values()):
        is_ordered = not isinstance(domain, Choice)
        if region.is_pinned[column]:
            pinned.append(Pinned(column, float(region.low[column]), is_ordered))
        elif not is_ordered or domain.size <= MOST_LISTED:
            if domain.size > 1:
                listed.append(Listed(column, _edges(domain), is_ordered))
        else:
            continuous.append(column)
    return Axes(len(hull), np.array(continuous, dtype=np.int64), tuple(listed), region.spans, tuple(pinned))


def _edges(domain: Domain) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The ends of the bins, of which the domain tells the middles."""
    edges = [0.0]
    for middle in domain.to_units(domain.grid(int(domain.size))):
        edges.append(2.0 * middle - edges[-1])
    return np.array([*edges[:-1], 1.0])
