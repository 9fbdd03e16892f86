"""Event files: what a folder of TensorBoard's has, and how it goes on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, final

from tensorboard.compat.proto.event_pb2 import Event, SourceMetadata
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.tensorflow_stub.errors import DataLossError, OutOfRangeError
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New
from tensorboard.summary.writer.record_writer import RecordWriter

_NAME: Final = "events.out.tfevents."
"""What TensorBoard knows event files by."""


@final
class Run:
    """One folder of event files. newest: the tags that it has, each with the step and value that came last.

    writer: what its files say of who wrote them.

    Whoever goes on with a folder begins a file of his own, as the last record of the one before may be torn. No file is
    kept open, so that thousands of trials may run at once.
    """

    def __init__(self, folder: Path, writer: str) -> None:
        self.folder = folder
        self._writer = writer
        self.newest: dict[str, tuple[int, float]] = {}
        self.last_step = 0
        self._file: Path | None = None
        for event in events_of(folder):
            self._note(event)

    def write(self, summary: Any, *, unix: float, step: int = 0) -> None:
        """Append one record; it is in the file when this returns. unix: seconds since 1970."""
        event = Event(wall_time=unix, step=step, summary=summary)
        if self._file is None:
            self._file = self._begin(unix)
        _append(self._file, event)
        self._note(event)

    def _begin(self, unix: float) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        number = len(files_of(self.folder))
        while True:
            number += 1
            file = self.folder / f"{_NAME}{number:010}.rung"
            try:
                file.touch(exist_ok=False)
            except FileExistsError:
                continue
            _append(file, _head(unix, self._writer))
            return file

    def _note(self, event: Any) -> None:
        self.last_step = max(self.last_step, event.step)
        for value in event.summary.value:
            self.newest[value.tag] = (event.step, value.simple_value)


def scalars(values: dict[str, float]) -> Any:
    """A summary with these scalars."""
    return Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])


def as_kept(value: float) -> float:
    """A scalar as an event file has it, in single precision."""
    return float(Summary.Value(simple_value=value).simple_value)


def files_of(folder: Path) -> list[Path]:
    """The event files of a folder, in the order in which TensorBoard reads them."""
    return sorted(folder.glob(f"{_NAME}*"))


def events_of(folder: Path) -> list[Any]:
    """What stands in the event files of a folder, up to what is torn."""
    return [Event.FromString(record) for file in files_of(folder) for record in _records(file)]


def writer_of(folders: Iterable[Path]) -> str | None:
    """Who wrote the first event file in these folders that has anything; None where there is none."""
    files = (file for folder in folders for file in files_of(folder))
    head = next((record for file in files for record in _records(file)), None)
    return None if head is None else str(Event.FromString(head).source_metadata.writer)


def _records(file: Path) -> Iterator[bytes]:
    """Read by TensorBoard's own reader: its loaders would take TensorFlow's where that is installed, and import it."""
    reader = PyRecordReader_New(str(file))
    with contextlib.suppress(OutOfRangeError, DataLossError):
        while True:
            reader.GetNext()
            yield reader.record()


def replace_events(folder: Path, summary: Any, *, unix: float, writer: str) -> None:
    """Make this record the only one in the folder's first file, in one stroke."""
    folder.mkdir(parents=True, exist_ok=True)
    begun = folder / ".begun"
    begun.unlink(missing_ok=True)
    _append(begun, _head(unix, writer))
    _append(begun, Event(wall_time=unix, summary=summary))
    begun.replace(folder / f"{_NAME}0000000001.rung")


def _head(unix: float, writer: str) -> Any:
    return Event(wall_time=unix, file_version="brain.Event:2", source_metadata=SourceMetadata(writer=writer))


def _append(file: Path, event: Any) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    with open(descriptor, "wb", buffering=0) as raw:  # noqa: PTH123  one write for each record
        RecordWriter(raw).write(event.SerializeToString())
