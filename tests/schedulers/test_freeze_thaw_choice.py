"""What moves promise, against an integral over a belief that is written down once more."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from freeze_thaw_toy import END, dense
from scipy.integrate import quad
from scipy.stats import norm

from rung.events import Changed, Ended, Observed, SearchEvent, SpaceEdited, Started
from rung.history import History
from rung.schedulers._freeze_thaw_choice import Foresight
from rung.schedulers._freeze_thaw_evidence import MOST_READINGS, Evidence, evidence_of
from rung.schedulers._freeze_thaw_record import TrainingRecord
from rung.searchers._targets import targets
from rung.searchers._unseen import Tried
from rung.space import Choice, Float, Int, Space
from rung.types import TrialState

SPACE = Space({"a": Float(0.0, 1.0), "b": Float(0.0, 1.0), "kind": Choice(["x", "y"])})
LEVELS = (3, 9, 27)


def told(space: Space, events: list[SearchEvent]) -> tuple[History, TrainingRecord]:
    history, record = History(space), TrainingRecord(LEVELS)
    for event in events:
        history.update(event)
        record.update(event)
    return history, record


def course(trial: int, config: dict[str, Any], losses: list[float], state: TrialState | None) -> list[SearchEvent]:
    """A trial that shows one loss for each rung, and then ends in a state, or runs on."""
    events: list[SearchEvent] = [Started(at=0.0, trial=trial, attempt=1, config=config)]
    events += [
        Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={}, loss=loss)
        for step, loss in zip(LEVELS, losses, strict=False)
    ]
    return events + ([] if state is None else [Ended(at=0.0, trial=trial, attempt=1, state=state, reason="scheduler")])


def study(n: int = 12, *, seed: int = 0) -> list[SearchEvent]:
    """Paused trials with one or two readings, one that was trained to its end, one that failed, and two that run."""
    rng = np.random.default_rng(seed)
    events: list[SearchEvent] = []
    for trial in range(n):
        config = SPACE.sample(rng)
        end = (config["a"] - 0.3) ** 2 + config["b"] * (config["kind"] == "x")
        losses = [end + 1.0 / step for step in LEVELS]
        state = {1: TrialState.COMPLETED, 4: TrialState.FAILED, 6: None, 7: None}.get(trial, TrialState.PAUSED)
        n_losses = {1: 3, 4: 1, 6: 0, 7: 2}.get(trial, 1 + trial % 2)
        events += course(trial, config, losses[:n_losses], state)
    return events


def foresight(space: Space = SPACE) -> Foresight:
    return Foresight(space, space, frozenset(), last=27)


def evidence(events: list[SearchEvent], space: Space = SPACE) -> Evidence:
    return evidence_of(*told(space, events))


def test_evidence() -> None:
    found = evidence(study())
    assert found.trials.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 6], "what has shown nothing comes last"
    assert np.all(np.diff(found.owners) >= 0)
    assert found.n_readings == len(found.losses) == len(found.times)
    assert found.times[found.owners == 1].tolist() == np.log(LEVELS).tolist()
    bad = found.owners == 4
    assert found.times[bad].tolist() == [math.log(3), math.log(27)]
    assert np.isnan(found.losses).tolist() == (bad & (found.times == math.log(27))).tolist()
    pending = {(int(found.trials[i]), round(math.exp(u))) for i, u in zip(*found[5:7], strict=True)}
    assert pending == {(6, 3), (7, 27)}
    assert found.n_begun == 12
    assert found.has_losses
    assert not evidence([]).has_losses


def test_gains_are_expected_improvements_of_the_end() -> None:
    told_so = evidence(study())
    looking = foresight()
    model = looking.model(told_so, None)
    for gain in looking.gains(model, [0, 3, 5]):
        place = told_so.trials.tolist().index(gain.trial)
        mean, std = (float(each[0]) for each in model.belief.predict_trials(np.array([place])))
        improvement, _ = quad(lambda f: (model.best - f) * norm.pdf(f, mean, std), -np.inf, model.best)  # noqa: B023
        assert math.exp(gain.log_gain) == pytest.approx(improvement, rel=1e-6)
        assert gain.mean == pytest.approx(mean)


def test_the_belief_is_the_posterior_of_the_warped_losses() -> None:
    """With the model's own hyperparameters, and with the means of what is pending as if they had been observed."""
    told_so = evidence(study())
    model = foresight().model(told_so, None)
    readings, belief = model.belief.readings, model.belief
    fantasies = belief.predict_trials(told_so.pending_owners, told_so.pending_times)[0]
    y = np.append(targets(told_so.losses)[1], fantasies)
    ends = [(each, trial, END) for trial, each in enumerate(readings.configs)]
    mean, std = dense(readings, y, ends, belief.theta, belief.groups)
    np.testing.assert_allclose(model.means, mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.stds, std, rtol=1e-3)


def test_what_is_to_be_beaten() -> None:
    """The lowest loss so far, or what is expected of a running trial at its next rung if that is lower."""
    told_so = evidence(study())
    model = foresight().model(told_so, None)
    lowest = targets(told_so.losses)[1].min()
    pending = model.belief.predict_trials(told_so.pending_owners, told_so.pending_times)[0]
    assert model.best == pytest.approx(min(lowest, pending.min()))


def test_a_new_trial_promises_at_least_what_any_of_many_random_ones_does() -> None:
    looking = foresight()
    model = looking.model(evidence(study()), None)
    found = looking.new(model, Tried(), np.random.default_rng(0), n_since=12)
    assert found is not None
    rng = np.random.default_rng(1)
    best = max(looking.log_gain_of(model, SPACE.sample(rng)) for _ in range(300))
    assert looking.log_gain_of(model, found) >= best


