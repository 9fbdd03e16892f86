"""The JSON form of a space.

``{"type": "space", "dimensions": [dimension, ...], "constraints": [...]}`` with dimensions
``{"name": ..., **domain, "when": [condition, ...], "prior": {"centre": ..., "confidence": ...}}``, which are a list,
since not everything that stores JSON keeps the order of an object's keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from rung.errors import SpaceError

if TYPE_CHECKING:
    from rung.space.space import Space
    from rung.types import Json


def space_form(space: Space) -> dict[str, Json]:
    """The JSON form of a space; what is empty is left out."""
    dimensions = []
    for name, domain in space.items():
        when = [each.to_json() for each in space.conditions.get(name, ())]
        form = {"name": name, **domain.to_json(), **({"when": when} if when else {})}
        if name in space.priors:
            form["prior"] = {"centre": space.priors[name].centre, "confidence": space.priors[name].confidence}
        dimensions.append(form)
    listed = [each.to_json() for each in space.constraints]
    return {"type": "space", "dimensions": dimensions, **({"constraints": listed} if listed else {})}


class Parts(NamedTuple):
    """Domains, conditions, constraints and priors in the JSON forms of their own."""

    domains: dict[str, Any]
    conditions: dict[str, Any]
    constraints: Any
    priors: dict[str, Any]


def read_space_form(form: Json) -> Parts:
    """What a space is made of. SpaceError when it is no space's form."""
    if not isinstance(form, Mapping) or form.get("type") != "space" or not isinstance(form.get("dimensions"), list):
        raise SpaceError(f"this is not the JSON form of a space: {form!r}.", hint="Space.to_json() makes one.")
    if unknown := form.keys() - {"type", "dimensions", "constraints"}:
        raise SpaceError(
            f"the JSON form of a space has no {', '.join(sorted(map(str, unknown)))}.", hint="A newer rung wrote it?"
        )
    parts = Parts({}, {}, form.get("constraints", []), {})
    for dimension in form["dimensions"]:
        name = dimension.get("name") if isinstance(dimension, Mapping) else None
        if not isinstance(name, str) or name in parts.domains:
            raise SpaceError(f"each dimension needs a name of its own, and this one has none: {dimension!r}.")
        parts.domains[name] = {key: value for key, value in dimension.items() if key not in {"name", "when", "prior"}}
        if "when" in dimension:
            parts.conditions[name] = dimension["when"]
        if "prior" in dimension:
            parts.priors[name] = dimension["prior"]
    return parts
