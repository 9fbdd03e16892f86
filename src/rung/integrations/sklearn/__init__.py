"""Searches with the interface of scikit-learn. scikit-learn is imported when a name is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from rung.errors import MissingExtraError

if TYPE_CHECKING:
    from rung.integrations.sklearn.estimators import Estimators
    from rung.integrations.sklearn.partial_fit import PartialFit
    from rung.integrations.sklearn.search import SearchCV
    from rung.integrations.sklearn.shapes import GridSearchCV, RandomizedSearchCV

_HOME_OF = {
    "Estimators": "estimators",
    "GridSearchCV": "shapes",
    "PartialFit": "partial_fit",
    "RandomizedSearchCV": "shapes",
    "SearchCV": "search",
}

__all__ = ["Estimators", "GridSearchCV", "PartialFit", "RandomizedSearchCV", "SearchCV"]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'rung.integrations.sklearn' has no attribute {name!r}")
    try:
        value = getattr(import_module(f"rung.integrations.sklearn.{home}"), name)
    except ModuleNotFoundError as error:
        if error.name != "sklearn":
            raise
        raise MissingExtraError(name, "sklearn") from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
