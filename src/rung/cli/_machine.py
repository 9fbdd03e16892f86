"""What ``rung doctor`` finds on this machine: versions, processors, memory, graphics cards, packages."""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import os
import platform
import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from rung.console.wording import size
from rung.provenance import usable_cores

Verdict = Literal["ok", "note", "warning", "broken"]

_NOT_FOR_USERS: Final = frozenset({"dev", "bench", "demo", "all"})
_REQUIREMENT: Final = re.compile(r"""([\w.-]+).*extra\s*==\s*['"]([\w-]+)['"]""")
_CGROUP_LIMITS: Final = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at. hint: what to do, or what follows from it."""

    name: str
    value: str
    verdict: Verdict = "ok"
    hint: str = ""


def look_at_machine() -> Iterator[Finding]:
    """Everything that has nothing to do with a store; takes less than a second where no GPU driver has to wake."""
    yield Finding(name="rung", value=_version("rung") or "not installed as a package")
    yield Finding(name="Python", value=f"{platform.python_version()} ({sys.executable})")
    for package in ("numpy", "scipy", "torch"):
        version = _version(package)
        if version is not None or package != "torch":
            verdict: Verdict = "ok" if version else "broken"
            yield Finding(name=package, value=version or "missing", verdict=verdict)
    yield Finding(name="system", value=platform.platform())
    yield sqlite_finding(sqlite3.sqlite_version_info)
    yield _processors()
    yield _memory()
    yield _start_method()
    yield _graphics()
    yield from optional_packages(importlib.metadata.requires("rung") or ())


def sqlite_finding(version: tuple[int, ...]) -> Finding:
    """What the version of SQLite means for a store."""
    text = ".".join(map(str, version))
    if version < (3, 35):
        hint = "A store needs 3.35 or newer; install a newer Python."
        return Finding(name="SQLite", value=text, verdict="broken", hint=hint)
    if (3, 7, 0) <= version <= (3, 51, 2):
        hint = (
            "Up to 3.51.2, SQLite can lose a commit when two processes fold the WAL back in the same instant; "
            "so in rung only processes that run a study do it."
        )
        return Finding(name="SQLite", value=text, verdict="note", hint=hint)
    return Finding(name="SQLite", value=text)


def memory_limit(paths: tuple[str, ...] = _CGROUP_LIMITS) -> int | None:
    """The bytes that the control group of this process may use; None without a limit."""
    for path in paths:
        try:
            text = Path(path).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdecimal() and int(text) < 2**60:  # a number near 2**63 stands for none
            return int(text)
    return None


def optional_packages(requirements: list[str] | tuple[str, ...]) -> Iterator[Finding]:
    """Which extras are there, from what the package says that it needs for them."""
    extras: dict[str, list[str]] = {}
    for requirement in requirements:
        if found := _REQUIREMENT.match(requirement):
            extras.setdefault(found[2], []).append(found[1])
    for extra in sorted(extras.keys() - _NOT_FOR_USERS):
        missing = [package for package in extras[extra] if _version(package) is None]
        yield Finding(
            name=f"extra {extra}",
            value="missing " + ", ".join(missing) if missing else ", ".join(extras[extra]),
            verdict="note" if missing else "ok",
            hint=f"pip install 'rung[{extra}]'" if missing else "",
        )


def _processors() -> Finding:
    there, usable = os.cpu_count() or 1, usable_cores()
    return Finding(name="processors", value=str(there) if usable == there else f"{usable} of {there} usable")


def _memory() -> Finding:
    import psutil

    memory, limit = psutil.virtual_memory(), memory_limit()
    value = f"{size(memory.total)}, {size(memory.available)} free"
    if limit is not None and limit < memory.total:
        return Finding(name="memory", value=f"{value}; this process and its group may use {size(limit)}")
    return Finding(name="memory", value=value)


def _start_method() -> Finding:
    if "fork" in multiprocessing.get_all_start_methods():
        return Finding(name="trial processes", value="forked from a server that has imported the training module")
    hint = "Leave workers out, so that trials run in the tuner's own process."
    return Finding(name="trial processes", value="can't be forked here", verdict="warning", hint=hint)


def _graphics() -> Finding:
    from rung.backends._gpus import found_gpus
    from rung.errors import SettingError

    try:
        gpus = found_gpus()
    except SettingError:
        return Finding(name="GPUs", value="none found by nvidia-smi")
    return Finding(name="GPUs", value=", ".join(gpus))


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
