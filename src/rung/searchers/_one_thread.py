"""Linear algebra on small matrices, in one thread."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import scipy.linalg  # noqa: F401  # SciPy brings a BLAS of its own, beside NumPy's
from threadpoolctl import ThreadpoolController

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def in_one_thread(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """The function, during which BLAS uses one thread.

    Matrices of some hundred rows gain nothing from more, and while trials keep the cores busy, threads that wait for
    one another made suggestions 30 times slower when measured. And more threads add in another order, so that the last
    digits of a suggestion would depend on the machine.
    """

    @functools.wraps(function)
    def limited(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        with _libraries().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited


@functools.cache
def _libraries() -> ThreadpoolController:
    """Those that are loaded when it is first called."""
    return ThreadpoolController()
