"""Another searcher for a study that has begun: who had it, who is to go on, and how both are written."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, final

import msgspec
from msgspec import Struct

from rung.errors import RungError
from rung.registry import factory_of
from rung.tuning.steering import plan_hand_over, searcher_to_come

if TYPE_CHECKING:
    from rung.contracts import Searcher, Store
    from rung.types import Json

Kind: TypeAlias = Literal["searchers", "schedulers"]
_NO_OPTIONS: Final = {"name", "class", "opaque", "searcher", "points_to_evaluate", "initial_config"}


@final
class HandOver(Struct, frozen=True):
    """Searchers by their JSON form, before and after. As a text: ``random -> tpe(gamma=0.2)``.

    command: its number in the study's inbox; None when it was not asked for, as when nothing changes.
    """

    study: str
    before: Json
    after: Json
    command: int | None = None

    def __str__(self) -> str:
        if self.before == self.after:
            return "nothing changes"
        return f"{written(self.before)} -> {written(self.after)}"


def hand_over(store: Store, study: str, searcher: str | Mapping[str, Json] | Searcher) -> HandOver:
    """Ask for another searcher, unless the study has it or will have it; see ``Study.hand_over``."""
    plan = plan_hand_over(store, study, searcher)
    before = searcher_to_come(store, store.tables.study(study))
    command = None if plan.searcher == before else store.post(study, plan)
    return HandOver(study, before, plan.searcher, command)


def written(form: Json, kind: Kind = "searchers") -> str:
    """A searcher, or a scheduler without its own, as it is written in a line: ``gp(acquisition=ei)``.

    Options that are as they are unless somebody says otherwise are left out.
    """
    if not isinstance(form, Mapping):
        return "unnamed"
    name = str(form.get("name") or str(form.get("class", "unnamed")).rpartition(":")[2])
    usual = _defaults(kind, str(form["name"])) if "name" in form else {}
    options = [
        f"{key}={_value(value)}"
        for key, value in form.items()
        if key not in _NO_OPTIONS and (key not in usual or usual[key] != value)
    ]
    return f"{name}({', '.join(options)})" if options else name


def _defaults(kind: Kind, name: str) -> Mapping[str, object]:
    try:
        parameters = inspect.signature(factory_of(kind, name)).parameters
    except RungError:  # it can't be had here
        return {}
    return {key: each.default for key, each in parameters.items()}


def _value(value: Json) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
