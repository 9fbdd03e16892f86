"""Which estimator to use, as a part of the search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from rung.errors import SpaceError
from rung.integrations.sklearn._values import as_dimension
from rung.space import Choice
from rung.space.composite import Composite

_EXAMPLE = 'Write Estimators({"svm": (SVC(), {"C": loguniform(1e-2, 100)}), "bayes": GaussianNB()}).'


@final
class Estimators(Composite):
    """One of several estimators, each with hyperparameters of its own.

    choices: name -> an estimator, or a pair of an estimator and the mapping of its hyperparameters to what stands for
    domains. Given as ``"clf"``, the choice is the dimension ``clf``, and its value in configurations the name; the
    hyperparameter ``C`` of ``svm`` is ``clf.svm.C``, and exists while ``clf`` is ``svm``. The search sets the
    parameters ``clf`` and ``clf__C`` of the estimator that it searches around, such as a pipeline with a step ``clf``.

    SpaceError for what is neither.
    """

    def __init__(self, choices: Mapping[str, Any]) -> None:
        if not isinstance(choices, Mapping) or not choices:
            raise SpaceError(f"Estimators takes a mapping from names to estimators, got {choices!r}.", hint=_EXAMPLE)
        self._estimators: dict[str, Any] = {}
        self._spaces: dict[str, Mapping[str, Any]] = {}
        for name, given in choices.items():
            estimator, space = given if isinstance(given, tuple) and len(given) == 2 else (given, {})
            if isinstance(estimator, tuple) or not isinstance(space, Mapping):
                raise SpaceError(f"{name}: {given!r} is no estimator, nor one with its space.", hint=_EXAMPLE)
            self._estimators[name] = estimator
            self._spaces[name] = space

    def __repr__(self) -> str:
        pairs = (f"{name!r}: ({each!r}, {dict(self._spaces[name])!r})" for name, each in self._estimators.items())
        return f"Estimators({{{', '.join(pairs)}}})"

    def domains(self, name: str) -> Mapping[str, Any]:
        """The choice, then the hyperparameters of each."""
        own = {
            f"{name}.{chosen}.{inner}": as_dimension(given)
            for chosen, space in self._spaces.items()
            for inner, given in space.items()
        }
        return {name: Choice(self._estimators), **own}

    def conditions(self, name: str) -> Mapping[str, Any]:
        """Each hyperparameter exists while its estimator is the one."""
        return {
            f"{name}.{chosen}.{inner}": (name, [chosen]) for chosen, space in self._spaces.items() for inner in space
        }
