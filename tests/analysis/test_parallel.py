import math

import numpy as np
import pytest
from made_up_studies import ACCURACY, ERROR, drawn, trial, words_of

pytest.importorskip("matplotlib")

from rung.analysis.configs import configs, inputs_of
from rung.analysis.parallel import NOWHERE, _log_ticks, plot_parallel
from rung.space import Int, as_space
from rung.types import TrialState

SPACE = as_space(
    {"lr": {"type": "float", "low": 0.01, "high": 1.0, "log": True}, "opt": ["adam", "sgd"], "n": Int(1, 4)}
)


def rows_of(count, sign=1.0):
    rows = [
        trial(number, lr=10.0 ** -(number % 3), opt=("adam", "sgd")[number % 2], n=1 + number % 4)
        for number in range(count)
    ]
    for row in rows:
        row.best_loss = sign * (0.1 + row.number / 10)
    return rows


def figure_of(rows, goal=ERROR):
    return plot_parallel(configs(rows, goal=goal, inputs=inputs_of(SPACE, rows)))


def lines_of(axes):
    return {line.get_gid(): np.asarray(line.get_xydata()) for line in axes.get_lines() if line.get_gid()}


def groups_of(axes):
    return {group.get_gid(): group for group in axes.collections}


def test_a_line_through_all_hyperparameters_to_the_value():
    (axes,) = figure_of(rows_of(3)).axes
    best = lines_of(axes)["best"]
    assert best[:, 0].tolist() == [0, 1, 2, 3]
    assert best[0, 1] == pytest.approx(1.0)
    assert 0.0 < best[1, 1] < 0.5
    assert best[2, 1] == 0.0
    assert best[3, 1] == 1.0, "the good end is above"
    others = groups_of(axes)["with a value"].get_segments()
    assert sorted(segment[0, 1] for segment in others) == pytest.approx([0.0, 0.5])
    assert sorted(segment[-1, 1] for segment in others) == pytest.approx([0.0, 0.5])


def test_the_other_direction_has_the_good_end_above_too():
    (axes,) = figure_of(rows_of(3, sign=-1.0), goal=ACCURACY).axes
    assert lines_of(axes)["best"][-1, 1] == 1.0


def test_the_good_lines_lie_on_top_of_the_others():
    (axes,) = figure_of(rows_of(6)).axes
    heights = [segment[-1, 1] for segment in groups_of(axes)["with a value"].get_segments()]
    assert heights == sorted(heights)


def test_what_a_trial_does_not_have_stands_below_the_axis():
    failed = trial(1, TrialState.FAILED, lr=0.1, n=2)
    (axes,) = figure_of([*rows_of(1), failed]).axes
    (segment,) = groups_of(axes)["without a value"].get_segments()
    assert segment[1, 1] == segment[3, 1] == NOWHERE
    words = [word for word, _ in words_of(drawn(axes.figure).axes[0])]
    assert words.count("not active") == words.count("no value") == 1


def test_axes_name_numbers_and_categories():
    (axes,) = figure_of(rows_of(4)).axes
    words = [word for word, _ in words_of(drawn(axes.figure).axes[0])]
    assert {"lr", "opt", "n", "error", "adam", "sgd", "0.01", "1", "2", "3", "4"} <= set(words)
    assert "2.5" not in words


def test_values_far_off_share_the_end_of_the_axis():
    rows = rows_of(12)
    rows[5].best_loss = 1e9
    (axes,) = figure_of(rows).axes
    assert any(word.endswith(" or worse") for word, _ in words_of(drawn(axes.figure).axes[0]))


@pytest.mark.parametrize("count", [0, 1, 3, 60])
def test_no_words_lie_on_each_other(count):
    figure = drawn(figure_of(rows_of(count)))
    found = words_of(figure.axes[0])
    for index, (word, box) in enumerate(found):
        for other, other_box in found[index + 1 :]:
            assert not box.overlaps(other_box), (word, other)


@pytest.mark.parametrize("value", [0.5, math.pi])
def test_one_value_alone(value):
    rows = rows_of(2)
    for row in rows:
        row.best_loss = value
    drawn(figure_of(rows))


def test_space_without_anything_that_varies():
    (axes,) = drawn(plot_parallel(configs(rows_of(2), goal=ERROR, inputs=()))).axes
    assert len(lines_of(axes)["best"]) == 1


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1e-4, 1.0, [1e-4, 1e-3, 1e-2, 1e-1, 1.0]),
        (16.0, 512.0, [20.0, 50.0, 100.0, 200.0, 500.0]),
        (1e-9, 1.0000001e-9, [1e-9, 1.0000001e-9]),
        (3.0, 4.0, [3.0, 4.0]),
        (1e-30, 1e30, [1e-30, 1e-20, 1e-10, 1.0, 1e10, 1e20, 1e30]),
    ],
)
def test_ticks_on_a_logarithm(low, high, ticks):
    assert _log_ticks(low, high) == pytest.approx(ticks)
