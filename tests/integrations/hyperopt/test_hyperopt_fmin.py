from __future__ import annotations

import copy
import math
import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest

import rung
from rung.errors import ReportError, SettingError, SpaceError, StudyMismatchError
from rung.integrations.hyperopt import (
    STATUS_FAIL,
    STATUS_OK,
    AllTrialsFailed,
    MongoTrials,
    SparkTrials,
    Trials,
    anneal,
    atpe,
    fmin,
    hp,
    pyll,
    rand,
    space_eval,
    tpe,
)
from rung.types import TrialState


def spaces(hp: Any, scope: Any) -> Any:
    """Everything at once, written with either library's functions."""
    return {
        "rate": hp.choice("rate", [0.1, 0.01]),
        "units": hp.uniformint("units", 1, 4),
        "draw": hp.randint("draw", 5),
        "between": hp.randint("between", 2, 4),
        "width": hp.quniform("width", 1, 10, 3),
        "log": hp.loguniform("log", -2, 0),
        "size": hp.qloguniform("size", 0, 3, 1),
        "shift": hp.qnormal("shift", 0, 3, 1),
        "depth": scope.int(hp.quniform("depth", 1, 9, 2)),
        "optimizer": hp.choice(
            "optimizer", [{"name": "adam"}, {"name": "sgd", "momentum": hp.uniform("momentum", 0, 1)}]
        ),
        "weighed": hp.pchoice("weighed", [(0.2, "a"), (0.8, {"scale": hp.lognormal("scale", 0, 1)})]),
        "nested": [1, (2, hp.uniform("inner", 0, 1))],
    }  # fmt: skip


def loss(point: Any) -> dict[str, Any]:
    return {"loss": point["width"] + point["units"], "status": STATUS_OK, "model": object(), "accuracy": 0.5}


def minimised(space: Any, function: Any = loss, *, trials: Trials | None = None, **options: Any) -> Any:
    given = {"algo": rand.suggest, "max_evals": 12, "rstate": np.random.default_rng(0), "show_progressbar": False}
    return fmin(function, space, trials=trials, **{**given, **options})


def noted(points: list[Any], point: Any) -> dict[str, Any]:
    points.append(point)
    return loss(point)


