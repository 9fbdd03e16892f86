"""What ``rung run --dry-run`` says of the trials, the time and the cost that are to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rung._forecast import forecast
from rung._scheduling import training_length
from rung.backends.resources import most_slots
from rung.cli._options import reading
from rung.console.wording import plural
from rung.errors import SettingError, StoreNotFoundError, StudyNotFoundError
from rung.types import TrialState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rung.analysis.forecast import Forecast
    from rung.cli._session import Order
    from rung.rows import TrialRow


class Rates(NamedTuple):
    """What was said of time and money. step_s: seconds of a step. per_hour: the price of an hour of training.

    length: the steps of a training, for a scheduler that has no word for it.
    """

    step_s: float | None = None
    per_hour: float | None = None
    length: int | None = None


class Outlook(NamedTuple):
    """A forecast, or why there is none, and what is to be said with it."""

    forecast: Forecast | None
    remarks: tuple[str, ...] = ()

    @property
    def lines(self) -> Sequence[str]:
        """All of it for people."""
        return [*("" if self.forecast is None else str(self.forecast)).splitlines(), *self.remarks]


def outlook(order: Order, store: str, rates: Rates) -> Outlook:
    """The forecast of what is ordered. A study that exists tells how long its steps have taken, if nobody says."""
    trials = _trials_so_far(order, store)
    measured, length = _measured(trials)
    remarks = []
    if trials:
        remarks.append(f"of the whole study, which has {plural(len(trials), 'trial')} already")
    if rates.step_s is None and measured is not None:
        remarks.append("a step takes as long as those of the study so far")
    elif rates.step_s is None:
        remarks.append("with --step-seconds and --per-hour, also in hours and money")
    try:
        expected = forecast(
            order.scheduler,
            max_trials=order.max_trials,
            seconds=order.seconds,
            stop=order.stop,
            workers=_workers(order),
            max_t=rates.length or training_length(order.objective) or length,
            step_seconds=rates.step_s or measured,
            per_hour=_price(order) if rates.per_hour is None else rates.per_hour,
        )
    except SettingError as error:
        return Outlook(None, (f"{error.sentence} {error.hint}",))
    if not expected.has_length and not trials:
        name = order.scheduler.spec().get("name", "…")
        remarks.insert(0, f"how many steps a training has, --scheduler {name} --max-t N says")
    return Outlook(expected, tuple(remarks))


def _trials_so_far(order: Order, store: str) -> Sequence[TrialRow]:
    if order.resume == "never":
        return ()
    try:
        with reading(store) as opened:
            return opened.tables.trials(order.study)
    except (StoreNotFoundError, StudyNotFoundError):
        return ()


def _measured(trials: Sequence[TrialRow]) -> tuple[float | None, int | None]:
    """The seconds that a step has taken, and the steps of a full training; None for what is not known yet."""
    over = [trial for trial in trials if trial.state is not TrialState.RUNNING and trial.last_step]
    copied = sum(trial.parent_checkpoint.step for trial in over if trial.parent_checkpoint is not None)
    steps = sum(trial.last_step for trial in over) - copied
    seconds = sum(trial.runtime for trial in over)
    lengths = [trial.last_step for trial in over if trial.state is TrialState.COMPLETED]
    return (seconds / steps if steps and seconds else None), max(lengths, default=None)


def _workers(order: Order) -> int:
    if order.workers is not None:
        return order.workers
    return 1 if order.resources is None else most_slots(order.resources) or 1


def _price(order: Order) -> float | None:
    """The price of an hour in the criterion that ends the study, if it has one."""
    leaves = () if order.stop is None else order.stop.leaves()
    prices = [form["per_hour"] for leaf in leaves if (form := leaf.to_json()).get("per_hour") is not None]
    return max(prices, default=None)
