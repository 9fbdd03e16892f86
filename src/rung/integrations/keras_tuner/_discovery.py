"""What a build function searches, found by calling it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from rung.errors import SettingError
from rung.integrations.keras_tuner.hyperparameters import HyperParameters
from rung.space import Choice, Constant, Space

if TYPE_CHECKING:
    from rung.space import Domain
    from rung.types import Json

_MOST_CALLS: Final = 100


def found_space(build: Callable[[HyperParameters], Any], given: HyperParameters | None) -> Space:
    """The space of all that the function asks for, as far as up to 100 calls with different values show.

    The first call has the defaults. For each hyperparameter that appears, the function is called with each other value
    of a choice, and with both ends of a range, so that what hangs on them appears as well. given: domains that take
    the place of those found.
    """
    found = HyperParameters()
    waiting: list[dict[str, Json]] = [{}]
    for point in waiting:
        hp = HyperParameters(point)
        try:
            build(hp)
        except Exception:  # a model that can't be built fails as a trial, if the search ever comes to it
            if not point:
                raise
        new = [name for name in hp.domains if name not in found.domains]
        found.domains |= {name: hp.domains[name] for name in new}
        found.conditions |= {name: hp.conditions[name] for name in new}
        probes = [{**point, name: value} for name in new for value in _others(hp.domains[name], hp.values.get(name))]
        waiting += probes[: _MOST_CALLS - len(waiting)]
    if given is not None:
        found.domains |= given.domains
        found.conditions |= given.conditions
    if not found.domains:
        raise SettingError("the build function asks for nothing.", hint="Use hp.Int, hp.Float or hp.Choice in it.")
    return Space(found.domains, conditions={name: whens for name, whens in found.conditions.items() if whens})


def _others(domain: Domain, value: Json) -> Iterator[Json]:
    if isinstance(domain, Constant):
        return
    values = domain.grid(2) if isinstance(domain, Choice) else [domain.from_unit(0.0), domain.from_unit(1.0)]
    yield from (each for each in values if each != value)
