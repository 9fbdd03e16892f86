from __future__ import annotations

import math
from typing import Any

import pytest

import rung
from rung.errors import ReportError, RungError, SettingError, SpaceError, StudyExistsError
from rung.events import Changed, SpaceEdited, StudyCreated
from rung.integrations import define_by_run
from rung.registry import build_scheduler
from rung.space import Space
from rung.store import open_store
from rung.tuning.verify import verify_decisions
from rung.types import TrialState


def mixed(trial: Any) -> float:
    optimizer = trial.suggest_categorical("optimizer", ["adam", "sgd"])
    rate = trial.suggest_float("rate", 1e-5, 1.0, log=True)
    momentum = trial.suggest_float("momentum", 0.0, 0.99) if optimizer == "sgd" else 0.0
    return rate + abs(momentum - 0.9)


def studied(objective: Any = mixed, n_trials: int = 20, **options: Any) -> Any:
    study = define_by_run.create_study(**{"seed": 0, **options})
    study.optimize(objective, n_trials)
    return study


class TestGrowth:
    def test_the_space_grows_by_what_is_asked_for(self):
        study = studied()
        events = [event for event in study.study.events() if isinstance(event, SpaceEdited | Changed)]
        grown = [Space.from_json(event.space).names for event in events if isinstance(event, SpaceEdited)]
        assert grown[:2] == [("optimizer", "rate"), ("optimizer", "rate", "momentum")]
        drawn = [event.changes.keys() for event in events if isinstance(event, Changed)]
        assert drawn == [{"rate"}, {"momentum"}]

    def test_what_is_left_out_at_some_values_depends_on_them(self):
        study = studied()
        space = Space.from_json(study.study.row.space)
        assert {name: str(*whens) for name, whens in space.conditions.items()} == {"momentum": "optimizer = 'sgd'"}
        configs = [row.config for row in study.study.trials[-6:]]
        assert all(("momentum" in config) == (config["optimizer"] == "sgd") for config in configs)

    def test_a_condition_that_turns_out_wrong_is_dropped(self):
        def objective(trial: Any) -> float:
            kind = trial.suggest_categorical("kind", ["a", "b"])
            if kind == "a" or trial.number > 12:
                return trial.suggest_float("x", 0, 1)
            return 1.0

        study = studied(objective, 10, sampler="random")
        assert Space.from_json(study.study.row.space).conditions
        study.optimize(objective, 8)
        assert not Space.from_json(study.study.row.space).conditions

    def test_the_log_verifies(self, tmp_path):
        study = studied(storage=tmp_path / "a.db", study_name="mine")
        store = open_store(tmp_path / "a.db", create=False)
        log = list(store.read("mine"))
        store.close()
        study.study.close()
        _, created = log[0]
        assert isinstance(created, StudyCreated)
        scheduler = build_scheduler(created.scheduler, Space.from_json(created.space))
        found = verify_decisions(log, scheduler)
        assert (found.differences, found.suggestions) == ([], 20)

    def test_a_value_of_ones_own_is_drawn_with_the_trials_seed(self):
        first, again, other = studied(n_trials=1), studied(n_trials=1), studied(n_trials=1, seed=1)
        assert first.trials == again.trials
        assert first.trials[0].params["rate"] != other.trials[0].params["rate"]

    def test_draws_follow_the_domain(self):
        rates = [studied(mixed, 1, seed=seed).trials[0].params["rate"] for seed in range(60)]
        assert 15 < sum(rate < 10**-2.5 for rate in rates) < 45  # the middle of the log scale
        assert all(1e-5 <= rate <= 1 for rate in rates)

    def test_a_range_that_changes_becomes_wider(self):
        def objective(trial: Any) -> float:
            x = trial.suggest_float("x", 0, 1 if trial.number < 3 else 10)
            assert x <= (1 if trial.number < 3 else 10)
            return trial.suggest_categorical("c", ["a"] if trial.number < 3 else ["a", "b"]) == "a"

        study = studied(objective, 8)
        assert repr(dict(Space.from_json(study.study.row.space))) == "{'x': Float(0.0, 10.0), 'c': Choice(['a', 'b'])}"

    def test_a_value_outside_of_a_narrower_range_is_drawn_again(self):
        def objective(trial: Any) -> float:
            x = trial.suggest_float("x", 0, 10 if trial.number < 3 else 1)
            assert x <= (10 if trial.number < 3 else 1)
            return x

        assert studied(objective, 10, sampler="random").best_value <= 1

    def test_another_kind_is_refused(self):
        def objective(trial: Any) -> float:
            return trial.suggest_float("x", 0, 1) if trial.number == 0 else trial.suggest_int("x", 0, 1)

        with pytest.raises(SpaceError, match=r"x was Float\(0.0, 1.0\) before.*another name"):
            studied(objective)


