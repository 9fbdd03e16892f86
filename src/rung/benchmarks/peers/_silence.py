"""Other packages without what they say beside their results."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Sequence


@contextlib.contextmanager
def silence(*loggers: str, ignored: Sequence[type[Warning]] = ()) -> Iterator[None]:
    """In here, loggers of these names say nothing, and warnings of the ignored classes are not given.

    The root has the name ``root``. It gets no handler in here, as it would by ``logging.warning``.
    """
    named = [logging.getLogger(name) for name in loggers]
    levels = [logger.level for logger in named]
    nobody = logging.NullHandler()
    logging.getLogger().addHandler(nobody)
    for logger in named:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            for category in ignored:
                warnings.simplefilter("ignore", category)
            yield
    finally:
        for logger, level in zip(named, levels, strict=True):
            logger.setLevel(level)
        logging.getLogger().removeHandler(nobody)


@contextlib.contextmanager
def no_logging() -> Iterator[None]:
    """In here, nothing up to a warning is logged by anybody, whatever levels are set meanwhile."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
