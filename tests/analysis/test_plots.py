import io
import subprocess
import sys

import numpy as np
import pytest
from made_up_studies import ACCURACY, ERROR, reports_of, small_study, trial

pytest.importorskip("matplotlib")

from matplotlib.colors import LogNorm, to_hex

from rung.analysis._looks import BEST, LOOKS
from rung.analysis.configs import configs, numeric_inputs
from rung.analysis.curves import curves, overview
from rung.analysis.plots import plot_configs, plot_curves, plot_overview, plot_trajectory
from rung.analysis.trajectory import trajectory
from rung.errors import SettingError
from rung.space import Float, Int
from rung.types import TrialState

SPACE = {"learning_rate": Float(0.01, 1, log=True), "batch_size": Int(32, 255)}


def lines(axes):
    return {line.get_gid(): line for line in axes.get_lines()}


def points(line):
    return [(float(x), float(y)) for x, y in line.get_xydata()]


def groups(axes):
    return {group.get_gid(): group for group in axes.collections if group.get_gid() is not None}


def legend_texts(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def texts(axes):
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    ("over", "x", "label"),
    [
        ("seconds", [10, 15, 20, 25, 30, 35, 50], "time spent on the study (s)"),
        ("trials", [8] * 7, "trials begun"),
        ("epochs", [1, 2, 3, 4, 5, 6, 13], "steps taken, all trials together"),
    ],
)
def test_trajectory_over_what_was_spent(over, x, label):
    (axes,) = plot_trajectory(trajectory(*small_study(), goal=ERROR), over=over).axes
    best = lines(axes)["best so far"]
    assert points(best) == list(zip(x, [0.9, 0.8, 0.5, 0.4, 0.3, 0.1, 0.1], strict=True))
    assert best.get_drawstyle() == "steps-post"
    assert points(lines(axes)["improvements"]) == points(best)[:-1]
    assert axes.get_xlabel() == label
    assert axes.get_ylabel() == "error (lower is better)"
    assert axes.get_xlim()[0] == 0


def test_long_studies_are_drawn_in_minutes():
    reports = reports_of(0, [0.5, 0.4], at=[60, 600])
    (axes,) = plot_trajectory(trajectory([trial(0)], reports, goal=ERROR)).axes
    assert points(lines(axes)["best so far"]) == [(1.0, 0.5), (10.0, 0.4)]
    assert axes.get_xlabel() == "time spent on the study (min)"


def test_the_other_direction_climbs():
    reports = reports_of(0, [0.5, 0.4, 0.9], metric="accuracy")
    (axes,) = plot_trajectory(trajectory([trial(0)], reports, goal=ACCURACY)).axes
    assert points(lines(axes)["best so far"]) == [(1.0, 0.5), (3.0, 0.9)]
    assert axes.get_ylabel() == "accuracy (higher is better)"


def test_one_line_per_trial_that_has_a_value():
    rows, reports = small_study()
    found = curves(rows, reports, goal=ERROR)
    (axes,) = plot_curves(found, step_name="epoch").axes
    drawn = {
        gid: [[(float(x), float(y)) for x, y in line] for line in group.get_segments()]
        for gid, group in groups(axes).items()
    }
    of = {curve.trial: list(zip(map(float, curve.steps), curve.values, strict=True)) for curve in found.curves}
    assert drawn == {
        "completed": [of[0]],
        "stopped early": [of[1]],
        "failed": [of[4]],
        "paused": [of[5]],
        "running": [of[6]],
        "waiting": [of[7]],
        "best trial": [of[2]],
    }
    assert axes.get_xlabel() == "epoch"
    assert axes.get_ylabel() == "error (lower is better)"


def test_each_state_has_its_own_mark_at_the_end_of_the_line():
    (axes,) = plot_curves(curves(*small_study(), goal=ERROR)).axes
    ends = {gid: (line.get_marker(), points(line)) for gid, line in lines(axes).items() if gid != "best"}
    assert ends == {
        "completed": ("o", [(3.0, 0.3)]),
        "stopped early": ("s", [(1.0, 0.8)]),
        "failed": ("X", [(1.0, 0.6)]),
        "paused": ("D", [(1.0, 0.5)]),
        "running": (">", [(1.0, 0.4)]),
        "waiting": ("v", [(1.0, 0.7)]),
        "best trial": ("o", [(3.0, 0.2)]),
    }
    assert len({look.marker for look in LOOKS.values()}) == len({look.color for look in LOOKS.values()}) == 6