class TestOptimize:
    def test_the_best(self):
        study = studied()
        values = [trial.value for trial in study.trials]
        assert study.best_value == min(values) == study.best_trial.value
        assert study.trials[values.index(min(values))].params == study.best_params
        assert study.study.incumbent.items() >= study.best_params.items()

    def test_maximised(self):
        study = studied(lambda trial: trial.suggest_float("x", 0, 1), direction="maximize")
        assert study.best_value == max(trial.value for trial in study.trials) > 0.9

    def test_what_is_suggested(self):
        def objective(trial: Any) -> float:
            x, n = trial.suggest_float("x", 0, 1, step=0.25), trial.suggest_int("n", 2, 8, step=3)
            shape = trial.suggest_categorical("shape", [(1, 2), None, True, "a"])
            assert x in {0, 0.25, 0.5, 0.75, 1}
            assert n in {2, 5, 8}
            assert shape in {(1, 2), None, True, "a"}
            assert trial.suggest_int("n", 2, 8, step=3) == n
            assert trial.params == {"x": x, "n": n, "shape": shape}
            return x

        studied(objective, 10)

    @pytest.mark.parametrize("is_reopened", [False, True])
    def test_a_trial_has_what_it_asked_for(self, tmp_path, is_reopened):
        asked: list[dict[str, Any]] = []

        def objective(trial: Any) -> float:
            try:
                return mixed(trial)
            finally:
                asked.append(dict(trial.params))

        study = studied(objective, storage=tmp_path / "a.db", study_name="mine")
        assert any(
            "momentum" in row.config.keys() - params for row, params in zip(study.study.trials, asked, strict=True)
        )
        if is_reopened:
            study.study.close()
            study = define_by_run.create_study(storage=tmp_path / "a.db", study_name="mine", load_if_exists=True)
        assert [trial.params for trial in study.trials] == asked
        assert study.best_params == asked[study.best_trial.number]
        study.study.close()

    def test_a_running_trial_has_what_it_asked_for_so_far(self):
        seen: list[list[str]] = []

        def objective(trial: Any) -> float:
            x = trial.suggest_float("x", 0, 1)
            seen.append(list(study.trials[-1].params))
            return x + trial.suggest_float("y", 0, 1)

        study = define_by_run.create_study(seed=0)
        study.optimize(objective, 2)
        assert seen == [["x"], ["x"]]

    def test_what_an_objective_reports_elsewhere_is_not_the_outer_trials(self):
        def objective(trial: Any) -> float:
            x = trial.suggest_float("x", 0, 1)
            rung.report(x)
            return x

        def search(c: float) -> float:
            return c * studied(objective, 2).best_value

        (row,) = rung.tune(search, {"c": [1.0]}, max_trials=1, store="memory", progress="off").trials
        assert (row.state, row.last_step) == (TrialState.COMPLETED, 1)

    def test_it_goes_on(self, tmp_path):
        for total in (3, 6):
            study = studied(n_trials=3, storage=tmp_path / "a.db", study_name="mine", load_if_exists=True)
            assert len(study.trials) == total
            study.study.close()
        whole = studied(n_trials=6)
        with pytest.raises(StudyExistsError, match="load_if_exists=True"):
            define_by_run.create_study(storage=tmp_path / "a.db", study_name="mine")
        with pytest.raises(SettingError, match="another direction"):
            studied(storage=tmp_path / "a.db", study_name="mine", load_if_exists=True, direction="maximize")
        assert [trial.params.keys() for trial in whole.trials] == [trial.params.keys() for trial in study.trials]

    def test_errors_fail_their_trial(self):
        def objective(trial: Any) -> float:
            if trial.suggest_float("x", 0, 1) > 0.5:
                raise ZeroDivisionError
            return 0.0

        with pytest.raises(ZeroDivisionError):
            studied(objective, 20)
        study = define_by_run.create_study(seed=0)
        study.optimize(objective, 10, catch=(ZeroDivisionError,))
        states = {trial.state for trial in study.trials}
        assert (len(study.trials), states) == (10, {TrialState.FAILED, TrialState.COMPLETED})

    def test_an_error_before_anything_is_asked_for_is_raised_as_it_is(self):
        def objective(trial: Any) -> float:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            studied(objective)

    def test_nan_fails_its_trial(self):
        study = studied(lambda trial: math.nan * trial.suggest_float("x", 0, 1), 2)
        assert [trial.state for trial in study.trials] == [TrialState.FAILED] * 2
        with pytest.raises(RungError, match="no trial is complete"):
            study.best_trial  # noqa: B018

    def test_a_trial_that_was_cut_off_is_tried_again(self):
        calls: list[int] = []

        def objective(trial: Any) -> float:
            calls.append(trial.number)
            x = trial.suggest_float("x", 0, 1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return x

        study = define_by_run.create_study(seed=0)
        with pytest.raises(KeyboardInterrupt):
            study.optimize(objective, 3)
        study.optimize(objective, 2)
        assert calls == [0, 1, 1, 2]
        assert [trial.state for trial in study.trials] == [TrialState.COMPLETED] * 3

    def test_callbacks_and_time(self):
        told: list[tuple[int, float]] = []
        study = define_by_run.create_study(seed=0)
        study.optimize(mixed, timeout=0)
        assert study.trials == []
        study.optimize(mixed, 2, callbacks=[lambda study, trial: told.append((len(study.trials), trial.value))])
        assert told == [(1, study.trials[0].value), (2, study.trials[1].value)]

    def test_a_finite_space_ends(self):
        study = studied(lambda trial: trial.suggest_int("n", 1, 3), 20)
        assert sorted(trial.params["n"] for trial in study.trials) == [1, 2, 3]

    def test_progress(self, capsys):
        define_by_run.create_study(seed=0).optimize(mixed, 2, progress="plain")
        assert "trial 1 completed" in capsys.readouterr().out


class TestPruning:
    @staticmethod
    def train(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 1)
        for epoch in range(9):
            trial.report(x + 1 / (epoch + 1), epoch)
            if trial.should_prune():
                raise define_by_run.TrialPruned
        return x + 1 / 9

    def test_the_scheduler_prunes(self):
        study = studied(self.train, pruner="asha(max_t=9, grace_period=1)", sampler="random")
        lengths = {trial.state: {len(trial.intermediate_values)} for trial in study.trials}
        assert lengths[TrialState.COMPLETED] == {9}
        pruned = [trial for trial in study.trials if trial.state is TrialState.STOPPED]
        assert {len(trial.intermediate_values) for trial in pruned} == {1, 3}
        assert next(iter(pruned[0].intermediate_values)) == 0
        assert study.best_trial.state is TrialState.COMPLETED

    def test_paused_trials_begin_anew(self):
        study = studied(self.train, pruner="asha(max_t=9, grace_period=1, variant=promotion)", sampler="random")
        assert {trial.state for trial in study.trials} == {TrialState.PAUSED, TrialState.COMPLETED}
        assert {len(trial.intermediate_values) for trial in study.trials} == {1, 3, 9}

    def test_an_objective_may_prune_itself(self):
        def objective(trial: Any) -> float:
            trial.report(trial.suggest_float("x", 0, 1), 0)
            raise define_by_run.TrialPruned

        assert [trial.state for trial in studied(objective, 2).trials] == [TrialState.STOPPED] * 2

    def test_a_value_that_is_not_the_last_report_is_a_step_of_its_own(self):
        def objective(trial: Any) -> float:
            trial.report(trial.suggest_float("x", 0, 1), 0)
            return 5.0

        assert [list(trial.intermediate_values) for trial in studied(objective, 1).trials] == [[0, 1]]


class TestRefused:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"direction": "down"}, "Use 'minimize' or 'maximize'"),
            ({"sampler": object()}, "none of rung's"),
            ({"pruner": object()}, r"pruner='asha\(max_t=9\)'"),
        ],
    )
    def test_settings(self, options, words):
        with pytest.raises(SettingError, match=words):
            define_by_run.create_study(**options)

    def test_no_end(self):
        with pytest.raises(SettingError, match="nothing says when to end"):
            define_by_run.create_study().optimize(mixed)

    @pytest.mark.parametrize(
        ("objective", "words"),
        [
            (lambda _: 1.0, "asked for nothing"),
            (lambda trial: trial.report(1.0, 0), "before it has asked for a value"),
            (lambda trial: trial.should_prune(), "before it has asked for a value"),
        ],
    )
    def test_objectives_that_ask_for_nothing(self, objective, words):
        with pytest.raises(SettingError, match=words):
            studied(objective)

    def test_a_report_that_is_no_number(self):
        def objective(trial: Any) -> None:
            trial.suggest_float("x", 0, 1)
            trial.report("low", 0)

        with pytest.raises(ReportError, match="'low'"):
            studied(objective)
