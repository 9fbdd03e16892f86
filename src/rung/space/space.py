"""The search space: named domains, conditions, constraints."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, final

from rung.errors import SpaceError
from rung.space.categories import Constant
from rung.space.composite import flattened
from rung.space.conditions import Conditions, When, as_conditions, count, evaluation_order
from rung.space.constraints import Constraint, as_constraints
from rung.space.convert import as_domain
from rung.space.difference import differences
from rung.space.domain import Domain
from rung.space.forms import read_space_form, space_form
from rung.space.hparams import HParam, by_name
from rung.space.named import NamedDomains
from rung.space.priors import Prior, as_priors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rung.types import Config, Json

_EXAMPLE = 'Use {"learning_rate": loguniform(1e-4, 1)}.'
_MOST_DRAWS = 10_000  # tries for one sample under constraints; about 50 ms


@final
@dataclass(frozen=True, slots=True, init=False, eq=False, repr=False)
class Space(NamedDomains):
    """Named domains in a fixed order. Frozen, hashable; equal when the JSON forms are.

    domains: name -> anything that stands for a domain: ``Float(0, 1)``, ``stats.loguniform(1e-4, 1)``, a list of
    choices, a single value. Or a list of TensorBoard's ``HParam``, which have names.
    conditions: name -> ``(parent, values)``: the dimension is active only while the parent is active and has one of
    the values: one value, a list, ``at_least(x)``, ``at_most(x)`` or ``Between(x, y)``. Of a list of pairs, all must
    hold. Parents may have conditions themselves.
    constraints: ``forbid({...})`` and ``linear({...}, at_most=x)``.
    priors: name -> where its best value is believed to be, such as ``"~1e-3"`` or ``("~1e-3", "high")``; see
    ``priors.Prior``. Searchers that learn begin there, and believe it the less the more they have seen.

    A config is a dict with the active names only, in the order of the space, and JSON values.
    """

    names: tuple[str, ...]
    conditions: Conditions
    constraints: tuple[Constraint, ...]
    priors: Mapping[str, Prior]
    _steps: tuple[_Step, ...]

    def __init__(
        self,
        domains: Mapping[str, Any] | Sequence[HParam],
        *,
        conditions: Mapping[str, Any] | None = None,
        constraints: Sequence[Constraint] = (),
        priors: Mapping[str, Any] | None = None,
    ) -> None:
        flat, whens = flattened(by_name(domains), conditions or {})
        named = _named(flat)
        checked = as_conditions(whens, named)
        names = tuple(named)
        order = evaluation_order(names, checked)
        values = {
            "names": names,
            "conditions": checked,
            "constraints": as_constraints(constraints, named),
            "priors": as_priors(priors or {}, named),
            "_domains": named,
            "_steps": tuple(_Step(names.index(name), name, named[name], checked.get(name, ())) for name in order),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"Space({', '.join(_parts(self))})"

    @property
    def size(self) -> float:
        """The number of configs, constraints left aside: an int, or ``math.inf``.

        It is an upper bound where a dimension has conditions on several parents, or a parent has more than 100,000
        values.
        """
        return count(self._domains, [step.name for step in self._steps], self.conditions)

    def sample(self, rng: np.random.Generator) -> dict[str, Json]:
        """A random config. Takes len(space) numbers from ``rng`` for each try, and tries until the constraints hold.

        SpaceError after 10,000 tries.
        """
        for _ in range(_MOST_DRAWS):
            config = self.decode(rng.random(len(self._domains)).tolist())
            if not self.constraints or all(each.is_met(config) for each in self.constraints):
                return config
        raise SpaceError(
            f"no config that keeps to the constraints came up in {_MOST_DRAWS:,} tries: "
            f"{'; '.join(map(str, self.constraints))}.",
            hint="Narrow the domains to where the constraints hold, or loosen the constraints.",
        )

    def decode(self, x: Sequence[float] | NDArray[np.float64]) -> dict[str, Json]:
        """The config at a point of the unit cube, (d,); coordinates of inactive dimensions are ignored, so may be NaN.

        Constraints are not looked at: ``is_allowed`` tells. SpaceError when an active coordinate is not in [0, 1].
        """
        if len(x) != len(self.names):
            raise SpaceError(f"a point of this space has {len(self.names)} coordinates, got {len(x)}.")
        config: dict[str, Json] = {}
        name = ""
        try:
            for column, name, domain, whens in self._steps:
                if not whens or all(when.is_met(config) for when in whens):
                    config[name] = domain.from_unit(x[column])
        except SpaceError as error:
            raise SpaceError(f"{name}: {error.sentence}", hint=error.hint) from None
        return self._in_order(config)

    def encode(self, configs: Iterable[Config]) -> NDArray[np.float64]:
        """Where configs stand in the unit cube, (n, d) by ``names``. ``decode`` brings them back, up to rounding.

        NaN where a dimension is inactive, and where a config has no value or one that is not in the domain.
        """
        import numpy as np

        rows = list(configs)
        points = np.empty((len(rows), len(self._domains)))
        for column, (name, domain) in enumerate(self._domains.items()):
            points[:, column] = _places(name, domain, rows)
        return points

    def validate(self, config: Config) -> dict[str, Json]:
        """The config in the order of the space and with values as the domains give them; constants may be left out.

        SpaceError for unknown, missing and inactive names, values outside their domain, and broken constraints.
        """
        if not isinstance(config, Mapping):
            raise SpaceError(f"a config is a mapping from names to values, got {config!r}.")
        for name in config:
            if name not in self._domains:
                raise _unknown(name, self.names)
        valid: dict[str, Json] = {}
        for _, name, domain, whens in self._steps:
            unmet = [when for when in whens if not when.is_met(valid)]
            if not unmet:
                valid[name] = _valid(name, domain, config)
            elif name in config:
                raise _inactive(name, unmet, valid)
        for constraint in self.constraints:
            if not constraint.is_met(valid):
                raise SpaceError(f"{valid} breaks the constraint {constraint}.", hint="Change one of its values.")
        return self._in_order(valid)

    def is_allowed(self, config: Config) -> bool:
        """Whether ``validate`` accepts the config."""
        try:
            self.validate(config)
        except SpaceError:
            return False
        return True

    def to_json(self) -> dict[str, Json]:
        """The JSON form, exact: floats to the last bit, the order, conditions and constraints."""
        return space_form(self)

    @classmethod
    def from_json(cls, form: Json) -> Space:
        """The space with that JSON form. SpaceError when it is none."""
        parts = read_space_form(form)
        return cls(parts.domains, conditions=parts.conditions, constraints=parts.constraints, priors=parts.priors)

    def difference(self, other: Space) -> list[str]:
        """A sentence for each field in which the study's space (self) and the one given here (other) differ."""
        return list(differences(self, other))

    def _in_order(self, config: dict[str, Json]) -> dict[str, Json]:
        return {name: config[name] for name in self.names if name in config} if self.conditions else config


