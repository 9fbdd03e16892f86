import numpy as np
import pytest
from made_up_studies import ACCURACY, ERROR, drawn, trial

pytest.importorskip("matplotlib")

from rung.analysis.configs import configs, inputs_of, numeric_inputs
from rung.analysis.contour import _smoothed, plot_contour
from rung.errors import SettingError
from rung.space import Float, Int, as_space
from rung.types import TrialState

SPACE = {"lr": Float(1e-4, 1, log=True), "width": Int(1, 100)}


def rows_of(count, sign=1.0):
    rng = np.random.default_rng(3)
    rows = [trial(n, lr=float(10 ** rng.uniform(-4, 0)), width=int(rng.integers(1, 100))) for n in range(count)]
    for row in rows:
        row.best_loss = sign * (1.0 + abs(np.log10(row.config["lr"]) + 2.0))
    return rows


def figure_of(rows, goal=ERROR):
    return plot_contour(configs(rows, goal=goal, inputs=numeric_inputs(SPACE)))


def points_of(axes):
    return {line.get_gid(): np.asarray(line.get_xydata()).tolist() for line in axes.get_lines() if line.get_gid()}


@pytest.mark.parametrize(("goal", "sign"), [(ERROR, 1.0), (ACCURACY, -1.0)])
def test_the_map_and_the_trials(goal, sign):
    rows = rows_of(30, sign)
    figure = drawn(figure_of(rows, goal))
    axes, bar = figure.axes
    assert points_of(axes)["trials"] == [[row.config["lr"], row.config["width"]] for row in rows]
    best = min(rows, key=lambda row: row.best_loss)
    assert points_of(axes)["best"] == [[best.config["lr"], best.config["width"]]]
    assert len(axes.collections) == 2
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert bar.get_ylabel().startswith(f"best {goal.metric}")


def test_the_map_covers_the_hull_of_the_trials_only():
    places = [(1e-3, 10), (1e-1, 10), (1e-3, 80), (3e-3, 20)]
    rows = [trial(n, lr=lr, width=width, best_loss=n / 10) for n, (lr, width) in enumerate(places)]
    figure = figure_of(rows)
    figure.set_facecolor("white")
    canvas = drawn(figure).canvas
    pixels = np.asarray(canvas.buffer_rgba())
    axes = figure.axes[0]

    def is_colored(lr, width):
        x, y = axes.transData.transform((lr, width)).astype(int)
        red, green, blue, _ = pixels[pixels.shape[0] - y, x].astype(int)
        return max(red, green, blue) - min(red, green, blue) > 15

    assert is_colored(3e-3, 25)
    assert not is_colored(5e-2, 70)
    assert not is_colored(3e-4, 20)
    assert not is_colored(1e-2, 30)  # between trials, and far from each


def test_means_are_those_of_the_points_near_by():
    points = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    means = _smoothed(np.array([[0.0, 0.0], [1.0, 1.0], [0.05, 1.0]]), points, np.array([1.0, 2.0, 3.0]))
    assert means == pytest.approx([1.0, 2.0, 3.0], abs=1e-6)
    points = np.array([[0.45, 0.5], [0.55, 0.5], [0.5, 0.45]])
    assert _smoothed(np.array([[0.5, 0.5]]), points, np.array([1.0, 2.0, 3.0])) == pytest.approx([2.0])


def test_far_from_all_points_there_is_no_mean():
    points = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    means = _smoothed(np.array([[0.5, 0.5], [0.16, 0.0], [0.14, 0.0]]), points, np.array([1.0, 2.0, 3.0]))
    assert np.isnan(means).tolist() == [True, True, False]


def test_equal_means_at_the_end_of_the_scale_have_no_lines():
    """All but one are far off, so they count as the worst that is shown."""
    rows = rows_of(40)
    for row in rows:
        row.best_loss = 1.0 + (row.config["lr"] > 1e-2) + 0.3 * (row.config["width"] > 50)
    filled, lines = drawn(figure_of(rows)).axes[0].collections
    low, high = filled.levels[0], filled.levels[-1]
    assert low < lines.levels[0] < lines.levels[-1] < high
    assert low < filled.zmin < filled.zmax < high


def test_points_without_an_area_are_drawn_without_a_map():
    rows = [trial(n, lr=0.1, width=n + 1, best_loss=n / 10) for n in range(5)]
    for few in (rows, rows[:2], rows[:1]):
        figure = drawn(figure_of(few))
        assert len(points_of(figure.axes[0])["trials"]) == len(few)
        assert not figure.axes[0].collections


def test_equal_values_have_no_map():
    rows = rows_of(5)
    for row in rows:
        row.best_loss = 0.5
    assert not drawn(figure_of(rows)).axes[0].collections


def test_trials_without_a_value_are_crosses_and_inactive_ones_left_out():
    rows = [*rows_of(4), trial(4, TrialState.FAILED, lr=0.5, width=50), trial(5, lr=0.5)]
    axes = figure_of(rows).axes[0]
    assert points_of(axes)["without a value"] == [[0.5, 50.0]]
    assert len(points_of(axes)["trials"]) == 4


def test_no_value_yet():
    assert [text.get_text() for text in drawn(figure_of([])).axes[0].texts] == ["no value yet"]


def test_losses_over_orders_of_magnitude():
    rows = rows_of(12)
    for row in rows:
        row.best_loss = 10.0**-row.number
    drawn(figure_of(rows))


@pytest.mark.parametrize("names", [[], ["lr"], ["lr", "opt"], ["lr", "width", "depth"]])
def test_two_numbers_are_needed(names):
    space = as_space({**SPACE, "opt": ["adam", "sgd"], "depth": Int(1, 4)})
    inputs = [each for each in inputs_of(space, []) if each.name in names]
    with pytest.raises(SettingError, match="needs two numeric hyperparameters, got") as caught:
        plot_contour(configs([], goal=ERROR, inputs=inputs))
    assert (", ".join(each.name for each in inputs) or "none") in caught.value.sentence
