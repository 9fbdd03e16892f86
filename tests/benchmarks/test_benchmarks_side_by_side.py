import numpy as np
import pytest

import rung
from rung.benchmarks.problems.catalogue import problem
from rung.benchmarks.side_by_side import on_problem, response, side_by_side
from rung.errors import SettingError
from rung.events import Started
from rung.searchers.random import RandomSearcher
from rung.store import MemoryStore
from rung.types import Suggestion

TRIED = []
SPACE = {"lr": rung.loguniform(1e-4, 1.0), "units": rung.Int(8, 64), "opt": ["adam", "sgd"]}


@pytest.fixture(autouse=True)
def nothing_tried():
    TRIED.clear()


def train(lr, units, opt):
    TRIED.append(lr)
    return abs(np.log10(lr) + 2) + units / 1000 + (opt == "sgd") / 1000


def fails(lr, units, opt):
    raise RuntimeError("no luck")


class Narrowing(RandomSearcher):
    """Says of every third trial on that it has narrowed itself, each time to a smaller part."""

    def __init__(self, space):
        super().__init__(space)
        self._count = 0

    def suggest(self, rng):
        found = super().suggest(rng)
        box = {"lr": [1e-3, 0.1 / (1 + self._count // 3)], "opt": ["adam"]}
        return Suggestion(found.config, {"zoom": {"box": box} if self._count >= 3 else {"stage": 0}})

    def update(self, event):
        super().update(event)
        self._count += isinstance(event, Started)


NARROWING = f"{__name__}:Narrowing"


@pytest.fixture(scope="module")
def known():
    return on_problem(strategies=("grid", "random"), trials=9, seeds=3, progress="off")


@pytest.fixture(scope="module")
def own():
    """The same objective in a store, and the store."""
    store = MemoryStore()
    found = side_by_side(
        train, SPACE, strategies=["random", "grid"], trials=8, seeds=2, store=store, study="lenet", progress="off"
    )
    return found, store


def test_a_grid_and_random_points_on_the_problem_of_the_textbooks(known):
    assert [each.problem for each in known.comparison.problems] == ["important:2"]
    assert known.comparison.methods == ("grid", "random")
    assert [each.name for each in known.scene.inputs] == ["important", "unimportant"]
    grid, random = known.scene.attempts
    assert (grid.n_values(0), grid.n_values(1), random.n_values(0)) == (3, 3, 9)
    assert [each.remark for each in known.strategies] == [
        "Its values: 3 of important × 3 of unimportant, in the order of nested loops.",
        "",
    ]


def test_values_are_those_of_the_problem(known):
    on = problem("important:2")
    for attempt in known.scene.attempts:
        for each in attempt.configs.tried:
            (step,) = on.train(dict(zip(on.space, each.inputs, strict=True)), 0)
            assert each.value == step.value


def test_the_best_of_the_first_run_is_what_the_comparison_has(known):
    for attempt, result in zip(known.scene.attempts, known.comparison.problems[0].methods, strict=True):
        values = {each.trial: each.value for each in attempt.configs.tried}
        assert attempt.seed == 0
        assert result.finals[0] == min(values.values()) == values[attempt.configs.best_trial]


def test_a_known_function_has_its_responses(known):
    important, unimportant = known.scene.responses
    assert np.ptp(important.values) > 0.9
    assert np.ptp(unimportant.values) < 0.05
    assert important.places[np.argmin(important.values)] == pytest.approx(0.3125, abs=0.005)


def test_a_response_is_the_mean_over_the_others():
    on = problem("branin")
    found = response(on, "x1")
    assert (found.places[0], found.places[-1], len(found.places)) == (-5.0, 10.0, 101)
    others = np.linspace(0, 15, 4001).tolist()
    for index in (0, 30, 100):
        exact = np.mean([on.formula({"x1": found.places[index], "x2": x2}) for x2 in others])
        assert found.values[index] == pytest.approx(exact, rel=0.25)  # of 200 random values


def test_what_is_not_known_in_closed_form_has_no_response():
    found = on_problem("curves:branin", strategies=("random", "sobol"), trials=2, seeds=1, progress="off")
    assert found.scene.responses == ()
    conditional = on_problem("conditional", strategies=("random", "sobol"), trials=2, seeds=1, progress="off")
    assert conditional.scene.responses == ()


def test_runs_on_a_problem_leave_no_trace(known):
    assert all("study" not in run.notes for run in known.runs)
    assert [warning.partition(":")[0] for warning in known.comparison.warnings] == ["There are only 3 seeds"]


def test_an_own_objective_is_kept_as_studies(own):
    found, store = own
    names = [f"lenet~{method}~{seed}" for seed in (0, 1) for method in ("random", "grid(points=2)")]
    assert [row.name for row in store.tables.studies()] == names
    assert found.comparison.methods == ("random", "grid")
    assert found.comparison.problems[0].problem.endswith(":train")
    assert {run.notes["study"] for run in found.runs} == set(names)
    assert found.scene.inputs[0].name == "lr"


def test_what_is_there_is_not_run_again(own):
    _, store = own
    settings = {"trials": 8, "store": store, "study": "lenet", "progress": "off"}
    again = side_by_side(train, SPACE, strategies=["random", "grid"], seeds=2, **settings)
    assert TRIED == []
    assert again.table()[0]["median"] == own[0].table()[0]["median"]
    side_by_side(train, SPACE, strategies=["random", "grid"], seeds=[2], **settings)
    assert len(TRIED) == 2 * 8


def test_a_person_chooses_the_axes():
    found = side_by_side(
        train, SPACE, strategies=("random", "sobol"), trials=3, seeds=[4], along=["units"], progress="off"
    )
    assert [each.name for each in found.scene.inputs] == ["units"]
    assert {each.seed for each in found.scene.attempts} == {4}


def test_boxes_come_from_the_notes_of_suggestions():
    found = side_by_side(
        train, SPACE, strategies=("random", NARROWING), trials=8, seeds=1, along=["lr", "units"], progress="off"
    )
    random, narrowing = found.scene.attempts
    assert random.boxes == ()
    assert [box.ends for box in narrowing.boxes] == [((1e-3, 0.05), (8.0, 64.0)), ((1e-3, 0.1 / 3), (8.0, 64.0))]


def test_what_zoom_tries_after_a_step_lies_in_its_box():
    found = on_problem(strategies=("random", "zoom(every=6)"), trials=12, seeds=1, progress="off")
    (box,) = found.scene.attempts[1].boxes
    later = [each.inputs for each in found.scene.attempts[1].configs.tried[6:]]
    assert all(low <= place <= high for place in later for place, (low, high) in zip(place, box.ends, strict=True))
    assert box.ends != ((0.0, 1.0), (0.0, 1.0))


def test_a_function_without_a_name_goes_by_what_it_is_called():
    settings = {"strategies": ("random", "sobol"), "trials": 2, "seeds": 1, "progress": "off"}
    found = side_by_side(lambda x: x, {"x": rung.uniform(0, 1)}, **settings)
    assert found.comparison.problems[0].problem == "lambda"
    assert not any("no name" in warning for warning in found.comparison.warnings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategies": ("random",)}, "To compare takes two methods"),
        ({"strategies": ("random", "gird")}, "no method named 'gird'"),
        ({"strategies": ("random", "optuna:tpe")}, "a method of another project"),
        ({"trials": 0}, "trials must be a whole number, at least 1, not 0"),
        ({"seeds": 0}, "seeds=0 are none"),
        ({"along": ("lrr",)}, "Did you mean 'lr'"),
        ({"along": ("opt",)}, "no hyperparameter 'opt' that varies"),
        ({"metric": ""}, "metric='' is not a name"),
        ({"progress": "loud"}, "progress='loud' is not known"),
    ],
)
def test_what_cannot_be_run_is_told_before_anything_runs(changes, message):
    settings = {"strategies": ("random", "sobol"), "trials": 2, "seeds": 1, "progress": "off", **changes}
    with pytest.raises(SettingError, match=message):
        side_by_side(train, SPACE, **settings)
    assert TRIED == []
