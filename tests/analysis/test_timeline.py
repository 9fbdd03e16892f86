import numpy as np
import pytest
from made_up_studies import drawn

from rung.analysis.timeline import Run, Timeline, timeline
from rung.events import Ended, Interrupted, Observed, Started
from rung.types import TrialState

EVENTS = [
    Started(at=0.0, trial=0, attempt=1, config={}, worker=0),
    Started(at=1.0, trial=1, attempt=1, config={}, worker=1),
    Observed(at=2.0, trial=0, attempt=1, step=1, metrics={"error": 0.5}, loss=0.5),
    Interrupted(at=4.0, trial=0, attempt=1, reason="killed"),
    Ended(at=5.0, trial=1, attempt=1, state=TrialState.PAUSED),
    Started(at=6.0, trial=0, attempt=2, config={}, worker=1),
    Ended(at=7.0, trial=1, attempt=1, state=TrialState.STOPPED),
    Ended(at=9.0, trial=0, attempt=2, state=TrialState.COMPLETED),
    Started(at=9.5, trial=2, attempt=1, config={}, worker=0),
]


def test_every_attempt_is_a_run():
    found = timeline(EVENTS, [0, 1, 2], at=12.0)
    assert found.at == 12.0
    assert found.runs == (
        Run(trial=0, attempt=1, worker=0, began=0.0, ended=4.0, how="lost"),
        Run(trial=1, attempt=1, worker=1, began=1.0, ended=5.0, how="paused"),
        Run(trial=0, attempt=2, worker=1, began=6.0, ended=9.0, how="completed"),
        Run(trial=2, attempt=1, worker=0, began=9.5),
    )


def test_only_the_trials_asked_for():
    assert [run.trial for run in timeline(EVENTS, [1], at=12.0).runs] == [1]


def bars_of(figure):
    """(worker's place, begin, length) of each bar, by what became of the run."""
    return {
        group.get_gid(): [
            (round(corners[:, 1].mean()), corners[:, 0].min(), np.ptp(corners[:, 0]))
            for corners in (path.vertices[:4] for path in group.get_paths())
        ]
        for group in figure.axes[0].collections
    }


def test_bars_per_worker():
    pytest.importorskip("matplotlib")
    from rung.analysis.timeline import plot_timeline

    figure = drawn(plot_timeline(timeline(EVENTS, [0, 1, 2], at=12.0), title="lenet"))
    assert bars_of(figure) == {
        "completed": [(1, 6.0, 3.0)],
        "paused": [(1, 1.0, 4.0)],
        "running": [(0, 9.5, 2.5)],
        "lost": [(0, 0.0, 4.0)],
    }
    axes = figure.axes[0]
    assert sorted(text.get_text() for text in axes.texts) == ["0", "0·2", "1", "2"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0", "1"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "completed (1 run)",
        "paused (1 run)",
        "running (1 run)",
        "lost, tried again (1 run)",
    ]


def test_no_run_yet():
    pytest.importorskip("matplotlib")
    from rung.analysis.timeline import plot_timeline

    assert [text.get_text() for text in drawn(plot_timeline(timeline([], [], at=0.0))).axes[0].texts] == ["no run yet"]


def test_short_runs_of_many_workers():
    pytest.importorskip("matplotlib")
    from rung.analysis.timeline import plot_timeline

    runs = [Run(trial=n, attempt=1, worker=n % 64, began=float(n), ended=n + 1.0, how="completed") for n in range(5000)]
    figure = drawn(plot_timeline(Timeline(runs=tuple(runs), at=5001.0)))
    assert not figure.axes[0].texts
    assert len(figure.axes[0].get_yticks()) <= 30
    assert figure.get_size_inches()[1] == 12.0
