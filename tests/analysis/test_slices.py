import numpy as np
import pytest
from made_up_studies import ERROR, drawn, small_study, trial

pytest.importorskip("matplotlib")

from rung.analysis.configs import configs, inputs_of
from rung.analysis.slices import plot_slices
from rung.errors import SettingError
from rung.space import Float, Int, as_space

SPACE = as_space(
    {
        "learning_rate": Float(0.01, 1, log=True),
        "batch_size": Int(32, 255),
        "opt": ["adam", "sgd"],
        "a": [1, 2],
        "b": [1, 2],
    }
)


def figure_of(rows, space=SPACE):
    return plot_slices(configs(rows, goal=ERROR, inputs=inputs_of(space, rows)))


def groups_of(axes):
    return {group.get_gid(): group for group in axes.collections if group.get_gid()}


def lines_of(axes):
    return {line.get_gid(): np.asarray(line.get_xydata()).tolist() for line in axes.get_lines() if line.get_gid()}


def test_one_panel_per_hyperparameter_with_the_trials_that_have_a_value():
    rows, _ = small_study()
    figure = figure_of(rows)
    panels = figure.axes[:5]
    assert [axes.get_xlabel() for axes in panels] == ["learning_rate", "batch_size", "opt", "a", "b"]
    points = groups_of(panels[0])["trials"]
    with_value = [row for row in rows if row.best_loss is not None]
    np.testing.assert_array_equal(
        points.get_offsets(), [[row.config["learning_rate"], row.best_loss] for row in with_value]
    )
    np.testing.assert_array_equal(points.get_array(), [row.number for row in with_value])
    assert lines_of(panels[0])["best"] == [[0.2, 0.1]]
    assert lines_of(panels[0])["without a value"] == [[1.0, 1.03]]
    assert (panels[0].get_xscale(), panels[1].get_xscale()) == ("log", "linear")
    assert figure.axes[-1].get_ylabel() == "trial"


def test_a_hyperparameter_that_was_never_active_says_so():
    rows, _ = small_study()
    texts = [[text.get_text() for text in axes.texts] for axes in figure_of(rows).axes[:3]]
    assert texts == [[], [], ["not active yet"]]


def test_categories_are_spread_around_their_ticks():
    rows = [trial(number, opt="sgd", best_loss=number / 10) for number in range(20)]
    axes = figure_of(rows, as_space({"opt": ["adam", "sgd"]})).axes[0]
    xs = groups_of(axes)["trials"].get_offsets()[:, 0]
    assert len(set(xs)) == 20
    assert all(abs(x - 1.0) < 0.31 for x in xs)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["adam", "sgd"]


@pytest.mark.parametrize("rows", [[], [trial(0, learning_rate=0.1, batch_size=32)]])
def test_no_value_yet(rows):
    figure = drawn(figure_of(rows))
    assert [text.get_text() for text in figure.axes[0].texts] == ["no value yet"]


def test_values_far_off_are_counted():
    rows = [trial(number, learning_rate=0.1, best_loss=0.1 + number / 100) for number in range(9)]
    rows[3].best_loss = 1e6
    axes = figure_of(rows).axes[0]
    assert axes.get_ylim()[1] < 1
    assert [text.get_text() for text in axes.texts] == ["↑ 1 trial beyond"]


def test_many_long_categories_lean_and_are_thinned():
    values = [f"a rather long category {number}" for number in range(40)]
    rows = [trial(number, opt=value, best_loss=0.1) for number, value in enumerate(values)]
    axes = drawn(figure_of(rows, as_space({"opt": values}))).axes[0]
    ticks = axes.get_xticklabels()
    assert len(ticks) <= 12
    assert all(tick.get_rotation() == 35 and len(tick.get_text()) <= 16 for tick in ticks)


def test_nothing_varies():
    with pytest.raises(SettingError, match="No hyperparameter of the space varies"):
        plot_slices(configs([], goal=ERROR, inputs=()))
