"""Rows of studies that nobody ran."""

import math

from rung.events import Ended, Observed, Started
from rung.rows import TrialRow
from rung.types import Goal, TrialState

ERROR = Goal("error")
ACCURACY = Goal("accuracy", "max")


def trial(number, state=TrialState.COMPLETED, *, started_at=0.0, parent=None, best_loss=None, **config):
    return TrialRow(
        number=number, state=state, config=config, started_at=started_at, parent=parent, best_loss=best_loss
    )


def reports_of(number, values, *, at=None, metric="error", first=1):
    """One report per value; at: when each came, every second by default."""
    times = range(1, len(values) + 1) if at is None else at
    return [
        (number, step, float(moment), {metric: value, "cost": 7.0})
        for step, (moment, value) in enumerate(zip(times, values, strict=True), start=first)
    ]


def small_study():
    """Every state once; trial 2 is the best at its second step, trial 3 failed before any value."""
    rows = [
        trial(0, TrialState.COMPLETED, learning_rate=0.1, batch_size=64, best_loss=0.3),
        trial(1, TrialState.STOPPED, learning_rate=0.01, batch_size=32, best_loss=0.8, started_at=1.0),
        trial(2, TrialState.COMPLETED, learning_rate=0.2, batch_size=128, best_loss=0.1, started_at=2.0),
        trial(3, TrialState.FAILED, learning_rate=1.0, batch_size=255, started_at=3.0),
        trial(4, TrialState.FAILED, learning_rate=0.5, batch_size=200, best_loss=0.6, started_at=4.0),
        trial(5, TrialState.PAUSED, learning_rate=0.3, batch_size=100, best_loss=0.5, started_at=5.0),
        trial(6, TrialState.RUNNING, learning_rate=0.4, batch_size=90, best_loss=0.4, started_at=6.0),
        trial(7, TrialState.WAITING, learning_rate=0.05, batch_size=80, best_loss=0.7, started_at=7.0),
    ]
    reports = [
        *reports_of(0, [0.9, 0.5, 0.3], at=[10, 20, 30]),
        *reports_of(1, [0.8], at=[15]),
        *reports_of(2, [0.4, 0.1, 0.2], at=[25, 35, 45]),
        *reports_of(3, [math.nan], at=[36]),
        *reports_of(4, [0.6, math.inf], at=[37, 47]),
        *reports_of(5, [0.5], at=[40]),
        *reports_of(6, [0.4], at=[50]),
        *reports_of(7, [0.7], at=[41]),
    ]
    return rows, reports


def study_of(configs, losses):
    """Rows of trials with these configurations, and what searchers are told about them. A loss of None: it failed."""
    rows, told = [], []
    for number, (config, loss) in enumerate(zip(configs, losses, strict=True)):
        state = TrialState.FAILED if loss is None else TrialState.COMPLETED
        rows.append(TrialRow(number=number, state=state, config=config, started_at=0.0, best_loss=loss))
        told.append(Started(at=0.0, trial=number, attempt=1, config=config))
        if loss is not None:
            told.append(Observed(at=0.0, trial=number, attempt=1, step=1, metrics={}, loss=loss))
        told.append(Ended(at=0.0, trial=number, attempt=1, state=state))
    return rows, told


def drawn(figure):
    """The figure, laid out as it would be saved."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure).draw()
    return figure


def words_of(axes):
    """Where each text of the axes stands in pixels, by its words; empty ones left out."""
    renderer = axes.figure.canvas.get_renderer()
    return [(text.get_text(), text.get_window_extent(renderer)) for text in axes.texts if text.get_text()]
