from __future__ import annotations

import json
from typing import Any, Literal

import numpy as np
import pytest

from rung.commands import EditSpace, Enqueue
from rung.errors import RungError, SettingError
from rung.events import Changed, Ended, Observed, Started
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.gp import GPSearcher
from rung.searchers.random import RandomSearcher
from rung.space import Choice, Float, Int, Space, at_least, linear
from rung.testing.play import Course, Played, hashed_loss, play, stored
from rung.testing.searcher_suite import SearcherSuite
from rung.testing.spaces import example_spaces
from rung.tuning.engine import draw_generator
from rung.types import Exhausted, Suggestion, TrialState

SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})
BOWL = Course(loss=lambda config, step: (config["x"] - 0.3) ** 2 + (config["y"] - 0.8) ** 2)
TREE = Space(
    {"kind": Choice(["a", "b"]), "x": Float(0, 1), "n": Int(1, 64, log=True)},
    conditions={"x": ("kind", "a"), "n": ("kind", "b")},
)
ALL = ["logei", "ei", "ucb", "thompson"]


class TestGP(SearcherSuite):
    def make(self, space: Space) -> GPSearcher:
        return GPSearcher(space, initial_points=4)


def played(searcher: GPSearcher, course: Course = BOWL, **options: Any) -> Played:
    return play(BasicScheduler(searcher), course, **{"workers": 1, **options})


def best_of(searcher: Any, course: Course, n: int, **options: Any) -> float:
    log = play(BasicScheduler(searcher), course, new_trials=n, **{"workers": 1, **options}).log
    return min(event.loss for event in log if isinstance(event, Observed) and event.loss is not None)


@pytest.mark.parametrize("acquisition", ALL)
def test_it_finds_the_bottom_of_a_bowl(acquisition: str) -> None:
    assert (
        best_of(GPSearcher(SQUARE, acquisition=acquisition), BOWL, 20) < best_of(RandomSearcher(SQUARE), BOWL, 20) / 3
    )


def test_it_finds_the_better_branch_of_a_conditional_space() -> None:
    def loss(config: Any, step: int) -> float:
        return (config["x"] - 0.7) ** 2 + 0.1 if config["kind"] == "a" else abs(np.log2(config["n"]) - 4.0) / 6.0

    found = [best_of(GPSearcher(TREE), Course(loss=loss), 25, seed=seed) for seed in range(5)]
    assert np.median(found) == 0.0


def test_with_constraints_it_stays_where_they_hold() -> None:
    space = Space({"x": Float(0, 1), "y": Float(0, 1)}, constraints=[linear({"x": 1, "y": 1}, at_most=0.9)])
    configs = played(GPSearcher(space), new_trials=20).configs()
    assert all(space.is_allowed(config) for config in configs)
    assert min(BOWL.loss(config, 1) for config in configs) < 0.022  # 0.02 on the border


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("acquisition", ALL)
def test_no_config_comes_twice_while_there_is_another(acquisition: str, workers: int) -> None:
    space = Space({"a": Int(0, 4), "kind": Choice(["x", "y"]), "fixed": 1})
    course = Course(loss=lambda config, step: config["a"] + (config["kind"] == "x"))
    result = played(GPSearcher(space, acquisition=acquisition), course, new_trials=30, workers=workers)
    assert sorted((config["a"], config["kind"]) for config in result.configs()) == [
        (a, kind) for a in range(5) for kind in "xy"
    ]
    assert result.why == "every configuration has been tried"


def test_nor_in_a_space_that_is_too_large_to_be_listed() -> None:
    space = Space({name: Int(0, 15) for name in "abc"})
    course = Course(loss=lambda config, step: sum(config.values()))
    configs = played(GPSearcher(space), course, new_trials=60).configs()
    assert len({tuple(config.values()) for config in configs}) == 60
    assert {"a": 0, "b": 0, "c": 0} in configs


