"""The results of benchmark runs as they stand in a file: one line of JSON per run, see docs/benchmark-results.md."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from rung.analysis.comparison.runs import Key, Run
from rung.errors import RungError, SettingError
from rung.runtime._files import sync_folder

FORMAT: Final = 1
"""Grows when older readers would misread a line. Fields that a reader doesn't know are ignored."""


class Ignored(Struct, frozen=True):
    """A line that doesn't count. line: its number, from 1."""

    line: int
    reason: str


class Results(Struct, frozen=True):
    """The runs of a file, in the order of their lines, and what in it was ignored."""

    runs: tuple[Run, ...]
    ignored: tuple[Ignored, ...] = ()

    @property
    def keys(self) -> frozenset[Key]:
        """Which runs there are."""
        return frozenset(run.key for run in self.runs)


class _Head(Struct):
    format: int


def append(path: Path, run: Run) -> None:
    """Add a run to a file, which is made if need be: durable when this returns, and whole or not at all.

    Several processes may append at once. SettingError for a run that could not be read back; RungError when the file
    can't be written.
    """
    line = _line_of(run)
    try:
        with path.open("ab+", buffering=0) as file, _locked(file.fileno()):
            size = file.seek(0, os.SEEK_END)
            _write_whole(file.fileno(), line if _ends_a_line(file.fileno(), size) else b"\n" + line, size)
            if size == 0:
                sync_folder(path.parent)
    except OSError as error:
        raise RungError(
            f"The result of {run.key} can't be written to {path}: {error.strerror or error}.",
            hint="Free space or permissions there, and run again: finished runs are kept.",
        ) from error


def read(path: Path) -> Results:
    """The runs of a file and its ignored lines. SettingError when there is no file.

    Of several lines for one run the last one counts. A last line that was cut short, as by a power failure, is ignored
    like any other bad one.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise SettingError(f"There are no benchmark results at {path}.", hint="Look for a file runs.jsonl.") from error
    except OSError as error:
        raise RungError(f"{path} can't be read: {error.strerror or error}.", hint="Check what it is.") from error
    found: dict[Key, tuple[int, Run]] = {}
    ignored: list[Ignored] = []
    for number, line in _numbered(content):
        run = _run_of(line)
        if isinstance(run, str):
            is_cut = not content.endswith(b"\n") and number == content.count(b"\n") + 1
            ignored.append(Ignored(number, "cut short" if is_cut else run))
            continue
        if run.key in found:
            ignored.append(Ignored(found[run.key][0], f"line {number} is about the same run: {run.key}"))
        found[run.key] = (number, run)
    in_order = sorted(found.values(), key=lambda each: each[0])
    return Results(tuple(run for _, run in in_order), tuple(sorted(ignored, key=lambda each: each.line)))


def _line_of(run: Run) -> bytes:
    try:
        line = msgspec.json.encode({"format": FORMAT, **msgspec.to_builtins(run)}) + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise SettingError(f"The result of {run.key} is no JSON: {error}.", hint="Keep notes plain.") from error
    again = _run_of(line)
    if isinstance(again, str):
        raise SettingError(f"The result of {run.key} could not be read back: {again}.", hint="Keep numbers finite.")
    return line


def _run_of(line: bytes) -> Run | str:
    """The run of a line, or why there is none."""
    try:
        head = msgspec.json.decode(line, type=_Head)
        if head.format > FORMAT:
            return f"written by a newer rung (format {head.format}, this one reads {FORMAT})"
        return msgspec.json.decode(line, type=Run)
    except msgspec.ValidationError as error:
        return f"no run: {error}"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"no JSON: {error}"


def _numbered(content: bytes) -> Iterable[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip())


def _ends_a_line(descriptor: int, size: int) -> bool:
    """Whether what comes next begins a line of its own."""
    if size == 0:
        return True
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) == b"\n"


def _write_whole(descriptor: int, line: bytes, size: int) -> None:
    """Append to a file that had this size; when the disk is full, nothing of it stays."""
    try:
        written = 0
        while written < len(line):
            written += os.write(descriptor, line[written:])
        os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, size)
        raise


@contextlib.contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Only one process at a time is in here with the same file, where the system has such locks."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX)  # a kill gives it back
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing would not, while a forked child has the file open too
