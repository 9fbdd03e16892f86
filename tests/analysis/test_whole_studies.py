"""Importance, posterior and distribution of studies that were really run, by the methods of ``Study``."""

import pytest

from rung.analysis import _influence
from rung.errors import RungError
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.gp import GPSearcher
from rung.searchers.random import RandomSearcher
from rung.space import Choice, Float, Space
from rung.store import MemoryStore
from rung.tuner import Tuner

SPACE = Space({"x": Float(0, 1), "y": Float(0, 1), "opt": Choice(["a", "b"])})


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch):
    monkeypatch.setattr(_influence, "N_DRAWS", 16)
    monkeypatch.setattr(_influence, "_POINTS", 2**11)


def curve(x, y, opt):
    for epoch in range(1, 4):
        yield {"accuracy": 0.9 - (x - 0.3) ** 2 - 0.05 * y - 0.1 / epoch}


def study_of(scheduler, n_trials, objective=curve):
    tuner = Tuner(objective, scheduler, metric="accuracy", mode="max", store=MemoryStore(), study="s", seed=0)
    return tuner.run(n_trials)


@pytest.fixture(scope="module")
def halved():
    """A study in which most trials were paused early."""
    return study_of(ASHA(RandomSearcher(SPACE), max_t=3, grace_period=1, reduction_factor=2), 16)


def test_importance_by_name(halved):
    shares = halved.importance()
    assert list(shares) == ["x", "y", "opt"]
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares == {each["name"]: each["share"] for each in halved.plot_json("importance")["shares"]}
    with pytest.raises(RungError, match="needs 10 trials with an outcome, and there are 5"):
        halved.importance(where="number<5")


def test_the_posterior_of_the_studys_own_searcher():
    study = study_of(BasicScheduler(GPSearcher(SPACE, acquisition="ei")), 8)
    form = study.plot_json("posterior", hyperparameters=["x"])
    assert (form["is_own"], form["acquisition"]) == (True, "ei")
    best = study.best
    assert best is not None
    assert form["held"]["trial"] == best.trial
    assert form["held"]["values"] == {name: best.config[name] for name in ("y", "opt")}
    near = min(range(201), key=lambda k: abs(form["places"][0][k] - best.config["x"]))
    assert form["mean"][near] == pytest.approx(best.error, abs=0.02)
    assert form["low"][near] <= form["mean"][near] <= form["high"][near]


def test_and_one_made_for_another(halved):
    pytest.importorskip("matplotlib")
    form = halved.plot_json("posterior")
    assert [each["name"] for each in form["configs"]["inputs"]] == list(halved.importance())[:2]
    assert not form["is_own"]
    caption = halved.plot("posterior").legends[0].get_title().get_text()
    assert caption.startswith("A Gaussian process made for this picture")


def test_the_distribution_ends_at_the_incumbent(halved):
    (form,) = halved.plot_json("edf")["studies"]
    assert (form["name"], form["trials"], form["values"][0]) == ("s", 16, halved.incumbent_error)


def test_a_study_in_which_all_failed():
    def fails(x, y, opt):
        raise ValueError(x)

    tuner = Tuner(fails, BasicScheduler(RandomSearcher(SPACE)), metric="error", store=MemoryStore(), study="s", seed=0)
    study = tuner.run(2)
    assert study.plot_json("edf")["studies"][0]["failed"] == 2
    assert study.plot_json("posterior")["mean"] == []
    with pytest.raises(RungError, match="needs 10 trials"):
        study.importance()