def test_what_is_pending_is_not_tried_again_and_pushes_others_away() -> None:
    searcher = GPSearcher(SQUARE)
    played(searcher, new_trials=8)
    chosen = []
    for trial in range(8, 14):
        suggestion = searcher.suggest(draw_generator(0, trial))
        assert isinstance(suggestion, Suggestion)
        chosen.append(suggestion.config)
        searcher.update(Started(at=0.0, trial=trial, attempt=1, config=suggestion.config, notes=suggestion.notes))
    points = SQUARE.encode(chosen)
    gaps = np.linalg.norm(points[:, None] - points, axis=2) + np.eye(6)
    assert gaps.min() > 0.01


def test_the_first_points_are_a_sobol_sequence_that_the_log_names() -> None:
    from scipy.stats import qmc

    starts = played(GPSearcher(SQUARE, initial_points=8), new_trials=8).started()
    scramble = starts[0].notes["scramble"]
    assert [dict(event.notes) for event in starts] == [{"scramble": scramble}] * 8
    expected = qmc.Sobol(2, seed=np.random.default_rng(scramble)).random(8)
    np.testing.assert_array_equal(SQUARE.encode([event.config for event in starts]), expected)


def test_points_to_start_with_count_among_the_first() -> None:
    given = [{"x": 0.1, "y": 0.1}, {"x": 0.2, "y": 0.2}]
    starts = played(GPSearcher(SQUARE, initial_points=4, points_to_evaluate=given), new_trials=6).started()
    assert [dict(event.config) for event in starts[:2]] == given
    assert ["fit" in event.notes for event in starts] == [False] * 4 + [True] * 2


def test_the_fit_is_in_the_notes_and_survives_json() -> None:
    notes = played(GPSearcher(SQUARE), new_trials=10).started()[-1].notes
    assert notes["fit"][0] == 9
    assert len(notes["fit"][1]) == 4
    assert json.loads(json.dumps(notes)) == notes


def test_an_affine_change_of_the_loss_changes_nothing() -> None:
    shifted = Course(loss=lambda config, step: 1000.0 * BOWL.loss(config, step) - 50.0)
    first, second = (played(GPSearcher(SQUARE), course, new_trials=14).configs() for course in (BOWL, shifted))
    np.testing.assert_allclose(SQUARE.encode(first), SQUARE.encode(second), atol=1e-3)


def test_it_avoids_where_trials_fail() -> None:
    searcher = GPSearcher(SQUARE)
    rng = np.random.default_rng(0)
    for trial in range(20):
        config = SQUARE.decode(rng.random(2))
        searcher.update(Started(at=0.0, trial=trial, attempt=1, config=config))
        if config["x"] < 0.5:
            searcher.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.FAILED))
        else:
            searcher.update(Observed(at=0.0, trial=trial, attempt=1, step=1, metrics={}, loss=config["y"]))
    picture = searcher.posterior([{"x": 0.2, "y": 0.3}, {"x": 0.8, "y": 0.9}])
    assert picture.mean[0] > picture.mean[1]
    suggestion = searcher.suggest(draw_generator(0, 0))
    assert isinstance(suggestion, Suggestion)
    assert suggestion.config["x"] > 0.4


def test_trials_that_are_stopped_early_are_reckoned_to_the_end() -> None:
    course = Course(steps=range(1, 10), loss=lambda config, step: BOWL.loss(config, 1) + 5.0 / step)
    searcher = GPSearcher(SQUARE)
    log = play(ASHA(searcher, max_t=9, reduction_factor=3), course, new_trials=30, workers=3).log
    lowest = min(log, key=lambda event: event.loss if isinstance(event, Observed) else np.inf)
    assert isinstance(lowest, Observed)
    assert lowest.loss is not None
    assert lowest.loss < 5.0 / 9.0 + 0.01
    stopped = {event.trial for event in log if isinstance(event, Ended) and event.state is TrialState.STOPPED}
    assert stopped


