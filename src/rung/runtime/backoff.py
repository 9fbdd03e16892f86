"""Smaller batches when memory runs out."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from rung.checks import number, whole_number
from rung.errors import SettingError
from rung.runtime.failures import is_out_of_memory

if TYPE_CHECKING:
    from rung._trial import Trial

T = TypeVar("T")


def back_off(trial: Trial, function: Callable[[int], T], batch_size: int, *, least: int = 1, factor: float = 0.5) -> T:
    """See ``Trial.batch_size_backoff``."""
    batch_size = whole_number("batch_size", batch_size, at_least=1, example=128)
    least = whole_number("least", least, at_least=1, example=8)
    factor = number("factor", factor, above=0, below=1, example=0.5)
    if batch_size < least:
        raise SettingError(f"batch_size={batch_size} is below least={least}.", hint="Begin with at least that many.")
    mark = trial.progress.mark()
    while True:
        try:
            return function(batch_size)
        except Exception as error:
            smaller = int(batch_size * factor)
            if smaller < least or not is_out_of_memory(error):
                raise
        # Out here, where the exception is gone and with it what its traceback held.
        _free_memory()
        trial.progress.rewind(mark)
        trial.note(f"out of memory with batch size {batch_size}, goes on with {smaller}")
        batch_size = smaller


def _free_memory() -> None:
    """Let go of cycles, and give back what torch keeps for later."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
