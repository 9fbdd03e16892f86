"""What Weights & Biases keeps of a run on this machine, read back.

The files are logs as LevelDB writes them (its ``doc/log_format.md``), of messages of ``wandb.proto``, behind a header.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]  # made when it is loaded

STATE: Final = "rung/state"
"""The key of the summary that says how a trial has ended."""

_HEADER: Final = 7
"""Bytes before the first record, and before each record's own."""
_BLOCK: Final = 32_768
_FULL, _LAST = 1, 4
"""The kinds of a chunk that end a record."""
_WRITTEN_WITHIN_S: Final = 10.0
"""It takes milliseconds; a full disk would take for ever."""


class Past(NamedTuple):
    """How far a run has been written. is_whole: with its end."""

    last_step: int = 0
    is_whole: bool = False


def pasts(folder: Path) -> dict[str, Past]:
    """What stands in the runs below ``folder / "wandb"``, by the id of each; parts of one run together."""
    found: dict[str, Past] = {}
    for file in sorted((folder / "wandb").glob("*run-*/run-*.wandb")):
        name = file.stem.removeprefix("run-")
        before, here = found.get(name, Past()), _past(file)
        found[name] = Past(max(before.last_step, here.last_step), before.is_whole or here.is_whole)
    return found


def records_of(file: Path) -> Iterator[Any]:
    """The records of a file, up to what is torn."""
    content, position, record = file.read_bytes(), _HEADER, b""
    while position + _HEADER <= len(content):
        left = _BLOCK - position % _BLOCK
        if left < _HEADER:  # too little for another chunk
            position += left
            continue
        size, kind = struct.unpack_from("<HB", content, position + 4)
        position += _HEADER
        if position + size > len(content):
            return
        record += content[position : position + size]
        position += size
        if kind in {_FULL, _LAST}:
            yield Record.FromString(record)
            record = b""


def await_end(file: Path) -> None:
    """Come back when the end of a finished run is in its file, which wandb writes a moment later."""
    deadline = time.monotonic() + _WRITTEN_WITHIN_S
    while not any(record.WhichOneof("record_type") == "exit" for record in records_of(file)):
        if time.monotonic() > deadline:
            raise OSError(f"{file} was not written to its end")
        time.sleep(0.01)


def _past(file: Path) -> Past:
    last_step, has_state, has_end = 0, False, False
    for record in records_of(file):
        kind = record.WhichOneof("record_type")
        if kind == "history":
            last_step = max(last_step, record.history.step.num)
        elif kind == "summary":
            has_state = has_state or any(_key(item) == STATE for item in record.summary.update)
        elif kind == "exit":
            has_end = True
    return Past(last_step, has_state and has_end)


def _key(item: Any) -> str:
    return item.key or "/".join(item.nested_key)


def as_values(items: Any) -> dict[str, Any]:
    """Key and value of each item of a record."""
    return {_key(item): json.loads(item.value_json) for item in items}
