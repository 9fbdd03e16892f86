import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_studies import ACCURACY, ERROR

pytest.importorskip("matplotlib")

from rung.analysis._frame import Span, fit_input, fit_values, metric_label, new_figure, plain, span_of, time_unit
from rung.analysis.configs import Input
from rung.errors import MissingExtraError

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


def test_all_values_are_shown_when_none_is_far_off():
    assert span_of([0.3, 0.1, 0.9], goal=ERROR) == Span(0.1, 0.9)
    assert span_of([0.3, 0.1, 0.9], goal=ACCURACY) == Span(0.9, 0.1)


def test_values_that_are_far_off_are_counted_instead():
    """The median is 0.2 away from the best, so that the span may reach 8 * 0.2 = 1.6 beyond it."""
    assert span_of([0.1, 0.2, 0.3, 1.7, 1.8, 900.0, 0.15], goal=ERROR) == Span(0.1, 1.7, beyond=2)
    assert span_of([0.9, 0.8, 0.7, -40.0], goal=ACCURACY) == Span(0.9, 0.7, beyond=1)
    assert span_of([0.1, 0.2, 0.3, 1.7], goal=ERROR, reach=2.0) == Span(0.1, 0.3, beyond=1)


def test_a_logarithm_where_good_losses_differ_by_orders_of_magnitude():
    assert span_of([1e-4, 1e-2, 5.0], goal=ERROR) == Span(1e-4, 5.0, log=True)
    assert not span_of([1e-4, 1e-2, 5.0], goal=ACCURACY).log
    assert not span_of([0.0, 1e-2, 5.0], goal=ERROR).log


@pytest.mark.parametrize("goal", [ERROR, ACCURACY])
def test_one_value_alone_and_equal_values(goal):
    assert span_of([0.5], goal=goal) == Span(0.5, 0.5)
    assert span_of([0.5, 0.5, 0.5], goal=goal) == Span(0.5, 0.5)


@given(VALUES, st.sampled_from([ERROR, ACCURACY]))
def test_the_span_holds_the_best_value_and_at_least_half_of_all(values, goal):
    span = span_of(values, goal=goal)
    low, high = sorted((span.good, span.bad))
    shown = [value for value in values if low <= value <= high]
    assert span.good == (min(values) if goal.mode == "min" else max(values))
    assert len(shown) == len(values) - span.beyond >= len(values) / 2


@pytest.mark.parametrize(
    ("goal", "values", "note"),
    [
        (ERROR, [0.1, 0.2, 0.3, 90.0], "↑ 1 report beyond"),
        (ACCURACY, [0.9, 0.8, 0.7, 0.9, 0.9, 0.8, 0.8, -40.0, -50.0], "↓ 2 reports beyond"),
    ],
)
def test_the_axis_reaches_as_far_as_the_span_and_says_what_it_hides(goal, values, note):
    axes = new_figure(2, 2, title="").subplots()
    fit_values(axes, values, goal=goal)
    span = span_of(values, goal=goal)
    low, high = axes.get_ylim()
    assert low < min(span.good, span.bad) < max(span.good, span.bad) < high
    assert high - low == pytest.approx(1.08 * abs(span.good - span.bad))
    assert [text.get_text() for text in axes.texts] == [note]


def test_the_axis_is_left_alone_where_nothing_is_hidden():
    axes = new_figure(2, 2, title="").subplots()
    axes.plot([0, 1], [0.0, 1.0])
    before = axes.get_ylim()
    fit_values(axes, [0.0, 1.0], goal=ERROR)
    fit_values(axes, [], goal=ERROR)
    assert axes.get_ylim() == before
    assert list(axes.texts) == []


def drawn(figure):
    figure.canvas.draw()
    return figure.axes[0]


