"""Problems by name.

A name is a family, and what the family needs to know behind a colon: ``branin``, ``ackley:10``, ``lcbench:3945``,
``noisy:curves:branin``, ``table:mine.npz``. A package offers families of its own by entry points::

    [project.entry-points."rung.problems"]
    mine = "my_package:my_problem"

``my_problem`` is called with the text behind the colon if there is one, and with ``data_dir`` if it takes that; it
returns a ``Problem`` whose name leads to it again.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from rung.errors import SettingError

if TYPE_CHECKING:
    from rung.benchmarks.problem import Problem

GROUP: Final = "rung.problems"
_HERE = "rung.benchmarks.problems"
_YAHPO = ("lcbench", "rbv2_xgboost", "rbv2_rpart", "iaml_glmnet")
_FAMILIES: Mapping[str, str] = {
    **dict.fromkeys(("branin", "hartmann6", "rosenbrock", "ackley", "mixed", "conditional"), "classical"),
    "important": "important",
    **dict.fromkeys(("noisy", "curves"), "catalogue"),
    **dict.fromkeys(_YAHPO, "yahpo"),
    **dict.fromkeys(("svm", "forest", "boosting"), "sklearn_models"),
    **dict.fromkeys(("mlp", "lenet"), "training"),
    "table": "tabular",
}
_CLASSICAL = ("branin", "hartmann6", "rosenbrock:5", "ackley:10", "mixed", "conditional")
_SETS: Mapping[str, tuple[str, ...]] = {
    "classical": _CLASSICAL,
    "noisy": tuple(f"noisy:{name}" for name in _CLASSICAL),
    "curves": tuple(f"curves:{name}" for name in _CLASSICAL),
    "textbook": ("important:2",),
    "sklearn": ("svm", "forest", "boosting"),
    "digits": ("mlp:digits", "lenet:digits"),
    "fashion-mnist": ("mlp:fashion-mnist", "lenet:fashion-mnist"),
}
_FROM_DATA: Mapping[str, tuple[str, ...]] = {
    **{scenario: (scenario,) for scenario in _YAHPO},
    "yahpo": _YAHPO,
    "yahpo-appendix": _YAHPO,
}


def problem(name: str, *, data_dir: str | Path | None = None) -> Problem:
    """The problem of that name, made anew.

    data_dir: the folder that holds ``yahpo/`` and ``fashion-mnist/``, for the problems that need them. SettingError for
    an unknown name, which names the nearest one, and for data that are missing.
    """
    family, colon, argument = name.partition(":")
    make = _family(family)
    signature = inspect.signature(make)
    arguments = [argument] if colon else []
    folder = None if data_dir is None else Path(data_dir)
    options = {"data_dir": folder} if "data_dir" in signature.parameters else {}
    try:
        signature.bind(*arguments, **options)
    except TypeError as error:
        fault = "takes nothing behind a colon" if colon else "needs to know more"
        near = [each for each in names(data_dir) if each.startswith(f"{family}:")]
        hint = f"It is {family!r}." if colon else f"Such as {near[0] if near else f'{family}:…'}."
        raise SettingError(f"The problem {family!r} {fault}, got {name!r}.", hint=hint) from error
    return cast("Problem", make(*arguments, **options))


def problems(given: Iterable[str], *, data_dir: str | Path | None = None) -> list[Problem]:
    """The problems with these names, or in the sets of these names (see ``members``), each once, in order."""
    wanted: dict[str, None] = {}
    for name in given:
        wanted |= dict.fromkeys(members(name, data_dir=data_dir) if name in set_names() else (name,))
    made = [problem(name, data_dir=data_dir) for name in wanted]
    return list({each.name: each for each in made}.values())


def members(name: str, *, data_dir: str | Path | None = None) -> tuple[str, ...]:
    """The problems in a set.

    Of the surrogates those without a caveat; those with one are in ``yahpo-appendix``. SettingError for no such set,
    and for one that is empty.
    """
    if name in _SETS:
        return _SETS[name]
    if name not in _FROM_DATA:
        raise SettingError(f"There is no set of problems {name!r}.", hint=f"There are {', '.join(set_names())}.")
    from rung.benchmarks.problems.yahpo import instances

    folder = None if data_dir is None else Path(data_dir)
    has_caveat = name == "yahpo-appendix"
    found = tuple(
        f"{scenario}:{instance}"
        for scenario in _FROM_DATA[name]
        for instance in instances(scenario, data_dir=folder, has_caveat=has_caveat)
    )
    if not found:
        raise SettingError(
            f"Of {name} there is no instance without a caveat that isn't kept for a final comparison.",
            hint="Those with a caveat are in yahpo-appendix.",
        )
    return found


def set_names() -> tuple[str, ...]:
    """The names of the sets."""
    return (*_SETS, *_FROM_DATA)


def names(data_dir: str | Path | None = None) -> list[str]:
    """The problems that are listed: those of the sets, the surrogates where their data are, and other packages' own."""
    listed = {name for each in _SETS.values() for name in each}
    if data_dir is not None and (Path(data_dir) / "yahpo").is_dir():
        listed |= {*members("yahpo", data_dir=data_dir), *members("yahpo-appendix", data_dir=data_dir)}
    return sorted(listed | entry_points(group=GROUP).names)


def noisy(name: str, *, data_dir: Path | None = None) -> Problem:
    """The problem of that name, seen through noise."""
    from rung.benchmarks.problems.noisy import Noisy

    return Noisy(problem(name, data_dir=data_dir))


def curves(name: str) -> Problem:
    """The test function of that name, with learning curves."""
    from rung.benchmarks.problems.classical import Function
    from rung.benchmarks.problems.curves import Curves

    inner = problem(name)
    if not isinstance(inner, Function):
        raise SettingError(
            f"{name} can't be given learning curves: only test functions can.",
            hint="Such as curves:branin; and with noise noisy:curves:branin.",
        )
    return Curves(inner)


def _family(family: str) -> Callable[..., Any]:
    if family in _FAMILIES:
        home = import_module(f"{_HERE}.{_FAMILIES[family]}")
        return cast("Callable[..., Any]", getattr(home, "Table" if family == "table" else family))
    found = entry_points(group=GROUP)
    if family in found.names:
        try:
            return cast("Callable[..., Any]", found[family].load())
        except (ImportError, AttributeError) as error:
            raise SettingError(
                f"The problem {family!r} can't be loaded from {found[family].value}: {error}.",
                hint="The package that offers it is damaged, or lacks a package that it needs.",
            ) from error
    known = [*_FAMILIES, *found.names]
    near = difflib.get_close_matches(family, {*known, *set_names()}, n=1)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    if family in set_names():
        raise SettingError(f"{family!r} is a set of problems, not one.", hint="Ask for problems().")
    raise SettingError(f"There is no problem {family!r}.", hint=f"{guess}There are {', '.join(known)}.")
