"""What the tuner and the fork-server say to each other, and what both know about the trials of a study."""

from __future__ import annotations

import os
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from rung.runtime._frames import GarbledError


class Plan(Struct, frozen=True, kw_only=True):
    """How the trials of a study are run; the same for all.

    start: as in ``Processes``. tuner: its process id. path, argv: what ``sys`` has in the tuner.
    threads: None leaves the numerical libraries alone. folder: temporary; removed by the last process.
    manages_gpus: each trial is told which ones are its own.
    """

    start: Literal["auto", "fork", "spawn"]
    is_script: bool
    tuner: int
    path: list[str]
    argv: list[str]
    threads: int | None
    log_bytes: int
    grace_s: float
    folder: str | None = None
    manages_gpus: bool = False


class Launch(Struct, frozen=True, tag=True):
    """Start a run; the trial's end of its line comes along as a file descriptor, except for scripts.

    log: the file for its output. environ: what differs from the tuner's. argv: of a script.
    """

    trial: int
    attempt: int
    log: str
    argv: list[str] = []
    environ: dict[str, str] = {}


class Kill(Struct, frozen=True, tag=True):
    """End a run: SIGTERM to its group and, ``grace_s`` seconds later, SIGKILL."""

    trial: int
    attempt: int
    grace_s: float


class Shutdown(Struct, frozen=True, tag=True):
    """End all runs, with ``grace_s`` seconds between SIGTERM and SIGKILL, and then the fork-server."""

    grace_s: float


class Ready(Struct, frozen=True, tag=True):
    """The objective has been imported, or needn't be."""


class Forked(Struct, frozen=True, tag=True):
    """The run has a process."""

    trial: int
    attempt: int
    pid: int


class Unforked(Struct, frozen=True, tag=True):
    """The run could not get a process."""

    trial: int
    attempt: int
    message: str


class Reaped(Struct, frozen=True, tag=True):
    """The run's process is gone, and so is its group. ``status``: as of waitpid. ``output``: the last lines of it."""

    trial: int
    attempt: int
    status: int
    output: str


Order: TypeAlias = Launch | Kill | Shutdown
Notice: TypeAlias = Ready | Forked | Unforked | Reaped

_order_decoder = msgspec.json.Decoder(Order)
_notice_decoder = msgspec.json.Decoder(Notice)


def read_order(body: bytes) -> Order:
    """The order in the body of a frame."""
    order: Order = _order_decoder.decode(body)
    return order


def read_notice(body: bytes) -> Notice:
    """The notice in the body of a frame; GarbledError."""
    try:
        notice: Notice = _notice_decoder.decode(body)
    except msgspec.DecodeError as error:
        raise GarbledError(str(error)) from error
    return notice


def write_plan(file: int, plan: Plan, payload: bytes) -> None:
    """Write the plan and the packed objective into an empty file, for ``read_plan`` in any process that inherits it."""
    encoded = msgspec.json.encode(plan)
    with open(file, "wb", closefd=False) as stream:
        stream.write(len(encoded).to_bytes(8, "big") + encoded + payload)


def read_plan(file: int) -> tuple[Plan, bytes]:
    """The plan and the packed objective; leaves the position of the file alone, which other processes share."""
    size = os.fstat(file).st_size
    content = b""
    while len(content) < size:
        content += os.pread(file, size - len(content), len(content))
    length = int.from_bytes(content[:8], "big")
    return msgspec.json.decode(content[8 : 8 + length], type=Plan), content[8 + length :]
