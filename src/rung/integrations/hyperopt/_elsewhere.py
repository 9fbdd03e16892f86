"""What hyperopt has and rung has not, with what to use instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from rung.errors import SettingError

if TYPE_CHECKING:
    from rung.space import Space

_HINT = "Use Trials() here; rung.tune(function, space, workers=4) runs trials in four processes of this machine."


@final
class SparkTrials:
    """Raises a SettingError that says what to use instead."""

    def __new__(cls, *_: Any, **__: Any) -> NoReturn:
        raise SettingError("trials are not sent to Spark from here.", hint=_HINT)


@final
class MongoTrials:
    """Raises a SettingError that says what to use instead."""

    def __new__(cls, *_: Any, **__: Any) -> NoReturn:
        hint = f"{_HINT} Trials(store='rung.db') keeps them."
        raise SettingError("trials are not kept in MongoDB from here.", hint=hint)


@final
class Missing:
    """A method of hyperopt by its name there, whose ``suggest`` raises a SettingError that says what to use instead."""

    def __init__(self, sentence: str, *, hint: str) -> None:
        self._error = SettingError(sentence, hint=hint)

    def suggest(self, space: Space) -> NoReturn:
        """SettingError."""
        del space
        raise self._error


anneal: Final = Missing("there is no simulated annealing here.", hint="Use algo=tpe.suggest, or algo='evolution'.")
atpe: Final = Missing("there is no adaptive TPE here.", hint="Use algo=tpe.suggest, or algo='auto'.")
