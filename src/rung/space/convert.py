"""What can stand for a domain: domains, distributions of scipy.stats, TensorBoard's HParams, lists, values, JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rung.errors import SpaceError
from rung.space.categories import Choice, Constant, Ordinal
from rung.space.distribution import Distribution, FrozenDistribution, from_scipy
from rung.space.domain import Domain
from rung.space.hparams import Discrete, HParam, Interval, from_hparam
from rung.space.integers import Int
from rung.space.reals import Float, Normal
from rung.space.values import plain

_KINDS: dict[str, type[Domain]] = {
    each.kind: each for each in (Float, Int, Normal, Choice, Ordinal, Constant, Distribution)
}


def as_domain(given: Any, *, name: str = "optimizer") -> Domain:
    """The domain that is meant. SpaceError for what has no meaning.

    A Domain is itself; a frozen distribution of scipy.stats keeps SciPy's meaning, and an ``HParam`` of TensorBoard, or
    the domain of one, TensorBoard's; a list, tuple or range is a Choice;
    None, a bool, a number or a string is a Constant; a dict must be the JSON form of a domain. ``name``: for messages.
    """
    if isinstance(given, Domain):
        return given
    if isinstance(given, Mapping):
        return _from_json(given, name)
    if isinstance(given, (list, tuple, range)):
        return Choice(given)
    if given is None or isinstance(plain(given), (bool, int, float, str)):
        return Constant(given)
    if isinstance(given, FrozenDistribution):
        return from_scipy(given)
    if isinstance(given, HParam | Discrete | Interval):
        return from_hparam(given)
    hint = "Use a domain such as Float(0, 1), a frozen distribution of scipy.stats, a list of choices, or one value."
    if type(given).__module__.startswith("scipy.stats"):
        hint = "Give its parameters, as in stats.loguniform(1e-4, 1)."
    raise SpaceError(f"{type(given).__name__} {given!r} can't be used as a domain.", hint=hint)


def _from_json(form: Mapping[str, Any], name: str) -> Domain:
    kind = form.get("type")
    if isinstance(kind, str) and kind in _KINDS:
        return _KINDS[kind].from_json(form)
    if isinstance(kind, str):
        raise SpaceError(f"there is no type of domain {kind!r}.", hint=f"There are {', '.join(_KINDS)}.")
    inner = next(iter(form), "learning_rate")
    raise SpaceError(
        f"a dict is not a domain: {dict(form)!r}.",
        hint=f'Write flat names such as "{name}.{inner}"; to choose among objects, Choice(...) of the dict.',
    )
