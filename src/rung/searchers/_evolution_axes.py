"""A search space as evolution sees it: what moves, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

from rung.space.categories import Choice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.space import Space

    Floats: TypeAlias = NDArray[np.float64]

MOST_LISTED: Final = 256  # values of a number; between more of them there is no difference to speak of


class Listed(NamedTuple):
    """A dimension with few values. middles: (k,) of their parts of the unit interval, ascending, k > 1."""

    column: int
    middles: Floats

    def nearest(self, place: float) -> int:
        """The number of the value nearest to a place."""
        return int(np.abs(self.middles - place).argmin())


class Axes(NamedTuple):
    """The dimensions of the unit cube that have more than one value; constants are left out.

    size: how many dimensions the cube has. continuous: columns of numbers with many values. numbers: those with few.
    categories: values without order; a number that has two values is one too, for two have no more order than that.
    """

    size: int
    continuous: tuple[int, ...]
    numbers: tuple[Listed, ...]
    categories: tuple[Listed, ...]

    @property
    def moving(self) -> int:
        """How many there are."""
        return len(self.continuous) + len(self.numbers) + len(self.categories)


def axes_of(space: Space) -> Axes:
    """The axes of a space; conditions and constraints are left aside."""
    continuous: list[int] = []
    numbers: list[Listed] = []
    categories: list[Listed] = []
    for column, domain in enumerate(space.values()):
        is_category = isinstance(domain, Choice)
        if not is_category and domain.size > MOST_LISTED:
            continuous.append(column)
        elif domain.size > 1:
            listed = Listed(column, np.array(domain.to_units(domain.grid(int(domain.size)))))
            (categories if is_category or domain.size == 2 else numbers).append(listed)
    return Axes(len(space), tuple(continuous), tuple(numbers), tuple(categories))
