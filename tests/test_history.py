from __future__ import annotations

import math
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.errors import SettingError, SpaceError
from rung.events import Changed, Ended, Enqueued, Observed, Placed, SpaceEdited, Started
from rung.history import History, Incumbent, starting_points
from rung.space import Choice, Float, Int, Space
from rung.space.editing import edited
from rung.types import Suggestion, TrialState

SPACE = Space({"x": Float(0.0, 1.0), "n": Int(1, 4)}, conditions={"n": ("x", [0.5])})
LINE = Space({"x": Float(0.0, 1.0)})


def started(trial: int, config: dict[str, Any], **settings: Any) -> Started:
    return Started(at=0.0, trial=trial, attempt=1, config=config, **settings)


def observed(trial: int, step: int, loss: float) -> Observed:
    return Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={}, loss=loss)


def ended(trial: int, state: TrialState) -> Ended:
    return Ended(at=0.0, trial=trial, attempt=1, state=state)


def history_of(*events: Any, space: Space = LINE, points: Any = ()) -> History:
    history = History(space, points)
    for event in events:
        history.update(event)
    return history


# ---- starting points


def test_starting_points_are_validated_copies() -> None:
    given = {"x": 1}
    (point,) = starting_points(LINE, given)
    assert point == {"x": 1.0}
    assert type(point["x"]) is float
    assert point is not given
    assert starting_points(LINE, None, [{"x": 0}, {"x": 0.5}]) == ({"x": 0.0}, {"x": 0.5})
    assert starting_points(LINE) == ()


def test_starting_points_come_in_one_way_only() -> None:
    with pytest.raises(SettingError, match=r"both given\. Put the initial configuration first in points_to_evaluate"):
        starting_points(LINE, {"x": 0.5}, [{"x": 0.1}])
    with pytest.raises(SettingError, match=r"must be a list of configurations.*Give a single configuration as initial"):
        starting_points(LINE, None, {"x": 0.5})  # type: ignore[arg-type]
    with pytest.raises(SpaceError, match=r"x: "):
        starting_points(LINE, {"x": 2.0})


# ---- columns


def test_an_empty_history() -> None:
    history = history_of()
    assert len(history) == 0
    assert history.incumbent is None
    assert history.next_point() is None
    assert history.X.shape == (0, 1)
    assert history.is_inside.shape == history.last_losses.shape == history.steps.shape == (0,)


def test_columns_follow_the_events() -> None:
    history = history_of(
        started(0, {"x": 0.25}),
        started(1, {"x": 0.5}),
        observed(1, 1, 0.9),
        observed(1, 2, 0.4),
        observed(1, 3, 0.6),
        ended(1, TrialState.PAUSED),
        started(2, {"x": 0.75}),
        ended(2, TrialState.FAILED),
        Placed(at=0.0, trial=0, attempt=1, host="h", pid=1),
    )
    assert history.configs == [{"x": 0.25}, {"x": 0.5}, {"x": 0.75}]
    assert history.states == [TrialState.RUNNING, TrialState.PAUSED, TrialState.FAILED]
    assert list(history.running) == [0]
    np.testing.assert_array_equal(history.last_losses, [math.nan, 0.6, math.nan])
    np.testing.assert_array_equal(history.best_losses, [math.nan, 0.4, math.nan])
    np.testing.assert_array_equal(history.steps, [0, 3, 0])
    np.testing.assert_array_equal(history.X, [[0.25], [0.5], [0.75]])
    assert history.incumbent == Incumbent(trial=1, step=2, loss=0.4)


def test_a_resumed_trial_keeps_its_row_and_runs_again() -> None:
    history = history_of(
        started(0, {"x": 0.25}), started(1, {"x": 0.5}), observed(0, 1, 0.3), ended(0, TrialState.PAUSED)
    )
    assert list(history.running) == [1]
    history.update(started(0, {"x": 0.25}, cause="resumed"))
    assert list(history.running) == [1, 0]
    assert history.states[0] is TrialState.RUNNING
    np.testing.assert_array_equal(history.last_losses, [0.3, math.nan])


def test_the_config_that_a_resumed_trial_has_now_counts() -> None:
    history = history_of(started(0, {"x": 0.25}), started(1, {"x": 0.5}))
    np.testing.assert_array_equal(history.X, [[0.25], [0.5]])
    history.update(started(0, {"x": 0.75}, cause="resumed"))
    np.testing.assert_array_equal(history.X, [[0.75], [0.5]])


def test_returned_losses_are_copies_and_encodings_are_read_only() -> None:
    history = history_of(started(0, {"x": 0.25}), observed(0, 1, 1.0))
    history.last_losses[0] = 7.0
    assert history.last_losses[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        history.X[0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        history.is_inside[0] = False
    kept = history.last_losses, history.X
    history.update(started(1, {"x": 0.5}))  # nothing that was handed out may keep the columns from growing
    assert len(history.X) == 2
    assert len(kept[0]) == len(kept[1]) == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40))
