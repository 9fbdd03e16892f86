"""Ctrl-C: once lets the running trials finish, twice ends them. Either way the study can be resumed."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from rung._trial import current_trial
from rung.tuning.loop import Loop


@contextlib.contextmanager
def heed_interrupts(loop: Loop, *, say: Callable[[str], None]) -> Iterator[None]:
    """Handle SIGINT and SIGTERM for a loop while it runs; does nothing outside the main thread, nor inside a trial.

    What ends a trial ends the study that it consists of: that one, cut short, would be taken for one that is done.
    A signal that this process was started to ignore, as shells do with background jobs, stays ignored. SIGTERM counts
    as the second Ctrl-C. Raises KeyboardInterrupt only while an objective runs in this very thread: anywhere else it
    could tear a transaction apart, and the loop looks at its flag soon enough.
    """
    if threading.current_thread() is not threading.main_thread() or current_trial() is not None:
        yield
        return
    count = 0

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1 if number == signal.SIGINT else 2
        if count == 1:
            loop.stop("interrupted")
            with contextlib.suppress(OSError, RuntimeError):  # stderr is closed, or in the middle of another print
                say("Waiting for the running trials; press Ctrl-C again to stop them now.")
            return
        loop.end_now = True
        if loop.is_in_objective:
            raise KeyboardInterrupt

    heeded = [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, handle) for number in heeded}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
