"""Pictures of schedules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral
from typing import TYPE_CHECKING

from rung.errors import MissingExtraError, SettingError
from rung.schedules.lengths import Horizon
from rung.schedules.schedule import Schedule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_POINTS = 2000  # more than a picture has pixels


def plot(schedules: Mapping[str, Schedule], steps: int | None = None, *, title: str = "") -> Figure:
    """The values of named schedules over the updates, in one figure of matplotlib.

    steps: how many updates; what has no length yet is resolved for a training of so many. By default up to the latest
    end and a tenth more. All must be rates, or all factors. SettingError; MissingExtraError without matplotlib.
    """
    _check_named(schedules)
    units = {each.unit for each in schedules.values()}
    if len(units) > 1:
        raise SettingError("rates and factors have no common axis.", hint="Multiply the factors by a learning rate.")
    last = _reach(schedules) if steps is None else _checked(steps)
    if steps is not None:
        horizon = Horizon(total=last, rest=last)
        schedules = {name: each.resolved(horizon) for name, each in schedules.items()}
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


def _checked(steps: object) -> int:
    """So many updates. SettingError for what is no whole number from 1."""
    if isinstance(steps, bool) or not isinstance(steps, Integral) or steps < 1:
        raise SettingError(f"steps={steps!r} leaves nothing to draw.", hint="Give a whole number from 1.")
    return int(steps)


def _check_named(schedules: object) -> None:
    """SettingError for what are no named schedules."""
    if not isinstance(schedules, Mapping):
        raise SettingError(
            "these schedules have no names.", hint="Write plot({'cosine': schedule}), or schedule.plot() for one alone."
        )
    if not schedules:
        raise SettingError("there are no schedules to draw.", hint="Give one or more.")
    for name, each in schedules.items():
        if not isinstance(each, Schedule):
            raise SettingError(f"{name!r} is no schedule: it is {each!r}.", hint="Wrap a callable: function(call).")


def _reach(schedules: Mapping[str, Schedule]) -> int:
    ends = [each.length for each in schedules.values()]
    known = [each for each in ends if isinstance(each, int)]
    if not known or len(known) < sum(each != math.inf for each in ends):
        raise SettingError("it is not known where the schedule ends.", hint="Say how many updates to draw: plot(1000).")
    return math.ceil(max(known) * 1.1)