def shape(value: Any) -> Any:
    """The kinds of which a value is made, with NumPy's numbers as Python's."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return (type(value), [shape(each) for each in value])
    return type(value.item() if isinstance(value, np.generic) else value)


class TestAgainstHyperopt:
    @pytest.fixture
    def hyperopt(self) -> Any:
        return pytest.importorskip("hyperopt")

    @pytest.fixture
    def theirs(self, hyperopt):
        trials, points = hyperopt.Trials(), []
        space = spaces(hyperopt.hp, hyperopt.pyll.scope)
        best = hyperopt.fmin(
            partial(noted, points), space, algo=hyperopt.rand.suggest, max_evals=40, trials=trials,
            rstate=np.random.default_rng(0), show_progressbar=False,
        )  # fmt: skip
        return best, trials, points

    @pytest.fixture
    def ours(self):
        trials, points = Trials(), []
        best = minimised(spaces(hp, pyll.scope), partial(noted, points), trials=trials, max_evals=40)
        return best, trials, points

    def test_the_objective_gets_points_of_the_same_shape(self, theirs, ours):
        by_branch = lambda points: {(each["optimizer"]["name"], each["weighed"] == "a"): shape(each) for each in points}  # noqa: E731
        assert by_branch(ours[2]) == by_branch(theirs[2])
        assert len(by_branch(ours[2])) == 4

    def test_grids_have_the_same_values(self, theirs, ours):
        for name in ("units", "draw", "between", "width", "depth"):
            assert {each[name] for each in ours[2]} == {each[name] for each in theirs[2]}, name
        assert all(each["size"] % 1 == 0 and 1 <= each["size"] <= 20 for each in ours[2])

    def test_best_is_indices_and_numbers_of_what_the_best_trial_uses(self, theirs, ours):
        for best, trials, _ in (theirs, ours):
            assert best == trials.argmin
            assert best["rate"] in {0, 1}
            assert ("momentum" in best) == (best["optimizer"] == 1)
            assert ("scale" in best) == (best["weighed"] == 1)
        always = theirs[0].keys() - {"momentum", "scale"}
        assert always <= ours[0].keys()
        assert {name: float(ours[0][name]).is_integer() for name in ("units", "width", "size")} == dict.fromkeys(
            ("units", "width", "size"), True
        )

    def test_space_eval_is_theirs(self, hyperopt, theirs):
        for trial in theirs[1].trials:
            values = {label: each[0] for label, each in trial["misc"]["vals"].items() if each}
            expected = hyperopt.space_eval(spaces(hyperopt.hp, hyperopt.pyll.scope), values)
            assert space_eval(spaces(hp, pyll.scope), values) == expected

    def test_trials_have_the_same_shape(self, theirs, ours):
        for each in (ours[1].trials[0], ours[1].best_trial):
            assert each.keys() == theirs[1].trials[0].keys()
            assert each["misc"].keys() == theirs[1].trials[0]["misc"].keys()
            assert each["misc"]["vals"].keys() == theirs[1].trials[0]["misc"]["vals"].keys()
            assert each["state"] == theirs[1].trials[0]["state"]
            assert each["result"].keys() == theirs[1].trials[0]["result"].keys()
        assert ours[1].vals.keys() == theirs[1].vals.keys()
        assert ours[1].tids == theirs[1].tids
        assert ours[1].statuses() == theirs[1].statuses()

    def test_a_bare_hyperparameter_gives_the_objective_its_value(self, hyperopt):
        def squared(x: float) -> float:
            assert isinstance(x, float)
            return x**2

        for library in (hyperopt, None):
            functions: Any = hp if library is None else library.hp
            run: Any = fmin if library is None else library.fmin
            algo: Any = rand.suggest if library is None else library.rand.suggest
            best = run(
                squared, functions.uniform("x", -1, 1), algo=algo, max_evals=3, rstate=np.random.default_rng(0),
                show_progressbar=False,
            )  # fmt: skip
            assert list(best) == ["x"]


class TestResults:
    def test_a_number_is_a_loss(self):
        trials = Trials()
        best = minimised({"x": hp.uniform("x", -1, 1)}, lambda point: np.float32(point["x"] ** 2), trials=trials)
        assert trials.best_trial["result"] == {"loss": np.float32(best["x"] ** 2), "status": STATUS_OK}

    def test_numbers_of_a_result_are_metrics_of_the_study_and_the_rest_stays_with_the_trials(self):
        trials = Trials()
        minimised(spaces(hp, pyll.scope), trials=trials)
        assert {type(result["model"]) for result in trials.results} == {object}
        assert [row["accuracy"] for row in trials.study.table()] == [0.5] * 12
        assert trials.study.incumbent_error == trials.best_trial["result"]["loss"] == min(trials.losses())

    def test_a_failed_status_is_a_failed_trial_and_never_the_best(self):
        def failing(x: float) -> dict[str, Any]:
            return {"status": STATUS_FAIL, "why": "x"} if x < 0 else {"loss": x, "status": STATUS_OK}

        trials = Trials()
        best = minimised(hp.uniform("x", -1, 1), failing, trials=trials)
        states = [row.state for row in trials.study.trials]
        assert best["x"] == min(loss for loss in trials.losses() if loss is not None)
        assert [state is TrialState.FAILED for state in states] == [each == "fail" for each in trials.statuses()]
        assert TrialState.FAILED in states
        assert len(trials) == 12

    def test_nan_is_never_the_best(self):
        trials = Trials()
        best = minimised(hp.uniform("x", -1, 1), lambda x: math.nan if x < 0 else x, trials=trials)
        assert best["x"] == min(loss for loss in trials.losses() if not math.isnan(loss))

    def test_without_any_loss_there_is_no_best(self):
        options = {"trials": Trials(), "max_evals": 4}
        with pytest.raises(AllTrialsFailed, match="no trial has a loss"):
            minimised(hp.uniform("x", -1, 1), lambda _: {"status": STATUS_FAIL}, **options)
        assert minimised(hp.uniform("x", -1, 1), None, return_argmin=False, **options) is None

    @pytest.mark.parametrize(
        ("returned", "words"),
        [
            ("low", "no loss"),
            (None, "no loss"),
            ({"loss": 1.0}, "the status None"),
            ({"loss": "low", "status": STATUS_OK}, "the loss 'low'"),
            ({"status": STATUS_OK}, "the loss None"),
        ],
    )
    def test_what_is_no_result_is_told(self, returned, words):
        with pytest.raises(ReportError, match=words):
            minimised(hp.uniform("x", -1, 1), lambda _: returned)

    def test_an_error_is_raised_once_the_trial_has_failed(self):
        trials = Trials()
        with pytest.raises(ZeroDivisionError):
            minimised(hp.uniform("x", -1, 1), lambda _: 1 / 0, trials=trials)
        assert [row.state for row in trials.study.trials] == [TrialState.FAILED]
        assert len(trials) == 0

    def test_an_error_can_be_passed_over(self):
        trials = Trials()
        minimised(
            hp.uniform("x", -1, 1), lambda x: x if x > 0 else 1 // 0, trials=trials, catch_eval_exceptions=True
        )  # fmt: skip
        assert 0 < len(trials) < len(trials.study.trials) == 12


class TestEnds:
    def test_trials_are_gone_on_with_up_to_the_new_total(self):
        trials, calls = Trials(), []
        for total in (3, 8, 8):
            minimised(hp.uniform("x", -1, 1), lambda x: calls.append(x) or x, trials=trials, max_evals=total)
            assert len(trials) == len(calls) == total
        assert trials.tids == list(range(8))

    def test_another_method_can_go_on(self):
        trials = Trials()
        minimised(hp.uniform("x", -1, 1), abs, trials=trials, max_evals=3)
        minimised(hp.uniform("x", -1, 1), abs, trials=trials, max_evals=6, algo=partial(tpe.suggest, n_startup_jobs=3))
        assert (trials.study.row.searcher["name"], trials.study.row.searcher["startup_trials"]) == ("tpe", 3)

    def test_a_seed_decides_all(self):
        seen = [minimised(hp.uniform("x", -1, 1), abs, rstate=rstate) for rstate in (7, 7, 8, np.random.default_rng(3))]
        seen.append(minimised(hp.uniform("x", -1, 1), abs, rstate=np.random.default_rng(3)))
        old = [minimised(hp.uniform("x", -1, 1), abs, rstate=np.random.RandomState(5)) for _ in range(2)]
        assert old[0] == old[1]
        assert seen[0] == seen[1] != seen[2]
        assert seen[3] == seen[4]

    def test_another_space_is_refused(self):
        trials = Trials()
        minimised(hp.uniform("x", -1, 1), abs, trials=trials)
        with pytest.raises(StudyMismatchError, match="differs"):
            minimised(hp.uniform("x", -2, 1), abs, trials=trials, max_evals=20)

    def test_points_come_first(self):
        points = [{"optimizer": 1, "momentum": 0.25}, {"optimizer": 0, "momentum": 0.5}]
        space = {"optimizer": hp.choice("optimizer", ["adam", {"m": hp.uniform("momentum", 0, 1)}])}
        seen: list[Any] = []
        minimised(space, lambda point: seen.append(point) or 0.0, points_to_evaluate=points, max_evals=3)
        assert seen[:2] == [{"optimizer": {"m": 0.25}}, {"optimizer": "adam"}]
        assert len(seen) == 3

    def test_a_loss_below_the_threshold_is_enough(self):
        trials = Trials()
        minimised(hp.uniform("x", 0, 1), abs, trials=trials, loss_threshold=0.5, max_evals=100)
        assert trials.losses()[-1] < 0.5
        assert min(trials.losses()[:-1], default=1.0) >= 0.5

    def test_no_time_is_no_trial(self):
        trials = Trials()
        assert minimised(hp.uniform("x", 0, 1), abs, trials=trials, timeout=0, return_argmin=False) is None
        assert len(trials) == 0

    def test_a_small_space_ends_when_all_is_tried(self):
        trials = Trials()
        minimised(hp.randint("x", 4), abs, trials=trials, algo=tpe.suggest, max_evals=20)
        assert sorted(trials.vals["x"]) == [0, 1, 2, 3]

    def test_what_the_trials_ask_for_ends_it(self):
        told: list[Any] = []

        def at_three(trials: Trials, count: int = 0) -> tuple[bool, list[Any]]:
            told.append((len(trials), count))
            return count == 2, [count + 1]

        minimised(hp.uniform("x", 0, 1), abs, early_stop_fn=at_three, max_evals=None)
        assert told == [(1, 0), (2, 1), (3, 2)]

    def test_a_kept_study_is_there_again(self, tmp_path):
        space = {"x": hp.lognormal("x", 0, 1)}
        first = Trials(store=tmp_path / "a.db", study="mine")
        best = minimised(space, lambda point: {"loss": point["x"], "status": STATUS_OK}, trials=first, max_evals=4)
        first.kept_in.close()
        again = Trials(store=tmp_path / "a.db", study="mine")
        assert minimised(space, None, trials=again, max_evals=4) == best
        assert again.losses() == first.losses()
        assert again.vals == first.vals
        again.kept_in.close()


class TestRefused:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"max_evals": None}, "nothing says when to end"),
            ({"algo": anneal.suggest}, "no simulated annealing"),
            ({"algo": atpe.suggest}, "no adaptive TPE"),
            ({"algo": 3}, "none of those here"),
            ({"trials_save_file": "a.pkl"}, "would be a pickle"),
            ({"pass_expr_memo_ctrl": True}, "pass_expr_memo_ctrl"),
            ({"max_queue_len": 4}, "one trial at a time"),
        ],
    )
    def test_what_rung_has_not(self, options, words):
        with pytest.raises(SettingError, match=words):
            minimised(hp.uniform("x", 0, 1), abs, **options)

    @pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
    def test_a_pickle_of_trials(self, copied):
        with pytest.raises(SettingError, match=r"not kept in pickles\. Write trials=Trials\(store='rung\.db'"):
            copied(Trials())

    def test_hyperopts_own_algorithms(self):
        def suggest(new_ids: Any, domain: Any, trials: Any, seed: Any) -> None:
            raise NotImplementedError

        with pytest.raises(SettingError, match="Import tpe or rand from rung"):
            minimised(hp.uniform("x", 0, 1), abs, algo=suggest)

    @pytest.mark.parametrize("kind", [SparkTrials, MongoTrials])
    def test_trials_elsewhere(self, kind):
        with pytest.raises(SettingError, match=r"Use Trials\(\)"):
            kind("somewhere", parallelism=4)

    @pytest.mark.parametrize(
        ("space", "words"),
        [
            ({"x": 1}, "nothing to search"),
            ([hp.uniform("x", 0, 1), hp.uniform("x", 0, 1)], "'x' is used twice"),
        ],
    )
    def test_spaces(self, space, words):
        with pytest.raises(SpaceError, match=words):
            minimised(space, abs)

    @pytest.mark.parametrize(
        ("point", "words"),
        [({"y": 1}, "no label 'y'"), ({}, "'o' has no value"), ({"o": 2}, "index from 0 to 1, got 2")],
    )
    def test_points(self, point, words):
        with pytest.raises(SpaceError, match=words):
            minimised(hp.choice("o", ["a", "b"]), lambda _: 0.0, points_to_evaluate=[point])


def searched(c: float) -> float:
    def one(x: float) -> float:
        rung.report(x)
        return x * c

    return float(minimised(hp.uniform("x", 0, 1), one, max_evals=2)["x"])


@pytest.mark.parametrize("workers", [None, 1])
def test_a_trial_may_consist_of_a_search(workers):
    found = rung.tune(searched, {"c": [1.0]}, max_trials=1, workers=workers, store="memory", progress="off")
    (row,) = found.trials
    assert (row.state, row.message, row.last_step, row.last_loss) == (TrialState.COMPLETED, "", 1, searched(1.0))


def test_the_same_hyperparameter_may_stand_in_several_places():
    shared = hp.uniform("shared", 0, 1)
    of_one = hp.choice("of_one", [{"s": shared}, {"s": shared}, {}])
    of_two = {"a": hp.choice("a", [shared, 0]), "b": hp.choice("b", [shared, 0])}
    seen: list[Any] = []
    one, two = Trials(), Trials()
    minimised(of_one, lambda point: seen.append(point) or 0.0, trials=one)
    minimised(of_two, lambda point: float(point["a"] + point["b"]), trials=two)
    assert [len(each["vals"]["shared"]) for each in one.miscs] == [len(each) for each in seen]
    assert {len(each) for each in seen} == {0, 1}
    used = [1 if 0 in {each["vals"]["a"][0], each["vals"]["b"][0]} else 0 for each in two.miscs]
    assert [len(each["vals"]["shared"]) for each in two.miscs] == used
    assert set(used) == {0, 1}


def test_what_trials_say_before_there_are_any():
    trials = Trials()
    assert (list(trials), trials.losses(), trials.vals, trials.results) == ([], [], {}, [])
    with pytest.raises(AllTrialsFailed):
        trials.argmin  # noqa: B018


def test_progress_is_shown_unless_it_is_not_wanted(capsys):
    minimised(hp.uniform("x", 0, 1), abs, max_evals=2, show_progressbar=True)
    assert "2 trials" in capsys.readouterr().out
    minimised(hp.uniform("x", 0, 1), abs, max_evals=2, show_progressbar=True, verbose=False)
    assert capsys.readouterr().out == ""
