"""Names of searchers and schedulers, and the JSON that stands for them in logs and configuration files.

A package offers its own by entry points in the groups ``rung.searchers`` and ``rung.schedulers``::

    [project.entry-points."rung.searchers"]
    mine = "my_package:MySearcher"

A searcher is made by ``MySearcher(space, **options)`` and a scheduler by ``MyScheduler(searcher, **options)``; the
options are JSON. Without an entry point ``my_package:MySearcher`` is itself the name.

Both in one line are a method: ``tpe``, ``asha+tpe``, ``asha(reduction_factor=4)+tpe``; see ``method_spec``.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from rung.errors import SettingError
from rung.method_text import outside_parentheses, read_part

if TYPE_CHECKING:
    from rung.contracts import Scheduler, Searcher
    from rung.space import Space
    from rung.types import Json

_SEARCHERS: Final = "rung.searchers"
_SCHEDULERS: Final = "rung.schedulers"


def searcher(text: str, space: Space, /, **options: Json) -> Searcher:
    """The searcher of that name over ``space``; some options may stand in the text, see ``form_of``. SettingError."""
    return build_searcher(_joined(form_of("searchers", text), options), space)


def scheduler(text: str, searcher: Searcher, /, **options: Json) -> Scheduler:
    """The scheduler of that name around ``searcher``; some options may stand in the text, see ``form_of``."""
    name, options = _split(_joined(form_of("schedulers", text), options))
    return cast("Scheduler", _make(_SCHEDULERS, name, searcher, options))


def factory_of(kind: Literal["searchers", "schedulers"], name: str) -> Callable[..., object]:
    """What makes the searcher or scheduler of that name. SettingError for an unknown one."""
    return _load(f"rung.{kind}", name)


def names_of(kind: Literal["searchers", "schedulers"]) -> list[str]:
    """The names that entry points give to searchers or schedulers, in their order."""
    return sorted({point.name for point in _points(f"rung.{kind}")})


def build_searcher(spec: Mapping[str, Json], space: Space) -> Searcher:
    """A searcher equal to the one whose ``spec()`` this is."""
    name, options = _split(spec)
    return cast("Searcher", _make(_SEARCHERS, name, space, options))


def build_scheduler(spec: Mapping[str, Json], space: Space) -> Scheduler:
    """A scheduler, and the searcher inside, equal to the one whose ``spec()`` this is."""
    name, options = _split(spec)
    if "searcher" not in options:
        raise SettingError(f"The form of scheduler {name!r} has no searcher.", hint="Add the key 'searcher'.")
    inner = build_searcher(options.pop("searcher"), space)
    return cast("Scheduler", _make(_SCHEDULERS, name, inner, options))


def form_of(kind: Literal["searchers", "schedulers"], text: str) -> dict[str, Json]:
    """The form of a searcher, or of a scheduler but for its searcher, from its name, as in ``tpe(startup_trials=3)``.

    SettingError for what can't be read, and for more than that. Whether it can be made is told when it is.
    """
    first, *others = outside_parentheses(text, "+")
    form, own = read_part(first, text), names_of(kind)
    is_other = form["name"] in names_of("schedulers" if kind == "searchers" else "searchers")
    if kind == "searchers" and ":" in form["name"]:
        is_other = not _takes_a_space(_imported(form["name"]))
    if others or (is_other and form["name"] not in own):
        raise SettingError(
            f"{text!r} is not a {kind.removesuffix('s')} alone.",
            hint=f"Give one of {', '.join(own)}, possibly with options: "
            f"{'gp(acquisition=ei)' if kind == 'searchers' else 'asha(max_t=27)'}.",
        )
    return form


def method_spec(text: str, *, max_t: int | None = None) -> dict[str, Json]:
    """The form of a scheduler, for ``build_scheduler``, from a line such as ``asha(reduction_factor=4)+tpe``.

    A scheduler alone takes the searcher ``random``, and a searcher alone the scheduler ``basic``. Options stand in
    parentheses as ``name=JSON``; a word that is no JSON is a string. max_t: given to a scheduler that takes it and has
    not got it in the line. SettingError for what can't be read, and for unknown names and options.
    """
    parts = [read_part(part, text) for part in outside_parentheses(text, "+")]
    if len(parts) > 2:
        raise SettingError(f"{text!r} has more than two parts.", hint="Write a scheduler and a searcher: asha+random.")
    if len(parts) == 2:
        scheduler_form, searcher_form = parts
        if scheduler_form["name"] in names_of("searchers") and searcher_form["name"] in names_of("schedulers"):
            first, second = outside_parentheses(text, "+")
            raise SettingError(
                f"{text!r} has its parts the wrong way round.", hint=f"Write {second.strip()}+{first.strip()}."
            )
    elif _is_scheduler(parts[0]["name"]):
        scheduler_form, searcher_form = parts[0], {"name": "random"}
    else:
        scheduler_form, searcher_form = {"name": "basic"}, parts[0]
    make_searcher, make_scheduler = (
        _load(_SEARCHERS, searcher_form["name"]),
        _load(_SCHEDULERS, scheduler_form["name"]),
    )
    if has_option("schedulers", scheduler_form, "max_t") and "max_t" not in scheduler_form:
        if max_t is None:
            raise SettingError(
                f"{scheduler_form['name']!r} needs to know the length of a full training.",
                hint=f"Write {scheduler_form['name']}(max_t=27).",
            )
        scheduler_form = {**scheduler_form, "max_t": max_t}
    for factory, form in ((make_searcher, searcher_form), (make_scheduler, scheduler_form)):
        name, options = _split(form)
        _check_options(factory, name, options)
    return {**scheduler_form, "searcher": searcher_form}


def required_options(kind: Literal["searchers", "schedulers"], name: str) -> set[str]:
    """The options without which it can't be made."""
    options = inspect.signature(factory_of(kind, name)).parameters.values()
    return {each.name for each in options if each.kind is each.KEYWORD_ONLY and each.default is each.empty}


