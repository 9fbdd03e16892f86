from __future__ import annotations

import pytest

import rung
from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.runs import Budget
from rung.analysis.comparison.studies import StudyLog, runs_of_studies
from rung.errors import SettingError
from rung.events import Ended, Observed, SessionStarted, Started
from rung.rows import StudyRow
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.searchers.sobol import SobolSearcher
from rung.space import forbid
from rung.store import MemoryStore
from rung.study import Study
from rung.tuner import Tuner
from rung.types import Goal, Owner, TrialState

SPACE = {"x": rung.Float(0.0, 1.0)}
OWNER = Owner("here", "boot", 1, 0.0)


def form(searcher="random", scheduler="basic", searcher_options=None, **options):
    return {"name": scheduler, **options, "searcher": {"name": searcher, **(searcher_options or {})}}


def log_of(name="s", *, n_trials=3, values=None, scheduler=None, workers=1, method="", **changes):
    """A finished study of trials with one report each."""
    scheduler = scheduler or form()
    row = StudyRow(
        name=name,
        goal=Goal("error"),
        seed=0,
        space=rung.Space(SPACE).to_json(),
        searcher=scheduler.get("searcher"),
        scheduler=scheduler,
        objective="train:train",
        created_unix=1.0,
        sessions=1,
        ended_why="done",
        counts={TrialState.COMPLETED: n_trials},
        settings={"max_trials": n_trials},
    )
    for field, value in changes.items():
        setattr(row, field, value)
    return StudyLog(row, events_of(values or [1.0 / (n + 1) for n in range(n_trials)], workers), method)


def other_log(**changes):
    """The same of another method, called b."""
    return log_of("b", **{"scheduler": form("sobol"), **changes})


def events_of(values, workers=1):
    yield SessionStarted(at=0.0, session=1, owner=OWNER, slots=workers, unix=1.0)
    for trial, value in enumerate(values):
        yield Started(at=float(trial), trial=trial, attempt=1, config={}, decide_s=0.5)
        yield Observed(at=trial + 0.5, trial=trial, attempt=1, step=1, metrics={"error": value}, loss=value)
        yield Ended(at=trial + 1.0, trial=trial, attempt=1, state=TrialState.COMPLETED)


def keys(studies, **settings):
    return [tuple(run.key) for run in runs_of_studies(studies, **settings).runs]


def methods(*forms):
    return [
        run.method for run in runs_of_studies([log_of(str(n), scheduler=each) for n, each in enumerate(forms)]).runs
    ]


def test_a_finished_study_is_a_run():
    made = {"host": "box", "platform": "Linux", "python": "3.11", "command": "python t.py"}
    ((run,), remarks) = runs_of_studies([log_of("lenet", seed=7, provenance={**made, "packages": {"rung": "1"}})])
    assert run.key == ("train:train", "random", 7)
    assert (run.goal, run.budget, run.failed) == (Goal("error"), Budget("evaluations", 3), "")
    assert run.space == rung.Space(SPACE).to_json()
    assert run.versions == {"rung": "1"}
    assert run.notes == {
        "study": "lenet",
        "workers": 1,
        "machine": "box, Linux",
        "python": "3.11",
        "command": "python t.py",
        "started": 1.0,
    }
    last = run.points[-1]
    assert (last.n_evaluations, last.n_steps, last.decide_s, last.wall_s) == (3, 3, 1.5, 3.0)
    assert last.best == pytest.approx(1 / 3)
    assert remarks == ()


def test_a_real_study_keeps_its_incumbent_in_its_own_direction():
    store = MemoryStore()

    def train(x):
        yield from (x / 2, x, x / 3)

    with Tuner(train, BasicScheduler(SobolSearcher(SPACE)), mode="max", store=store, study="s", seed=3) as tuner:
        study = tuner.run(max_trials=4)
    (run,), remarks = runs_of_studies([StudyLog(study.row, study.events())])
    assert run.points[-1].best == study.best.error == max(trial.config["x"] for trial in study.trials)
    assert run.points[-1].n_steps == 12
    assert run.method == "sobol"
    assert run.problem == "a function without a name"
    assert remarks == ()