def test_the_encoding_grows_into_what_encoding_all_at_once_gives(steps: list[tuple[float, bool]]) -> None:
    history = History(SPACE)
    for trial, (x, asks) in enumerate(steps):
        history.update(started(trial, {"x": x, "n": 2} if x == 0.5 else {"x": x}))
        if asks:
            assert len(history.X) == trial + 1
    np.testing.assert_array_equal(history.X, SPACE.encode(history.configs))
    assert history.is_inside.tolist() == [True] * len(steps)


# ---- the incumbent


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([-1e300, -1.0, 0.0, 0.5, 1e300])), max_size=30))
def test_the_incumbent_is_the_first_best_report(reports: list[tuple[int, float]]) -> None:
    history = history_of(*(started(trial, {"x": 0.5}) for trial in range(5)))
    told = []
    for step, (trial, loss) in enumerate(reports, start=1):
        history.update(observed(trial, step, loss))
        told.append(Incumbent(trial, step, loss))
    assert history.incumbent == min(told, key=lambda each: each.loss, default=None)
    for trial in range(5):
        losses = [each.loss for each in told if each.trial == trial]
        assert history.best_losses[trial] == min(losses) if losses else math.isnan(history.best_losses[trial])


# ---- points to try next


def test_points_wait_first_in_first_out_until_they_start() -> None:
    history = history_of(points=[{"x": 0.1}, {"x": 0.2}])
    history.update(Enqueued(at=0.0, config={"x": 0.3}))
    assert history.waiting == [{"x": 0.1}, {"x": 0.2}, {"x": 0.3}]
    for trial, (x, notes) in enumerate([(0.1, {"point": 0}), (0.2, {"point": 1}), (0.3, {"enqueued": 0})]):
        point = history.next_point()
        assert point == history.next_point() == Suggestion({"x": x}, notes)
        history.update(started(trial, dict(point.config), notes=point.notes))
    assert history.next_point() is None
    assert history.waiting == []
    history.update(Enqueued(at=0.0, config={"x": 0.4}))
    assert history.next_point() == Suggestion({"x": 0.4}, {"enqueued": 1})


def test_what_was_enqueued_is_known_by_whoever_is_told_of_it_whatever_points_it_began_with() -> None:
    first = history_of(points=[{"x": 0.1}, {"x": 0.2}])
    events: list[Any] = [Enqueued(at=0.0, config={"x": 0.3}), Enqueued(at=0.0, config={"x": 0.4})]
    for event in events:
        first.update(event)
    for trial in range(3):
        point = first.next_point()
        assert point is not None
        events.append(started(trial, dict(point.config), notes=point.notes))
        first.update(events[-1])
    assert history_of(*events).waiting == first.waiting == [{"x": 0.4}]
    assert history_of(*events, points=[{"x": 0.1}, {"x": 0.2}, {"x": 0.9}]).waiting == [{"x": 0.9}, {"x": 0.4}]


def test_a_trial_that_did_not_come_from_the_line_takes_nothing_from_it() -> None:
    history = history_of(started(0, {"x": 0.1}), points=[{"x": 0.1}])
    assert history.next_point() == Suggestion({"x": 0.1}, {"point": 0})


def test_a_point_that_is_changed_by_its_receiver_stays_as_it_was() -> None:
    history = history_of(points=[{"x": 0.1}])
    history.next_point().config.clear()  # type: ignore[union-attr]
    assert history.next_point() == Suggestion({"x": 0.1}, {"point": 0})


# ---- edits of the space


def edit(**domains: Any) -> SpaceEdited:
    return SpaceEdited(at=0.0, space=Space(domains).to_json())


def test_an_edit_widens_what_the_encoding_is_about_and_never_narrows_it() -> None:
    history = history_of(*(started(trial, {"x": trial / 4}) for trial in range(4)), observed(0, 1, 0.5))
    assert history.hull is history.space is LINE
    assert history.X[:, 0].tolist() == [0.0, 0.25, 0.5, 0.75]
    history.update(edit(x=Float(0.25, 0.5)))
    assert history.space == Space({"x": Float(0.25, 0.5)})
    assert history.hull == LINE
    assert history.X[:, 0].tolist() == [0.0, 0.25, 0.5, 0.75]
    history.update(edit(x=Float(0.5, 2.0)))
    assert history.hull == Space({"x": Float(0.0, 2.0)})
    assert history.X[:, 0].tolist() == [0.0, 0.125, 0.25, 0.375]
    assert history.is_inside.tolist() == [True] * 4
    assert history.incumbent == Incumbent(0, 1, 0.5)  # it stays, though the space in force does not have it


def test_values_of_another_kind_are_outside() -> None:
    history = history_of(started(0, {"x": 0.5}), started(1, {"x": 1.0}))
    history.update(edit(x=Int(1, 4)))
    np.testing.assert_array_equal(history.X, [[math.nan], [0.125]])
    assert history.is_inside.tolist() == [False, True]
    history.update(started(2, {"x": 7}))
    history.update(started(3, {"x": 4}))
    assert history.is_inside.tolist() == [False, True, False, True]


