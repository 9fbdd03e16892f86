"""What runs import, so that the process from which they are forked can do so once for all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rung.benchmarks.method import Method
    from rung.benchmarks.problem import Problem

_SKLEARN: Final = "rung.benchmarks.problems._cross_validation"
_TORCH: Final = "rung.benchmarks.problems._networks"
_NEEDED_BY: Final = {
    **dict.fromkeys(("svm", "forest", "boosting"), _SKLEARN),
    **dict.fromkeys(("mlp", "lenet"), _TORCH),
}
"""Family of problems -> what it imports only when it trains."""

_LATER: Final = {"rung.searchers.sobol": "scipy.stats"}
"""Module -> what it imports only when it is used."""


def modules_of(methods: Iterable[Method], problems: Iterable[Problem]) -> tuple[str, ...]:
    """The modules that runs of these methods on these problems are going to use."""
    found: dict[str, None] = {}
    for how in methods:
        for name in how.modules:
            found |= dict.fromkeys((name, _LATER.get(name, name)))
    for on in problems:
        families = on.name.split(":")  # a problem may be made of others: noisy:svm
        needed = (_NEEDED_BY[family] for family in families if family in _NEEDED_BY)
        found |= dict.fromkeys((type(on).__module__, *needed))
    return tuple(found)
