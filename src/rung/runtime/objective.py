"""What is trained: functions, generators and scripts, recognised by their shape and carried to other processes."""

from __future__ import annotations

import difflib
import enum
import functools
import importlib
import importlib.util
import inspect
import json
import sys
import zlib
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct

from rung.errors import ObjectiveError, RungError
from rung.types import Config

_LIMIT = "max_epochs"
_TRIAL = "trial"
_FILE_MODULE = "rung_file_"
"""Begins the module name under which a file is imported; the name cannot clash with an installed module."""


class Kind(enum.StrEnum):
    """How an objective reports and how it is driven."""

    FUNCTION = "function"
    TRIAL = "trial"
    GENERATOR = "generator"
    SCRIPT = "script"


class Objective(Struct, frozen=True):
    """What is trained, with all that one needs to know in order to call it.

    target: the function; None for scripts. argv: the command line of a script.
    reference: ``module:function`` or ``/absolute/file.py:function``; None when it can't be named.
    limit: the parameter that bounds the training length (``max_epochs``), if there is one.
    wants_trial: a parameter named ``trial`` gets the ``Trial``. takes_any: there is a ``**`` parameter.
    parameters: the names of the others, ``limit`` among them; required: those of them without a default.
    """

    kind: Kind
    target: Callable[..., Any] | None = None
    argv: tuple[str, ...] = ()
    reference: str | None = None
    limit: str | None = None
    wants_trial: bool = False
    takes_any: bool = False
    parameters: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """What people call it: the function's name, or the script's command line."""
        if self.target is None:
            return " ".join(self.argv)
        target = self.target
        while isinstance(target, functools.partial):
            target = target.func
        name = getattr(target, "__qualname__", None) or type(target).__name__
        return str(name).rpartition("<locals>.")[2].strip("<>")

    def fixed_among(self, names: Iterable[str]) -> frozenset[str]:
        """The hyperparameters that it takes as arguments, and so knows once and for all when it is called."""
        return frozenset(name for name in names if self.takes_any or name in self.parameters)

    def check(self, names: Collection[str]) -> None:
        """ObjectiveError when a search over hyperparameters of these names could give the function nothing it takes."""
        if self.target is not None and names:
            self.arguments(dict.fromkeys(names), None)

    def arguments(self, config: Config, until: int | None) -> dict[str, Any]:
        """What the function is given besides the trial.

        A function that takes hyperparameters must take all of them; one that takes ``trial``, or none at all (it can
        read ``rung.config()``), gets those that it names. ``limit`` gets ``until``, or the hyperparameter of the same
        name if that is lower. ObjectiveError when the names don't fit.
        """
        names = self.parameters
        if self.takes_any:
            given = dict(config)
        elif self.wants_trial or not names or names == {self.limit}:
            given = {name: config[name] for name in names if name in config}
        elif config.keys() <= names:
            given = dict(config)
        else:
            raise _unknown(self, config)
        if self.limit is not None and until is not None:
            given[self.limit] = min(until, given.get(self.limit, until))
        if not self.required <= given.keys():
            raise _missing(self, given)
        return given


def as_objective(target: Callable[..., Any] | Sequence[str] | str | Objective) -> Objective:
    """Recognise a function, a generator function, a reference to one, or the argument list of a script.

    ObjectiveError when it is none of these, can't be loaded, or can't be called by name.
    """
    if isinstance(target, Objective):
        return target
    if isinstance(target, str):
        reference = _absolute(target)
        return _from_callable(load(reference), reference)
    if callable(target):
        return _from_callable(target, _reference(target))
    if isinstance(target, Sequence) and target and all(isinstance(word, str) for word in target):
        return Objective(kind=Kind.SCRIPT, argv=tuple(target))
    raise ObjectiveError(
        f"{target!r} can't be trained.",
        hint="Give a function, a generator function, 'module:function', or the list of words that runs a script.",
    )


def load(reference: str) -> Callable[..., Any]:
    """The function behind ``module:function`` or ``file.py:function``, imported if need be.

    Modules are looked for on ``sys.path``. A file is imported once, under a name of its own, with its folder put on
    ``sys.path`` as Python does for a script. ObjectiveError says what is missing.
    """
    place, _, name = reference.rpartition(":")
    if not place or not name:
        raise ObjectiveError(
            f"{reference!r} does not name a function.",
            hint="Write module:function or file.py:function; give a script as a list of words.",
        )
    try:
        module = _import_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except RungError as error:  # a study begun at import, for instance: that says itself what to do
        raise ObjectiveError(f"{place!r} can't be imported: {error.sentence}", hint=error.hint) from error
    except SystemExit as error:
        raise ObjectiveError(
            f"{place!r} can't be imported: it ends the program (exit code {error.code!r}).",
            hint='Put what parses arguments and trains under `if __name__ == "__main__":`.',
        ) from error
    except Exception as error:  # importing runs the user's code, which may raise anything
        raise ObjectiveError(
            f"{place!r} can't be imported: {type(error).__name__}: {error}.",
            hint="Check the name and that it can be imported from here.",
        ) from error
    found = _look_up(module, name)
    if not callable(found):
        near = difflib.get_close_matches(name, [key for key, value in vars(module).items() if callable(value)], n=1)
        raise ObjectiveError(
            f"{place!r} has no function {name!r}.", hint=f"Did you mean {near[0]!r}?" if near else "Check its name."
        )
    return found


