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

from rung._frames import GarbledError, Hello, read_hello
from rung.backends._line import Line, Switchboard
from rung.types import Config, Job, Json
from rung.wire import ATTEMPT, CONFIG, SOCKET, TOKEN, TRIAL

_LONGEST_PATH = 100  # bytes; sun_path has room for 104 on macOS and 108 on Linux


def command_line(argv: Sequence[str], config: Config) -> list[str]:
    """``argv`` with ``{name}`` replaced by the hyperparameter, and ``--name value`` added for each that it doesn't mention.

    Strings stand as they are, other values as JSON. Braces around anything else stay.
    """
    mentioned: set[str] = set()

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name not in config:
            return found[0]
        mentioned.add(name)
        return _spelled(config[name])

    filled = [re.sub(r"\{([^{}]*)\}", fill, argument) for argument in argv]
    for name, value in config.items():
        if name not in mentioned:
            filled += [f"--{name}", _spelled(value)]
    return filled


def _spelled(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@final
class Door:
    """The socket in the file system through which the processes of scripts call.

    admit: gets each caller that has proved to belong to a run, with its further frames; it hands the line over.
    """

    def __init__(self, board: Switchboard, admit: Callable[[Line, Hello, Sequence[bytes]], None]) -> None:
        self._board = board
        self._admit = admit
        self._tokens: dict[tuple[int, int], str] = {}
        self.folder = _private_folder()
        self._path = str(self.folder / "s")
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self._path)
        self._listener.listen(128)
        self._listener.setblocking(False)
        self._line = Line(self._listener)
        board.add(self._line, self._accept)

    def environ(self, job: Job) -> dict[str, str]:
        """What a script finds in its environment; the token in it opens the door for this run."""
        token = secrets.token_hex(16)
        self._tokens[job.trial, job.attempt] = token
        return {
            CONFIG: json.dumps(dict(job.config)),
            SOCKET: self._path,
            TRIAL: str(job.trial),
            ATTEMPT: str(job.attempt),
            TOKEN: token,
            "PYTHONUNBUFFERED": "1",  # so that the log shows what a Python script prints when it prints it
        }

    def forget(self, job: Job) -> None:
        """Let nobody in for this run any more."""
        self._tokens.pop((job.trial, job.attempt), None)

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
            bodies = line.receive()
            hello = read_hello(bodies[0]) if bodies else None
        except GarbledError:
            self._board.drop(line)
            return
        if hello is None:
            if line.has_ended:
                self._board.drop(line)
            return
        token = self._tokens.get((hello.trial, hello.attempt), "")
        if token and secrets.compare_digest(token.encode(), hello.token.encode()):
            self._admit(line, hello, bodies[1:])
        else:
            self._board.drop(line)


def _private_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rung-"))
    if len(bytes(folder)) < _LONGEST_PATH:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="rung-", dir="/tmp"))  # noqa: S108 - mkdtemp makes it ours alone
