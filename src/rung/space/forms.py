"""The JSON form of a space.

``{"type": "space", "dimensions": [{"name": ..., **domain, "when": [condition, ...]}, ...], "constraints": [...]}``;
dimensions are a list, since not everything that stores JSON keeps the order of an object's keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rung.errors import SpaceError

if TYPE_CHECKING:
    from rung.space.conditions import Conditions
    from rung.space.constraints import Constraint
    from rung.space.domain import Domain
    from rung.types import Json


def space_form(
    domains: Mapping[str, Domain], conditions: Conditions, constraints: Sequence[Constraint]
) -> dict[str, Json]:
    """The JSON form of a space; what is empty is left out."""
    dimensions = []
    for name, domain in domains.items():
        when = [each.to_json() for each in conditions.get(name, ())]
        dimensions.append({"name": name, **domain.to_json(), **({"when": when} if when else {})})
    listed = [each.to_json() for each in constraints]
    return {"type": "space", "dimensions": dimensions, **({"constraints": listed} if listed else {})}


def read_space_form(form: Json) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Domains, conditions and constraints in the JSON forms of their own. SpaceError when it is no space's form."""
    if not isinstance(form, Mapping) or form.get("type") != "space" or not isinstance(form.get("dimensions"), list):
        raise SpaceError(f"this is not the JSON form of a space: {form!r}.", hint="Space.to_json() makes one.")
    if unknown := form.keys() - {"type", "dimensions", "constraints"}:
        raise SpaceError(
            f"the JSON form of a space has no {', '.join(sorted(map(str, unknown)))}.", hint="A newer rung wrote it?"
        )
    domains: dict[str, Any] = {}
    conditions: dict[str, Any] = {}
    for dimension in form["dimensions"]:
        name = dimension.get("name") if isinstance(dimension, Mapping) else None
        if not isinstance(name, str) or name in domains:
            raise SpaceError(f"each dimension needs a name of its own, and this one has none: {dimension!r}.")
        domains[name] = {key: value for key, value in dimension.items() if key not in {"name", "when"}}
        if "when" in dimension:
            conditions[name] = dimension["when"]
    return domains, conditions, form.get("constraints", [])
