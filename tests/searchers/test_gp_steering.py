"""What becomes of a GPSearcher's search when a person edits the space, or believes something about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from edit_course import check_edits
from scipy import stats

from rung.errors import RungError
from rung.events import Ended, Observed, SpaceEdited, Started
from rung.schedulers.basic import BasicScheduler
from rung.searchers.gp import GPSearcher
from rung.space import Choice, Constant, Float, Space
from rung.testing.play import Course, Played, play
from rung.tuning.engine import draw_generator
from rung.types import Config, Suggestion, TrialState

SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})


def bowl(config: Config) -> float:
    return float((config["x"] - 0.3) ** 2 + (config["y"] - 0.8) ** 2)


def played(searcher: GPSearcher, n: int) -> Played:
    return play(BasicScheduler(searcher), Course(loss=lambda config, step: bowl(config)), new_trials=n, workers=1)


def test_whatever_becomes_of_the_space_is_obeyed_and_replays() -> None:
    check_edits(lambda space: GPSearcher(space, initial_points=4))


def told(searcher: GPSearcher, configs: Sequence[Config], loss: Callable[[Config], float]) -> GPSearcher:
    """The searcher with these trials completed."""
    for trial, config in enumerate(configs):
        searcher.update(Started(at=0.0, trial=trial, attempt=1, config=config))
        searcher.update(Observed(at=0.0, trial=trial, attempt=1, step=1, metrics={}, loss=loss(config)))
        searcher.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.COMPLETED))
    return searcher


def edit(searcher: GPSearcher, space: Space) -> None:
    searcher.update(SpaceEdited(at=0.0, space=space.to_json()))


def suggested(searcher: GPSearcher, draw: int = 0) -> Config:
    suggestion = searcher.suggest(draw_generator(0, draw))
    assert isinstance(suggestion, Suggestion)
    return suggestion.config


def evenly(space: Space, n: int) -> list[Config]:
    rng = np.random.default_rng(0)
    return [space.decode(point) for point in rng.random((n, len(space)))]


def test_what_was_seen_outside_of_a_narrowed_space_shapes_what_comes_inside() -> None:
    """None of the trials lies inside, and the next one is nearly the best there is."""
    narrowed = Space({"x": Float(0.2, 0.35), "y": Float(0.6, 0.85)})
    configs = [config for config in evenly(SQUARE, 30) if not narrowed.is_allowed(config)]
    searcher = told(GPSearcher(SQUARE), configs, bowl)
    edit(searcher, narrowed)
    assert bowl(suggested(searcher)) < 1e-3
    assert np.median([bowl(config) for config in evenly(narrowed, 100)]) > 5e-3


def test_a_pinned_value_holds_exactly() -> None:
    searcher = told(GPSearcher(SQUARE), evenly(SQUARE, 30), bowl)
    edit(searcher, Space({"x": Constant(0.1), "y": Float(0, 1)}))
    config = suggested(searcher)
    assert config["x"] == 0.1
    assert abs(config["y"] - 0.8) < 0.05, "what is known of the other dimension still counts"


def test_when_the_best_lies_outside_the_best_inside_is_looked_for() -> None:
    searcher = told(GPSearcher(SQUARE), evenly(SQUARE, 20), bowl)
    edit(searcher, Space({"x": Float(0.6, 1), "y": Float(0, 1)}))
    for trial in range(20, 24):
        config = suggested(searcher, trial)
        searcher.update(Started(at=0.0, trial=trial, attempt=1, config=config))
        searcher.update(Observed(at=0.0, trial=trial, attempt=1, step=1, metrics={}, loss=bowl(config)))
    assert bowl(config) < 0.3**2 + 0.003


def test_trials_from_before_a_dimension_was_added_or_removed_still_tell_about_the_others() -> None:
    searcher = told(GPSearcher(SQUARE), evenly(SQUARE, 25), bowl)
    edit(searcher, Space({"x": Float(0, 1), "y": Float(0, 1), "z": Float(0, 1), "kind": Choice(["a", "b"])}))
    asked = evenly(searcher.space, 50)
    expected = searcher.posterior(asked).mean
    assert stats.spearmanr(expected, [bowl(config) for config in asked]).statistic > 0.9
    assert searcher.space.is_allowed(suggested(searcher))
    edit(searcher, Space({"y": Float(0, 1)}))
    assert abs(suggested(searcher)["y"] - 0.8) < 0.15


def test_values_that_another_scale_lacks_are_left_out() -> None:
    searcher = told(GPSearcher(SQUARE), evenly(SQUARE, 12), bowl)
    edit(searcher, Space({"x": Float(5.0, 9.0, log=True), "y": Float(0, 1)}))
    with pytest.raises(RungError, match="No result has come in yet"):
        searcher.posterior([{"x": 6.0, "y": 0.5}])
    assert suggested(searcher)["x"] >= 5.0


BELIEVED = Space({"x": Float(0, 1), "y": Float(0, 1)}, priors={"x": ("~0.35", "high")})


def test_with_priors_the_design_begins_at_their_centre() -> None:
    starts = played(GPSearcher(BELIEVED, initial_points=4), 4).started()
    plain = played(GPSearcher(SQUARE, initial_points=4), 4).started()
    assert [event.config["x"] for event in starts] == [0.35, *(event.config["x"] for event in plain[1:])]
    assert [event.config["y"] for event in starts] == [event.config["y"] for event in plain]
    given = GPSearcher(BELIEVED, initial_points=4, points_to_evaluate=[{"x": 0.9, "y": 0.9}])
    assert [event.config["x"] for event in played(given, 2).started()] == [0.9, 0.35]


def test_priors_that_come_during_the_design_are_its_next_point() -> None:
    searcher = told(GPSearcher(SQUARE), evenly(SQUARE, 3), bowl)
    edit(searcher, BELIEVED)
    assert suggested(searcher)["x"] == 0.35


@pytest.mark.parametrize("acquisition", ["logei", "ei", "ucb", "thompson"])
def test_what_a_person_believes_draws_suggestions_while_little_is_known(acquisition: str) -> None:
    wrong = Space({"x": Float(0, 1), "y": Float(0, 1)}, priors={"x": ("~0.9", "high")})
    few = told(GPSearcher(SQUARE, acquisition=acquisition), evenly(SQUARE, 8), bowl)
    edit(few, wrong)
    assert abs(suggested(few)["x"] - 0.9) < 0.03
    many = told(GPSearcher(wrong, acquisition=acquisition), evenly(SQUARE, 30), bowl)
    assert abs(suggested(many)["x"] - 0.9) > 0.3


def test_a_wrong_belief_does_not_ruin_the_search() -> None:
    wrong = Space({"x": Float(0, 1), "y": Float(0, 1)}, priors={"x": ("~1", "high"), "y": ("~0", "high")})
    assert min(map(bowl, played(GPSearcher(wrong), 20).configs())) < 1e-3


def test_the_posterior_knows_of_the_priors() -> None:
    configs = evenly(SQUARE, 10)
    plain, believed = (told(GPSearcher(space), configs, bowl) for space in (SQUARE, BELIEVED))
    shown = [searcher.posterior(configs) for searcher in (plain, believed)]
    np.testing.assert_array_equal(shown[0].mean, shown[1].mean)
    weights = 0.9 * np.exp(-0.5 * ((np.array([config["x"] for config in configs]) - 0.35) / 0.05) ** 2) + 0.1
    np.testing.assert_allclose(shown[1].acquisition - shown[0].acquisition, 10.0 / 10 * np.log(weights))
