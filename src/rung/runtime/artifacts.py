"""Files that a trial wants to be kept: copied into its folder whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path, PurePosixPath

from rung.errors import SettingError
from rung.runtime._files import sync_folder
from rung.runtime.progress import Progress
from rung.types import Artifact, Logged

_FOLDER = "artifacts"
_CHUNK = 1 << 20
_BYTES = re.compile("[\ud800-\udfff]")
"""What stands for a byte in the name of a file that is no text, and has no place in a log of texts."""


def log_artifact(progress: Progress, source: Path, name: str | None) -> None:
    """See ``Trial.log_artifact``."""
    if source.is_dir():
        raise SettingError(
            f"{source} is a folder; an artifact is one file.",
            hint="Log its files one by one, or pack it with shutil.make_archive first.",
        )
    if not source.is_file():
        raise SettingError(f"There is no file {source}.", hint="Write it before it is logged.")
    name = _checked(source.name if name is None else name)
    job = progress.job
    kept = Path(os.path.abspath(job.folder)) / _FOLDER / name  # noqa: PTH100  resolve() follows links
    try:
        sha256, size = _copied(source, kept)
    except OSError as error:
        raise SettingError(
            f"{source} can't be copied to {kept}: {error.strerror or error}.", hint="Check the disk and the name."
        ) from error
    artifact = Artifact(name=name, path=str(kept), sha256=sha256, size=size, step=progress.step)
    progress.channel.post(Logged(job.trial, job.attempt, artifact))


def _checked(name: object) -> str:
    """The name in its plain form; SettingError when it leads out of the folder, or to none in it."""
    is_text = isinstance(name, str) and not set(name) & set("\\\0") and not _BYTES.search(name)
    plain = PurePosixPath(str(name)) if is_text else PurePosixPath("/")
    if plain.is_absolute() or ".." in plain.parts or not plain.parts:
        raise SettingError(
            f"{name!r} can't name an artifact.", hint="Give a name such as model.onnx or plots/curve.png, without '..'."
        )
    return str(plain)


def _copied(source: Path, kept: Path) -> tuple[str, int]:
    """Copy the file, and give its sha256 and size; on return it has reached the disk."""
    import hashlib  # few trials keep files, and all of them load this module

    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_name(f".{os.urandom(8).hex()}.partial")  # another process may be keeping another file as this
    sha256, size = hashlib.sha256(), 0
    try:
        with source.open("rb") as original, partial.open("wb") as copy:
            while chunk := original.read(_CHUNK):
                sha256.update(chunk)
                size += copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
        partial.replace(kept)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    sync_folder(kept.parent)
    return sha256.hexdigest(), size
