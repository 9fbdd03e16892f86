import math
from itertools import permutations

import numpy as np
import pytest
from made_up_studies import ERROR, drawn, study_of
from msgspec.structs import replace
from scipy import stats

from rung.analysis import _influence
from rung.analysis.curves import to_json
from rung.analysis.importance import Importance, Share, by_name, importance, plot_importance
from rung.errors import RungError
from rung.events import SpaceEdited
from rung.space import Choice, Float, Space
from rung.space.editing import edited

SPACE = Space(
    {"lr": Float(1e-4, 1, log=True), "momentum": Float(0, 1), "decay": Float(0, 1), "opt": Choice(["a", "b"])}
)


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch):
    monkeypatch.setattr(_influence, "N_DRAWS", 16)
    monkeypatch.setattr(_influence, "_POINTS", 2**11)


def loss_at(u):
    """In the unit cube, (n,) from (n, 4): the first matters most, the last not at all."""
    return np.abs(u[:, 0] - 0.6) + 0.5 * (u[:, 1] - 0.3) ** 2 + 0.2 * u[:, 2]


def found_of(points, losses, space=SPACE, trials=None):
    rows, told = study_of([space.decode(point) for point in points], losses)
    return importance(told, {row.number for row in rows} if trials is None else trials, goal=ERROR, began=space)


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).random((50, 4))


@pytest.fixture(scope="module")
def found(points):
    """With as many draws as anybody gets."""
    return found_of(points, loss_at(points).tolist())


def test_the_shares_are_those_of_the_function(found):
    """Of the function itself, by a slow direct writing: the drop in variance, one input after the other, all orders."""
    rng = np.random.default_rng(1)
    a, b = rng.random((2, 20_000, 4))
    end, edge = np.quantile(loss_at(a), 0.1), 0.25 * np.std(loss_at(a))

    def nearness(u):
        return stats.norm.cdf((end - loss_at(u)) / edge)

    expected = np.zeros(4)
    for order in permutations(range(4)):
        mixed = b.copy()
        before = 0.0
        for j in order:
            mixed[:, j] = a[:, j]
            explained = np.cov(nearness(a), nearness(mixed))[0, 1]
            expected[j] += explained - before
            before = explained
    expected /= expected.sum()
    shares = by_name(found)
    assert [shares[name] for name in SPACE] == pytest.approx(expected.tolist(), abs=0.06)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert (next(iter(shares)), list(shares)[-1]) == ("lr", "opt")


def test_each_share_has_an_interval(found):
    assert all(0.0 <= each.low <= each.share <= each.high <= 1.0 for each in found.shares)
    assert found.shares[0].high - found.shares[0].low > 0.02
    assert (found.trials, found.failed, found.why) == (50, 0, "")
    assert 0.9 < found.predicted <= 1.0
    assert to_json(found)["shares"][0]["name"] == "lr"


def test_fewer_trials_tell_less(points, found):
    few = found_of(points[:12], loss_at(points[:12]).tolist())
    widths = [sum(each.high - each.low for each in one.shares) for one in (few, found)]
    assert widths[0] > 1.5 * widths[1]


def test_the_scale_of_the_metric_does_not_matter(points, found):
    curved = found_of(points, np.exp(3.0 * loss_at(points)).tolist())
    assert by_name(curved) == pytest.approx(by_name(found), abs=0.05)


def test_trials_that_gather_where_it_is_good_mislead_nobody():
    rng = np.random.default_rng(2)
    points = rng.random((50, 4))
    points[15:, :3] = np.clip([0.6, 0.3, 0.1] + 0.05 * rng.standard_normal((35, 3)), 0, 1)
    shares = by_name(found_of(points, loss_at(points).tolist()))
    assert next(iter(shares)) == "lr"
    assert shares["opt"] < 0.1


def test_what_makes_trials_fail_is_important():
    points = np.random.default_rng(3).random((40, 4))
    losses = [None if point[2] > 0.4 else 0.5 + 0.01 * point[0] for point in points.tolist()]
    found = found_of(points, losses)
    assert next(iter(by_name(found))) == "decay"
    assert found.failed == losses.count(None)


def test_only_the_trials_that_count(points):
    losses = loss_at(points)
    losses[25:] = 5.0 * points[25:, 2]
    assert found_of(points, losses.tolist(), trials=range(25)).trials == 25
    assert next(iter(by_name(found_of(points, losses.tolist(), trials=range(25))))) == "lr"
    assert next(iter(by_name(found_of(points, losses.tolist(), trials=range(25, 50))))) == "decay"


