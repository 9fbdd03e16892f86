import numpy as np
import pytest
from made_up_studies import study_of

from rung.analysis import _influence
from rung.analysis._influence import _n_walks, _used, influences, outcomes
from rung.events import Ended, Observed, SpaceEdited, Started
from rung.searchers._embedding import Embedding
from rung.searchers._gp_belief import belief_given, factorised
from rung.space import Choice, Float, Int, Space
from rung.types import TrialState

PLANE = Space({"x": Float(0, 1), "y": Float(0, 1)})


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(_influence, "N_DRAWS", 8)
    monkeypatch.setattr(_influence, "_POINTS", 2**12)


def told_of(space, loss, n=30, seed=0):
    rng = np.random.default_rng(seed)
    configs = [space.sample(rng) for _ in range(n)]
    return study_of(configs, [loss(config) for config in configs])[1]


def shares_of(told, space, trials=range(1_000)):
    found = influences(outcomes(told, trials, space), 0.1, np.random.default_rng(0)).shares
    np.testing.assert_allclose(found.sum(axis=0), 1.0)
    return dict(zip(space.names, found.mean(axis=1), strict=True))


def test_trials_that_count():
    configs = [{"x": 0.1 * n, "y": 0.5} for n in range(5)]
    _, told = study_of(configs, [0.5, None, 0.3, 0.2, None])
    told.append(Started(at=0.0, trial=5, attempt=1, config={"x": 0.9, "y": 0.9}))  # runs, and has not reported
    found = outcomes(told, {0, 1, 2, 4, 5}, PLANE)
    assert (found.n_trials, found.n_failed) == (4, 2)
    assert found.known.evidence is not None
    np.testing.assert_array_equal(found.known.evidence.losses, [0.5, np.nan, 0.3, np.nan])
    assert not found.is_flat


def test_all_failed_and_none_yet():
    _, told = study_of([{"x": 0.1, "y": 0.5}] * 3, [None] * 3)
    assert (outcomes(told, range(3), PLANE).n_trials, outcomes(told, range(3), PLANE).n_failed) == (3, 3)
    assert (outcomes([], (), PLANE).n_trials, outcomes([], (), PLANE).is_flat) == (0, True)


@pytest.mark.parametrize(("losses", "is_flat"), [([0.5, 0.5], True), ([0.5, 0.6], False), ([0.5, None], False)])
def test_whether_there_is_any_difference(losses, is_flat):
    _, told = study_of([{"x": 0.1, "y": 0.5}, {"x": 0.7, "y": 0.5}], losses)
    assert outcomes(told, range(2), PLANE).is_flat is is_flat


def test_what_was_stopped_early_is_reckoned_to_the_end():
    told = []
    for trial, losses in enumerate([[5.0, 3.0, 1.0], [6.0, 4.0, 2.0], [5.5]]):
        told.append(Started(at=0.0, trial=trial, attempt=1, config={"x": 0.3 * trial, "y": 0.5}))
        told += [
            Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={}, loss=loss)
            for step, loss in enumerate(losses, 1)
        ]
        told.append(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.STOPPED))
    found = outcomes(told, range(3), PLANE)
    assert found.known.evidence is not None
    np.testing.assert_array_equal(found.known.evidence.losses, [1.0, 2.0, 1.5])


def test_what_does_not_matter_has_next_to_no_share():
    shares = shares_of(told_of(PLANE, lambda config: (config["x"] - 0.3) ** 2), PLANE)
    assert shares["x"] > 0.9


def test_next_to_nothing_does_not_decide_among_equals():
    space = Space({"opt": Choice(["a", "b"]), "x": Float(0, 1), "y": Float(0, 1)})
    shares = shares_of(told_of(space, lambda config: (config["opt"] == "a") + 1e-3 * config["x"]), space)
    assert shares["opt"] > 0.99


@pytest.mark.parametrize(("noise", "low", "high"), [(0.0, 0.95, 1.0), (0.3, 0.6, 0.98), (100.0, 0.0, 0.3)])
def test_how_well_trials_are_predicted_that_were_not_shown(noise, low, high):
    rng = np.random.default_rng(1)
    told = told_of(PLANE, lambda config: 5.0 * config["x"] + noise * rng.standard_normal(), n=40)
    assert low <= influences(outcomes(told, range(40), PLANE), 0.1, rng).predicted <= high


def test_that_is_what_models_without_each_of_the_trials_say():
    told = told_of(PLANE, lambda config: np.sin(9.0 * config["x"]) + config["y"] ** 2, n=12)
    found = outcomes(told, range(12), PLANE)
    belief, y = _influence._belief(found.known, Embedding(PLANE))
    theta, columns, z = belief.theta, belief.columns, belief.factor.z
    x = z * columns.lengths(theta)
    errors = []
    for left_out in range(12):
        rest = [row for row in range(12) if row != left_out]
        factor = factorised(z[rest], theta, columns)
        errors.append(y[left_out] - belief_given(theta, columns, factor, y[rest]).predict(x[[left_out]])[0][0])
    assert _influence._predicted(belief, y) == pytest.approx(1.0 - np.mean(np.square(errors)) / y.var(), rel=1e-3)


def test_a_category_that_decides():
    space = Space({"opt": Choice(["a", "b", "c", "d"]), "x": Float(0, 1), "n": Int(1, 5), "fixed": 3})
    shares = shares_of(told_of(space, lambda config: (config["opt"] != "b") + 0.1 * config["x"], n=60), space)
    assert shares["opt"] > 0.5 > shares["x"] > shares["n"]
    assert shares["fixed"] == 0.0


def test_a_hyperparameter_that_is_seldom_active_matters_less():
    tree = Space(
        {"kind": Choice(["a", "b"]), "x": Float(0, 1), "z": Float(0, 1)},
        conditions={"x": ("kind", "a"), "z": ("kind", "b")},
    )

    def loss(config):
        return 3.0 * abs(config["x"] - 0.5) if config["kind"] == "a" else 1.5 + config["z"]

    shares = shares_of(told_of(tree, loss, n=60), tree)
    assert shares["z"] < 0.05
    assert min(shares["kind"], shares["x"]) > 0.2


def test_shares_are_those_in_the_space_as_it_is_now():
    told = told_of(PLANE, lambda config: 10.0 * max(config["x"] - 0.3, 0.0) + config["y"], n=60)
    assert shares_of(told, PLANE)["x"] > 0.4
    now = Space({"x": Float(0, 0.28), "y": Float(0, 1)})
    told.append(SpaceEdited(at=1.0, space=now.to_json()))
    assert shares_of(told, PLANE)["y"] > 0.9


def test_of_many_trials_the_best_and_others_are_used(monkeypatch):
    monkeypatch.setattr(_influence, "MOST_FITTED", 9)
    losses = np.array([5.0, 1.0, np.nan, 3.0, 4.0, 9.0, 2.0, 7.0, 8.0, 6.0, np.nan, 0.5])
    rows = _used(losses)
    assert len(rows) == len(set(rows)) == 9
    assert (np.diff(rows) > 0).all()
    assert {1, 6, 11} <= set(rows.tolist())
    assert _used(losses[:9]).tolist() == list(range(9))


@pytest.mark.parametrize("d", [1, 2, 7, 31, 100, 1_000, 10_000])
def test_walks_are_as_many_as_there_is_room_for(d, monkeypatch):
    monkeypatch.undo()
    n = _n_walks(d)
    assert n & (n - 1) == 0
    assert 2 <= n <= 2**12
    assert n * (d + 1) * d <= 2**24 or n == 2
    assert n >= 512 or d > 100