def has_option(kind: Literal["searchers", "schedulers"], form: Mapping[str, Json], option: str) -> bool:
    """Whether there is such an option for what has this form, given or not."""
    return option in inspect.signature(factory_of(kind, _split(form)[0])).parameters


def with_points(form: Mapping[str, Json], points: Sequence[Mapping[str, Json]]) -> Mapping[str, Json]:
    """The form of a scheduler whose searcher begins with these points.

    As it was where there are none, where it has some already, and where the searcher has no word for them.
    """
    searcher = form["searcher"]
    has_a_word = has_option("searchers", searcher, "points_to_evaluate")
    if not points or not has_a_word or {"points_to_evaluate", "initial_config"} & searcher.keys():
        return form
    return {**form, "searcher": {**searcher, "points_to_evaluate": list(points)}}


def handed_over(form: Mapping[str, Json], searcher: Json) -> Mapping[str, Json]:
    """The form of a searcher that takes over in a scheduler of that form; it has the points that were given at first.

    SettingError when it can't be made, when the scheduler can't be made again, and when the searcher has points of its
    own: the log says of points only which one in the list they were.
    """
    if not isinstance(searcher, Mapping):
        raise SettingError(f"{searcher!r} is no searcher's form.", hint="Give one with a 'name'.")
    if {"points_to_evaluate", "initial_config"} & searcher.keys():
        raise SettingError(
            "a searcher that takes over from another one can't bring points of its own.", hint="Enqueue them."
        )
    _split(form)
    former = form.get("searcher") or {}
    first = former.get("initial_config")
    points = former.get("points_to_evaluate") or ([] if first is None else [first])
    return cast("Mapping[str, Json]", with_points({**form, "searcher": searcher}, points)["searcher"])


def split_methods(text: str) -> list[str]:
    """The methods in a list that is separated by commas; those inside parentheses separate options."""
    return [each.strip() for each in outside_parentheses(text, ",") if each.strip()]


def describe(part: object, /, **options: Json) -> dict[str, Json]:
    """The JSON form of a searcher or scheduler, for its ``spec`` to return.

    ``{"name": registered name, ...options}``, or ``{"class": "module:Class", ...options}`` when no entry point leads to
    the class. Options that are None are left out.
    """
    kind = type(part)
    path = f"{kind.__module__}:{kind.__qualname__}"
    registered = [e.name for group in (_SEARCHERS, _SCHEDULERS) for e in _points(group) if e.value == path]
    head = {"name": min(registered)} if registered else {"class": path}
    return head | {option: value for option, value in options.items() if value is not None}


