"""Criteria as JSON and as text: ``trials:100``, ``cost:10:per_hour=2.5``; commas join what must hold together."""

from __future__ import annotations

import difflib
import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast, final

import msgspec
from msgspec import Struct

from rung.errors import SettingError
from rung.stopping._criterion import AllOf, AnyOf, Criterion, Scope, checked_scope
from rung.stopping._for_both import Cost, Epochs, Patience, Reached, Seconds, cost, epochs, patience, reached, seconds
from rung.stopping._for_studies import GainBelow, Stalled, Trials, gain_below, stalled, trials
from rung.stopping._for_trials import Diverged, Percentile, Unpromising, diverged, median, percentile, unpromising
from rung.types import Json

_Leaf: TypeAlias = (
    Trials | Epochs | Seconds | Cost | Reached | Patience | Stalled | GainBelow | Diverged | Percentile | Unpromising
)
_COMBINATIONS: Mapping[str, type[AnyOf | AllOf]] = {"any": AnyOf, "all": AllOf}


def as_criterion(given: object, scope: Scope) -> Criterion:
    """The criterion for studies or trials that was given as an object, by its JSON form, its text, or several texts.

    SettingError when it is none, or can't stand there.
    """
    if isinstance(given, Criterion):
        return checked_scope(given, scope)
    if isinstance(given, str):
        return criterion_from_text(given, scope)
    if isinstance(given, Sequence) and given and all(isinstance(each, str) for each in given):
        return functools.reduce(operator.or_, (criterion_from_text(each, scope) for each in given))
    if isinstance(given, Mapping):
        return checked_scope(criterion_from_json(given), scope)
    example = "trials(100) | reached(0.1)" if scope is Scope.STUDY else "patience(5) | diverged()"
    raise SettingError(f"{given!r} is not a stop criterion.", hint=f"Write {example}, or the same as a text.")


def criterion_from_json(form: Json) -> Criterion:
    """The criterion of that JSON form; SettingError when it is none."""
    match form:
        case {"type": "any" | "all" as kind, "parts": [_, *_] as parts, **others} if not others:
            return _COMBINATIONS[kind](tuple(map(criterion_from_json, parts)))
    try:
        return cast("Criterion", msgspec.convert(form, _Leaf))
    except msgspec.ValidationError as error:
        raise SettingError(f"this is not the JSON form of a stop criterion: {error}.") from error


@final
class _Kind(Struct, frozen=True):
    """How a criterion is written and made. value: reads what follows its name; options: what may, as ``name=value``."""

    form: str
    make: Callable[..., Criterion]
    scopes: frozenset[Scope]
    value: Callable[[str], Any] | None = None
    options: Mapping[str, Callable[[str], Any]] = {}
    needs_value: bool = True

    def takes(self, n_values: int) -> bool:
        """Whether so many values may follow its name."""
        return n_values == 1 if self.value is not None and self.needs_value else n_values <= (self.value is not None)


_PEERS = "[:grace_period=N][:min_trials=N]"
_KINDS: Mapping[str, _Kind] = {
    "trials": _Kind("trials:N", trials, Trials.scopes, int),
    "epochs": _Kind("epochs:N", epochs, Epochs.scopes, int),
    "seconds": _Kind("seconds:2h", seconds, Seconds.scopes, str),
    "cost": _Kind(
        "cost:LIMIT:per_hour=PRICE or cost:LIMIT:metric=NAME",
        cost,
        Cost.scopes,
        float,
        {"per_hour": float, "metric": str},
    ),
    "reached": _Kind("reached:VALUE", reached, Reached.scopes, float),
    "patience": _Kind("patience:N[:min_improvement=D]", patience, Patience.scopes, int, {"min_improvement": float}),
    "stalled": _Kind(
        "stalled:epochs=N or stalled:seconds=2h",
        stalled,
        Stalled.scopes,
        None,
        {"epochs": int, "seconds": str, "min_improvement": float},
    ),
    "gain_below": _Kind("gain_below:D[:trials=N]", gain_below, GainBelow.scopes, float, {"trials": int}),
    "diverged": _Kind("diverged[:FACTOR]", diverged, Diverged.scopes, float, needs_value=False),
    "median": _Kind(
        f"median{_PEERS}", median, Percentile.scopes, None, {"grace_period": int, "min_trials": int}
    ),
    "percentile": _Kind(
        f"percentile:Q{_PEERS}", percentile, Percentile.scopes, float, {"grace_period": int, "min_trials": int}
    ),
    "unpromising": _Kind(
        "unpromising:MAX_T[:probability=P]", unpromising, Unpromising.scopes, int, {"probability": float}
    ),
}  # fmt: skip


def criterion_from_text(text: str, scope: Scope) -> Criterion:
    """The criterion of a text such as ``patience:5`` or, both together, ``trials:20,patience:10``.

    SettingError for what can't be read, and for what can't end a study, or a trial.
    """
    return functools.reduce(operator.and_, (_criterion(word.strip(), scope) for word in text.split(",")))


def _criterion(word: str, scope: Scope) -> Criterion:
    name, *values = word.split(":")
    kind = _KINDS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, _KINDS, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        forms = ", ".join(each.form for each in _KINDS.values() if scope in each.scopes)
        raise SettingError(f"there is no criterion {name!r}.", hint=f"{guess}Write {forms}.")
    plain = [value for value in values if "=" not in value]
    options = dict(value.split("=", 1) for value in values if "=" in value)
    if unknown := [option for option in options if option not in kind.options]:
        raise SettingError(f"{name} has no option {unknown[0]!r}.", hint=f"Write {kind.form}.")
    if not kind.takes(len(plain)) or len(options) + len(plain) != len(values) or "" in options.values():
        count = "no" if kind.value is None else "one"
        raise SettingError(f"{name} takes {count} value, and each option once.", hint=f"Write {kind.form}.")
    try:
        made = kind.make(
            *(cast("Callable[[str], Any]", kind.value)(value) for value in plain),
            **{option: kind.options[option](value) for option, value in options.items()},
        )
    except SettingError as error:
        raise SettingError(error.sentence, hint=f"Write {kind.form}.") from error
    except ValueError as error:  # int() and float()
        raise SettingError(f"{word!r} has no number where one belongs.", hint=f"Write {kind.form}.") from error
    return checked_scope(made, scope)
