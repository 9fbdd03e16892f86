"""A learning rate that falls when the loss no longer does: it depends on the training, so it is no schedule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

import msgspec
from msgspec import Struct

from rung.errors import SettingError
from rung.schedules._numbers import as_number, check_whole

if TYPE_CHECKING:
    from rung.types import Json


@final
class PlateauState(Struct, frozen=True, forbid_unknown_fields=True):
    """How far a plateau has come.

    value: the factor now. best: the lowest loss so far. n_bad: losses in a row that were no better. n_quiet: how many
    of the next ones are not counted.
    """

    value: float = 1.0
    best: float | None = None
    n_bad: int = 0
    n_quiet: int = 0

    def to_json(self) -> dict[str, Json]:
        """The JSON form."""
        form: dict[str, Json] = msgspec.to_builtins(self)
        return form

    @classmethod
    def from_json(cls, form: Json) -> PlateauState:
        """The state of that JSON form; SettingError when it is none."""
        try:
            return msgspec.convert(form, cls)
        except msgspec.ValidationError as error:
            raise SettingError(f"this is not the state of a plateau: {error}.") from error


@final
class Plateau(Struct, frozen=True, kw_only=True):
    """Multiplies the learning rate by ``factor`` when more than ``patience`` losses in a row were no better.

    Better is less than best − threshold·|best|, or than best − threshold if not ``is_relative``. Nothing is counted
    during the ``cooldown`` losses after a drop, and no factor is below ``floor``. The rule is that of torch's
    ReduceLROnPlateau for positive losses, but pure: ``state = plateau.after(state, loss)``, from ``PlateauState()`` on.
    """

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    is_relative: bool = True
    cooldown: int = 0
    floor: float = 0.0

    def __post_init__(self) -> None:
        for name, number in (("factor", self.factor), ("threshold", self.threshold), ("floor", self.floor)):
            as_number(name, number)
        check_whole("patience", self.patience)
        check_whole("cooldown", self.cooldown)
        if not (0 < self.factor < 1 and 0 <= self.floor <= 1):
            raise SettingError(
                f"factor={self.factor!r} and floor={self.floor!r} make no rate fall.",
                hint="factor is between 0 and 1, floor from 0 to 1.",
            )
        if self.patience < 0 or self.cooldown < 0 or not 0 <= self.threshold < math.inf:
            raise SettingError(
                f"patience={self.patience!r}, cooldown={self.cooldown!r}, threshold={self.threshold!r} are no limits.",
                hint="Give 0 or more.",
            )

    def after(self, state: PlateauState, loss: float) -> PlateauState:
        """The state after one more loss, lower being better; NaN is no better than any."""
        is_better = state.best is None and loss < math.inf
        if state.best is not None:
            slack = abs(state.best) * self.threshold if self.is_relative else self.threshold
            is_better = loss < state.best - slack
        best = loss if is_better else state.best
        if state.n_quiet:
            return PlateauState(state.value, best, 0, state.n_quiet - 1)
        n_bad = 0 if is_better else state.n_bad + 1
        if n_bad > self.patience:
            return PlateauState(max(state.value * self.factor, self.floor), best, 0, self.cooldown)
        return PlateauState(state.value, best, n_bad, 0)
