"""Trainings that somebody has done already, looked up in a table; ``table_files`` says how tables are stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from rung.benchmarks.problem import Step
from rung.benchmarks.problems.table_files import config_key, read_table
from rung.space import Choice

if TYPE_CHECKING:
    from rung.space import Space
    from rung.types import Config, Goal


@final
class Table:
    """The problem in a file.

    A configuration gets its own row, or where the table is to be searched for the nearest one that: by the distance in
    the unit cube, where two categories that differ are 1 apart; the first of several. best: of all steps; median: of
    all rows at the last step.
    """

    def __init__(self, path: str | Path) -> None:
        content = read_table(Path(path))
        self.name = f"table:{path}"
        self.space: Space = content.space
        self.goal: Goal = content.goal
        self.caveat = content.caveat
        self.n_steps: int = content.values.shape[1]
        self._values, self._costs = content.values, content.costs
        self._rows = {config_key(config): row for row, config in enumerate(content.configs)}
        self._places = _places(content.space, content.configs)
        best = np.min if self.goal.mode == "min" else np.max
        self.best: float | None = float(best(content.values))
        self.median: float | None = float(np.median(content.values[:, -1]))

    def train(self, config: Config, seed: int, *, after: int = 0) -> Iterator[Step]:
        """The steps in the configuration's row."""
        del seed  # nothing is random
        valid = self.space.validate(config)
        row = self._rows.get(config_key(valid))
        if row is None:
            distances = ((self._places - _places(self.space, [valid])) ** 2).sum(axis=1)
            row = int(distances.argmin())
        for step in range(after, self.n_steps):
            yield Step(float(self._values[row, step]), float(self._costs[row, step]))


def _places(space: Space, configs: Sequence[Config]) -> NDArray[np.float64]:
    """Points (n, k) whose distances are those between the configurations; a category has a column for each value."""
    cube = space.encode(configs)
    columns = []
    for column, domain in zip(cube.T, space.values(), strict=True):
        if isinstance(domain, Choice):
            middles = np.array(domain.to_units(domain.grid(1)))
            columns += [np.isclose(column, middle) * np.sqrt(0.5) for middle in middles]
        else:
            columns.append(column)
    return np.stack(columns, axis=1)
