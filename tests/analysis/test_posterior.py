import math

import numpy as np
import pytest
from made_up_studies import ACCURACY, ERROR, study_of

from rung.analysis import posterior as module
from rung.analysis.configs import inputs_of
from rung.analysis.curves import to_json
from rung.analysis.posterior import Held, Posterior, model_of, posterior
from rung.errors import SettingError
from rung.events import Started
from rung.searchers.gp import GPSearcher
from rung.space import Choice, Float, Int, Space, linear

SPACE = Space({"x": Float(0, 1), "n": Int(1, 4), "opt": Choice(["a", "b"])})
TREE = Space(
    {"kind": Choice(["a", "b"]), "x": Float(0, 1), "n": Int(1, 64, log=True)},
    conditions={"x": ("kind", "a"), "n": ("kind", "b")},
)


def configs_of(space, n=8):
    rng = np.random.default_rng(0)
    return [space.sample(rng) for _ in range(n)]


def bowl(config):
    return (config["x"] - 0.4) ** 2 + 0.1 * config["n"] + (0.2 if config["opt"] == "b" else 0.0)


def found_of(space, configs, losses, names, *, goal=ERROR, spec=None):
    rows, told = study_of(configs, losses)
    searcher, is_own = model_of(spec or {"name": "gp"}, space, told)
    inputs = {each.name: each for each in inputs_of(space, rows)}
    return posterior(searcher, rows, goal=goal, inputs=[inputs[name] for name in names], is_own=is_own)


def asked(space, configs, losses, points):
    """What the searcher itself says."""
    searcher = GPSearcher(space)
    for event in study_of(configs, losses)[1]:
        searcher.update(event)
    return searcher.posterior(points)


@pytest.mark.parametrize(("goal", "sign"), [(ERROR, 1.0), (ACCURACY, -1.0)])
def test_along_one_it_is_what_the_searcher_believes(goal, sign):
    configs = configs_of(SPACE)
    losses = [bowl(config) for config in configs]
    found = found_of(SPACE, configs, losses, ["x"], goal=goal)
    best = configs[losses.index(min(losses))]
    (xs,) = found.places
    expected = asked(SPACE, configs, losses, [{**best, "x": x} for x in xs])
    assert (len(xs), xs[0], xs[-1]) == (201, 0.0, 1.0)
    np.testing.assert_allclose(found.mean, sign * expected.mean, rtol=1e-9)
    ends = (found.low, found.high) if sign > 0 else (found.high, found.low)
    np.testing.assert_allclose(ends, [sign * expected.low, sign * expected.high], rtol=1e-9)
    np.testing.assert_allclose(found.promise, expected.acquisition, rtol=1e-9)
    assert all(low <= mean <= high for low, mean, high in zip(found.low, found.mean, found.high, strict=True))
    assert found.best == (xs[int(np.argmax(expected.acquisition))],)
    assert found.held.values == {"n": best["n"], "opt": best["opt"]}
    assert (found.held.trial, found.configs.best_trial) == (losses.index(min(losses)),) * 2
    assert (found.is_own, found.acquisition) == (True, "logei")
    assert to_json(found)["mean"] == pytest.approx(list(found.mean))


def test_along_two_the_last_one_changes_fastest():
    configs = configs_of(SPACE)
    losses = [bowl(config) for config in configs]
    found = found_of(SPACE, configs, losses, ["opt", "n"])
    best = configs[losses.index(min(losses))]
    points = [{**best, "opt": opt, "n": n} for opt in "ab" for n in range(1, 5)]
    assert found.places == ((0.0, 1.0), (1.0, 2.0, 3.0, 4.0))
    expected = asked(SPACE, configs, losses, points)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-9)
    opt, n = points[int(np.argmax(expected.acquisition))]["opt"], points[int(np.argmax(expected.acquisition))]["n"]
    assert found.best == ("ab".index(opt), n)
    assert len(found_of(SPACE, configs, losses, ["x", "n"]).mean) == 41 * 4


def test_trials_that_have_the_values_held():
    configs = [{"x": 0.1 * k, "n": 1 + (k == 3), "opt": "a"} for k in range(6)]
    found = found_of(SPACE, configs, [0.1 * (k + 1) for k in range(6)], ["x"])
    assert found.held == Held(values={"n": 1, "opt": "a"}, trial=0, alike=(0, 1, 2, 4, 5))


def test_for_another_searcher_a_model_is_made_that_heeds_no_foreign_notes():
    configs = configs_of(SPACE)
    _, told = study_of(configs, [bowl(config) for config in configs])
    noted = [
        Started(at=0.0, trial=event.trial, attempt=1, config=event.config, notes={"fit": "mine", "scramble": "mine"})
        if isinstance(event, Started)
        else event
        for event in told
    ]
    searcher, is_own = model_of({"name": "tpe"}, SPACE, noted)
    plain, _ = model_of({"name": "tpe"}, SPACE, told)
    assert not is_own
    np.testing.assert_array_equal(searcher.posterior(configs).mean, plain.posterior(configs).mean)