def test_a_dimension_that_older_trials_lack_is_not_a_number() -> None:
    history = history_of(started(0, {"x": 0.25}))
    history.update(edit(k=Choice(["a", "b"]), x=Float(0.0, 0.5)))
    np.testing.assert_array_equal(history.X, [[math.nan, 0.25]])
    assert history.is_inside.tolist() == [False]


def test_since_when_the_priors_hold() -> None:
    history = history_of(started(0, {"x": 0.25}))
    assert history.n_before_priors == 0
    history.update(SpaceEdited(at=0.0, space=Space({"x": Float(0.0, 0.5)}, priors={"x": 0.25}).to_json()))
    assert history.n_before_priors == 1
    history.update(started(1, {"x": 0.5}))
    history.update(SpaceEdited(at=0.0, space=Space({"x": Float(0.0, 2.0)}, priors={"x": 0.25}).to_json()))
    assert history.n_before_priors == 1
    history.update(SpaceEdited(at=0.0, space=Space({"x": Float(0.0, 2.0)}, priors={"x": 0.5}).to_json()))
    assert history.n_before_priors == 2
    assert history.hull.priors == {}


def test_a_prior_that_is_dropped_says_nothing_new_of_the_others() -> None:
    believed = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}, priors={"x": 0.9, "y": 0.5})
    history = history_of(started(0, {"x": 0.25, "y": 0.5}), space=believed)
    narrower = edited(believed, {"x": Float(0.0, 0.5)})
    assert list(narrower.priors) == ["y"]
    history.update(SpaceEdited(at=0.0, space=narrower.to_json()))
    assert history.n_before_priors == 0
    history.update(SpaceEdited(at=0.0, space=believed.to_json()))
    assert history.n_before_priors == 1


def test_a_change_of_a_running_trial_is_seen_at_once() -> None:
    history = history_of(started(0, {"x": 0.25}), started(1, {"x": 0.5}))
    assert history.X[:, 0].tolist() == [0.25, 0.5]
    history.update(Changed(at=0.0, trial=0, attempt=1, step=1, changes={"x": 0.75}))
    assert history.configs[0] == {"x": 0.75}
    assert history.X[:, 0].tolist() == [0.75, 0.5]


def test_an_edit_drops_the_waiting_points_outside() -> None:
    history = history_of(points=[{"x": 0.1}, {"x": 0.6}, {"x": 0.2}, {"x": 0.7}])
    history.update(SpaceEdited(at=0.0, space=Space({"x": Float(0.5, 1.0)}).to_json()))
    history.update(Enqueued(at=0.0, config={"x": 0.9}))
    seen = []
    while (point := history.next_point()) is not None:
        seen.append((point.notes, point.config["x"]))
        history.update(started(len(seen) - 1, dict(point.config), notes=point.notes))
    assert seen == [({"point": 1}, 0.6), ({"point": 3}, 0.7), ({"enqueued": 0}, 0.9)]


# ---- cost


def test_a_history_of_a_hundred_thousand_events_is_quick() -> None:
    events: list[Any] = []
    for trial in range(33_000):
        events += [started(trial, {"x": 0.5}), observed(trial, 1, 1.0), ended(trial, TrialState.COMPLETED)]
    history = History(LINE)
    began = time.process_time()
    for event in events:
        history.update(event)
    assert (time.process_time() - began) / len(events) < 10e-6  # ten times what it takes on a slow machine


def test_no_numpy_before_a_column_is_asked_for() -> None:
    code = (
        "import sys, rung.history as h, rung.space as s\n"
        "from rung.events import Started\n"
        "history = h.History(s.Space({'x': s.Float(0, 1)}), [{'x': 0.5}])\n"
        "history.update(Started(at=0.0, trial=0, attempt=1, config={'x': 0.5}))\n"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_retry_says_whose_configuration_it_is() -> None:
    history = History(SPACE)
    history.update(Enqueued(at=0.0, config={"x": 0.3}, retry_of=4))
    history.update(Enqueued(at=0.0, config={"x": 0.4}))
    first = history.next_point()
    assert first is not None
    assert first.notes["retry_of"] == 4
    history.update(Started(at=0.0, trial=0, attempt=1, config=first.config, notes=first.notes))
    second = history.next_point()
    assert second is not None
    assert "retry_of" not in second.notes


def test_a_given_configuration_may_lie_outside_the_space() -> None:
    history = History(SPACE)
    history.update(Started(at=0.0, trial=0, attempt=1, config={"x": 0.25}))
    assert history.is_inside.tolist() == [True]
    history.update(Started(at=0.0, trial=1, attempt=1, config={"momentum": 0.9}, cause="given"))
    history.update(Started(at=0.0, trial=2, attempt=1, config={"x": 0.75}, cause="given"))
    assert history.is_inside.tolist() == [True, False, True]
    assert np.isnan(history.X[1]).all()
