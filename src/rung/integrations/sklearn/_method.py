"""The scheduler of a search, from names or objects."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from rung import registry
from rung.errors import SettingError

if TYPE_CHECKING:
    from rung.contracts import Scheduler, Searcher
    from rung.space import Space


class Lengths(NamedTuple):
    """How much of the resource a candidate gets at first, and at most."""

    least: int
    most: int


def make_scheduler(
    searcher: str | Searcher, scheduler: str | Scheduler, space: Space, lengths: Lengths | None
) -> Scheduler:
    """A fresh scheduler around a fresh searcher; objects say how they are to be made, and are left as they are.

    A scheduler's ``max_t`` and ``grace_period`` are those of ``lengths`` where its text has none. SettingError.
    """
    if not isinstance(scheduler, str):
        if searcher != "auto":
            raise SettingError(
                f"{type(scheduler).__name__} has a searcher already, and searcher={searcher!r} is another one.",
                hint="Give the searcher to the scheduler, or the scheduler by its name.",
            )
        _check_space(scheduler, space)
        return registry.build_scheduler(scheduler.spec(), space)
    if scheduler == "auto":
        scheduler = "basic" if lengths is None else "asha"
    return registry.scheduler(scheduler, _searcher(searcher, space), **_defaults(scheduler, lengths))


def _searcher(searcher: str | Searcher, space: Space) -> Searcher:
    if isinstance(searcher, str):
        return registry.searcher(searcher, space)
    _check_space(searcher, space)
    return registry.build_searcher(searcher.spec(), space)


def _check_space(part: Searcher | Scheduler, space: Space) -> None:
    if part.space != space:
        differences = "; ".join(part.space.difference(space))
        raise SettingError(
            f"the space differs from that of {type(part).__name__}: {differences}.", hint="Give both the same space."
        )


def _defaults(scheduler: str, lengths: Lengths | None) -> Mapping[str, Any]:
    """What the scheduler takes, was not given in its text, and follows from the lengths."""
    if lengths is None:
        return {}
    form = registry.form_of("schedulers", scheduler)
    takes = inspect.signature(registry.factory_of("schedulers", form["name"])).parameters
    known = {"max_t": lengths.most, "grace_period": lengths.least}
    return {name: value for name, value in known.items() if name in takes and name not in form}
