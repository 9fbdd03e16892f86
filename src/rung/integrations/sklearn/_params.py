"""A search space in scikit-learn's shapes as rung's, and rung's configurations as an estimator's parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, final

from rung.errors import SpaceError
from rung.integrations.sklearn._values import as_dimension
from rung.space import Choice, Domain, In, Space
from rung.space.composite import flattened

if TYPE_CHECKING:
    from rung.types import Config

ALTERNATIVE: Final = "alternative"
"""The dimension that says which mapping of a list the other dimensions come from."""


@final
class Params:
    """The space of a search, and what its configurations mean.

    given: a Space, a mapping from parameters to what stands for domains, or a list of such mappings, one of which each
    configuration comes from. Of a list, dimensions are called ``0.C``, after the number of the mapping.
    """

    def __init__(self, given: Any) -> None:
        self._given: list[Mapping[str, Any]] = [given] if isinstance(given, Mapping) else []
        if isinstance(given, Sequence) and all(isinstance(each, Mapping) for each in given):
            self._given = list(given)
        self.has_alternatives = len(self._given) > 1
        if isinstance(given, Space):
            self.space = given
        elif self._given:
            self.space = _joined(self._given) if self.has_alternatives else Space(_dimensions(self._given[0]))
        else:
            raise SpaceError(
                f"{given!r} is no search space.",
                hint='Give a mapping such as {"C": loguniform(1e-3, 1e3)}, a list of them, or a rung.Space.',
            )
        self._parameter_of = {name: self._parameter(name) for name in self.space.names}

    def of(self, config: Config) -> dict[str, Any]:
        """The parameters to be set, with objects in place of their names."""
        params: dict[str, Any] = {}
        for name, value in config.items():
            if name == ALTERNATIVE and self.has_alternatives:
                continue
            domain = self.space[name]
            objects = domain.objects if isinstance(domain, Choice) else {}
            params[self._parameter_of[name]] = objects.get(value, value) if objects else value
        return params

    def sets(self, parameter: str) -> bool:
        """Whether some dimension sets the parameter."""
        return parameter in self._parameter_of.values()

    def as_distributions(self) -> list[dict[str, Any]]:
        """The mappings that were given, for scikit-learn to draw configurations from: values are those of the study."""
        if not self.has_alternatives:
            return [{name: _drawable(self.space[name], each) for name, each in self._given[0].items()}]
        return [
            {ALTERNATIVE: [number]}
            | {f"{number}.{name}": _drawable(self.space[f"{number}.{name}"], each) for name, each in given.items()}
            for number, given in enumerate(self._given)
        ]

    def _parameter(self, name: str) -> str:
        """The parameter that a dimension sets: ``clf__C`` for ``clf.svm.C``, ``C`` for ``0.C``."""
        for when in self.space.conditions.get(name, ()):
            values = when.values.values if isinstance(when.values, In) else ()
            for prefix in (f"{when.parent}.{value}." for value in values):
                if name.startswith(prefix):
                    return f"{self._parameter(when.parent)}__{name.removeprefix(prefix)}"
        return name.partition(".")[2] if self.has_alternatives else name


def _drawable(domain: Domain, given: Any) -> Any:
    """The values of a list as configurations have them, or the distribution as it was given."""
    return list(domain.values) if isinstance(domain, Choice) else given


def _dimensions(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: as_dimension(each) for name, each in given.items()}


def _joined(alternatives: Sequence[Mapping[str, Any]]) -> Space:
    domains: dict[str, Any] = {ALTERNATIVE: list(range(len(alternatives)))}
    conditions: dict[str, Any] = {}
    for number, given in enumerate(alternatives):
        inner, own = flattened(_dimensions(given), {})
        for name, each in inner.items():
            domains[f"{number}.{name}"] = each
            whens = [(ALTERNATIVE, [number])]
            if name in own:
                parent, values = own[name]
                whens.append((f"{number}.{parent}", values))
            conditions[f"{number}.{name}"] = whens
    return Space(domains, conditions=conditions)
