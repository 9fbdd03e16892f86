"""Spaces that follow from others: after an edit, and around all that a study has searched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rung.space.convert import as_domain
from rung.space.space import Space

if TYPE_CHECKING:
    from rung.space.domain import Domain


def edited(space: Space, domains: Mapping[str, Any], *, priors: Mapping[str, Any] | None = None) -> Space:
    """The space with other domains for some names, or with further ones; conditions and constraints stay.

    A dimension that hangs on a value which its parent has no longer is just never active; a prior whose centre is gone
    is dropped. priors: instead of those that there are. SpaceError when what remains is no space.
    """
    given = {name: as_domain(each, name=name) for name, each in domains.items()}
    form = space.to_json()
    whens = {each["name"]: each["when"] for each in form["dimensions"] if "when" in each}
    now = {**space, **given}
    return Space(
        now,
        conditions=whens,
        constraints=form.get("constraints", []),
        priors={name: each for name, each in space.priors.items() if now[name].contains(each.centre)}
        if priors is None
        else priors,
    )


def hull(former: Space, now: Space) -> Space:
    """The dimensions of ``now``, each with the values that it has now or had before, as far as they are of one kind.

    Where they are not, as on another scale, only those of now. Its conditions are those of now; it has no constraints
    and no priors.
    """
    unions = {name: _union(former.get(name), domain) for name, domain in now.items()}
    form = edited(now, unions, priors={}).to_json()
    return Space.from_json({key: form[key] for key in ("type", "dimensions")})


def _union(former: Domain | None, now: Domain) -> Domain:
    union = None if former is None else former.union(now)
    return now if union is None else union
