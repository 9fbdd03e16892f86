"""Pictures of schedules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rung.errors import MissingExtraError, SettingError
from rung.schedules.schedule import Schedule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_POINTS = 2000  # more than a picture has pixels


def plot(schedules: Mapping[str, Schedule], steps: int | None = None, *, title: str = "") -> Figure:
    """The values of named schedules over the updates, in one figure of matplotlib.

    steps: how many updates; by default up to the latest end and a tenth more. All must be rates, or all factors.
    MissingExtraError without matplotlib.
    """
    if not schedules:
        raise SettingError("there are no schedules to draw.", hint="Give one or more.")
    units = {each.unit for each in schedules.values()}
    if len(units) > 1:
        raise SettingError("rates and factors have no common axis.", hint="Multiply the factors by a learning rate.")
    last = _reach(schedules) if steps is None else steps
    if last < 1:
        raise SettingError(f"steps={steps!r} leaves nothing to draw.", hint="Give 1 or more.")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("a plot of schedules", "plot") from error
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    every = max(1, last // _MOST_POINTS)
    times = range(0, last + 1, every)
    for name, schedule in schedules.items():
        axes.plot(times, schedule(times), label=name, drawstyle="steps-post" if every == 1 else "default")
    axes.set(xlabel="updates done", ylabel="learning rate" if units == {"rate"} else "factor", title=title)
    if any(schedules):
        figure.legend(loc="outside upper center", ncols=3)
    return figure


def _reach(schedules: Mapping[str, Schedule]) -> int:
    ends = [each.length for each in schedules.values()]
    known = [each for each in ends if isinstance(each, int)]
    if not known or len(known) < sum(each != math.inf for each in ends):
        raise SettingError("it is not known where the schedule ends.", hint="Say how many updates to draw: plot(1000).")
    return math.ceil(max(known) * 1.1)
