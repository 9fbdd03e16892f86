"""Searches with the interface of scikit-learn. scikit-learn is imported when a name is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.integrations._lazy import lazily

if TYPE_CHECKING:
    from rung.integrations.sklearn.estimators import Estimators
    from rung.integrations.sklearn.partial_fit import PartialFit
    from rung.integrations.sklearn.search import SearchCV
    from rung.integrations.sklearn.shapes import GridSearchCV, RandomizedSearchCV

__all__ = ["Estimators", "GridSearchCV", "PartialFit", "RandomizedSearchCV", "SearchCV"]

_HOME_OF = {
    "Estimators": "estimators",
    "GridSearchCV": "shapes",
    "PartialFit": "partial_fit",
    "RandomizedSearchCV": "shapes",
    "SearchCV": "search",
}

__getattr__ = lazily(__name__, _HOME_OF, extra="sklearn")


def __dir__() -> list[str]:
    return __all__
