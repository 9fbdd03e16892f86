"""Names of a package that are imported when they are first used, as their modules need a framework."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

from rung.errors import MissingExtraError


def lazily(name: str, homes: Mapping[str, str], *, extra: str, brings: str = "") -> Callable[[str], object]:
    """The ``__getattr__`` of the package of that name. homes: the module of each name in it, seen from there.

    extra: what installs the framework, and the name by which that is imported. brings: another package that it
    installs and the framework can't do without. MissingExtraError where one of them is missing.
    """

    def get(attribute: str) -> object:
        home = homes.get(attribute)
        if home is None:
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        try:
            value = getattr(import_module(f"{name}.{home}"), attribute)
        except ModuleNotFoundError as error:
            if error.name not in {extra, brings}:
                raise
            raise MissingExtraError(f"{name.rpartition('.')[2]}.{attribute}", extra) from error
        setattr(sys.modules[name], attribute, value)
        return value

    return get
