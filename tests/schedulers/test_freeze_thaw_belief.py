"""The posterior against a slow second writing, its slopes against differences."""

from __future__ import annotations

import numpy as np
from freeze_thaw_toy import END, GROUPS, THETA, curves, dense

from rung.schedulers._freeze_thaw_belief import Readings, belief_given


def test_new_trials() -> None:
    readings, y = curves()
    x = np.random.default_rng(0).random((5, 3))
    mean, std = dense(readings, y, [(each, -1, END) for each in x])
    belief = belief_given(THETA, GROUPS, readings, y, time=END)
    np.testing.assert_allclose(belief.predict(x), (mean, std), rtol=1e-9)


def test_trials_that_have_begun() -> None:
    readings, y = curves()
    belief = belief_given(THETA, GROUPS, readings, y, time=END)
    mean, std = dense(readings, y, [(readings.configs[i], i, END) for i in range(4)])
    np.testing.assert_allclose(belief.predict_trials(np.arange(4)), (mean, std), rtol=1e-9)
    assert np.all(std < belief.predict(readings.configs)[1]), "a trial's own readings tell more than its configuration"


def test_other_times_than_the_end() -> None:
    readings, y = curves()
    belief = belief_given(THETA, GROUPS, readings, y, time=END)
    times = np.log([9.0, 12.0])
    mean, std = dense(readings, y, [(readings.configs[0], 0, times[0]), (readings.configs[2], 2, times[1])])
    np.testing.assert_allclose(belief.predict_trials(np.array([0, 2]), times), (mean, std), rtol=1e-9)


def test_what_is_pending_counts_as_if_its_mean_had_been_observed() -> None:
    readings, y = curves()
    known = belief_given(THETA, GROUPS, readings, y, time=END)
    pending = Readings(readings.configs, np.append(readings.owners, [2, 0]), np.append(readings.times, np.log([5, 27])))
    fantasies = known.predict_trials(np.array([2, 0]), np.log([5.0, 27.0]))[0]
    told = belief_given(THETA, GROUPS, pending, np.append(y, fantasies), time=END)
    belief = belief_given(THETA, GROUPS, pending, y, time=END)
    x = np.random.default_rng(1).random((4, 3))
    np.testing.assert_allclose(belief.predict(x), told.predict(x), rtol=1e-7)
    np.testing.assert_allclose(belief.predict(x)[0], known.predict(x)[0], rtol=1e-12)
    assert np.all(belief.predict(x)[1] < known.predict(x)[1])


def test_slopes() -> None:
    readings, y = curves()
    belief = belief_given(THETA, GROUPS, readings, y, time=END)
    x = np.vstack([np.random.default_rng(2).random((3, 3)), readings.configs[0]])
    mean, std, mean_slope, std_slope = belief.predict_with_slopes(x)
    np.testing.assert_allclose((mean, std), belief.predict(x), rtol=1e-12)
    for column in range(3):
        step = np.zeros(3)
        step[column] = 1e-6
        above, below = belief.predict(x + step), belief.predict(x - step)
        np.testing.assert_allclose(mean_slope[:, column], (above[0] - below[0]) / 2e-6, atol=1e-7)
        np.testing.assert_allclose(std_slope[:3, column], (above[1] - below[1])[:3] / 2e-6, atol=1e-6)
