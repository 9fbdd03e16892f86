"""Only one runner at a time in a folder of results."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rung.errors import RungError

LOCK: Final = "lock"
"""The file that says who is in the folder. It stays there; what counts is a lock on it, which a kill gives back."""


@contextlib.contextmanager
def sole_runner(folder: Path) -> Iterator[None]:
    """While this lasts, nobody else is in here with this folder, which is made if need be.

    RungError when somebody is, with the number of the process, and when the folder can't be written to.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context((folder / LOCK).open("ab", buffering=0))
            _take(file.fileno(), folder)
            file.truncate(0)
            file.write(f"{os.getpid()}\n".encode())
        except OSError as error:
            raise RungError(
                f"Results can't be written to {folder}: {error.strerror or error}.", hint="Choose another folder."
            ) from error
        yield


def _take(descriptor: int, folder: Path) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = (folder / LOCK).read_text().strip() or "which has just begun"
        raise RungError(
            f"Another benchmark is writing to {folder}: process {holder}.",
            hint="Wait for it, or choose another folder. `rung bench report` can be called meanwhile.",
        ) from error