def as_space(given: Any) -> Space:
    """A Space as it is, its JSON form, or a mapping from names to what stands for domains.

    SpaceError for an empty mapping: who means a study in which nothing is searched says so by ``Space({})``.
    """
    if isinstance(given, Space):
        return given
    if isinstance(given, Mapping) and given.get("type") == "space" and "dimensions" in given:
        return Space.from_json(given)
    if isinstance(given, Mapping) and not given:
        raise SpaceError("there is nothing to search: the space is empty.", hint=_EXAMPLE)
    return Space(given)


class _Step(NamedTuple):
    """One dimension; taken in the order of ``Space._steps``, parents come before their children."""

    column: int
    name: str
    domain: Domain
    whens: tuple[When, ...]


def _named(domains: Mapping[str, Any]) -> dict[str, Domain]:
    if isinstance(domains, Space):
        raise SpaceError("Space(space) would lose conditions and constraints.", hint="Use the space as it is.")
    if not isinstance(domains, Mapping):
        raise SpaceError(f"a space is a mapping from names to domains, got {domains!r}.", hint=_EXAMPLE)
    named: dict[str, Domain] = {}
    for name, given in domains.items():
        if not isinstance(name, str) or not name:
            raise SpaceError(f"names of dimensions are non-empty strings, got {name!r}.")
        try:
            named[str.__str__(name)] = as_domain(given, name=name)
        except SpaceError as error:
            raise SpaceError(f"{name}: {error.sentence}", hint=error.hint) from error
    return named


def _parts(space: Space) -> Iterator[str]:
    yield repr(dict(space))
    if space.conditions:
        conditions = (f"{name!r}: {' and '.join(map(str, whens))}" for name, whens in space.conditions.items())
        yield f"conditions={{{', '.join(conditions)}}}"
    if space.constraints:
        yield f"constraints=[{', '.join(map(str, space.constraints))}]"
    if space.priors:
        yield f"priors={{{', '.join(f'{name!r}: {str(prior)!r}' for name, prior in space.priors.items())}}}"


def _places(name: str, domain: Domain, configs: Sequence[Config]) -> Sequence[float]:
    """``to_unit`` of the values with that name; NaN where it can't be told."""
    try:
        return domain.to_units([config[name] for config in configs])
    except (KeyError, SpaceError):
        return [_place(name, domain, config) for config in configs]


def _place(name: str, domain: Domain, config: Config) -> float:
    try:
        return domain.to_unit(config[name])
    except (KeyError, SpaceError):
        return math.nan


def _valid(name: str, domain: Domain, config: Config) -> Json:
    if name not in config:
        if isinstance(domain, Constant):
            return domain.from_unit(0.5)
        example = domain.from_unit(0.5)
        shown = f"{example:.3g}" if isinstance(example, float) else repr(example)
        raise SpaceError(f"{name} is missing from the config {dict(config)}.", hint=f"Add it, such as {name}={shown}.")
    try:
        return domain.validate(config[name])
    except SpaceError as error:
        raise SpaceError(f"{name}: {error.sentence}", hint=error.hint) from None


def _inactive(name: str, unmet: Sequence[When], valid: Config) -> SpaceError:
    when = unmet[0]
    actual = f"is {valid[when.parent]!r}" if when.parent in valid else "is inactive itself"
    return SpaceError(
        f"{name} is given but inactive: it needs {when}, and {when.parent} {actual}.",
        hint=f"Leave out {name}, or change {when.parent}.",
    )


def _unknown(name: object, names: Sequence[str]) -> SpaceError:
    if not names:
        return SpaceError(f"the space is empty, so it has no dimension {name!r}.", hint="Nothing is searched in it.")
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(names)}."
    return SpaceError(f"the space has no dimension {name!r}.", hint=hint)