def test_the_same_trials_give_the_same_shares(points):
    first, second = (found_of(points[:20], loss_at(points[:20]).tolist()) for _ in range(2))
    assert first == second


def test_of_one_hyperparameter_it_has_all():
    points = np.random.default_rng(4).random((12, 1))
    assert by_name(found_of(points, points[:, 0].tolist(), Space({"x": Float(0, 1)}))) == {"x": 1.0}


def test_a_hyperparameter_that_is_never_active_any_more():
    space = Space({"kind": Choice(["a", "b"]), "x": Float(0, 1)}, conditions={"x": ("kind", "b")})
    _, told = study_of([{"kind": "a"}, {"kind": "b", "x": 0.5}] * 6, [0.1 * n for n in range(12)])
    pinned = SpaceEdited(at=1.0, space=edited(space, {"kind": "a"}).to_json())
    assert not importance(told, range(12), goal=ERROR, began=space).why
    found = importance([*told, pinned], range(12), goal=ERROR, began=space)
    assert found.why == "No two configurations of the space differ in what is expected of them."


@pytest.mark.parametrize(
    ("count", "losses", "space", "why"),
    [
        (9, [0.1 * n for n in range(9)], SPACE, "needs 10 trials with an outcome, and there are 9."),
        (0, [], SPACE, "needs 10 trials with an outcome, and there are 0."),
        (12, [None] * 12, SPACE, "All trials have failed"),
        (12, [0.5] * 12, SPACE, "All trials came out the same"),
        (12, [0.1 * n for n in range(12)], Space({"x": 1}), "No hyperparameter of the space varies"),
    ],
)
def test_when_nothing_can_be_told(count, losses, space, why):
    found = found_of(np.random.default_rng(0).random((count, len(space))), losses, space)
    assert why in found.why
    assert not found.shares
    with pytest.raises(RungError) as caught:
        by_name(found)
    assert caught.value.sentence == found.why
    assert bool(caught.value.hint) == (count < 10)
    pytest.importorskip("matplotlib")
    assert [text.get_text() for text in drawn(plot_importance(found)).axes[0].texts] == [found.why]


def test_a_bar_with_a_line_for_each(found):
    pytest.importorskip("matplotlib")
    figure = drawn(plot_importance(found, title="lenet"))
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [each.share for each in found.shares]
    assert [list(line.get_xdata()) for line in axes.get_lines()] == [[each.low, each.high] for each in found.shares]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [each.name for each in found.shares]
    assert axes.yaxis_inverted()
    assert figure.get_supxlabel().startswith(
        "From 50 trials. Lines hold 90% of what the model deems possible.\nThe model predicts "
    )
    assert "only" not in figure.get_supxlabel()


def test_of_many_only_the_first_are_drawn():
    pytest.importorskip("matplotlib")
    shares = [
        Share(name=f"{n} a rather long name of a hyperparameter", share=1 / 30, low=0.0, high=0.1) for n in range(30)
    ]
    figure = drawn(plot_importance(Importance(goal=ERROR, shares=tuple(shares), trials=1_234, failed=2)))
    assert len(figure.axes[0].patches) == 24
    assert all(len(tick.get_text()) <= 30 for tick in figure.axes[0].get_yticklabels())
    assert figure.get_supxlabel() == (
        "From 1,234 trials, 2 of them failed. Lines hold 90% of what the model deems possible.\n"
        "The model predicts only 0% of the variance of trials that it is not shown.\n6 more have 20% together."
    )
    small = Importance(goal=ERROR, shares=(Share(name="x", share=0.001, low=0.0, high=0.002),), trials=10)
    assert [text.get_text() for text in plot_importance(small).axes[0].texts] == ["<1%"]
    assert math.isclose(sum(each.share for each in shares), 1.0)


def test_what_is_pinned_now_is_named(points):
    pytest.importorskip("matplotlib")
    rows, told = study_of([SPACE.decode(point) for point in points[:20]], loss_at(points[:20]).tolist())
    pinned = SpaceEdited(at=1.0, space=edited(SPACE, {"decay": 0.5, "opt": "a"}).to_json())
    found = importance([*told, pinned], {row.number for row in rows}, goal=ERROR, began=SPACE)
    assert (found.pinned, sorted(by_name(found))) == (("decay", "opt"), ["lr", "momentum"])
    figure = drawn(plot_importance(found))
    assert figure.get_supxlabel().endswith("\nNot shown, as pinned to one value now: decay, opt.")
    assert "pinned" not in plot_importance(replace(found, pinned=())).get_supxlabel()
    many = plot_importance(replace(found, pinned=tuple("abcdef"))).get_supxlabel()
    assert many.endswith(": a, b, c, d and 2 more.")