class TestNames:
    def test_a_scheduler_that_does_nothing_is_not_named(self):
        assert methods(form("sobol"), form("random", "asha", max_t=9)) == ["sobol", "asha+random"]

    def test_options_stand_where_methods_differ_in_them_only(self):
        found = methods(
            form("random", "asha", max_t=9, reduction_factor=2),
            form("random", "asha", max_t=9, reduction_factor=4),
            form("sobol", "asha", max_t=9, reduction_factor=2),
        )
        assert found == ["asha(reduction_factor=2)+random", "asha(reduction_factor=4)+random", "asha+sobol"]

    def test_an_option_that_only_one_has_is_shown_there(self):
        points = [{"x": 0.5}]
        assert methods(form(), form(searcher_options={"points_to_evaluate": points})) == [
            "random",
            'random(points_to_evaluate=[{"x": 0.5}])',
        ]

    def test_long_values_are_cut_as_long_as_names_stay_apart(self):
        one, other = ([{"x": start + n / 100} for n in range(9)] for start in (0.1, 0.2))
        cut = methods(form(), form(searcher_options={"points_to_evaluate": one}))
        assert cut[1].startswith('random(points_to_evaluate=[{"x": 0.1')
        assert cut[1].endswith("…)")
        late = [*one[:-1], {"x": 1.0}]
        whole = methods(*(form(searcher_options={"points_to_evaluate": points}) for points in (one, late, other)))
        assert len(set(whole)) == 3

    def test_words_stand_without_quotes(self):
        forms = [form("random", "asha", max_t=9, variant=variant) for variant in ("stopping", "promotion")]
        assert methods(*forms) == ["asha(variant=stopping)+random", "asha(variant=promotion)+random"]

    def test_those_without_a_name_go_by_their_class(self):
        opaque = {"class": "rung.integrations.d2l.adapt:OpaqueScheduler", "opaque": "book:BasicScheduler"}
        assert methods({"class": "mine:Scheduler", "searcher": {"class": "mine:Searcher"}}, opaque) == [
            "mine:Scheduler+mine:Searcher",
            "book:BasicScheduler",
        ]

    def test_a_method_may_be_called_as_its_user_did(self):
        assert keys([log_of(method="asha(reduction_factor=4)+random")])[0][1] == "asha(reduction_factor=4)+random"

    @pytest.mark.parametrize(
        ("objectives", "names"),
        [
            (["/a/train.py:lenet", "/a/train.py:mlp"], ["train.py:lenet", "train.py:mlp"]),
            (["/a/train.py:lenet", "/b/train.py:lenet"], ["/a/train.py:lenet", "/b/train.py:lenet"]),
            ([["python", "train.py", "a b"], "pkg.train:main"], ["python train.py 'a b'", "pkg.train:main"]),
        ],
    )
    def test_what_is_tuned(self, objectives, names):
        assert [key[0] for key in keys([log_of(str(n), objective=each) for n, each in enumerate(objectives)])] == names

    def test_what_a_later_session_tuned_counts(self):
        assert keys([log_of(objective=None, settings={"objective": "later:train"})])[0][0] == "later:train"

    def test_functions_without_a_name_may_differ(self):
        (remark,) = runs_of_studies([log_of("a", objective=None), other_log(objective=None)]).remarks
        assert remark == "What 2 of the studies tune has no name, so nothing shows that it is the same function."


class TestSeeds:
    def made(self, seeds):
        studies = [
            log_of(f"{method}{n}", scheduler=form(method), seed=seed)
            for method, own in seeds.items()
            for n, seed in enumerate(own)
        ]
        runs, remarks = runs_of_studies(studies)
        return [[run.seed for run in runs if run.method == method] for method in seeds], remarks

    def test_equal_seeds_stay(self):
        assert self.made({"random": [3, 1, 2], "sobol": [1, 2, 3]}) == ([[3, 1, 2], [1, 2, 3]], ())

    def test_a_method_that_lacks_some_leaves_the_others_as_they_are(self):
        found, remarks = self.made({"random": [0, 1, 2], "sobol": [1, 2]})
        assert found == [[0, 1, 2], [1, 2]]
        assert remarks == ()

    def test_others_are_paired_in_their_order_and_it_is_told(self):
        found, (remark,) = self.made({"random": [70, 5, 90], "sobol": [8, 5, 4]})
        assert found == [[0, 5, 1], [1, 5, 0]]
        assert remark == (
            "train:train: not every method has the same seeds, each once; "
            "4 of 6 studies are paired in the order of their seeds."
        )

    def test_with_one_study_of_each_there_is_nothing_to_tell(self):
        assert self.made({"random": [70], "sobol": [8]}) == ([[0], [0]], ())

    def test_no_run_is_lost_when_a_seed_is_there_twice(self):
        found, (remark,) = self.made({"random": [0, 0, 1], "sobol": [0, 1, 2]})
        assert found == [[0, 2, 1], [0, 1, 2]]
        assert remark.startswith("train:train: ")

    def test_what_a_seed_was_stands_in_the_notes(self):
        runs, _ = runs_of_studies([log_of("a", seed=70), other_log(seed=0)])
        assert [(run.seed, run.notes.get("seed")) for run in runs] == [(0, 70), (0, None)]