def _joined(form: dict[str, Json], options: Mapping[str, Json]) -> dict[str, Json]:
    if twice := form.keys() & options.keys():
        raise SettingError(f"{form['name']!r} has {', '.join(sorted(twice))} twice.", hint="Say it once.")
    return {**form, **options}


def _is_scheduler(name: str) -> bool:
    """Whether a name that stands alone means a scheduler. SettingError when it means nothing."""
    searchers, schedulers = names_of("searchers"), names_of("schedulers")
    if ":" in name:
        return not _takes_a_space(_imported(name))
    if name not in {*searchers, *schedulers}:
        guess = _guess(name, [*_points(_SEARCHERS), *_points(_SCHEDULERS)])
        raise SettingError(
            f"There is no method named {name!r}.",
            hint=f"{guess}There are the searchers {', '.join(searchers)} and the schedulers {', '.join(schedulers)}.",
        )
    return name in schedulers


def _takes_a_space(factory: Callable[..., object]) -> bool:
    return next(iter(inspect.signature(factory).parameters), "") != "searcher"


def _split(spec: Mapping[str, Json]) -> tuple[str, dict[str, Json]]:
    if "opaque" in spec:
        raise SettingError(
            f"{spec['opaque']} draws from generators of its own, so it can't be made again from a log.",
            hint="Go on from the program that has it.",
        )
    options = dict(spec)
    name = options.pop("name", None) or options.pop("class", None)
    if not isinstance(name, str):
        raise SettingError(f"{dict(spec)!r} has neither 'name' nor 'class'.", hint="Give it a 'name'.")
    return name, options


def _make(group: str, name: str, argument: object, options: dict[str, Json]) -> object:
    factory = _load(group, name)
    _check_options(factory, name, options)
    return factory(argument, **options)


def _check_options(factory: Callable[..., object], name: str, options: Mapping[str, Json]) -> None:
    """SettingError for options that it doesn't have, and where it lacks some."""
    try:
        inspect.signature(factory).bind(None, **options)
    except TypeError as error:
        allowed = [p for p in inspect.signature(factory).parameters.values() if p.kind is p.KEYWORD_ONLY]
        names = ", ".join(str(p.name) for p in allowed) or "none"
        raise SettingError(f"{name!r} can't be made with these options: {error}.", hint=f"It has: {names}.") from error


@functools.cache  # reading what all installed packages offer takes milliseconds
def _points(group: str) -> EntryPoints:
    return entry_points(group=group)


def _load(group: str, name: str) -> Callable[..., object]:
    if ":" in name:
        return _imported(name)
    found = _points(group)
    if name in found.names:
        return cast("Callable[..., object]", found[name].load())
    kind = group.removeprefix("rung.").removesuffix("s")
    guess = _guess(name, found)
    raise SettingError(
        f"There is no {kind} named {name!r}.",
        hint=f"{guess}There are: {', '.join(sorted(found.names))}; any other is given as module:Class.",
    )


def _guess(name: str, points: Collection[EntryPoint]) -> str:
    """``Did you mean 'halving'? `` for a name that is like one of these, or like its class's; "" for any other."""
    known = {point.attr.lower(): point.name for point in points} | {point.name: point.name for point in points}
    near = [
        *difflib.get_close_matches(name, known, n=1),
        *difflib.get_close_matches(name.lower().replace("-", "").replace("_", ""), known, n=1),
    ]
    return f"Did you mean {known[near[0]]!r}? " if near else ""


def _imported(path: str) -> Callable[..., object]:
    module_name, _, qualified = path.partition(":")
    try:
        value: Any = importlib.import_module(module_name)
        for part in qualified.split("."):
            value = getattr(value, part)
    except (ImportError, AttributeError) as error:
        raise SettingError(
            f"{path!r} can't be imported: {error}.",
            hint="Define the class at the top of a module that can be imported, and name it as module:Class.",
        ) from error
    if not callable(value):
        raise SettingError(f"{path!r} is no class: it is {value!r}.", hint="Name a class, as module:Class.")
    return cast("Callable[..., object]", value)
