"""The sign of life of a tuner that has nothing to write: its lease is renewed by a thread of its own."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Protocol, final

from rung.errors import FencedError, StoreError


class Waiter(Protocol):
    """What of ``threading.Event`` a heartbeat needs."""

    def set(self) -> None:
        """Have all waiting come to its end."""

    def wait(self, timeout: float) -> bool:
        """Wait for so many seconds, or until it is set; returns whether it is."""


@final
class Heartbeat:
    """Renews a lease every ``period_s`` seconds until it is stopped, or the lease has passed to somebody else.

    renew: a bound method. Its object is not kept alive: a study that nobody has in hand any more gives no sign of
    life. The thread keeps no process alive either, and a forked child has none.
    """

    def __init__(self, renew: Callable[[], None], *, period_s: float, stopped: Waiter | None = None) -> None:
        self._renew = weakref.WeakMethod(renew)
        self._period_s = period_s
        self._stopped = stopped or threading.Event()
        self._lost: FencedError | None = None
        self._thread = threading.Thread(target=self._beat, name="rung-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to renew, a period from now."""
        self._thread.start()

    def stop(self) -> None:
        """Renew no more. Idempotent."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def check(self) -> None:
        """FencedError when the lease was found to have passed to somebody else."""
        if self._lost is not None:
            raise self._lost

    def _beat(self) -> None:
        while not self._stopped.wait(self._period_s):
            renew = self._renew()
            if renew is None:
                return
            try:
                renew()
            except FencedError as error:
                self._lost = error
                return
            except StoreError:  # a full disk, a busy database: the lease lasts for some periods
                continue
            finally:
                del renew  # while it waits, it must not hold what it renews for
