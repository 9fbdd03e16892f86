"""The learning-rate range test: one short run through all rates, to see which are worth searching among."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from msgspec import Struct

from rung.checks import as_float, number, whole_number
from rung.errors import MissingExtraError, SettingError
from rung.schedules import ramp
from rung.space import Float

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_SMOOTHING: Final = 0.98  # of the moving average, as fastai and Lightning have it
_FIRST: Final = 10  # updates that are looked at neither for a blow-up nor for the steepest fall
_BLOWN: Final = 3.0  # times the lowest loss, above it; a loss may be negative
_ROUNDING: Final = 1e-9  # of the moving average, relative to the loss


class Stateful(Protocol):
    """A model, an optimizer, a scheduler."""

    def state_dict(self) -> Any:
        """All that training changes."""

    def load_state_dict(self, state_dict: Any, /) -> object:
        """Put it back."""


@final
class LRRangeTest(Struct, frozen=True):
    """Rates and the losses of the updates at them; ``smooth`` are their moving averages, without the bias to zero."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smooth: tuple[float, ...]

    @property
    def has_fallen(self) -> bool:
        """Whether the smooth loss was ever lower than after the first updates."""
        first = self.smooth[_FIRST]
        return min(self.smooth[_FIRST:]) < first - _ROUNDING * abs(first)

    @property
    def steepest(self) -> float:
        """The rate at which the smooth loss falls most over the logarithm of the rate: the usual suggestion.

        SettingError when it never falls.
        """
        import numpy as np

        if not self.has_fallen:
            raise SettingError(
                f"the loss never fell between the rates {self.rates[0]:.2g} and {self.rates[-1]:.2g}.",
                hint="Raise ``high`` if they are too low, lower ``low`` if they are too high, and see to it that "
                "train_step sets the rate and makes an update.",
            )
        slopes = np.gradient(np.asarray(self.smooth))[_FIRST:-1]
        return self.rates[_FIRST + int(slopes.argmin())]

    @property
    def lowest(self) -> float:
        """The rate of the lowest smooth loss; a tenth of it is a cautious choice."""
        return self.rates[min(range(len(self.smooth)), key=self.smooth.__getitem__)]

    @property
    def blow_up(self) -> float:
        """The last rate of the test: there the loss had blown up, or the range ended."""
        return self.rates[-1]

    def domain(self) -> Float:
        """The rates worth searching among, over the logarithm: from ``steepest`` / 30 to ``blow_up`` / 2.

        SettingError when the loss never falls.
        """
        return Float(self.steepest / 30, max(self.blow_up / 2, self.steepest), log=True)

    def plot(self) -> Figure:
        """Losses over rates; where they fall, the suggestion and the domain. MissingExtraError without matplotlib."""
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise MissingExtraError("a plot of a range test", "plot") from error
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        axes.plot(self.rates, self.losses, color="0.8", label="loss")
        axes.plot(self.rates, self.smooth, label="smoothed")
        if self.has_fallen:
            axes.axvline(self.steepest, linestyle="--", color="C1", label=f"steepest: {self.steepest:.2g}")
            domain = self.domain()
            axes.axvspan(domain.low, domain.high, color="C1", alpha=0.1, label="to search among")
        axes.set(xscale="log", xlabel="learning rate", ylabel="loss")
        axes.legend()
        return figure


def lr_range_test(
    train_step: Callable[[float], float],
    *,
    low: float = 1e-7,
    high: float = 10.0,
    steps: int = 100,
    stateful: Sequence[Stateful] = (),
) -> LRRangeTest:
    """Train for up to so many updates at rates from ``low`` to ``high``, evenly over the logarithm.

    train_step: makes one update at the rate that it is given, on the next batch, and returns its loss before the
    update. It ends when a loss is not finite, or the smooth loss is above the lowest one by more than 3 times its size.
    stateful: what training changes; their states and those of the global random number generators are as before
    afterwards, whatever happens. SettingError for settings that can't be, for what is no loss, for a first loss that is
    not finite, and for a blow-up within the first updates. Source: Smith 2017, section 3.3.
    """
    low = number("low", low, above=0, example=1e-7)
    high = number("high", high, above=low, example=10.0)
    steps = whole_number("steps", steps, at_least=2 * _FIRST, example=100)
    _check_stateful(stateful)
    rates: NDArray[np.float64] = ramp(steps - 1, start=low, end=high, shape="exponential")(range(steps))
    from rung.runtime import _random_states  # loads NumPy

    before = [copy.deepcopy(each.state_dict()) for each in stateful]
    random = _random_states.capture()
    try:
        losses, smooth = _losses(train_step, rates.tolist())
    finally:
        for each, state in zip(stateful, before, strict=True):
            each.load_state_dict(state)
        _random_states.restore(random)
    if len(losses) <= _FIRST + 2:
        raise SettingError(
            f"the loss blew up at update {len(losses)}, at the rate {rates[len(losses)]:.2g}.", hint="Lower ``low``."
        )
    return LRRangeTest(tuple(rates[: len(losses)].tolist()), tuple(losses), tuple(smooth))


def _losses(train_step: Callable[[float], float], rates: Sequence[float]) -> tuple[list[float], list[float]]:
    """The losses up to where they blow up, and their moving averages."""
    losses: list[float] = []
    smooth: list[float] = []
    average = 0.0
    for count, rate in enumerate(rates, start=1):
        loss = _as_loss(train_step(rate))
        if not math.isfinite(loss):
            if count == 1:
                raise SettingError(
                    f"the first loss is {loss}, before any update.",
                    hint="No rate mends that: look at the model, its initial weights and the batch.",
                )
            break
        average = _SMOOTHING * average + (1 - _SMOOTHING) * loss
        losses.append(loss)
        smooth.append(average / (1 - _SMOOTHING**count))
        lowest = min(smooth)
        if count > _FIRST and smooth[-1] - lowest > _BLOWN * abs(lowest):
            break
    return losses, smooth


def _as_loss(returned: object) -> float:
    loss = as_float(returned)
    if loss is None:
        raise SettingError(
            f"train_step returned {returned!r}, which is no loss.",
            hint="Let it return that of its batch as a number: return loss.item().",
        )
    return loss


def _check_stateful(stateful: object) -> None:
    if not isinstance(stateful, Sequence):
        raise SettingError(f"stateful={type(stateful).__name__} is no list.", hint="Write stateful=[model, optimizer].")
    for each in stateful:
        for method in ("state_dict", "load_state_dict"):
            if not callable(getattr(each, method, None)):
                raise SettingError(
                    f"{type(each).__name__} in stateful can't be put back as it was: it has no {method}().",
                    hint="Give models and optimizers, or wrap it in a class with both methods.",
                )
