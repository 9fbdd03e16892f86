"""Keras Tuner's ``hp``: what a build function asks for its values, and what a space is found by."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

from rung.errors import SettingError, SpaceError
from rung.space import Choice, Constant, Float, Int, Ordinal
from rung.space.values import is_number

if TYPE_CHECKING:
    from rung.space import Domain
    from rung.types import Json

_MOST_FACTORS = 10_000


class HyperModel(ABC):
    """A model with its training, for those who write them as a class."""

    @abstractmethod
    def build(self, hp: HyperParameters) -> Any:
        """A compiled model with the values of ``hp``."""

    def fit(self, hp: HyperParameters, model: Any, *args: Any, **options: Any) -> Any:
        """Train it; by default ``model.fit`` with what ``search`` was given."""
        del hp
        return model.fit(*args, **options)


@final
class HyperParameters:
    """The values of one trial, and the domains of all that was asked for.

    values: by name. What has none takes its default: ``default=``, else the first value. domains, conditions: of what
    was asked for so far; what is asked for twice keeps its first domain.
    """

    def __init__(self, values: Mapping[str, Json] | None = None) -> None:
        self.values: dict[str, Any] = dict(values or {})
        self.domains: dict[str, Domain] = {}
        self.conditions: dict[str, list[tuple[str, Any]]] = {}
        self._whens: list[tuple[str, Any]] = []
        self._prefix = ""

    def Int(  # noqa: N802  # Keras Tuner's name
        self,
        name: str,
        min_value: int,
        max_value: int,
        step: int | None = None,
        sampling: str = "linear",
        *,
        default: int | None = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """A whole number; both ends are included. step: with ``sampling="log"`` a factor."""
        if _is_log(name, sampling):
            factors = None if step is None else [round(each) for each in _powers(min_value, max_value, step)]
            domain: Domain = Int(min_value, max_value, log=True) if factors is None else Ordinal(factors)
        else:
            domain = Int(min_value, max_value, step=step)
        return self._asked(name, domain, default, parent_name, parent_values)

    def Float(  # noqa: N802
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None = None,
        sampling: str = "linear",
        *,
        default: float | None = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """A number; both ends are included. step: with ``sampling="log"`` a factor."""
        if _is_log(name, sampling):
            factors = None if step is None else _powers(min_value, max_value, step)
            domain: Domain = Float(min_value, max_value, log=True) if factors is None else Ordinal(factors)
        else:
            domain = Float(min_value, max_value, step=step)
        return self._asked(name, domain, default, parent_name, parent_values)

    def Choice(  # noqa: N802
        self,
        name: str,
        values: Sequence[Any],
        *,
        ordered: bool | None = None,
        default: Any = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """One of the values. ordered: whether they are in order; by default if all are numbers."""
        listed = list(values)
        is_ordered = all(map(is_number, listed)) if ordered is None else ordered
        domain = Ordinal(listed) if is_ordered else Choice(listed)
        return self._asked(name, domain, default, parent_name, parent_values)

    def Boolean(  # noqa: N802
        self, name: str, *, default: bool = False, parent_name: str | None = None, parent_values: Any = None
    ) -> Any:
        """False or True."""
        return self._asked(name, Choice([False, True]), default, parent_name, parent_values)

    def Fixed(  # noqa: N802
        self, name: str, value: Any, *, parent_name: str | None = None, parent_values: Any = None
    ) -> Any:
        """A value that is not searched and stands with the others."""
        return self._asked(name, Constant(value), value, parent_name, parent_values)

    @contextlib.contextmanager
    def conditional_scope(self, parent_name: str, parent_values: Any) -> Iterator[None]:
        """What is asked for within is searched only while the parent has one of the values, and None otherwise."""
        self._whens.append(self._when(parent_name, parent_values))
        try:
            yield
        finally:
            self._whens.pop()

    @contextlib.contextmanager
    def name_scope(self, name: str) -> Iterator[None]:
        """What is asked for within has the name and a slash before its own."""
        before, self._prefix = self._prefix, f"{self._prefix}{name}/"
        try:
            yield
        finally:
            self._prefix = before

    def get(self, name: str) -> Any:
        """The value of what was asked for before. SpaceError when there is none."""
        for known in (f"{self._prefix}{name}", name):
            if known in self.values:
                return self.values[known]
        raise SpaceError(f"{name!r} has no value.", hint="Ask for it before, by hp.Int, hp.Float or hp.Choice.")

    def _when(self, parent: str, values: Any) -> tuple[str, Any]:
        inner = f"{self._prefix}{parent}"
        name = inner if inner in self.domains else parent
        if name not in self.domains:
            raise SpaceError(f"there is no parent {parent!r} yet.", hint="Ask for it before what depends on it.")
        return name, list(values) if isinstance(values, list | tuple) else [values]

    def _asked(self, name: str, domain: Domain, default: Any, parent: str | None, parent_values: Any) -> Any:
        full = f"{self._prefix}{name}"
        whens = [*self._whens, *([] if parent is None else [self._when(parent, parent_values)])]
        if full not in self.domains:
            self.domains[full] = domain
            self.conditions[full] = whens
        if any(self.values.get(parent) not in values for parent, values in whens):
            return None
        if full not in self.values:
            first = domain.grid(2)[0] if default is None else default
            self.values[full] = domain.validate(first)
        return self.values[full]


def _is_log(name: str, sampling: str) -> bool:
    if sampling not in {"linear", "log"}:
        raise SettingError(
            f"{name}: there is no sampling={sampling!r} here.",
            hint="Use 'linear' or 'log'; for 'reverse_log' ask for the distance from the upper end with 'log'.",
        )
    return sampling == "log"


def _powers(low: float, high: float, factor: float) -> list[float]:
    """low, low * factor, low * factor**2 … up to high."""
    if not (factor > 1 and low > 0):
        raise SpaceError(
            f"a factor from step to step must be above 1 and the lower end above 0, got {factor} and {low}.",
            hint="Leave out step for numbers between.",
        )
    values: list[float] = []
    while (value := low * factor ** len(values)) <= high * (1 + 1e-9) and len(values) < _MOST_FACTORS:
        values.append(value)
    return values
