"""hyperopt's ``tpe``: the tree-structured Parzen estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.errors import SettingError
from rung.searchers.tpe import TPESearcher

if TYPE_CHECKING:
    from rung.space import Space


def suggest(
    space: Space,
    *,
    prior_weight: float = 1.0,
    n_startup_jobs: int = 20,
    n_EI_candidates: int = 24,  # noqa: N803  # hyperopt's name
    gamma: float | None = None,
    verbose: bool = True,
) -> TPESearcher:
    """The searcher that ``algo=tpe.suggest`` stands for, or ``partial(tpe.suggest, n_startup_jobs=10)``.

    The settings are hyperopt's with its defaults. ``gamma`` is refused: there it is a factor of the square root of the
    number of trials, here it would be their share.
    """
    del verbose  # fmin's is meant
    if gamma is not None:
        raise SettingError(
            f"tpe's gamma={gamma!r} has another meaning here.", hint="Write algo='tpe(gamma=0.1)' for a share of 0.1."
        )
    return TPESearcher(space, startup_trials=n_startup_jobs, candidates=n_EI_candidates, prior_weight=prior_weight)
