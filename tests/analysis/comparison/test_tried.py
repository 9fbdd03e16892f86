import math

import numpy as np
import pytest

from rung.analysis.comparison.tried import _pooled, attempt_of, most_important
from rung.analysis.configs import Input
from rung.errors import SettingError
from rung.events import Started
from rung.rows import TrialRow
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Choice, Float, Space
from rung.tuner import Tuner
from rung.types import Goal, TrialState

SPACE = Space({"momentum": Float(0, 1), "opt": Choice(["sgd", "adam"]), "lr": Float(1e-4, 1, log=True)})
GOAL = Goal("error")


def rows_of(loss, n=60, seed=0):
    rng = np.random.default_rng(seed)
    configs = [SPACE.sample(rng) for _ in range(n)]
    return [
        TrialRow(number=number, state=TrialState.COMPLETED, config=config, started_at=0.0, best_loss=loss(config))
        for number, config in enumerate(configs)
    ]


def by_lr(config):
    return (math.log10(config["lr"]) + 2) ** 2 + 0.01 * config["momentum"]


def log_of(loss, n=15, seed=0):
    """A study of random configurations."""
    tuner = Tuner(lambda trial: loss(trial.config), BasicScheduler(RandomSearcher(SPACE)), seed=seed)
    return list(tuner.run(max_trials=n).events())


def test_the_more_important_number_comes_first():
    for loss, expected in ((by_lr, ["lr", "momentum"]), (lambda config: config["momentum"], ["momentum", "lr"])):
        assert [each.name for each in most_important(SPACE, [log_of(loss)], goal=GOAL)] == expected


def test_runs_are_taken_together():
    short = [log_of(by_lr, n=5, seed=seed) for seed in range(3)]
    assert [each.name for each in most_important(SPACE, short, goal=GOAL)] == ["lr", "momentum"]
    pooled = list(_pooled(short))
    assert {event.trial for event in pooled} == set(range(15))
    started = [event for event in pooled if isinstance(event, Started)]
    assert [event.trial for event in started] == list(range(15))
    assert [event.config for event in started] == [
        event.config for log in short for event in log if isinstance(event, Started)
    ]


def test_where_nothing_is_known_the_order_is_that_of_the_space():
    for runs in ([], [log_of(by_lr, n=3)]):
        assert [each.name for each in most_important(SPACE, runs, goal=GOAL)] == ["momentum", "lr"]


def test_a_person_chooses():
    assert most_important(SPACE, [], goal=GOAL, names=["momentum"]) == (Input("momentum", low=0.0, high=1.0),)
    with pytest.raises(SettingError, match=r"no hyperparameter 'mometum' that varies. Did you mean 'momentum'\?"):
        most_important(SPACE, [], goal=GOAL, names=["mometum"])
    with pytest.raises(SettingError, match=r"no hyperparameter 'opt' that varies. There are: momentum, lr"):
        most_important(SPACE, [], goal=GOAL, names=["lr", "opt"])
    with pytest.raises(SettingError, match="two axes, and these are 3 hyperparameters: a, b, c"):
        most_important(SPACE, [], goal=GOAL, names=["a", "b", "c"])


def test_an_attempt_has_places_values_and_boxes():
    inputs = most_important(SPACE, [], goal=GOAL, names=["lr", "momentum"])
    rows = rows_of(by_lr, n=6)
    rows[1].config["lr"] = rows[0].config["lr"]
    found = attempt_of("zoom", 3, rows, goal=GOAL, inputs=inputs, boxes=[{}, {"lr": [0.01, 0.1], "opt": ["sgd"]}])
    assert [each.inputs for each in found.configs.tried] == [(row.config["lr"], row.config["momentum"]) for row in rows]
    assert (found.n_values(0), found.n_values(1)) == (5, 6)
    assert [box.ends for box in found.boxes] == [((1e-4, 1.0), (0.0, 1.0)), ((0.01, 0.1), (0.0, 1.0))]


def test_where_a_box_has_no_end_it_is_infinite():
    found = attempt_of("zoom", 0, [], goal=GOAL, inputs=[Input("x", high=2.0)], boxes=[{}])
    assert found.boxes[0].ends == ((-math.inf, 2.0),)
