"""Care of stores: copies of them, studies that move or go, and files that nobody needs any more."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from rung.contracts import Store
from rung.errors import SettingError, StoreError, StudyExistsError, StudyLockedError, StudyNotFoundError
from rung.events import ArtifactLogged, Checkpointed, Collected, Event, StudyCreated
from rung.places import trial_folder
from rung.rows import StudyRow
from rung.store._leases import Leases
from rung.store._names import folder_name
from rung.store.migration import save_copy
from rung.store.owner import MachineClock, current_owner, is_alive
from rung.store.sqlite import SqliteStore
from rung.types import Lease, Owner

_TTL_S = 60.0
_FREE_ALL = (
    "UPDATE head SET holder = NULL, renewed_boot = NULL, renewed_uptime = NULL, renewed_unix = NULL, epoch = epoch + 1"
)
_KEEP_EPOCH = """
    INSERT OR REPLACE INTO meta SELECT 'epoch', max(epoch, coalesce((SELECT CAST(value AS INTEGER) FROM meta
    WHERE name = 'epoch'), 0)) FROM head WHERE study = ?
"""
_SETTLED_S = 3600.0
"""What was written since may belong to a study that is just beginning, or to a trial that outlives its tuner."""
_SAVED = re.compile(r"step-\d{6,}-attempt-\d+\.(npz|partial)")
"""Names of checkpoints, finished or not; all else in a trial's folder may be the user's own."""
_HALF_ARTIFACT = re.compile(r"\.[0-9a-f]{16}\.partial")


def backup(store: SqliteStore, target: Path) -> Path:
    """All studies of a store as of now, in one closed file; tuners may go on writing meanwhile.

    Nobody holds a study in the copy. The files of the trials are not in it. SettingError when the target exists.
    """
    target = target.expanduser().absolute()
    if target.exists():
        raise SettingError(f"{str(target)!r} exists already.", hint="Choose another name, or remove it first.")
    if not target.parent.is_dir():
        raise SettingError(f"The folder {str(target.parent)!r} doesn't exist.", hint="Create it first.")
    save_copy(store.path, target)
    with closing(sqlite3.connect(target)) as connection, connection:
        connection.execute(_FREE_ALL)
    return target


def check_file(store: SqliteStore) -> list[str]:
    """What SQLite itself finds wrong with the file; empty when it is sound."""
    try:
        found = [str(line) for (line,) in store.database.query("PRAGMA integrity_check")]
    except StoreError as error:
        return [error.sentence]
    return [] if found == ["ok"] else found


def holders(store: SqliteStore) -> list[tuple[str, Owner, bool | None]]:
    """(study, owner, whether its process lives) of all leases; None where that can't be seen from here."""
    leases = Leases(store.database, MachineClock())
    rows = store.database.query("SELECT id, name FROM study ORDER BY id")
    held = [(name, leases.holding(number)[1]) for number, name in rows]
    return [(name, holding.owner, is_alive(holding.owner)) for name, holding in held if holding is not None]


def write_whole(store: Store, created: StudyCreated, events: Sequence[Event]) -> None:
    """A new study with all these events, which get into its log together or not at all.

    A study that was cut off between its beginning and its events, which therefore has none, is completed. Any other
    study of that name is a StudyExistsError.
    """
    try:
        store.create(created)
    except StudyExistsError:
        first, *more = (event for _, event in store.read(created.study))
        is_the_same = isinstance(first, StudyCreated) and _setting(first) == _setting(created)
        if more or not is_the_same:
            raise
    with _lease(store, created.study) as lease:
        if any(store.read(created.study, after=1)):
            raise StudyExistsError(f"Somebody else has just begun a study {created.study!r}.", hint="Try again.")
        store.append(events, lease=lease)


def copy_study(source: Store, target: Store, study: str) -> int:
    """Copy a study with the files of its trials into another store; returns the number of its events.

    The log is copied as it is, but that paths into the study's folder lead into the new one. Commands that nobody has
    answered stay behind. StudyLockedError while a tuner holds the study, which none can begin to meanwhile unless the
    source can't be written to; StudyExistsError when the name is taken.
    """
    _refuse_running(source.tables.study(study))
    old, new = source.folder(study), target.folder(study)
    with _lease_where_possible(source, study) as lease:
        first, *events = (_moved(event, old, new) for _, event in source.read(study))
        if not isinstance(first, StudyCreated):
            raise StoreError(
                f"The log of {study!r} does not begin with its creation.", hint="Look at it with rung verify."
            )
        if any(row.name == study for row in target.tables.studies()) and any(target.read(study, after=1)):
            raise StudyExistsError(f"{target.url} has a study {study!r} already.", hint="Copy it into another store.")

        def copy_file(file: str, copy: str) -> object:
            if lease is not None:  # large files may take longer than it lasts
                source.renew(lease)
            return shutil.copy2(file, copy)

        if old.is_dir():
            shutil.copytree(old, new, dirs_exist_ok=True, ignore_dangling_symlinks=True, copy_function=copy_file)
        if lease is not None:
            source.renew(lease)
    write_whole(target, first, events)
    return len(events) + 1


def delete_study(store: SqliteStore, study: str) -> int:
    """Remove a study, its log and the files of its trials for good; returns the bytes of these files.

    StudyLockedError while a tuner holds it.
    """
    number, folder = store.database.number(study), store.folder(study)
    with _lease(store, study):
        with store.database.write() as connection:
            connection.execute(_KEEP_EPOCH, (number,))
            for table in ("event", "event_key", "trial", "report", "command", "head"):
                connection.execute(f"DELETE FROM {table} WHERE study = ?", (number,))  # noqa: S608 - our own names
            connection.execute("DELETE FROM study WHERE id = ?", (number,))
        size = _size(folder)
        shutil.rmtree(folder, ignore_errors=True)  # what is left is found by find_garbage
    return size


