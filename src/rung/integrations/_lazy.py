"""Frameworks that are imported when something of a package is first used, and what is said where they are missing."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module

from rung.errors import MissingExtraError


@contextlib.contextmanager
def requiring(*packages: str, purpose: str, extra: str) -> Iterator[None]:
    """Turn the lack of one of these packages into the MissingExtraError that says how to install the extra."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in packages:
            raise
        raise MissingExtraError(purpose, extra) from error


def lazily(name: str, homes: Mapping[str, str], *, extra: str, brings: str = "") -> Callable[[str], object]:
    """The ``__getattr__`` of the package of that name. homes: the module of each name in it, seen from there.

    extra: what installs the framework, and the name by which that is imported. brings: another package that it
    installs and the framework can't do without. MissingExtraError where one of them is missing.
    """

    def get(attribute: str) -> object:
        home = homes.get(attribute)
        if home is None:
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        with requiring(extra, brings, purpose=f"{name.rpartition('.')[2]}.{attribute}", extra=extra):
            value = getattr(import_module(f"{name}.{home}"), attribute)
        setattr(sys.modules[name], attribute, value)
        return value

    return get
