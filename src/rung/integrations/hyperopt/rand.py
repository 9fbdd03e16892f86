"""hyperopt's ``rand``: random search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.searchers.random import RandomSearcher

if TYPE_CHECKING:
    from rung.space import Space


def suggest(space: Space) -> RandomSearcher:
    """The searcher that ``algo=rand.suggest`` stands for."""
    return RandomSearcher(space)