class Garbage(Struct, frozen=True):
    """A file or folder that no study needs. size: in bytes. study: None where none has it."""

    path: Path
    size: int
    why: str
    study: str | None = None


def find_garbage(store: SqliteStore) -> list[Garbage]:
    """Folders of no study, and checkpoints and halves of artifacts that no log knows, left by killed runs.

    Passed over are studies that are being run, links, and what was written within the last hour.
    """
    root = store.folder("any").parent
    studies = store.tables.studies()
    names = {folder_name(row.name) for row in studies}
    found = [
        Garbage(entry, _size(entry), "belongs to no study")
        for entry in sorted(root.iterdir() if root.is_dir() else ())
        if entry.name not in names and not entry.is_symlink() and _is_settled(entry)
    ]
    for row in studies:
        if row.owner is None:
            found += _unknown_files(store, row.name)
    return found


def remove_garbage(store: SqliteStore, garbage: Iterable[Garbage]) -> int:
    """Remove of these what is garbage still; returns the bytes. A study that is being run by now is left alone."""
    wanted = {each.path for each in garbage}
    freed = 0
    for each in find_garbage(store):
        if each.path in wanted and each.study is None:
            shutil.rmtree(each.path) if each.path.is_dir() else each.path.unlink()
            freed += each.size
    for study in {each.study for each in garbage if each.study is not None}:
        try:
            with _lease(store, study):
                for each in _unknown_files(store, study):
                    if each.path in wanted:
                        each.path.unlink(missing_ok=True)
                        freed += each.size
        except StudyLockedError:
            continue
    return freed


def compact(store: SqliteStore) -> int:
    """Give the space of deleted rows back to the disk; returns the bytes.

    Nothing happens while a study is being run.
    """
    if any(row.owner is not None for row in store.tables.studies()):
        return 0
    with store.database.connection() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before = store.path.stat().st_size
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return max(0, before - store.path.stat().st_size)


def _setting(created: StudyCreated) -> bytes:
    return msgspec.json.encode((created.goal, created.space, created.scheduler))


@contextlib.contextmanager
def _lease(store: Store, study: str) -> Iterator[Lease]:
    lease = store.acquire(study, current_owner(), ttl=_TTL_S)
    try:
        yield lease
    finally:
        with contextlib.suppress(StudyNotFoundError):  # it may have been deleted under it
            store.release(lease)


@contextlib.contextmanager
def _lease_where_possible(store: Store, study: str) -> Iterator[Lease | None]:
    """The lease, or None where the store can't be written to."""
    with contextlib.ExitStack() as held:
        lease = None
        try:
            lease = held.enter_context(_lease(store, study))
        except StudyLockedError:
            raise
        except StoreError:  # it lies in somebody else's folder, say, or on a full disk
            pass
        yield lease


def _refuse_running(row: StudyRow) -> None:
    if row.owner is not None:
        raise StudyLockedError(
            f"The study {row.name!r} is being run by process {row.owner.pid} on {row.owner.host}.",
            hint="Stop it first (rung stop), or copy the whole store with rung store backup.",
        )


def _unknown_files(store: SqliteStore, study: str) -> Iterator[Garbage]:
    folder = store.folder(study)
    trials = store.tables.trials(study)
    # By name, since the paths in the log are those of before where the store has been moved, or is reached by a link.
    known = {
        trial_folder(folder, trial.number) / Path(kept.path).name for trial in trials for kept in trial.checkpoints
    }
    for path in sorted(folder.glob("trial-*/*")):
        if _SAVED.fullmatch(path.name) and path not in known and path.is_file() and _is_settled(path):
            yield Garbage(path, path.stat().st_size, "a checkpoint that the log does not know", study)
    for path in sorted(folder.glob("trial-*/artifacts/**/.*.partial")):
        if _HALF_ARTIFACT.fullmatch(path.name) and path.is_file() and _is_settled(path):
            yield Garbage(path, path.stat().st_size, "half of an artifact, left by a run that was killed", study)


def _moved(event: Event, old: Path, new: Path) -> Event:
    """The event with its paths below ``old`` leading to the same places below ``new``."""
    if isinstance(event, Checkpointed):
        return replace(event, checkpoint=replace(event.checkpoint, path=_below(event.checkpoint.path, old, new)))
    if isinstance(event, ArtifactLogged):
        return replace(event, artifact=replace(event.artifact, path=_below(event.artifact.path, old, new)))
    if isinstance(event, Collected):
        return replace(event, paths=tuple(_below(path, old, new) for path in event.paths))
    return event


def _below(path: str, old: Path, new: Path) -> str:
    return str(new / Path(path).relative_to(old)) if Path(path).is_relative_to(old) else path


def _is_settled(path: Path) -> bool:
    """Whether nothing in it was written within the last hour."""
    try:
        newest = max(file.lstat().st_mtime for file in (path, *path.rglob("*")))
    except FileNotFoundError:  # somebody is at work there
        return False
    return time.time() - newest > _SETTLED_S


def _size(path: Path) -> int:
    return sum(file.lstat().st_size for file in (path, *path.rglob("*")) if file.is_file() and not file.is_symlink())
