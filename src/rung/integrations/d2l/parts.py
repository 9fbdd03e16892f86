"""The book's base classes for searchers and schedulers, and random search written with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rung.integrations.d2l.hyperparameters import HyperParameters


class HPOSearcher(HyperParameters):
    """Base of searchers: override ``sample_configuration``, and ``update`` if the past matters."""

    def sample_configuration(self) -> dict[str, Any]:
        """The configuration to try next."""
        raise NotImplementedError(f"{type(self).__name__} has no sample_configuration().")

    def update(self, config: dict[str, Any], error: float, additional_info: Any = None) -> None:
        """Take note of a finished trial's error; nothing is noted here."""


class RandomSearcher(HPOSearcher):
    """Draws every hyperparameter from its distribution, with NumPy's global generator.

    config_space: name -> frozen distribution of scipy.stats. initial_config: what is tried first.
    """

    config_space: Mapping[str, Any]
    initial_config: dict[str, Any] | None

    def __init__(self, config_space: Mapping[str, Any], initial_config: dict[str, Any] | None = None) -> None:
        self.save_hyperparameters()

    def sample_configuration(self) -> dict[str, Any]:
        """The initial configuration the first time, then random ones."""
        first, self.initial_config = self.initial_config, None
        return first or {name: domain.rvs() for name, domain in self.config_space.items()}


class HPOScheduler(HyperParameters):
    """Base of schedulers: override ``suggest`` and ``update``."""

    def suggest(self) -> dict[str, Any]:
        """What to run next; ``max_epochs`` among its hyperparameters says for how long."""
        raise NotImplementedError(f"{type(self).__name__} has no suggest().")

    def update(self, config: dict[str, Any], error: float, info: Any = None) -> None:
        """Take note of a finished trial's error."""
        raise NotImplementedError(f"{type(self).__name__} has no update().")


class BasicScheduler(HPOScheduler):
    """Runs what its searcher samples, one configuration after the other."""

    searcher: HPOSearcher

    def __init__(self, searcher: HPOSearcher) -> None:
        self.save_hyperparameters()

    def suggest(self) -> dict[str, Any]:
        """What the searcher samples."""
        return self.searcher.sample_configuration()

    def update(self, config: dict[str, Any], error: float, info: Any = None) -> None:
        """Pass it to the searcher."""
        self.searcher.update(config, error, additional_info=info)