def test_the_incumbent_stands_out_and_its_best_step_is_starred():
    (axes,) = plot_curves(curves(*small_study(), goal=ERROR)).axes
    drawn = groups(axes)
    widths = {gid: group.get_linewidth()[0] for gid, group in drawn.items()}
    assert widths.pop("best trial") > 1.5 * max(widths.values())
    assert widths["stopped early"] < widths["completed"]
    assert to_hex(drawn["best trial"].get_color()[0]) == BEST.lower()
    assert drawn["best trial"].get_zorder() > drawn["failed"].get_zorder() > drawn["completed"].get_zorder()
    best = lines(axes)["best"]
    assert points(best) == [(2.0, 0.1)]
    assert best.get_marker() == "*"


def test_the_legend_counts_states_and_names_the_best_trial():
    figure = plot_curves(curves(*small_study(), goal=ERROR), step_name="epoch")
    assert legend_texts(figure) == [
        "best: trial 2, 0.1 at epoch 2",
        "completed (2)",
        "stopped early (1)",
        "failed (2, 1 without a value)",
        "paused (1)",
        "waiting (1)",
        "running (1)",
    ]


def test_a_hundred_trials_need_no_longer_legend_and_are_drawn_fainter():
    rows = [trial(number) for number in range(100)]
    reports = [each for number in range(100) for each in reports_of(number, [1.0, 0.5 + number / 200])]
    figure = plot_curves(curves(rows, reports, goal=ERROR))
    assert legend_texts(figure) == ["best: trial 0, 0.5 at step 2", "completed (100)"]
    few = plot_curves(curves(rows[:20], reports[:40], goal=ERROR))
    opacity = [groups(each.axes[0])["completed"].get_alpha() for each in (figure, few)]
    assert opacity[0] < opacity[1]


def test_configurations_lie_on_the_plane_by_state_and_value():
    rows, _ = small_study()
    figure = plot_configs(configs(rows, goal=ERROR, inputs=numeric_inputs(SPACE), best_trial=2))
    axes, bar = figure.axes
    drawn = groups(axes)
    assert drawn.keys() == {look.word for look in LOOKS.values()}
    np.testing.assert_array_equal(drawn["completed"].get_offsets(), [[0.1, 64], [0.2, 128]])
    np.testing.assert_array_equal(drawn["completed"].get_array(), [0.3, 0.1])
    np.testing.assert_array_equal(drawn["failed"].get_offsets(), [[1.0, 255], [0.5, 200]])
    np.testing.assert_array_equal(np.ma.getmaskarray(drawn["failed"].get_array()), [True, False])
    assert points(lines(axes)["best"]) == [(0.2, 128.0)]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("learning_rate", "batch_size")
    assert bar.get_ylabel() == "best error (lower is better)"


@pytest.mark.parametrize(("goal", "sign"), [(ERROR, 1), (ACCURACY, -1)])
def test_dark_is_good_in_both_directions(goal, sign):
    rows = [trial(number, learning_rate=0.1, batch_size=32, best_loss=sign * 0.1 * number) for number in range(1, 6)]
    axes = plot_configs(configs(rows, goal=goal, inputs=numeric_inputs(SPACE), best_trial=None)).axes[0]
    group = groups(axes)["completed"]
    brightness = group.to_rgba(np.array([0.1, 0.5]))[:, :3].sum(axis=1)
    assert (brightness[0] < brightness[1]) == (goal.mode == "min")


def test_one_input_is_drawn_against_the_value():
    rows, _ = small_study()
    space = {"learning_rate": SPACE["learning_rate"]}
    (axes,) = plot_configs(configs(rows, goal=ERROR, inputs=numeric_inputs(space), best_trial=2)).axes
    np.testing.assert_array_equal(groups(axes)["completed"].get_offsets(), [[0.1, 0.3], [0.2, 0.1]])
    np.testing.assert_array_equal(groups(axes)["failed"].get_offsets(), [[0.5, 0.6]])
    assert axes.get_ylabel() == "best error (lower is better)"
    assert axes.get_xscale() == "log"


