"""From the address of a store to the store."""

from __future__ import annotations

import os
import re
from pathlib import Path

from rung.contracts import Store
from rung.errors import SettingError
from rung.store._faults import SUFFIXES
from rung.store.memory import MemoryStore
from rung.store.sqlite import SqliteStore

_SCHEME = re.compile(r"[a-z0-9+]{2,}:")
_FORMS = 'Use "memory", "sqlite:///relative.db", "sqlite:////absolute.db", or a path that ends in .db or .sqlite.'


def open_store(url: str | os.PathLike[str], *, create: bool) -> Store:
    """The store at this address.

    url: ``memory``, ``sqlite:///relative.db``, ``sqlite:////absolute.db``, or a path that ends in .db, .sqlite or
    .sqlite3; a path may begin with ``~``. Anything else is a SettingError.
    create: make the file when it's missing; else StoreNotFoundError says which path was looked at.
    """
    text = os.fspath(url)
    return MemoryStore() if text == "memory" else SqliteStore(path_of(text), create=create)


def path_of(url: str | os.PathLike[str]) -> Path:
    """The file of the store at this address; SettingError when the address names none."""
    text = os.fspath(url)
    if text.startswith(("postgresql:", "postgres:")):
        sentence = f"The store {_without_password(text)!r} needs an extra that this version doesn't have yet."
        raise SettingError(sentence, hint=_FORMS)
    scheme, slashes, path = text.partition("///")
    if slashes and scheme == "sqlite:":
        if path in {"", ":memory:"}:
            raise SettingError(f"The store {text!r} names no file.", hint=_FORMS)
        return Path(path)
    if not _SCHEME.match(text) and text.endswith(SUFFIXES):
        return Path(text)
    raise SettingError(f"{_without_password(text)!r} is not the address of a store.", hint=_FORMS)


def _without_password(url: str) -> str:
    """The address with what stands between ``://`` and ``@`` left out, since messages end up in logs."""
    scheme, slashes, rest = url.partition("://")
    return f"{scheme}://…@{rest.rpartition('@')[2]}" if slashes and "@" in rest else url
