"""What the book's classes have in common: constructors that keep their arguments, and methods added later."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

_Added = TypeVar("_Added", bound=Callable[..., Any])


class HyperParameters:
    """Base of classes whose constructors call ``save_hyperparameters``. hparams: name -> argument of the last call."""

    hparams: dict[str, Any]

    def save_hyperparameters(self, ignore: Sequence[str] = ()) -> None:
        """Make the caller's arguments attributes of this object, and entries of ``hparams``.

        ignore: names to leave out. The caller's first argument and names that begin with an underscore are left out
        anyway.
        """
        frame = inspect.currentframe()
        assert frame is not None, "CPython has frames"
        caller = frame.f_back
        assert caller is not None, "somebody called this"
        names, rest, keywords, values = inspect.getargvalues(caller)
        names = [*names[1:], *(name for name in (rest, keywords) if name is not None)]
        kept = [name for name in names if name not in ignore and not name.startswith("_")]
        self.hparams = {name: values[name] for name in kept}
        for name, value in self.hparams.items():
            setattr(self, name, value)


def add_to_class(owner: type) -> Callable[[_Added], _Added]:
    """A decorator that makes a function a method of a class; objects that exist already have it, too."""

    def add(function: _Added) -> _Added:
        setattr(owner, function.__name__, function)
        return function

    return add