def test_the_studys_own_model_has_its_options_and_its_fit():
    configs = configs_of(SPACE, 22)
    _, told = study_of(configs, [bowl(config) for config in configs])
    theta = [22, [0.0] * 5]
    noted = [*told, Started(at=0.0, trial=22, attempt=1, config=configs[0], notes={"fit": theta})]
    spec = {"name": "gp", "acquisition": "ucb"}
    with_note, is_own = model_of(spec, SPACE, noted)
    without, _ = model_of(spec, SPACE, noted[:-1])
    assert is_own
    assert with_note.spec()["acquisition"] == "ucb"
    assert not np.allclose(with_note.posterior(configs).mean, without.posterior(configs).mean)


def test_where_a_hyperparameter_is_not_active_there_is_nothing():
    configs = [{"kind": "a", "x": 0.1 * k} for k in range(5)] + [{"kind": "b", "n": 4**k} for k in range(4)]
    losses = [0.3 + abs(0.1 * k - 0.2) for k in range(5)] + [0.9, 0.6, 0.7, 0.8]
    found = found_of(TREE, configs, losses, ["kind", "x"])
    assert None not in found.mean[:41]
    assert set(found.mean[41:]) == set(found.promise[41:]) == {None}
    assert found.best is not None
    assert found.best[0] == 0.0
    along_kind = found_of(TREE, configs, losses, ["kind"])
    expected = asked(TREE, configs, losses, [{"kind": "a", "x": 0.2}, {"kind": "b", "n": 4}])
    np.testing.assert_allclose(along_kind.mean, expected.mean, rtol=1e-9)
    assert along_kind.held.values == {"x": 0.2}


def test_the_best_trial_in_which_the_hyperparameter_is_active_is_held():
    configs = [{"kind": "a", "x": 0.1 * k} for k in range(5)] + [{"kind": "b", "n": 4**k} for k in range(4)]
    found = found_of(TREE, configs, [0.1] * 5 + [0.9, 0.6, 0.7, 0.8], ["n"])
    assert (found.held.trial, found.held.values, found.configs.best_trial) == (6, {"kind": "b"}, 0)
    assert None not in found.mean
    nowhere = found_of(TREE, configs, [0.1] * 5 + [0.9, 0.6, 0.7, 0.8], ["x", "n"])
    assert (nowhere.mean, nowhere.best) == ((), None)


def test_what_breaks_a_constraint_is_left_out():
    space = Space({"x": Float(0, 1), "y": Float(0, 1)}, constraints=[linear({"x": 1, "y": 1}, at_most=1.0)])
    configs = configs_of(space, 6)
    found = found_of(space, configs, [config["x"] for config in configs], ["x", "y"])
    grid = [(x, y) for x in found.places[0] for y in found.places[1]]
    is_clear = [abs(x + y - 1.0) > 1e-9 for x, y in grid]
    for (x, y), mean, clear in zip(grid, found.mean, is_clear, strict=True):
        assert not clear or (mean is None) == (x + y > 1.0)


@pytest.mark.parametrize("losses", [[], [None] * 6])
def test_without_a_result_there_is_no_belief(losses):
    configs = configs_of(SPACE, len(losses))
    found = found_of(SPACE, configs, losses, ["x"])
    assert found == Posterior(
        configs=found.configs,
        held=Held(values={"n": 3, "opt": "b"}, alike=found.held.alike),
        is_own=True,
        acquisition="logei",
        places=found.places,
        why="A posterior needs 4 trials with a result, and there are 0.",
    )
    assert found.held.trial is None


@pytest.mark.parametrize(("n", "are"), [(1, "is 1"), (3, "are 3")])
def test_a_few_results_make_no_belief(n, are):
    configs = configs_of(SPACE, n + 2)
    losses = [*[bowl(config) for config in configs[:n]], None, None]
    found = found_of(SPACE, configs, losses, ["x"])
    assert (found.mean, found.best) == ((), None)
    assert found.why == f"A posterior needs 4 trials with a result, and there {are}."
    enough = found_of(SPACE, [*configs, configs[0]], [*losses[:n], 0.5, 0.6, 0.7], ["x"])
    assert (len(enough.mean), enough.why) == (201, "")


def test_what_is_no_finite_number_is_none():
    points = ["a", None, "b", "c"]
    assert module._column([1.0, math.inf, -math.inf], points) == (1.0, None, None, None)
    assert module._column([1.0, math.nan, 2.0], points) == (1.0, None, None, 2.0)
    assert module._best((None, None), [(0.0, 1.0)]) is None


@pytest.mark.parametrize(("names", "given"), [([], "none"), (["x", "n", "opt"], "x, n, opt")])
def test_one_or_two_hyperparameters_are_needed(names, given):
    with pytest.raises(SettingError, match=f"along one or two hyperparameters, got {given}"):
        found_of(SPACE, [{"x": 0.5, "n": 2, "opt": "a"}], [0.3], names)


def test_a_space_where_nothing_varies_has_nothing_to_show():
    with pytest.raises(SettingError, match="No hyperparameter of the space varies"):
        found_of(Space({"x": Choice(["only"])}), [{"x": "only"}], [0.3], [])
