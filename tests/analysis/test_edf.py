import numpy as np
import pytest
from made_up_studies import ACCURACY, ERROR, drawn, trial

from rung.analysis.curves import to_json
from rung.analysis.edf import Distribution, distributions, plot_edf
from rung.types import TrialState

FAILED, RUNNING = TrialState.FAILED, TrialState.RUNNING


def one_of(rows, goal=ERROR):
    (found,) = distributions({"lenet": rows}, goal=goal).studies
    return found


def rows_of(losses):
    return [trial(number, best_loss=float(loss)) for number, loss in enumerate(losses)]


def curves_of(axes):
    return {
        (line.get_label(), line.get_gid()): np.asarray(line.get_xydata()).tolist()
        for line in axes.get_lines()
        if line.get_gid()
    }


@pytest.mark.parametrize(("goal", "sign"), [(ERROR, 1), (ACCURACY, -1)])
def test_shares_are_those_by_counting(goal, sign):
    losses = np.random.default_rng(0).integers(0, 12, size=40) / 10
    found = one_of(rows_of(losses), goal)
    assert len(found.values) == len(set(losses.tolist()))
    for value, share in zip(found.values, found.shares, strict=True):
        assert share == pytest.approx(np.mean(losses <= sign * value))
    assert found.median == sign * np.sort(losses)[19]
    assert found.values[0] == goal.value(losses.min())
    assert (found.trials, found.failed, found.shares[-1]) == (40, 0, 1.0)


def test_failed_trials_are_worse_than_all_others():
    rows = [*rows_of([0.4, 0.2]), trial(2, FAILED), trial(3, FAILED, best_loss=0.3), trial(4, RUNNING)]
    assert one_of(rows) == Distribution(
        name="lenet", values=(0.2, 0.3, 0.4), shares=(0.25, 0.5, 0.75), trials=4, failed=1, median=0.3
    )


def test_the_median_is_missing_where_most_have_failed():
    found = one_of([trial(0, best_loss=0.2), trial(1, FAILED), trial(2, FAILED)])
    assert (found.median, found.shares) == (None, (1 / 3,))
    assert one_of([]) == Distribution(name="lenet")
    assert one_of([trial(0, FAILED)]).shares == ()


def test_json_of_several_studies():
    form = to_json(distributions({"a": rows_of([0.1]), "b": []}, goal=ERROR))
    assert [each["name"] for each in form["studies"]] == ["a", "b"]
    assert form["studies"][0]["shares"] == [1.0]


@pytest.mark.parametrize(("goal", "sign"), [(ERROR, 1), (ACCURACY, -1)])
def test_steps_from_the_best_value_to_the_worst_of_all(goal, sign):
    pytest.importorskip("matplotlib")
    studies = {"a": rows_of([0.1, 0.3, 0.2]), "b": [*rows_of([0.5]), trial(1, FAILED)], "c": []}
    figure = drawn(plot_edf(distributions(studies, goal=goal), title="lenet"))
    axes, s = figure.axes[0], sign
    lines = curves_of(axes)
    first, second, third = "a (3 trials, median 0.2)", "b (2 trials, 1 failed, median 0.5)", "c (0 trials)"
    if sign < 0:
        first, second = first.replace("0.2", "-0.2"), second.replace("0.5", "-0.5")
    assert lines[first, "distribution"] == [
        pytest.approx(corner)
        for corner in ([0.1 * s, 0.0], [0.1 * s, 1 / 3], [0.2 * s, 2 / 3], [0.3 * s, 1.0], [0.5 * s, 1.0])
    ]
    assert lines[second, "distribution"] == [[0.5 * s, 0.0], [0.5 * s, 0.5], [0.5 * s, 0.5]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [first, second, third]
    medians = [np.asarray(line.get_xydata()).tolist() for line in axes.get_lines() if line.get_gid() == "median"]
    assert medians == [[[0.2 * s, pytest.approx(2 / 3)]], [[0.5 * s, 0.5]]]
    assert axes.get_lines()[0].get_drawstyle() == "steps-post"


def test_values_far_off_are_counted():
    pytest.importorskip("matplotlib")
    losses = [0.1 + n / 100 for n in range(9)] + [1e6]
    axes = drawn(plot_edf(distributions({"a": rows_of(losses)}, goal=ERROR))).axes[0]
    assert axes.get_xlim()[1] < 1
    assert [text.get_text() for text in axes.texts] == ["→ 1 of 10 trials are worse than 0.18"]
    axes = drawn(plot_edf(distributions({"a": rows_of([-loss for loss in losses])}, goal=ERROR))).axes[0]
    assert not axes.texts
    assert drawn(plot_edf(distributions({"a": rows_of([1e-6, 1e-3, 1.0])}, goal=ERROR))).axes[0].get_xscale() == "log"


@pytest.mark.parametrize("studies", [{}, {"a": []}, {"a": [trial(0, FAILED)]}])
def test_no_value_yet(studies):
    pytest.importorskip("matplotlib")
    axes = drawn(plot_edf(distributions(studies, goal=ERROR))).axes[0]
    assert [text.get_text() for text in axes.texts] == ["no value yet"]


def test_what_lies_beyond_the_edge_is_counted_with_what_failed():
    pytest.importorskip("matplotlib")
    losses = [0.1 + n / 100 for n in range(9)] + [1e6, 1e6]
    studies = {"a": [*rows_of(losses), trial(11, FAILED)], "b": rows_of([0.1, 0.12])}
    (note,) = drawn(plot_edf(distributions(studies, goal=ERROR))).axes[0].texts
    assert note.get_text() == "→ 3 of 14 trials are worse than 0.18 or failed"
