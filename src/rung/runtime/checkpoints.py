"""Checkpoint files: nested state with arrays, written whole or not at all, and read back only if intact. No pickle.

A checkpoint is an ``.npz`` archive: ``tree.json`` holds the nesting and everything small, ``0.npy``, ``1.npy`` … the
arrays. NumPy and unzip can open it. What has no JSON form is an object whose key starts with ``$``.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO, cast, final

from msgspec import Struct

from rung.errors import CheckpointError
from rung.runtime._files import sync_folder
from rung.runtime._trees import Array, decode_tree, encode_tree
from rung.types import Checkpoint, Job, Json

_TREE = "tree.json"
_NAME = re.compile(r"step-\d+-attempt-(\d+)\.(?:npz|partial)")


class Snapshot(Struct, frozen=True):
    """A checkpoint with the state that is in it."""

    checkpoint: Checkpoint
    state: Any


def save(state: object, *, folder: str | Path, step: int, attempt: int) -> Checkpoint:
    """Write a state to a file in ``folder``, which is made if need be; on return it has reached the disk.

    state: None, numbers, strings, bytes, NumPy arrays, torch tensors, and lists, tuples and dicts of these, keys being
    strings, numbers, None or tuples of these. CheckpointError names the place of anything else, or says why the
    file could not be written; then nothing of it remains.
    """
    tree, arrays = encode_tree(state)
    path = Path(os.path.abspath(folder)) / f"step-{step:06d}-attempt-{attempt}.npz"  # noqa: PTH100  resolve() follows links
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            writer = _HashingWriter(file)
            _write(cast("BinaryIO", writer), tree, arrays)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise CheckpointError(
            f"The checkpoint of step {step} can't be written to {path}: {error.strerror or error}.",
            hint="Free some space there, or save less often with every=.",
        ) from error
    return Checkpoint(step=step, path=str(path), sha256=writer.sha256.hexdigest(), size=writer.size)


def load(checkpoint: Checkpoint) -> Any:
    """The state in a checkpoint; CheckpointError when the file is missing or not the one that was written.

    Arrays come back as they were. Tensors come back on the CPU as torch tensors, or as NumPy arrays where torch is not
    installed: bfloat16 as float32 with the same values, other types unknown to NumPy as their raw bits.
    """
    try:
        with Path(checkpoint.path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != checkpoint.sha256:
                raise CheckpointError(
                    f"The checkpoint {checkpoint.path} is damaged: its sha256 is {digest}, not {checkpoint.sha256}.",
                    hint="Go on from an earlier one.",
                )
            file.seek(0)
            return decode_tree(*_read(file))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise CheckpointError(
            f"The checkpoint {checkpoint.path} can't be read: {error}.", hint="Go on from an earlier one."
        ) from error


def to_bytes(state: object) -> bytes:
    """The archive of a state, such as ``save`` writes. CheckpointError as there."""
    archive = io.BytesIO()
    _write(archive, *encode_tree(state))
    return archive.getvalue()


def from_bytes(archive: bytes) -> Any:
    """The state in what ``to_bytes`` gave."""
    return decode_tree(*_read(io.BytesIO(archive)))


def load_checkpoint(checkpoint: Checkpoint) -> dict[str, Any]:
    """What ``trial.epochs`` saved there: the ``state_dict()`` of each of its objects, by name. Errors as ``load``."""
    return dict(load(checkpoint)["stateful"])


def first_intact(checkpoints: Sequence[Checkpoint]) -> tuple[Snapshot | None, tuple[CheckpointError, ...]]:
    """The first checkpoint that can be read, with its state, and what was wrong with those before it."""
    faults: list[CheckpointError] = []
    for checkpoint in checkpoints:
        try:
            return Snapshot(checkpoint, load(checkpoint)), tuple(faults)
        except CheckpointError as error:
            faults.append(error)
    return None, tuple(faults)


def sweep(job: Job) -> None:
    """Remove from the job's folder what earlier attempts of its trial left behind and the log does not know.

    Such a file was being written, or was not told of any more, when its run was killed; or its removal was decided
    when the tuner was killed.
    """
    known = {Path(checkpoint.path).name for checkpoint in job.checkpoints}
    for file in Path(job.folder).glob("step-*-attempt-*"):
        found = _NAME.fullmatch(file.name)
        if found is not None and int(found[1]) < job.attempt and file.name not in known:
            with contextlib.suppress(OSError):  # it is only waste
                file.unlink()


@final
class _HashingWriter:
    """A file that can only be appended to, and knows the sha256 and size of what went into it.

    It has neither tell nor seek, so that zipfile never goes back to change what has been hashed.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, content: bytes) -> int:
        self.sha256.update(content)
        written = self._file.write(content)
        self.size += written
        return written

    def flush(self) -> None:
        self._file.flush()


def _write(file: BinaryIO, tree: Json, arrays: Sequence[Array]) -> None:
    import numpy as np

    with zipfile.ZipFile(file, "w") as archive:
        for number, array in enumerate(arrays):
            with _entry(archive, f"{number}.npy") as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
        with _entry(archive, _TREE) as entry:
            entry.write(json.dumps(tree, allow_nan=False, separators=(",", ":")).encode())


@contextlib.contextmanager
def _entry(archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """A part of the archive, without a date: the same state gives the same file."""
    with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
        yield entry


def _read(file: BinaryIO) -> tuple[Json, list[Array]]:
    import numpy as np

    with zipfile.ZipFile(file) as archive:
        tree = json.loads(archive.read(_TREE))
        arrays = []
        for number in range(len(archive.namelist()) - 1):
            with archive.open(f"{number}.npy") as entry:
                arrays.append(np.lib.format.read_array(entry, allow_pickle=False))
    return tree, arrays