def test_a_first_rung_that_says_nothing_misleads_nobody() -> None:
    course = Course(
        steps=range(1, 10),
        loss=lambda config, step: BOWL.loss(config, 1) if step > 2 else 0.1 * hashed_loss(config, step),
    )
    scheduler = ASHA(GPSearcher(SQUARE), max_t=9, reduction_factor=3)
    losses = [BOWL.loss(config, 1) for config in play(scheduler, course, new_trials=75, workers=3).configs()]
    assert np.median(losses[60:]) < 0.5 * np.median(losses[:30])


@pytest.mark.parametrize("variant", ["stopping", "promotion"])
def test_where_trials_are_cut_it_begins_evenly_and_the_log_alone_decides(
    variant: Literal["stopping", "promotion"],
) -> None:
    course = Course(steps=range(1, 10), loss=lambda config, step: BOWL.loss(config, 1) + 5.0 / step, failures={3: 2})
    log = play(ASHA(GPSearcher(SQUARE), max_t=9, variant=variant), course, new_trials=65, workers=3).log
    notes = [event.notes for event in log if isinstance(event, Started) and event.cause == "new"]
    is_modelled = ["fit" in each for each in notes]
    assert not any(is_modelled[:30]), "nobody knows yet what the first rung is worth"
    assert all(is_modelled[-10:])
    again = GPSearcher(SQUARE)
    for event in log:
        if isinstance(event, Started) and event.cause == "new":
            assert again.suggest(draw_generator(0, event.draw or 0)) == Suggestion(event.config, event.notes)
        again.update(stored(event))


def test_an_edit_of_the_space_keeps_the_trials_that_are_still_in_it() -> None:
    narrowed = Space({"x": Float(0.2, 0.4), "y": Float(0, 1), "z": Choice([1, 2])})
    searcher = GPSearcher(SQUARE)
    result = played(searcher, new_trials=24, commands={40: [EditSpace(narrowed.to_json())]})
    assert all(narrowed.is_allowed(config) for config in result.configs()[14:])
    assert searcher.space == narrowed


def test_a_changed_config_counts_as_tried() -> None:
    space = Space({"kind": Choice(["a", "b"])})
    searcher = GPSearcher(space)
    searcher.update(Started(at=0.0, trial=0, attempt=1, config={"kind": "a"}))
    searcher.update(Changed(at=0.0, trial=0, attempt=1, step=0, changes={"kind": "b"}))
    assert searcher.suggest(draw_generator(0, 0)) == Exhausted()


def test_points_from_people_bring_no_fit_and_do_no_harm() -> None:
    result = played(GPSearcher(SQUARE), new_trials=16, commands={35: [Enqueue({"x": 0.3, "y": 0.8})]})
    assert {"x": 0.3, "y": 0.8} in result.configs()
    assert sum("fit" in event.notes for event in result.started()) == 10


def test_the_posterior_shows_what_is_known() -> None:
    searcher = GPSearcher(SQUARE)
    with pytest.raises(RungError, match=r"No result has come in yet.*Ask again after the first"):
        searcher.posterior([{"x": 0.3, "y": 0.8}])
    configs = played(searcher, new_trials=9).configs()
    losses = np.array([BOWL.loss(config, 1) for config in configs])
    picture = searcher.posterior(configs)
    np.testing.assert_allclose(picture.mean, losses, atol=0.02)
    assert (picture.low <= picture.mean).all()
    assert (picture.mean <= picture.high).all()
    near, far = searcher.posterior([configs[-1], {"x": 1.0, "y": 0.0}]), searcher.posterior([{"x": 1.0, "y": 0.0}])
    assert near.high[1] - near.low[1] > 3.0 * (near.high[0] - near.low[0])
    assert far.mean[0] == pytest.approx(near.mean[1])


@pytest.mark.parametrize("acquisition", ALL)
def test_the_posterior_says_where_the_next_one_promises_most(acquisition: str) -> None:
    searcher = GPSearcher(SQUARE, acquisition=acquisition)
    played(searcher, new_trials=12)
    suggestion = searcher.suggest(draw_generator(0, 12))
    assert isinstance(suggestion, Suggestion)
    others = [SQUARE.sample(draw_generator(1, k)) for k in range(200)]
    heights = searcher.posterior([suggestion.config, *others]).acquisition
    assert np.isfinite(heights).all()
    if acquisition != "thompson":
        assert heights[0] == heights.max()