def test_a_believed_optimum_draws_new_trials() -> None:
    believed = Space({"a": Float(0.0, 1.0), "b": Float(0.0, 1.0)}, priors={"a": "~0.9", "b": "~0.9"})
    flat: list[SearchEvent] = []
    for trial in range(3):
        flat += course(trial, {"a": 0.2 * trial, "b": 0.3 * trial}, [0.5], TrialState.PAUSED)
    looking = foresight(believed)
    model = looking.model(evidence(flat, believed), None)
    early = looking.new(model, Tried(), np.random.default_rng(0), n_since=1)
    assert early is not None
    assert math.dist(early.values(), (0.9, 0.9)) < 0.3


def test_a_model_depends_on_the_evidence_and_the_noted_fit_alone() -> None:
    events = study(30)
    told_so = evidence(events)
    used = foresight()
    noted = used.model(evidence(study(20)), None).fit
    as_json = [noted.n_readings, list(noted.theta)]
    for _ in range(2):
        again = used.model(told_so, as_json)
        fresh = foresight().model(told_so, as_json)
        assert again.fit == fresh.fit
        np.testing.assert_array_equal(again.means, fresh.means)


def test_a_fit_holds_until_there_is_a_tenth_more_to_learn_from() -> None:
    told_so = evidence(study(30))
    n = told_so.n_readings
    theta = list(foresight().model(told_so, None).fit.theta)
    theta[0] += 0.01  # not what a new fit would find
    recent = foresight().model(told_so, [n - 2, theta]).fit
    assert recent == (n - 2, tuple(theta))
    assert foresight().model(told_so, [n - 10, theta]).fit.n_readings == n
    assert foresight().model(told_so, [n - 2, theta[1:]]).fit.n_readings == n, "it was that of another space"


def test_too_many_readings_are_thinned_out() -> None:
    rng = np.random.default_rng(0)
    events: list[SearchEvent] = []
    for trial in range(MOST_READINGS + 100):
        losses = (rng.random() + 1.0 / np.array(LEVELS[: 1 + trial % 3])).tolist()
        events += course(trial, {"a": rng.random(), "b": rng.random(), "kind": "x"}, losses, TrialState.PAUSED)
    found = evidence(events)
    assert len(found.losses) == MOST_READINGS
    assert found.n_readings == 2 * (MOST_READINGS + 100)
    best = min(range(MOST_READINGS + 100), key=lambda trial: found_last(events, trial))
    assert best in found.trials
    some = evidence(events[: 3 * 400])
    assert len(some.losses) == MOST_READINGS
    whole = evidence([event for event in events if event.trial in set(some.trials.tolist())])  # type: ignore[union-attr]
    last = {int(trial): float(u) for trial, u in zip(whole.trials[whole.owners], whole.times, strict=True)}
    kept = {int(trial): float(u) for trial, u in zip(some.trials[some.owners], some.times, strict=True)}
    assert kept == last, "each trial keeps its last reading"


def found_last(events: list[SearchEvent], trial: int) -> float:
    return [event.loss for event in events if isinstance(event, Observed) and event.trial == trial][-1] or 0.0


def test_changed_hyperparameters_are_those_that_count() -> None:
    events = study()
    found = evidence([*events, Changed(at=0.0, trial=0, attempt=1, step=3, changes={"a": 0.123})])
    assert found.points[0, 0] == pytest.approx(0.123)


def test_conditional_and_mixed_spaces() -> None:
    space = Space(
        {"kind": Choice(["x", "y", "z"]), "n": Int(1, 9), "rate": Float(1e-3, 1.0, log=True)},
        conditions={"rate": ("kind", ["x"])},
    )
    rng = np.random.default_rng(0)
    events: list[SearchEvent] = []
    for trial in range(10):
        config = space.sample(rng)
        loss = 0.1 * config["n"] + (config["kind"] != "x") + config.get("rate", 0.0)
        events += course(trial, config, [loss + 0.3, loss], TrialState.PAUSED)
    looking = Foresight(space, space, frozenset(), last=27)
    model = looking.model(evidence(events, space), None)
    found = looking.new(model, Tried(), rng, n_since=10)
    assert found is not None
    assert space.is_allowed(found)
    assert found["kind"] == "x", "far better in all trials so far"


def test_new_trials_lie_in_the_space_in_force() -> None:
    narrow = Space({"a": Float(0.6, 0.9), "b": Float(0.0, 1.0), "kind": Choice(["x", "y"])})
    history, record = told(SPACE, [*study(), SpaceEdited(at=0.0, space=narrow.to_json())])
    found = evidence_of(history, record)
    looking = Foresight(history.hull, history.space, found.partial, last=27)
    model = looking.model(found, None)
    config = looking.new(model, Tried(), np.random.default_rng(0), n_since=12)
    assert config is not None
    assert narrow.is_allowed(config)
    inside = [narrow.is_allowed(history.configs[trial]) for trial in found.trials]
    assert model.is_inside.tolist() == inside


def test_where_the_space_in_force_has_no_trial_the_lowest_that_is_expected_there_is_to_be_beaten() -> None:
    elsewhere = Space({"a": Float(0.0, 1.0), "b": Float(0.9999, 1.0), "kind": Choice(["x", "y"])})
    history, record = told(SPACE, [*study(), SpaceEdited(at=0.0, space=elsewhere.to_json())])
    found = evidence_of(history, record)
    model = Foresight(history.hull, history.space, found.partial, last=27).model(found, None)
    assert not model.is_inside.any()
    assert model.lowest_end == np.inf
    assert targets(found.losses)[1].min() < model.best < targets(found.losses)[1].max()
