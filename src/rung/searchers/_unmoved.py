"""What searchers say to priors that they can't use."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from rung.errors import RungWarning

if TYPE_CHECKING:
    from rung.space import Space


def warn_of_priors(space: Space, searcher: str) -> None:
    """RungWarning where the space has priors; for a searcher that takes the space as a whole, whatever is believed."""
    if space.priors:
        warnings.warn(
            RungWarning(
                f"{searcher} covers the whole space evenly; the priors of {', '.join(space.priors)} change nothing.",
                hint="The searchers auto, gp, tpe, random, cmaes and evolution use priors.",
            ),
            stacklevel=3,
        )
