"""Any callable as a schedule."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any, final

from rung.errors import SettingError
from rung.schedules.schedule import Schedule, Unit


@final
class Code:
    """A callable of one number."""

    def __init__(self, call: Callable[[Any], float]) -> None:
        self.call = call

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Code) and self.call == other.call

    def __hash__(self) -> int:
        return hash(self.call)


@final
class Function(Schedule, frozen=True, tag="function", forbid_unknown_fields=True):
    """The values that a callable gives."""

    code: Code
    unit: Unit = "factor"

    def value(self, t: Any, maths: Any) -> Any:
        """The callable's answer as a float, or one for each element."""
        if maths is math:
            return _number(self.code.call(t), t)
        return maths.asarray([_number(self.code.call(each), each) for each in t.ravel().tolist()]).reshape(t.shape)


def function(call: Callable[[Any], float], *, unit: Unit = "factor") -> Schedule:
    """What ``call(t)`` returns. It should depend on t alone, as it is asked in any order and as often as needed.

    It has a JSON form only if it stands at the top of a module. unit: ``"rate"`` if it returns learning rates.
    """
    if not callable(call):
        raise SettingError(f"{call!r} can't be called.", hint="Give a function of the number of updates done.")
    if isinstance(call, Schedule):
        return call
    if unit not in {"factor", "rate"}:
        raise SettingError(f"there is no unit {unit!r}.", hint="There are factor and rate.")
    return Function(Code(call), unit)


def name_of(code: Any) -> str:
    """The name ``module:function`` under which a callable can be imported. SettingError when it can't be."""
    call = code.call
    name = f"{getattr(call, '__module__', '')}:{getattr(call, '__qualname__', '')}"
    try:
        found = import_name(Code, name).call
    except SettingError:
        found = None
    if found is not call:
        raise SettingError(
            f"{call!r} has no JSON form: it can't be imported by its name.",
            hint="Define it with def at the top of a module that can be imported.",
        )
    return name


def import_name(kind: type, name: Any) -> Code:
    """The callable of that name. SettingError when there is none."""
    assert kind is Code, "nothing else in a schedule is unknown to msgspec"
    module, _, path = str(name).partition(":")
    try:
        call: Any = importlib.import_module(module)
        for each in path.split("."):
            call = getattr(call, each)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingError(f"{name!r} can't be imported: {error}.", hint="Name it as module:function.") from error
    if not callable(call):
        raise SettingError(f"{name!r} can't be called.", hint="Name a function, as module:function.")
    return Code(call)


def _number(given: Any, t: Any) -> float:
    try:
        value = float(given)
    except (TypeError, ValueError) as error:
        raise SettingError(f"the function returned {given!r} for t={t}.", hint="Return a number.") from error
    if not math.isfinite(value):
        raise SettingError(f"the function returned {value!r} for t={t}.", hint="Return a finite number.")
    return value
