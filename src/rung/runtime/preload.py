"""Data that is loaded once for all trials: ``@rung.preload``."""

from __future__ import annotations

import functools
import inspect
import itertools
import sys
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, final
from weakref import WeakValueDictionary

from rung.errors import SettingError

T = TypeVar("T")


@final
class Preloaded(Generic[T]):
    """A function without parameters that is called once per process; whoever calls it later gets the same value."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._values: list[T] = []
        self._lock = threading.RLock()
        functools.update_wrapper(self, function)
        _known[next(_numbers)] = self

    def __call__(self) -> T:
        """The value. What the function raises is not kept: the next call tries again."""
        with self._lock:
            if not self._values:
                self._values.append(self._function())
            return self._values[0]

    def __reduce__(self) -> str | tuple[Callable[[Callable[[], T]], Preloaded[T]], tuple[Callable[[], T]]]:
        """Go to other processes by name where they can import it, else with the function; never with the value."""
        name, module = self._function.__qualname__, sys.modules.get(self._function.__module__)
        is_importable = self._function.__module__ != "__main__" and getattr(module, name, None) is self
        return name if is_importable else (Preloaded, (self._function,))

    def forget(self) -> None:
        """Let go of the value."""
        self._values.clear()


def preload(function: Callable[[], T]) -> Preloaded[T]:
    """Have what this function returns loaded once and shared by all trials; call it wherever the data is needed.

    Where trials are forked, it is called after the training code has been imported and before the first trial, whose
    memory then holds the data already: it takes neither time nor room of its own, unless a trial writes to it.
    Elsewhere it is called when it is first needed, once per process. It should draw no global random numbers.

    SettingError for functions that take arguments, and those that return something that can be used only once.
    """
    name = getattr(function, "__qualname__", repr(function))
    if not inspect.isfunction(function):
        raise SettingError(f"preload got {name}.", hint="Give it a function without parameters.")
    if inspect.signature(function).parameters:
        raise SettingError(
            f"{name} takes arguments, so it can't be preloaded.", hint="Preload a function without parameters."
        )
    if inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
        raise SettingError(f"What {name} returns can be used only once.", hint="Return the data itself, or a list.")
    return Preloaded(function)


def load_all() -> None:
    """Call all that there are in this process, in the order in which they were defined; raises what they raise."""
    for preloaded in list(_known.values()):
        preloaded()


def forget_all() -> None:
    """Let go of all values, which are then loaded again where they are needed."""
    for preloaded in list(_known.values()):
        preloaded.forget()


_numbers = itertools.count()
_known: WeakValueDictionary[int, Preloaded[Any]] = WeakValueDictionary()
"""Those that this process has defined and not dropped again; a fork-server must find what an import has defined."""
