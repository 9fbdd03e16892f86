"""What a trial has printed: where it is, its last lines, and what comes while it runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, final

from rung.places import output_file
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.contracts import Store

PERIOD_S = 0.2
"""How long new output may lie there before a follower looks."""

_BLOCK = 1 << 16


def why_silent(store: Store, study: str, trial: int) -> str:
    """Why there is no output of a trial, as the end of a sentence about it."""
    row = store.tables.trial(study, trial)
    if row.pid is None and row.state is not TrialState.RUNNING:
        return "has no output: it had no process of its own, and what is printed in the tuner's goes to its terminal"
    return "has printed nothing" if row.state.is_final else "has printed nothing yet"


@final
class TrialOutput:
    """The output of one trial. file: where it is; None as long as there is none."""

    def __init__(self, store: Store, study: str, trial: int) -> None:
        self.file: Path | None = None
        self._store = store
        self._study = study
        self._trial = trial

    def lines(self, *, last: int | None = None, follow: bool = False) -> Iterator[str]:
        """The lines, or the ``last`` of them; with ``follow`` also those to come, until nobody runs the trial."""
        while True:
            is_over = not follow or not self._may_go_on()  # asked first, so that what it printed at its end is read
            self.file = output_file(self._store.folder(self._study), self._trial)
            if self.file is not None:
                break
            if is_over:
                return
            time.sleep(PERIOD_S)
        with self.file.open("rb") as file:
            if last is not None:
                file.seek(_start_of_last(file, last))
            yield from self._read(file, follow=follow)

    def _read(self, file: BinaryIO, *, follow: bool) -> Iterator[str]:
        begun = b""  # of a line whose end has not been written yet
        while True:
            is_over = not follow or not self._may_go_on()
            while block := file.read(_BLOCK):
                *whole, begun = (begun + block).split(b"\n")
                yield from map(_text, whole)
            if is_over:
                break
            time.sleep(PERIOD_S)
        if begun:
            yield _text(begun)

    def _may_go_on(self) -> bool:
        """Whether the trial runs, or somebody is about to run it again."""
        row = self._store.tables.trial(self._study, self._trial)
        if row.state not in {TrialState.RUNNING, TrialState.WAITING}:
            return False
        return self._store.tables.study(self._study).owner is not None


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")


def _start_of_last(file: BinaryIO, lines: int) -> int:
    """Where the last so many lines begin, found from the end."""
    end = file.seek(0, 2)
    position, ends = end, 0
    while position > 0:
        start = max(0, position - _BLOCK)
        file.seek(start)
        block = file.read(position - start)
        for offset in range(len(block) - 1, -1, -1):
            if block[offset : offset + 1] == b"\n" and start + offset + 1 < end:
                ends += 1
                if ends == lines:
                    return start + offset + 1
        position = start
    return 0
