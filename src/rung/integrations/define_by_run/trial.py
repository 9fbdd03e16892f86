"""What an objective asks for its values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, final

from rung.errors import SettingError
from rung.runtime.progress import as_metrics
from rung.space import Choice, Float, Int

if TYPE_CHECKING:
    from rung.integrations.define_by_run._growth import Growth
    from rung.rows import TrialRow
    from rung.space import Domain
    from rung.types import Json


class TrialPruned(Exception):  # noqa: N818  # Optuna's name
    """Raised by an objective that ends early."""


class Host(Protocol):
    """Where a trial belongs, as far as it has to know."""

    def begun(self, name: str, domain: Domain) -> tuple[Growth, TrialRow]:
        """The session and the running trial; the first name of all begins the study."""


@final
class Trial:
    """One run of an objective. number: from 0. params: what it has asked for so far."""

    def __init__(self, host: Host, number: int) -> None:
        self.number = number
        self.params: dict[str, Any] = {}
        self._host = host
        self._running: tuple[Growth, TrialRow] | None = None

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A number from low to high, both included. SpaceError when these make no range."""
        return float(self._suggested(name, Float(low, high, step=step, log=log)))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """A whole number from low to high, both included."""
        return int(self._suggested(name, Int(low, high, step=None if step == 1 else step, log=log)))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of the choices: None, bools, numbers, strings, or sequences of these."""
        domain = Choice(choices)
        place = domain.to_unit(self._suggested(name, domain))
        self.params[name] = next(each for each in choices if domain.to_unit(each) == place)
        return self.params[name]

    def report(self, value: float, step: int) -> None:
        """Tell how it goes. step: from 0 on, as in Optuna; the study counts from 1. ReportError for no number."""
        growth, row = self._begun("report a value")
        metrics = as_metrics(value, "value")
        growth.report(row, metrics["value"], step + 1)

    def should_prune(self) -> bool:
        """Whether the study wants no more of this trial."""
        return self._begun("ask for a decision")[1].decided is not None

    def _suggested(self, name: str, domain: Domain) -> Json:
        if self._running is None:
            self._running = self._host.begun(name, domain)
        growth, row = self._running
        value = growth.value(row, name, domain)
        self.params[name] = value
        return value

    def _begun(self, what: str) -> tuple[Growth, TrialRow]:
        if self._running is None:
            raise SettingError(
                f"trial {self.number} can't {what} before it has asked for a value.",
                hint="Call trial.suggest_float, suggest_int or suggest_categorical first.",
            )
        return self._running