class TestBudgets:
    def test_different_ones_are_refused_with_what_to_do(self):
        with pytest.raises(SettingError, match="'a' 3 trials, 'b' 2") as caught:
            runs_of_studies([log_of("a"), other_log(n_trials=2)])
        assert caught.value.hint == "Compare the first 2 trials of each: trials=2, or --trials 2."

    def test_other_objectives_may_have_others(self):
        runs, _ = runs_of_studies([log_of("a"), other_log(n_trials=2, objective="other:train")])
        assert [run.budget.limit for run in runs] == [3, 2]

    def test_only_the_first_trials_count(self):
        runs, _ = runs_of_studies([log_of("a"), other_log(n_trials=2)], trials=2)
        assert [run.budget for run in runs] == [Budget("evaluations", 2)] * 2
        assert [run.points[-1] for run in runs] == [runs[0].points[-1]] * 2
        assert runs[0].points[-1].best == 0.5

    def test_a_study_without_so_many_says_how_it_gets_them(self):
        with pytest.raises(SettingError, match="'my study' has only 3 of 5 trials") as caught:
            runs_of_studies([log_of("my study")], trials=5)
        assert caught.value.hint.endswith("rung resume 'my study' --trials 5")

    def test_a_study_that_ended_before_its_total_had_that_total_to_spend(self):
        runs, remarks = runs_of_studies([log_of("a"), other_log(n_trials=2, settings={"max_trials": 3})])
        assert [run.budget.limit for run in runs] == [3, 3]
        assert remarks == ()

    def test_different_rules_for_the_incumbent_are_refused(self):
        final = {"max_trials": 3, "incumbent_from": "final"}
        with pytest.raises(SettingError, match="'a' is from 'any' reports, that of 'b' from 'final' ones"):
            runs_of_studies([log_of("a"), other_log(settings=final)])
        (run,), _ = runs_of_studies([other_log(settings=final)])
        assert run.points[0].wall_s == 1.0  # the value counts when its trial has ended

    def test_different_numbers_of_workers_are_told(self):
        _, remarks = runs_of_studies([log_of("a"), other_log(workers=4)])
        assert remarks == ("The studies had between 1 and 4 workers, so their seconds can't be compared.",)


class TestUnfinished:
    @pytest.mark.parametrize(
        ("changes", "claim"),
        [
            ({"ended_why": "interrupted"}, "was interrupted"),
            ({"ended_why": None}, "was interrupted"),
            ({"ended_why": "paused"}, "was paused"),
            ({"ended_why": "stopped"}, "was stopped"),
            ({"owner": OWNER}, "is still running"),
            ({"sessions": 0}, "has not begun"),
        ],
    )
    def test_it_counts_as_failed_with_what_it_has(self, changes, claim):
        log = other_log(values=[0.5, 0.4], settings={"max_trials": 3}, **changes)
        runs, remarks = runs_of_studies([log_of("a"), log])
        assert runs[0].failed == ""
        assert runs[1].failed == f"{claim} with 2 of 3 trials at their end"
        assert runs[1].points[-1].best == 0.4
        assert remarks == (f"The study 'b' {runs[1].failed}.",)

    def test_the_first_trials_may_be_complete_though(self):
        log = other_log(n_trials=4, ended_why="interrupted")
        ((run,), remarks) = runs_of_studies([log], trials=3)
        assert (run.failed, remarks) == ("", ())

    def test_they_can_be_compared_all_the_same(self):
        late = other_log(values=[0.5], settings={"max_trials": 3}, ended_why="interrupted")
        runs, _ = runs_of_studies([log_of("a"), late])
        found = compare_runs(runs)
        assert [method.finals for method in found.problems[0].methods] == [(pytest.approx(1 / 3),), (0.5,)]
        assert [method.n_failed for method in found.problems[0].methods] == [0, 1]


@pytest.mark.parametrize(
    ("space", "told"),
    [
        (rung.Space({"x": rung.Float(0.0, 2.0)}), r"x \(Float\(0.0, 1.0\) and Float\(0.0, 2.0\)\)"),
        (
            rung.Space({"x": rung.Float(0.0, 1.0), "y": rung.Int(1, 3)}),
            r"y \(not there and Int\(1, 3\)\)",
        ),
        (rung.Space(SPACE, constraints=[forbid({"x": 0.5})]), "their conditions, their constraints or the order"),
    ],
)
def test_other_spaces_are_refused_with_the_names_of_the_studies(space, told):
    with pytest.raises(SettingError, match=f"different spaces: 'a' and 'b' differ in {told}") as caught:
        runs_of_studies([log_of("a"), other_log(space=space.to_json())])
    assert caught.value.hint == "Compare only studies that had the same problem to solve."


def test_other_goals_are_refused_with_the_names_of_the_studies():
    with pytest.raises(SettingError, match=r"different goals: 'a' error \(min\), 'b' loss \(min\)\."):
        runs_of_studies([log_of("a"), other_log(goal=Goal("loss"))])


def test_a_study_is_read_through_its_events():
    store = MemoryStore()
    with Tuner(lambda x: x, BasicScheduler(RandomSearcher(SPACE)), store=store, study="s", seed=1) as tuner:
        tuner.run(max_trials=1)
    assert list(Study(store, "s").events()) == [event for _, event in store.read("s")]
