"""An epochs loop that a training framework drives by its callbacks, where the ``for`` statement is the framework's."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from typing import Any, Final, cast, final

from rung._trial import Trial, current_trial
from rung.errors import SettingError

_ENDLESS: Final = sys.maxsize  # epochs, where the framework does not say how many there will be


@final
class Hook:
    """The current trial's ``trial.epochs`` loop, taken epoch by epoch; outside a study there is nothing to do.

    metric: the framework's name of what the study judges; by default the study's own. It is reported under the study's
    name, everything else under the framework's.
    every: epochs from one checkpoint to the next.
    """

    def __init__(self, metric: str | None = None, *, every: int = 1) -> None:
        self._metric = metric
        self._every = every
        self._trial: Trial | None = None
        self._loop: Generator[int, None, None] | None = None

    @property
    def metric(self) -> str | None:
        """The framework's name of what the study judges; None outside a study and before ``begin``."""
        return None if self._trial is None else self._metric or self._trial.progress.job.metric

    def begin(self, epochs: int | None = None, **stateful: Any) -> int:
        """Restore the objects from the trial's checkpoint; how many epochs they have behind them.

        epochs: that the training will have in all; stateful: as ``Trial.epochs`` takes them, and errors as there.
        SettingError for a second training in one trial.
        """
        self._trial, self._loop = current_trial(), None
        if self._trial is None:
            return 0
        if self._trial.progress.loop is not None:
            raise SettingError(
                "A second training would report to the same trial.",
                hint="Give the callback to the one that the study judges.",
            )
        loop = self._trial.epochs(_ENDLESS if epochs is None else epochs, every=self._every, **stateful)
        self._loop = cast("Generator[int, None, None]", loop)
        return next(self._loop) - 1

    def epoch_ended(self, logs: Mapping[str, object]) -> bool:
        """Report an epoch, save it where that is due, and say whether to train another one.

        logs: what the framework measured; nothing is reported of an epoch without any. ReportError for what can't be
        reported; SettingError when what the study judges is not among it.
        Of epochs that the framework trains nevertheless nothing is reported or saved.
        """
        if self._trial is None:
            return True
        if self._loop is None:
            return False
        if logs:
            self._trial.report(_measured(logs, self.metric or "", self._trial.progress.job.metric))
        if next(self._loop, None) is None:
            self._loop = None
        return self._loop is not None

    def end(self) -> None:
        """The training is over, for whatever reason."""
        if self._loop is not None:
            self._loop.close()
            self._loop = None


def _measured(logs: Mapping[str, object], metric: str, goal: str) -> Mapping[str, object]:
    if metric not in logs:
        first = next((each for each in logs if "val" in each), next(iter(logs)))
        raise SettingError(
            f"The training measures no {metric!r}, but {', '.join(logs)}.",
            hint=f"Name the one that the study judges: Report({first!r}).",
        )
    return {**logs, goal: logs[metric]}