def test_an_axis_shows_the_whole_domain():
    figure = new_figure(4, 3, title="")
    axes = figure.subplots()
    fit_input(axes, "x", Input("rate", True, 0.01, 1.0), [0.1, 0.2])
    fit_input(axes, "y", Input("a$b$", False, 0.0, 100.0), [50.0])
    drawn(figure)
    assert (axes.get_xscale(), axes.get_xlabel()) == ("log", "rate")
    assert axes.get_xlim() == pytest.approx((0.01 * 100**-0.04, 1.0 * 100**0.04))
    low, high = axes.get_xlim()
    shown = [text.get_text() for text in axes.get_xticklabels() if low <= text.get_position()[0] <= high]
    assert shown == ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]
    assert (axes.get_yscale(), axes.get_ylabel()) == ("linear", r"a\$b\$")
    assert axes.get_ylim() == pytest.approx((-4.0, 104.0))


def test_an_axis_reaches_for_values_outside_the_domain():
    axes = new_figure(2, 2, title="").subplots()
    fit_input(axes, "x", Input("rate", False, 0.0, 1.0), [-3.0, 2.0])
    assert axes.get_xlim() == pytest.approx((-3.2, 2.2))


@pytest.mark.parametrize(
    ("each", "values"),
    [
        (Input("wide", True, 1e-300, 1e300), [1e-300, 1.0, 1e300]),
        (Input("narrow", True, 1.0, 1.0000001), [1.0]),
        (Input("open"), []),
        (Input("open"), [3.0]),
        (Input("half", low=0.0), [0.5, 2.0]),
    ],
)
def test_odd_domains_can_be_drawn(each, values):
    figure = new_figure(3, 3, title="")
    axes = figure.subplots()
    fit_input(axes, "x", each, values)
    axes.plot(values, values, "o")
    low, high = drawn(figure).get_xlim()
    assert all(low <= value <= high for value in [*values, *(end for end in (each.low, each.high) if end is not None)])


@pytest.mark.parametrize(
    ("longest", "unit"),
    [
        (0.0, ("s", 1.0)),
        (299.0, ("s", 1.0)),
        (300.0, ("min", 60.0)),
        (10_799.0, ("min", 60.0)),
        (10_800.0, ("h", 3_600.0)),
        (300_000.0, ("days", 86_400.0)),
    ],
)
def test_time_in_a_unit_that_reads_well(longest, unit):
    assert time_unit(longest) == unit


def test_labels_say_which_way_is_better():
    assert metric_label(ERROR) == "error (lower is better)"
    assert metric_label(ACCURACY) == "accuracy (higher is better)"


def test_dollars_are_dollars():
    figure = new_figure(2, 2, title=plain("cost in $ and $_{1"))
    figure.canvas.draw()  # would fail on half a formula
    assert plain("a$b$") == r"a\$b\$"


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"Plotting needs an optional package\. pip install 'rung\[plot\]'"):
        new_figure(2, 2, title="")


@pytest.mark.parametrize("width", [2.0, 2.6, 3.3, 7.0])
@pytest.mark.parametrize(
    "ends", [(1e-5, 1.0), (1e-4, 1.0), (1e-3, 0.1), (2e-4, 5e-3), (1e-12, 1e-2), (1.0, 512.0), (8.0, 9000.0)]
)
def test_numbers_along_a_logarithmic_axis_have_room(width, ends):
    figure = new_figure(width, 2, title="")
    axes = figure.subplots()
    fit_input(axes, "x", Input(name="lr", low=ends[0], high=ends[1], log=True), [])
    figure.canvas.draw()
    low, high = axes.get_xlim()
    shown = [tick for tick in axes.get_xticklabels() if low <= tick.get_position()[0] <= high]
    boxes = [tick.get_window_extent() for tick in shown]
    assert len(boxes) >= 2
    assert all(left.x1 + 2 < right.x0 for left, right in pairwise(boxes))


def test_small_numbers_at_ticks_are_short():
    axes = new_figure(7, 2, title="").subplots()
    fit_input(axes, "x", Input(name="lr", low=1e-5, high=1.0, log=True), [])
    words = [axes.xaxis.get_major_formatter()(place, 0) for place in (1e-5, 1e-4, 2e-4, 1e-3, 0.05, 1.0, 1e4, 2e5)]
    assert words == ["1e-5", "1e-4", "2e-4", "0.001", "0.05", "1", "10000", "2e5"]
