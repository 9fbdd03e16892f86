"""hyperopt's ``pyll.stochastic``: points of a space at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from rung.integrations.hyperopt._spaces import Tree


def sample(expr: Any, rng: np.random.Generator | None = None) -> Any:
    """A random point of a space, as the objective would get it."""
    tree = Tree(expr)
    return tree.point(tree.values(tree.space.sample(np.random.default_rng() if rng is None else rng)))
