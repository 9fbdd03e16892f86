"""Log records while a table is kept up to date on the terminal: they must go through it, above the table."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from typing import IO, Any, final


@final
class LogRedirection:
    """Where log handlers write, from before the standard streams were exchanged to after they were restored.

    A handler keeps the stream that it was made with, so exchanging ``sys.stderr`` alone doesn't reach it.
    """

    def __init__(self) -> None:
        self._outside = _standard_streams()
        self._inside = self._outside

    def begin(self) -> None:
        """Take the handlers along to the streams that are the standard ones now."""
        self._inside = _standard_streams()
        _move_handlers(self._outside, self._inside)

    def end(self) -> None:
        """Bring them back, with those that were made meanwhile."""
        _move_handlers(self._inside, self._outside)


def _standard_streams() -> tuple[IO[str], IO[str]]:
    return sys.stdout, sys.stderr


def _move_handlers(sources: Sequence[IO[str]], targets: Sequence[IO[str]]) -> None:
    for handler in _stream_handlers():
        for source, target in zip(sources, targets, strict=True):
            if handler.stream is source and source is not target:
                handler.setStream(target)
                break


def _stream_handlers() -> Iterator[logging.StreamHandler[Any]]:
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    for logger in loggers:
        if isinstance(logger, logging.Logger):
            yield from (each for each in logger.handlers if isinstance(each, logging.StreamHandler))
