"""hyperopt's ``pyll.base``: functions within a space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

from rung.errors import SettingError
from rung.integrations.hyperopt._nodes import Applied


@final
class Scope:
    """Functions that are applied to what is drawn: ``scope.int(hp.quniform("n", 1, 9, 1))``."""

    def int(self, argument: Any) -> Applied:
        """What is drawn as a whole number."""
        return Applied(int, argument)

    def float(self, argument: Any) -> Applied:
        """What is drawn as a float."""
        return Applied(float, argument)

    def define(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """SettingError that says what to write instead."""
        name = getattr(function, "__name__", "it")
        raise SettingError(
            f"a space has no functions of its own here, and so no {name}.", hint="Call it at the top of the objective."
        )


scope: Final = Scope()
