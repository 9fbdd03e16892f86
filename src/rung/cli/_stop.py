"""Stop criteria on the command line: ``trials:100``, ``cost:10:per_hour=2.5``; commas join what must hold together."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

from msgspec import Struct

from rung import stopping
from rung.cli._options import UsageProblem
from rung.errors import SettingError
from rung.stopping import Criterion


@final
class _Kind(Struct, frozen=True):
    """How a criterion is written and made. options: what may follow its value, as ``name=value``."""

    form: str
    make: Callable[..., Criterion]
    read: Callable[[str], Any]
    options: Mapping[str, Callable[[str], Any]] = {}


_KINDS: Mapping[str, _Kind] = {
    "trials": _Kind("trials:N", stopping.trials, int),
    "epochs": _Kind("epochs:N", stopping.epochs, int),
    "seconds": _Kind("seconds:2h", stopping.seconds, str),
    "cost": _Kind(
        "cost:LIMIT:per_hour=PRICE or cost:LIMIT:metric=NAME", stopping.cost, float, {"per_hour": float, "metric": str}
    ),
    "reached": _Kind("reached:VALUE", stopping.reached, float),
    "patience": _Kind("patience:N[:min_improvement=D]", stopping.patience, int, {"min_improvement": float}),
}


def parse_stop(texts: Sequence[str], *, option: str = "--stop") -> Criterion | None:
    """Any of these criteria, where those with commas between them must be met together; None without texts.

    UsageProblem says which one is wrong, and what would be right.
    """
    found: Criterion | None = None
    for text in texts:
        together: Criterion | None = None
        for word in text.split(","):
            part = _criterion(word, where=f"{option} {text!r}")
            together = part if together is None else together & part
        assert together is not None, "a text has at least one word"
        found = together if found is None else found | together
    return found


def _criterion(word: str, *, where: str) -> Criterion:
    name, *values = word.split(":")
    kind = _KINDS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, _KINDS, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        forms = ", ".join(each.form for each in _KINDS.values())
        raise UsageProblem(f"{where}: there is no criterion {name!r}.", hint=f"{guess}Write {forms}.")
    plain = [value for value in values if "=" not in value]
    options = dict(value.split("=", 1) for value in values if "=" in value)
    unknown = [option for option in options if option not in kind.options]
    if len(plain) != 1 or unknown or len(options) != len(values) - 1 or "" in options.values():
        what = f"{name} has no option {unknown[0]!r}" if unknown else f"{name} takes one value, and each option once"
        raise UsageProblem(f"{where}: {what}.", hint=f"Write {kind.form}.")
    try:
        return kind.make(kind.read(plain[0]), **{option: kind.options[option](options[option]) for option in options})
    except SettingError as error:
        raise UsageProblem(f"{where}: {error.sentence}", hint=f"Write {kind.form}.") from error
    except ValueError as error:  # int() and float()
        raise UsageProblem(f"{where}: {word!r} has no number where one belongs.", hint=f"Write {kind.form}.") from error
