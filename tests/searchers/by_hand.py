"""A study in which one trial follows the other, turned by hand; for tests of searchers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rung.contracts import Searcher
from rung.events import Ended, Observed, Started
from rung.types import Config, Suggestion, TrialState


class ByHand:
    """Draw number n has the seed n. loss: None for a trial that fails."""

    def __init__(self, searcher: Searcher, loss: Callable[[Config], float | None]) -> None:
        self.searcher = searcher
        self.suggestions: list[Suggestion] = []
        self._loss = loss

    @property
    def configs(self) -> list[Config]:
        return [each.config for each in self.suggestions]

    def suggestion(self, seed: int | None = None) -> Suggestion:
        stream = np.random.default_rng(len(self.suggestions) if seed is None else seed)
        suggestion = self.searcher.suggest(stream)
        assert isinstance(suggestion, Suggestion)
        return suggestion

    def start(self, config: Config | None = None) -> int:
        """Begin a trial with the next suggestion, or with a configuration from elsewhere."""
        trial = len(self.suggestions)
        given = self.suggestion() if config is None else Suggestion(config)
        self.suggestions.append(given)
        self.searcher.update(Started(at=0.0, trial=trial, attempt=1, config=given.config, notes=given.notes))
        return trial

    def end(self, trial: int) -> None:
        loss = self._loss(self.configs[trial])
        state = TrialState.FAILED if loss is None else TrialState.COMPLETED
        if loss is not None:
            self.searcher.update(Observed(at=0.0, trial=trial, attempt=1, step=1, metrics={}, loss=loss))
        self.searcher.update(Ended(at=0.0, trial=trial, attempt=1, state=state))

    def stop(self, trial: int, *losses: float) -> None:
        """A scheduler stops the trial after these losses, one for each step."""
        for step, loss in enumerate(losses, 1):
            self.searcher.update(Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={}, loss=loss))
        self.searcher.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.STOPPED))

    def run(self, trials: int) -> list[Config]:
        for _ in range(trials):
            self.end(self.start())
        return self.configs
