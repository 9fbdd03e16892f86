"""An epochs loop that a training framework drives by its callbacks, where the ``for`` statement is the framework's."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from typing import Any, Final, final

from rung._trial import Trial, current_trial
from rung.errors import ReportError, SettingError
from rung.runtime.epochs import Loop, epochs_of
from rung.runtime.progress import as_metrics

_ENDLESS: Final = sys.maxsize  # epochs, where the framework does not say how many there will be


@final
class Hook:
    """The current trial's ``trial.epochs`` loop, taken epoch by epoch; outside a study there is nothing to do.

    metric: the framework's name of what the study judges; by default the study's own. It is reported under the study's
    name, everything else under the framework's: what the framework itself calls by the study's name is replaced by it.
    every: epochs from one checkpoint to the next; the last one before the end is always saved.

    A run that is to pause after an epoch that isn't reported, as it has no validation, goes on to the next that is.
    """

    def __init__(self, metric: str | None = None, *, every: int = 1) -> None:
        self._metric = metric
        self._every = every
        self._trial: Trial | None = None
        self._loop: Loop | None = None
        self._unreported: Mapping[str, object] = {}

    @property
    def metric(self) -> str | None:
        """The framework's name of what the study judges; None outside a study and before ``begin``."""
        return None if self._trial is None else self._metric or self._trial.progress.job.metric

    def begin(self, epochs: int | None = None, **stateful: Any) -> int:
        """Restore the objects from the trial's checkpoint; how many epochs they have behind them.

        epochs: that the training will have in all; stateful: as ``Trial.epochs`` takes them, and errors as there.
        SettingError for a second training in one trial.
        """
        self._trial, self._loop, self._unreported = current_trial(), None, {}
        if self._trial is None:
            return 0
        progress = self._trial.progress
        if progress.loop is not None:
            raise SettingError(
                "A second training would report to the same trial.",
                hint="Give the callback to the one that the study judges.",
            )
        number = _ENDLESS if epochs is None else epochs
        self._loop = epochs_of(progress, number, every=self._every, stateful=stateful, awaits_report=True)
        return next(self._loop) - 1

    def epoch_ended(self, logs: Mapping[str, object], *, is_judged: bool = True) -> bool:
        """Report an epoch, save it where that is due, and say whether to train another one.

        logs: what the framework measured, of which everything that is one number is reported; nothing is reported of
        an epoch without any, or that has not been judged. ReportError when what the study judges is no number;
        SettingError when it is not among it.
        Of epochs that the framework trains nevertheless nothing is reported or saved.
        """
        if self._trial is None:
            return True
        if self._loop is None:
            return False
        if logs and is_judged:
            self._trial.report(self._measured(self._trial, logs))
            self._unreported = {}
        elif self._trial.progress.value is None:
            self._unreported = logs
        if next(self._loop, None) is None:
            self._loop = None
        return self._loop is not None

    def end(self, *, saves: bool = True) -> None:
        """The training is over, in the framework's own way.

        saves: the objects are still as they were after the last epoch; it is saved, if it has not been.
        SettingError when all went by without what the study judges.
        """
        if self._loop is not None:
            if saves:
                with contextlib.suppress(StopIteration):
                    self._loop.send(True)  # noqa: FBT003  as Loop says
            self._loop.close()
            self._loop = None
        if self._trial is not None and self._unreported and not _is_told_to_end(self._trial):
            self._measured(self._trial, self._unreported)

    def _measured(self, trial: Trial, logs: Mapping[str, object]) -> Mapping[str, object]:
        metric = self.metric
        measured = {name: value for name, value in logs.items() if name == metric or _is_number(value)}
        if metric in measured:
            return {**measured, trial.progress.job.metric: measured[metric]}
        first = next((name for name in measured if "val" in name), next(iter(measured), "loss"))
        raise SettingError(
            f"The training measures no {metric!r}, but {', '.join(measured) or 'nothing'}.",
            hint=f"Name the one that the study judges: Report({first!r}).",
        )


def _is_number(value: object) -> bool:
    try:
        as_metrics({"": value}, None)
    except ReportError:
        return False
    return True


def _is_told_to_end(trial: Trial) -> bool:
    """Whether it was not only that the run has come to its end."""
    progress = trial.progress
    has_come = progress.job.until is not None and progress.position >= progress.job.until
    return progress.is_stopping and not has_come
