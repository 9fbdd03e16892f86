"""A search space for results that come without one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rung.errors import SettingError
from rung.space import Choice, Constant, Float, Int, Space
from rung.space.values import is_number

if TYPE_CHECKING:
    from rung.space import Domain
    from rung.types import Json

LOG_RATIO = 100.0
"""From this ratio of the largest to the smallest value on, positive numbers are taken to be spread over a logarithm."""


def infer_space(columns: Mapping[str, Sequence[Json]]) -> tuple[Space, list[str]]:
    """The smallest space with all these values, by name, and a sentence on each domain in it."""
    domains = {name: infer_domain(values) for name, values in columns.items()}
    remarks = [f"{name}: taken to be {domain!r}, from {len(columns[name])} values" for name, domain in domains.items()]
    return Space(domains), remarks


def check_space(space: Space, names: Iterable[str]) -> None:
    """SettingError when the space has a hyperparameter that none of the results has. names: what they have."""
    known = list(names)
    for name in space:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
            raise SettingError(f"The space has {name!r}, which none of the results has.", hint=hint)


def infer_domain(values: Sequence[Json]) -> Domain:
    """The domain of values that were seen: a range of numbers, else a choice, or a constant. At least one value."""
    if all(map(is_number, values)):
        low, high = min(values), max(values)
        if low == high:
            return Constant(low)
        is_log = low > 0 and high / low >= LOG_RATIO
        if all(isinstance(value, int) for value in values):
            return Int(low, high, log=is_log)
        return Float(low, high, log=is_log)
    distinct: list[Json] = []
    for value in values:
        if not any(type(value) is type(known) and value == known for known in distinct):
            distinct.append(value)
    return Choice(distinct) if len(distinct) > 1 else Constant(distinct[0])
