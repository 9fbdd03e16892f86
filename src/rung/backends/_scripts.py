"""How a script gets its hyperparameters, and the door by which its processes come to report."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import final

from rung.backends._line import Line, Switchboard
from rung.backends._runs import Run
from rung.runtime._frames import GarbledError, read_hello
from rung.runtime.wire import ATTEMPT, CONFIG, SOCKET, TOKEN, TRIAL
from rung.types import Config, Json

NOTHING_ADDED = "{-}"
"""In a command line: what it doesn't mention of the hyperparameters isn't for it; a script may still ask for them."""

_LONGEST_PATH = 100  # bytes; sun_path has room for 104 on macOS and 108 on Linux


def command_line(argv: Sequence[str], config: Config) -> list[str]:
    """``argv`` with ``{name}`` replaced by the hyperparameter, and ``--name value`` added for each not mentioned so.

    Strings stand as they are, other values as JSON. Braces around anything else stay. A word NOTHING_ADDED among them
    is left out, and nothing is added then.
    """
    mentioned: set[str] = set()

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name not in config:
            return found[0]
        mentioned.add(name)
        return _spelled(config[name])

    filled = [re.sub(r"\{([^{}]*)\}", fill, argument) for argument in argv if argument != NOTHING_ADDED]
    if NOTHING_ADDED in argv:
        return filled
    for name, value in config.items():
        if name not in mentioned:
            filled += [f"--{name}", _spelled(value)]
    return filled


def _spelled(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@final
class Door:
    """The socket in the file system through which the processes of scripts call.

    find: the run of a trial and attempt, if there is one. Its ``token`` lets its processes in, and no others.
    """

    def __init__(self, board: Switchboard, find: Callable[[int, int], Run | None]) -> None:
        self._board = board
        self._find = find
        self.folder = _private_folder()
        self._path = str(self.folder / "s")
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self._path)
        self._listener.listen(128)
        self._line = Line(self._listener)
        self._listener.settimeout(0.0)
        board.add(self._line, self._accept)

    def environ(self, run: Run) -> dict[str, str]:
        """What a script finds in its environment."""
        job = run.job
        return {
            CONFIG: json.dumps(dict(job.config)),
            SOCKET: self._path,
            TRIAL: str(job.trial),
            ATTEMPT: str(job.attempt),
            TOKEN: run.token,
            "PYTHONUNBUFFERED": "1",  # so that the log shows what a Python script prints when it prints it
        }

    def close(self) -> None:
        """Shut the door; the folder goes, too."""
        self._board.drop(self._line)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _accept(self) -> None:
        try:
            end, _ = self._listener.accept()
        except OSError:  # the caller has hung up already, or there are too many open files
            return
        line = Line(end)
        self._board.add(line, lambda: self._greet(line))

    def _greet(self, line: Line) -> None:
        """Admit a caller whose first frame is a Hello with the right token; hang up on any other."""
        try:
            bodies = list(line.receive())
            hello = read_hello(bodies[0]) if bodies else None
        except GarbledError:
            self._board.drop(line)
            return
        if hello is None:
            if line.has_ended:
                self._board.drop(line)
            return
        run = self._find(hello.trial, hello.attempt)
        if run is not None and secrets.compare_digest(run.token.encode(), hello.token.encode()):
            run.connect(line, bodies[1:])
        else:
            self._board.drop(line)


def _private_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rung-"))
    if len(bytes(folder)) < _LONGEST_PATH:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="rung-", dir="/tmp"))