def test_a_second_input_on_a_logarithm_and_losses_over_orders_of_magnitude():
    space = {"width": Int(32, 255), "rate": SPACE["learning_rate"]}
    rows = [trial(number, width=40, rate=0.1, best_loss=10.0**-number) for number in range(5)]
    axes = plot_configs(configs(rows, goal=ERROR, inputs=numeric_inputs(space), best_trial=4)).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")
    assert isinstance(groups(axes)["completed"].norm, LogNorm)


def test_no_number_to_draw_along():
    with pytest.raises(SettingError, match="no numeric hyperparameter that varies"):
        plot_configs(configs([], goal=ERROR, inputs=numeric_inputs({}), best_trial=None))


def test_overview_shows_every_report_behind_the_best():
    rows, reports = small_study()
    figure = plot_overview(overview(rows, reports, goal=ERROR, space=SPACE), step_name="epoch", title="lenet")
    left, middle, right, _bar = figure.axes
    dots = groups(left)["reports"].get_offsets()
    finite = sorted((at, m["error"]) for _, _, at, m in reports if np.isfinite(m["error"]))
    assert sorted(map(tuple, np.asarray(dots).tolist())) == finite
    assert points(lines(left)["best so far"])[-1] == (50.0, 0.1)
    assert "best trial" in groups(middle)
    assert right.get_xlabel() == "learning_rate"
    assert [axes.get_title(loc="left") for axes in (left, middle, right)] == [
        "Best so far, and every report",
        "Learning curves",
        "Configurations tried",
    ]
    assert figure.get_suptitle() == "lenet"
    assert legend_texts(figure)[0] == "best: trial 2, 0.1 at epoch 2"


def test_overview_without_a_number_has_two_panels():
    rows, reports = small_study()
    assert len(plot_overview(overview(rows, reports, goal=ERROR, space={})).axes) == 2


@pytest.mark.parametrize("rows", [[], [trial(0, TrialState.RUNNING, learning_rate=0.1, batch_size=32)]])
def test_a_study_without_a_value_says_so(rows):
    figure = plot_overview(overview(rows, [], goal=ERROR, space=SPACE))
    assert [texts(axes) for axes in figure.axes] == [["no value yet"]] * 3
    figure.savefig(io.BytesIO())


def test_runs_that_diverge_do_not_flatten_the_others():
    rows = [trial(number, learning_rate=0.1, batch_size=32, best_loss=0.1) for number in range(5)]
    reports = [each for number in range(4) for each in reports_of(number, [0.3, 0.2, 0.1])]
    figure = plot_overview(overview(rows, [*reports, *reports_of(4, [1e9, 1e12])], goal=ERROR, space=SPACE))
    for axes in figure.axes[:2]:
        assert axes.get_ylim()[1] < 1
        assert texts(axes) == ["↑ 2 reports beyond"]


@pytest.mark.parametrize("count", [5, 20, 100])
def test_figures_can_be_saved(count):
    states = list(TrialState)
    rows = [
        trial(number, states[number % 6], learning_rate=0.01 + number / 200, batch_size=32 + number, best_loss=0.1)
        for number in range(count)
    ]
    reports = [each for number in range(count) for each in reports_of(number, [0.9, 0.3, 0.2, 0.1][: 1 + number % 4])]
    picture = io.BytesIO()
    plot_overview(overview(rows, reports, goal=ERROR, space=SPACE)).savefig(picture, format="png")
    assert picture.getvalue().startswith(b"\x89PNG")


def test_neither_matplotlib_nor_pyplot_is_loaded_before_it_is_needed():
    code = """
import sys
from rung.analysis.plots import plot_trajectory
from rung.analysis.trajectory import Trajectory
from rung.types import Goal
assert "matplotlib" not in sys.modules
plot_trajectory(Trajectory(goal=Goal("error")))
assert "matplotlib" in sys.modules
assert "matplotlib.pyplot" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