def pack(objective: Objective) -> bytes:
    """The objective for another process of this run; never stored.

    A line of JSON: the script's words, or the reference and where modules are found; or else, behind the line, the
    function itself as cloudpickle makes it. ObjectiveError when that can't be done.
    """
    if objective.kind is Kind.SCRIPT:
        return _line(argv=objective.argv)
    if objective.reference is not None:
        return _line(reference=objective.reference, path=sys.path)
    import cloudpickle  # only functions that nobody can import need it

    try:
        return _line(path=sys.path) + bytes(cloudpickle.dumps(objective.target))
    except Exception as error:  # __reduce__ and __getstate__ are the user's code
        raise ObjectiveError(
            f"{objective.name} can't be sent to another process: {error}.",
            hint="Define it at the top level of a module, or use the inline backend.",
        ) from error


def unpack(payload: bytes) -> Objective:
    """The inverse of ``pack``; puts what is missing on ``sys.path``. ObjectiveError when it can't be loaded."""
    line, _, pickled = payload.partition(b"\n")
    header = json.loads(line)
    if "argv" in header:
        return as_objective(header["argv"])
    sys.path.extend(folder for folder in header["path"] if folder not in sys.path)
    if "reference" in header:
        return as_objective(header["reference"])
    import cloudpickle

    try:
        target = cloudpickle.loads(pickled)
    except Exception as error:  # unpickling runs the user's code
        raise ObjectiveError(f"The function can't be loaded here: {type(error).__name__}: {error}.") from error
    return as_objective(target)


def _line(**header: object) -> bytes:
    return json.dumps(header).encode() + b"\n"


def _from_callable(target: Callable[..., Any], reference: str | None) -> Objective:
    name = getattr(target, "__qualname__", None) or repr(target)
    shape = target if inspect.isroutine(target) or isinstance(target, functools.partial) else type(target).__call__
    if inspect.iscoroutinefunction(shape) or inspect.isasyncgenfunction(shape):
        raise ObjectiveError(f"{name} is asynchronous.", hint="Wrap it in a function that calls asyncio.run().")
    try:
        signature = inspect.signature(target)
    except (TypeError, ValueError) as error:
        raise ObjectiveError(f"{name} does not tell its parameters.", hint="Wrap it in a function.") from error
    kinds = inspect.Parameter
    named = {
        p.name: p for p in signature.parameters.values() if p.kind not in {kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD}
    }
    if unnamed := [p.name for p in named.values() if p.kind is kinds.POSITIONAL_ONLY]:
        raise ObjectiveError(
            f"{name} takes {', '.join(unnamed)} by position only.",
            hint="Hyperparameters are given by name: remove the / from its parameters.",
        )
    wants_trial = named.pop(_TRIAL, None) is not None
    kind = Kind.TRIAL if wants_trial else Kind.FUNCTION
    if inspect.isgeneratorfunction(shape):
        kind = Kind.GENERATOR
    return Objective(
        kind=kind,
        target=target,
        reference=reference,
        limit=_LIMIT if _LIMIT in named else None,
        wants_trial=wants_trial,
        takes_any=any(p.kind is kinds.VAR_KEYWORD for p in signature.parameters.values()),
        parameters=frozenset(named),
        required=frozenset(p.name for p in named.values() if p.default is kinds.empty),
    )


def _unknown(objective: Objective, config: Config) -> ObjectiveError:
    unknown = sorted(config.keys() - objective.parameters)
    return ObjectiveError(
        f"{objective.name} takes {', '.join(sorted(objective.parameters))}, but the configuration also has "
        f"{', '.join(unknown)}.",
        hint=f"Add the parameter {unknown[0]}, or **hyperparameters for whatever there is, or take it from the space.",
    )


def _missing(objective: Objective, given: Config) -> ObjectiveError:
    missing = sorted(objective.required - given.keys())
    return ObjectiveError(
        f"{objective.name} needs {', '.join(missing)}, but the configuration has "
        f"{', '.join(sorted(given)) or 'nothing'}.",
        hint=f"Add {missing[0]} to the space, or give the parameter a default.",
    )


def _reference(target: Callable[..., Any]) -> str | None:
    """The name by which another process can import the function; None when there is no such name."""
    place, name = getattr(target, "__module__", None), getattr(target, "__qualname__", None)
    module = sys.modules.get(place) if isinstance(place, str) else None
    if module is None or not isinstance(name, str) or _look_up(module, name) is not target:
        return None
    spec, file = getattr(module, "__spec__", None), getattr(module, "__file__", None)
    if (place == "__main__" and spec is None) or module.__name__.startswith(_FILE_MODULE):
        # What came through standard input or a notebook has no file that another process could import.
        return f"{Path(file).resolve()}:{name}" if file is not None and Path(file).is_file() else None
    return None if spec is None else f"{spec.name}:{name}"


def _absolute(reference: str) -> str:
    place, colon, name = reference.rpartition(":")
    return f"{Path(place).resolve()}:{name}" if colon and place.endswith(".py") else reference


def _look_up(module: ModuleType, name: str) -> object:
    found: object = module
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _import_file(path: Path) -> ModuleType:
    path = path.resolve()
    main = sys.modules["__main__"]
    if (file := getattr(main, "__file__", None)) is not None and Path(file).resolve() == path:
        return main
    name = f"{_FILE_MODULE}{path.stem}_{zlib.crc32(str(path).encode()):08x}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "a path that ends with .py always has a loader"
    assert spec.loader is not None, "a path that ends with .py always has a loader"
    module = importlib.util.module_from_spec(spec)
    if (folder := str(path.parent)) not in sys.path:
        sys.path.insert(0, folder)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
