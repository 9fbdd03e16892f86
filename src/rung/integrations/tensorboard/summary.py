"""``tf.summary`` as far as a loop over hyperparameters needs it: a writer that is the default one for a while."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from rung.errors import MissingExtraError, SettingError

if TYPE_CHECKING:
    from rung.integrations.tensorboard._files import Run


@final
class SummaryWriter:
    """Writes into one folder. A context of ``as_default`` is where ``scalar`` and ``hp.hparams`` write."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def write(self, summary: Any, *, step: int = 0) -> None:
        """Append a record of TensorBoard's, a ``Summary``; it is in the file when this returns."""
        self._run.write(summary, unix=time.time(), step=step)

    @contextlib.contextmanager
    def as_default(self) -> Iterator[SummaryWriter]:
        """Be the writer of all that is written in this context."""
        before = _DEFAULT.set(self)
        try:
            yield self
        finally:
            _DEFAULT.reset(before)


_DEFAULT: Final[ContextVar[SummaryWriter | None]] = ContextVar("default summary writer", default=None)


def create_file_writer(logdir: str | Path) -> SummaryWriter:
    """A writer into this folder. MissingExtraError without tensorboard."""
    try:
        from rung.integrations.tensorboard._files import Run
    except ImportError as error:
        raise MissingExtraError("Writing for TensorBoard", "tensorboard") from error
    return SummaryWriter(Run(Path(logdir), writer="rung"))


def default_writer() -> SummaryWriter:
    """The writer of the context. SettingError where there is none."""
    writer = _DEFAULT.get()
    if writer is None:
        raise SettingError(
            "There is no writer, so nothing would be written.",
            hint="Do it in: with tf.summary.create_file_writer(folder).as_default():",
        )
    return writer


def scalar(name: str, data: Any, step: int) -> None:
    """One value of a curve. data: a number, or what ``float`` makes one. SettingError without a writer."""
    from rung.integrations.tensorboard._files import scalars

    default_writer().write(scalars({name: float(data)}), step=int(step))