def test_asking_for_the_posterior_changes_nothing() -> None:
    asked, unasked = GPSearcher(SQUARE), GPSearcher(SQUARE)
    for event in played(GPSearcher(SQUARE), new_trials=12).log:
        asked.update(event)
        unasked.update(event)
        if isinstance(event, Observed):
            asked.posterior([{"x": 0.5, "y": 0.5}])
    assert asked.suggest(draw_generator(0, 5)) == unasked.suggest(draw_generator(0, 5))


@pytest.mark.parametrize("acquisition", ALL)
@pytest.mark.parametrize("loss", [lambda config, step: 0.0, lambda config, step: (-1) ** len(str(config)) * 1e300])
def test_no_acquisition_minds_ties_or_extremes(acquisition: str, loss: Any) -> None:
    for space in (SQUARE, TREE, example_spaces()["extreme"].space):
        searcher = GPSearcher(space, acquisition=acquisition, initial_points=2)
        assert len(played(searcher, Course(loss=loss), new_trials=7, workers=2).configs()) == 7


@pytest.mark.parametrize(
    "space",
    [
        Space({"long": Int(0, 10**6), "kind": Choice([f"k{k}" for k in range(40)])}),
        Space({"many": Choice(list(range(2_000))), "x": Float(0, 1)}),
        Space({"x": Float(0, 1), "y": Float(0, 1)}, conditions={"y": ("x", at_least(0.3))}),
    ],
    ids=["long ints", "thousands of categories", "a number as parent"],
)
def test_unusual_spaces(space: Space) -> None:
    configs = played(GPSearcher(space, initial_points=3), Course(), new_trials=12).configs()
    assert len({json.dumps(config) for config in configs}) == 12
    assert all(space.is_allowed(config) for config in configs)


def test_the_json_form_has_all_options() -> None:
    given = {"acquisition": "ucb", "exploration": 2.5, "initial_points": 3, "warp_inputs": True}
    spec = GPSearcher(SQUARE, **given, initial_config={"x": 0.5, "y": 0.5}).spec()
    assert {**given, "points_to_evaluate": [{"x": 0.5, "y": 0.5}]} == {
        name: value for name, value in spec.items() if name not in {"name", "class"}
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"acquisition": "pi"}, r"acquisition must be one of logei, ei, ucb, thompson, not 'pi'\. Use 'logei'"),
        ({"exploration": -1.0}, r"exploration must be a finite number, at least 0, not -1\.0\. Give for instance 1\.8"),
        ({"exploration": float("nan")}, "exploration must be a finite number"),
        ({"exploration": True}, "exploration must be a finite number, at least 0, not True"),
        ({"initial_points": 0}, r"initial_points must be a whole number, at least 1, not 0\. Give for instance 5, or"),
        ({"initial_points": 2.0}, "initial_points must be a whole number"),
        ({"warp_inputs": "yes"}, "warp_inputs must be True or False, not 'yes'"),
        ({"initial_config": {"x": 0.1, "y": 0.1}, "points_to_evaluate": [{"x": 0.2, "y": 0.1}]}, "both given"),
    ],
)
def test_unusable_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        GPSearcher(SQUARE, **options)


@pytest.mark.parametrize(
    ("space", "n"),
    [
        (SQUARE, 5),
        (TREE, 6),
        (Space({"kind": Choice(["a", "b", "c"]), "deep": Choice([False, True]), "x": Float(0, 1)}), 8),
        (Space({"kind": Choice(list(range(100))), "x": Float(0, 1)}), 12),
    ],
)
def test_more_categories_more_points_before_the_first_model(space: Space, n: int) -> None:
    starts = played(GPSearcher(space), Course(), new_trials=14).started()
    assert ["fit" in event.notes for event in starts] == [False] * n + [True] * (14 - n)
