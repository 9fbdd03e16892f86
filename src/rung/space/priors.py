"""Priors: what a person believes about where the best values lie."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final, get_args

from rung.errors import SpaceError
from rung.space.categories import Choice, Constant, Ordinal
from rung.space.domain import Domain
from rung.space.values import is_number

if TYPE_CHECKING:
    from rung.types import Json

Confidence: TypeAlias = Literal["low", "medium", "high"]
_WIDTHS: Final[Mapping[str, float]] = {"low": 0.3, "medium": 0.15, "high": 0.05}
_WEIGHTS: Final[Mapping[str, float]] = {"low": 2.0, "medium": 4.0, "high": 16.0}
_EXAMPLE: Final = 'Use {"learning_rate": "~1e-3"}, or ("~1e-3", "high").'
_FORM = re.compile(r"~\s*(?P<centre>[^:]+?)\s*(?::\s*(?P<confidence>\w+)\s*)?")


@final
@dataclass(frozen=True, slots=True)
class Prior:
    """The best value of a dimension is thought to be near ``centre``.

    confidence: low, medium or high. For values with an order: a normal around the centre's place in the unit interval,
    with a standard deviation of 0.3, 0.15 or 0.05 of it. For a choice: the centre is 2, 4 or 16 times as likely as each
    other value.
    """

    centre: Json
    confidence: Confidence = "medium"

    @property
    def width(self) -> float:
        """The standard deviation in the unit interval, of values with an order."""
        return _WIDTHS[self.confidence]

    @property
    def weight(self) -> float:
        """How many times as likely as each other value of a choice the centre is."""
        return _WEIGHTS[self.confidence]

    def __str__(self) -> str:
        return f"~{self.centre}" if self.confidence == "medium" else f"~{self.centre} ({self.confidence} confidence)"


def as_priors(given: Any, domains: Mapping[str, Domain]) -> dict[str, Prior]:
    """Priors in the order of the domains, checked against them, with centres as they stand in configs.

    given: name -> a Prior, the centre, a text such as ``~1e-3`` or ``~1e-3:high``, a pair (either, confidence), or the
    JSON form. A number off the grid of its dimension is moved onto it. SpaceError for a centre that is not in the
    dimension.
    """
    if not isinstance(given, Mapping):
        raise SpaceError(f"priors must be a mapping from names, got {given!r}.", hint=_EXAMPLE)
    for name in given:
        if name not in domains:
            raise SpaceError(f"priors: there is no dimension {name!r}.", hint=f"There are {', '.join(domains)}.")
    return {name: _checked(name, given[name], domains[name]) for name in domains if name in given}


def _checked(name: str, given: Any, domain: Domain) -> Prior:
    prior = _as_prior(name, given)
    if prior.confidence not in get_args(Confidence):
        raise SpaceError(
            f"the prior of {name!r} has the confidence {prior.confidence!r}.", hint="Use low, medium or high."
        )
    centre = _read(prior.centre, domain)
    try:
        return Prior(
            domain.nearest(centre) if _is_between(domain, centre) else domain.validate(centre), prior.confidence
        )
    except SpaceError as error:
        raise SpaceError(f"the prior of {name!r}: {error.sentence}", hint=error.hint) from None


def _is_between(domain: Domain, centre: Json) -> bool:
    """Whether it is a number in the range of numbers, on their grid or off it."""
    if isinstance(domain, Choice | Ordinal | Constant) or not is_number(centre):
        return False
    low, high = domain.from_unit(0.0), domain.from_unit(1.0)
    return bool(low <= centre <= high)


def _as_prior(name: str, given: Any) -> Prior:
    if isinstance(given, Prior):
        return given
    if isinstance(given, Mapping):
        if not {"centre"} <= given.keys() <= {"centre", "confidence"}:
            raise SpaceError(f"{dict(given)!r} is not the prior of {name!r}.", hint=_EXAMPLE)
        return Prior(given["centre"], given.get("confidence", "medium"))
    if isinstance(given, (list, tuple)):
        if len(given) != 2:
            raise SpaceError(f"{given!r} is not the prior of {name!r}.", hint=_EXAMPLE)
        return Prior(_as_prior(name, given[0]).centre, given[1])
    if isinstance(given, str) and (found := _FORM.fullmatch(given)):
        return Prior(found["centre"], found["confidence"] or "medium")  # type: ignore[arg-type]  # checked above
    return Prior(given)


def _read(centre: Json, domain: Domain) -> Json:
    """The centre as a value of the domain: a text that was written for a number is read as one."""
    if not isinstance(centre, str) or domain.contains(centre):
        return centre
    if isinstance(domain, Choice | Constant):
        named = {str(value).lower(): value for value in domain.grid(1)}
        if centre.lower() in named:
            return named[centre.lower()]
    try:
        return float(centre)
    except ValueError:
        return centre
