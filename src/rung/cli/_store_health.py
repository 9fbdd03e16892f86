"""What ``rung doctor`` finds about a store: where it lies, how fast and how full that is, who holds its studies."""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rung.cli._machine import Finding
from rung.console.wording import size
from rung.errors import RungError, StoreNotFoundError

if TYPE_CHECKING:
    from rung.store import SqliteStore

_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "lustre", "gpfs", "beegfs", "glusterfs",
     "fuse.glusterfs", "ceph", "fuse.ceph", "afs", "afpfs", "webdav", "davfs", "fuse.rclone", "fuse.s3fs"}
)  # fmt: skip
_SLOW_S: Final = 0.05
_LITTLE: Final = 1_000_000_000
_NEXT_TO_NOTHING: Final = 50_000_000
_SYNCS: Final = 9


def look_at_store(url: str) -> Iterator[Finding]:
    """All about the store at this address; nothing is made where there is none, and nothing in it is changed."""
    from rung.store.opening import path_of

    if url == "memory":
        yield Finding(name="store", value="memory, which ends with its process")
        return
    try:
        path = path_of(url).expanduser().absolute()
    except RungError as error:
        yield Finding(name="store", value=error.sentence, verdict="broken", hint=error.hint)
        return
    yield from _content(path)
    yield from look_at_place(path.parent)


def _content(path: Path) -> Iterator[Finding]:
    from rung.store import SqliteStore
    from rung.store._database import SCHEMA_VERSION

    try:
        store = SqliteStore(path, create=False)
    except StoreNotFoundError:
        yield Finding(name="store", value=f"none yet at {path}", hint="The first study that runs makes it.")
        return
    except RungError as error:
        yield Finding(name="store", value=error.sentence, verdict="broken", hint=error.hint)
        return
    with contextlib.closing(store):
        try:
            count = len(store.tables.studies())
            bytes_ = path.stat().st_size
            studies = "1 study" if count == 1 else f"{count} studies"
            yield Finding(name="store", value=f"{path}: {studies}, {size(bytes_)}, schema version {SCHEMA_VERSION}")
            yield from _leases(store)
        except RungError as error:
            yield Finding(name="store", value=error.sentence, verdict="broken", hint=error.hint)


def _leases(store: SqliteStore) -> Iterator[Finding]:
    from rung.store.maintenance import holders

    found = holders(store)
    if not found:
        yield Finding(name="leases", value="nobody runs a study")
    for study, owner, is_alive in found:
        who = f"{study!r} by process {owner.pid} on {owner.host}"
        if is_alive is False:
            hint = "It was killed. rung resume goes on with the study at once."
            yield Finding(name="lease", value=f"{who}, which is gone", verdict="note", hint=hint)
        else:
            yield Finding(name="lease", value=who if is_alive else f"{who}, which can't be seen from here")


def look_at_place(folder: Path) -> Iterator[Finding]:
    """The file system under a folder: its kind, its free space, and how long it takes to write durably."""
    if not folder.is_dir():
        yield Finding(name="folder", value=f"{folder} doesn't exist", verdict="broken", hint="Create it first.")
        return
    kind = kind_of_file_system(folder)
    if kind in _NETWORK:
        hint = "SQLite's locks are not safe on network file systems: put the store on a local disk."
        yield Finding(name="file system", value=f"{kind}, over a network", verdict="warning", hint=hint)
    else:
        yield Finding(name="file system", value=kind or "unknown")
    yield free_space(shutil.disk_usage(folder).free)
    yield _durable_writes(folder)


def kind_of_file_system(folder: Path) -> str:
    """Such as ``ext4``; empty where it can't be told."""
    import psutil

    mounts = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    real = folder.resolve()
    return next((mounts[place] for place in (real, *real.parents) if place in mounts), "")


def free_space(free: int) -> Finding:
    """What so many free bytes mean."""
    hint = "Free some space; rung store gc finds checkpoints that nobody needs." if free < _LITTLE else ""
    verdict = "broken" if free < _NEXT_TO_NOTHING else "warning" if free < _LITTLE else "ok"
    return Finding(name="free space", value=size(free), verdict=verdict, hint=hint)  # type: ignore[arg-type]


def _durable_writes(folder: Path) -> Finding:
    """How long one commit takes at least, by a file that is removed again."""
    took = []
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".rung-doctor-") as file:
            for _ in range(_SYNCS):
                file.write(b"\0" * 4096)
                file.flush()
                began = time.perf_counter()
                os.fsync(file.fileno())
                took.append(time.perf_counter() - began)
    except OSError as error:
        hint = "Studies there can be read, but not run."
        return Finding(name="durable write", value=f"impossible: {error.strerror}", verdict="warning", hint=hint)
    middle = statistics.median(took)
    value = f"{middle * 1000:.1f} ms"
    if middle > _SLOW_S:
        hint = "Each report that waits for a decision takes as long; a local disk is faster."
        return Finding(name="durable write", value=value, verdict="warning", hint=hint)
    return Finding(name="durable write", value=value)
