"""What goes wrong with a SQLite file, in the words and classes of rung."""

from __future__ import annotations

import difflib
import sqlite3
from pathlib import Path

from rung.errors import StoreError, StoreFullError, StoreNotFoundError

_FULL = {
    "SQLITE_FULL",
    "SQLITE_IOERR_WRITE",
    "SQLITE_IOERR_FSYNC",
    "SQLITE_IOERR_DIR_FSYNC",
    "SQLITE_IOERR_TRUNCATE",
    "SQLITE_IOERR_SHMSIZE",
    "SQLITE_IOERR_SHMMAP",
}


SQLITE_ERRORS = (sqlite3.Error, UnicodeEncodeError, OverflowError)
"""What the sqlite3 module raises; the last two for text that isn't Unicode, and for integers of over 64 bits."""


def meaning_of(error: Exception, path: Path) -> StoreError:
    """What one of SQLITE_ERRORS means for the user of the store at this path."""
    name = getattr(error, "sqlite_errorname", "")
    where = repr(str(path))
    if name in _FULL:
        return StoreFullError(
            f"The disk of {where} is full or failing ({error}); this was not stored, what was stored before is intact.",
            hint="Free some space, then go on.",
        )
    for prefix, sentence, hint in _MEANINGS:
        if name.startswith(prefix):
            return StoreError(sentence.format(where=where, error=error), hint=hint)
    return StoreError(f"SQLite refused to work with {where}: {error} ({name or type(error).__name__}).")


_MEANINGS = (
    ("SQLITE_BUSY", "{where} has been locked by another process for too long.", "Close what else writes to it."),
    ("SQLITE_LOCKED", "{where} has been locked by another process for too long.", "Close what else writes to it."),
    ("SQLITE_NOTADB", "{where} is not a database.", "Choose another file."),
    ("SQLITE_CORRUPT", "{where} is damaged: {error}.", "Restore it from a backup, or try `sqlite3 FILE .recover`."),
    ("SQLITE_READONLY", "{where} can't be written: {error}.", "Check the permissions of the file and of its folder."),
    ("SQLITE_CANTOPEN", "{where} can't be opened: {error}.", "Check the permissions of the file and of its folder."),
    ("SQLITE_PERM", "{where} can't be opened: {error}.", "Check the permissions of the file and of its folder."),
    ("SQLITE_IOERR", "{where} can't be read: {error}.", "Check the disk."),
)


def not_found(path: Path) -> StoreNotFoundError:
    """The error for a path where there is nothing; names a file nearby that may be meant."""
    sentence = f"There is no store at {str(path)!r}."
    if not path.parent.is_dir():
        return StoreNotFoundError(sentence, hint=f"The folder {str(path.parent)!r} doesn't exist.")
    names = [entry.name for entry in path.parent.iterdir() if entry.suffix in SUFFIXES and entry != path]
    near = difflib.get_close_matches(path.name, names, n=1)
    if near:
        return StoreNotFoundError(sentence, hint=f"Did you mean {str(path.with_name(near[0]))!r}?")
    return StoreNotFoundError(sentence, hint="A store is made by the first study that runs in it.")


def gone(path: Path) -> StoreError:
    """The error for a file that was removed or replaced while it was written to; SQLite itself would not notice."""
    return StoreError(
        f"{str(path)!r} has been removed or replaced while it was in use; this was not stored.",
        hint="Put the file back, or begin a new study.",
    )


SUFFIXES = (".db", ".sqlite", ".sqlite3")
"""How paths that are taken for SQLite files end."""
