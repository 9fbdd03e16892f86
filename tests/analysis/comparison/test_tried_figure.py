import math

import numpy as np
import pytest
from made_up_scenes import INPUTS, LINE, scene
from msgspec import structs

from rung.analysis.comparison.tried_figure import plot_tried
from rung.analysis.configs import Configs
from rung.errors import SettingError
from rung.types import Goal


def parts(axes, gid):
    return [each for each in axes.get_children() if each.get_gid() == gid]


def panels(figure):
    """Above, square and beside of each panel."""
    shown = [axes for axes in figure.axes if axes.axison]
    squares = [axes for axes in shown if axes.get_xlabel() == "lr"]
    return [
        (
            next(each for each in shown if each is not axes and each.get_shared_x_axes().joined(each, axes)),
            axes,
            next(each for each in shown if each is not axes and each.get_shared_y_axes().joined(each, axes)),
        )
        for axes in squares
    ]


def test_every_method_has_a_square_with_its_points():
    given = scene("grid", "random", "tpe", "gp")
    found = panels(plot_tried(given))
    assert [above.get_title() for above, _, _ in found] == ["grid", "random", "tpe", "gp"]
    for (_, square, _), attempt in zip(found, given.attempts, strict=True):
        (points,) = parts(square, "trials")
        assert [tuple(place) for place in points.get_offsets()] == [
            each.inputs for each in attempt.configs.tried if each.value is not None
        ]
        ((silent,), (best,)) = (parts(square, gid) for gid in ("without a value", "best"))
        assert silent.get_xydata().tolist() == [list(attempt.configs.tried[2].inputs)]
        assert best.get_xydata().tolist() == [list(attempt.configs.tried[attempt.configs.best_trial].inputs)]


def test_a_grid_of_nine_has_three_ticks_where_random_points_have_as_many_as_points():
    (_, grid, _), (_, random, _) = panels(plot_tried(scene("grid", "random")))
    for axis in "xy":
        assert [len(parts(square, f"values of {axis}")[0].get_xdata()) for square in (grid, random)] == [3, 8]


def test_later_points_are_darker_and_the_last_one_is_opaque():
    ((_, square, _),) = panels(plot_tried(scene("random")))
    opacities = parts(square, "trials")[0].get_facecolors()[:, 3]
    assert np.all(np.diff(opacities) > 0)
    assert opacities[-1] == 1.0


@pytest.mark.parametrize("mode", ["min", "max"])
def test_values_beside_the_square_are_better_the_farther_out(mode):
    goal = Goal("score", mode)
    ((above, _, beside),) = panels(plot_tried(scene("random", goal=goal, is_known=False)))
    for near, far in (above.get_ylim(), beside.get_xlim()):
        assert (far > near) == (mode == "max")
    (dots,) = parts(above, "values")
    assert len(dots.get_offsets()) == 7  # one has none


def test_the_response_is_drawn_where_it_is_known():
    ((above, _, beside),) = panels(plot_tried(scene("random")))
    (line,) = parts(above, "response")
    assert line.get_xydata().tolist() == [list(pair) for pair in zip(LINE.places, LINE.values, strict=True)]
    (flat,) = parts(beside, "response")
    assert set(flat.get_xdata()) == {0.5}
    ((above, _, _),) = panels(plot_tried(scene("random", is_known=False)))
    assert not parts(above, "response")


def test_all_panels_have_the_same_scales_and_far_values_are_left_outside():
    given = scene("grid", "random", is_known=False)
    grid, random = given.attempts
    first, *rest = random.configs.tried
    far = structs.replace(random.configs, tried=(structs.replace(first, value=1e6), *rest))
    diverged = structs.replace(given, attempts=(grid, structs.replace(random, configs=far)))
    (above, square, _), (other_above, other_square, _) = panels(plot_tried(diverged))
    assert above.get_ylim() == other_above.get_ylim()
    assert square.get_xlim() == other_square.get_xlim()
    assert max(above.get_ylim()) < 10


def test_boxes_are_drawn_within_the_axes():
    boxes = [((1e-3, 0.1), (0.2, 0.6)), ((-math.inf, math.inf), (0.4, math.inf))]
    ((_, square, _),) = panels(plot_tried(scene("zoom", boxes=boxes)))
    inner, outer = parts(square, "box")
    assert inner.get_bbox().extents.tolist() == pytest.approx([1e-3, 0.2, 0.1, 0.6])
    assert outer.get_bbox().extents.tolist() == pytest.approx(
        [square.get_xlim()[0], 0.4, square.get_xlim()[1], square.get_ylim()[1]]
    )


def test_one_number_is_drawn_against_the_values():
    figure = plot_tried(scene("grid", "random", inputs=INPUTS[:1], boxes=[((1e-3, 0.1),)]), title="Mine")
    left, right = figure.axes
    assert (left.get_xlabel(), left.get_ylabel()) == ("lr", "error (lower is better)")
    assert [len(parts(axes, "trials")[0].get_offsets()) for axes in (left, right)] == [8, 7]
    assert [len(parts(axes, gid)) for axes in (left, right) for gid in ("best", "response", "box")] == [1] * 6
    assert figure.get_suptitle() == "Mine"


def test_only_some_and_in_the_colours_of_all():
    (_, (_, random, _)) = panels(plot_tried(scene("grid", "random")))
    ((_, alone, _),) = panels(plot_tried(scene("grid", "random"), methods=["grid", "random"], only=["random"]))
    colors = [parts(square, "trials")[0].get_edgecolors().tolist() for square in (random, alone)]
    assert colors[0] == colors[1]


def test_nothing_to_draw_along_is_told():
    with pytest.raises(SettingError, match="No hyperparameter that is a number varies"):
        plot_tried(scene("random", inputs=()))


def test_a_scene_without_any_value_can_be_drawn():
    given = scene("random", is_known=False)
    (attempt,) = given.attempts
    empty = structs.replace(attempt, configs=Configs(goal=given.goal, inputs=given.inputs))
    ((_, square, _),) = panels(plot_tried(structs.replace(given, attempts=(empty,))))
    assert [text.get_text() for text in square.texts] == ["no value yet"]
