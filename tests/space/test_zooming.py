from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from space_strategies import property_test, spaces

from rung.errors import RungError, SettingError
from rung.space import Choice, Constant, Float, Int, Normal, Ordinal, Space
from rung.space.editing import edited, hull
from rung.space.zooming import words, zoomed

few_examples = settings(property_test, max_examples=50)


def one(domain, values, *, former=None, failed=(), **options):
    """The step of a single dimension; values: best first."""
    space, widest = Space({"x": former or domain}), Space({"x": domain})
    configs = [{"x": value} for value in values]
    found = zoomed(space, widest, configs, range(len(configs)), [{"x": value} for value in failed], **options)
    assert list(found.space) == ["x"]
    (step,) = found.steps
    assert found.space["x"] == step.now
    assert step.former == (former or domain)
    return step


def evenly(count, low=0.0, high=1.0):
    return [low + (high - low) * (k + 0.5) / count for k in range(count)]


# ---- ranges


def test_a_range_is_drawn_around_the_best_fifth():
    values = [0.5, 0.3, 0.6, 0.4, 0.7, *evenly(20)]
    step = one(Float(0.0, 1.0), values, margin=0.05)
    assert (step.now.low, step.now.high) == pytest.approx((0.25, 0.75))
    assert step.why == "the 5 best trials have 0.3 to 0.7"
    assert step.is_changed
    assert step.open_end is None
    assert str(step) == "x: 0 to 1 -> 0.25 to 0.75; the 5 best trials have 0.3 to 0.7"


def test_the_range_of_a_log_scale_is_drawn_on_that_scale():
    values = [1e-2, 1e-3, 1e-2, 1e-3, 1e-2, *[10.0 ** -(4 * u) for u in evenly(20)]]
    step = one(Float(1e-4, 1.0, log=True), values, margin=0.0)
    assert step.now.log
    assert step.now.low == pytest.approx(10**-3.5)
    assert step.now.high == pytest.approx(10**-1.5)  # half of four decades around 10^-2.5


def test_the_share_and_the_number_of_the_best():
    best = [0.5, 0.3, 0.6, 0.4, 0.7]
    for n, top, expected in [(25, 0.2, 5), (50, 0.2, 10), (26, 0.2, 6), (25, 0.4, 10), (8, 0.2, 4), (5, 0.2, 3)]:
        found = zoomed(Space({"x": Float(0, 1)}), Space({"x": Float(0, 1)}), [{"x": 0.5}] * n, range(n), top=top)
        assert (found.best, found.trials) == (expected, n)
    assert one(Float(0, 1), [*best, 0.0, 1.0, *evenly(30)], top=0.1).why == "the 5 best trials have 0.3 to 0.7"


def test_ties_with_the_last_of_the_best_belong_to_them():
    space = Space({"x": Float(0.0, 1.0)})
    configs = [{"x": value} for value in [0.5, 0.4, 0.6, 0.5, 0.5, 0.1, 0.9, *evenly(13)]]
    for losses, n_best in [([0, 1, 2, 3, 4, 4, *range(5, 19)], 6), ([0] * 20, 20), ([0, 0, 0, 0, 1, *[2] * 15], 5)]:
        assert zoomed(space, space, configs, losses).best == n_best
    assert zoomed(space, space, configs, [1.0] * 20).space == space


def test_a_range_that_does_not_matter_hardly_shrinks():
    rng = np.random.default_rng(0)
    widths = []
    for _ in range(200):
        now = one(Float(0.0, 1.0), rng.random(50).tolist(), margin=0.05).now
        widths.append(now.high - now.low)
    assert np.mean(widths) > 0.88  # ten even values span 9/11, and the margins a tenth
    assert np.mean([width == 1.0 for width in widths]) > 0.1


def test_a_range_opens_again_where_the_best_is_at_its_border():
    whole, former = Float(0.0, 1.0), Float(0.4, 0.6)
    values = [0.595, 0.55, 0.59, 0.58, 0.57, *evenly(10, 0.4, 0.6)]
    step = one(whole, values, former=former, margin=0.05)
    assert step.now.high == pytest.approx(0.7)
    assert step.why == "the 5 best trials have 0.55 to 0.595, near the border"
    assert one(whole, [0.41, *values[1:]], former=former).now.low == pytest.approx(0.4 - 0.1)


def test_it_opens_as_far_as_is_allowed_only():
    step = one(Float(0.0, 1.0), [0.99, 0.98, 0.97, 0.96, 0.95, *evenly(20)], former=Float(0.5, 1.0))
    assert step.now.high == 1.0
    assert step.now.low == pytest.approx(0.75)  # half of what it was, towards the end
    assert step.open_end == "upper"
    assert step.hint == "the best trials have x at the upper end of all that was allowed"


def test_the_best_outside_the_range_in_force_count():
    step = one(Float(0.0, 1.0), [0.9, 0.85, 0.8, 0.3, 0.35, *evenly(10)], former=Float(0.2, 0.4), margin=0.0)
    assert (step.now.low, step.now.high) == pytest.approx((0.3, 0.95), abs=0.051)
    assert step.now.low <= 0.3
    assert step.now.high >= 0.9


@pytest.mark.parametrize(
    ("values", "end"),
    [
        ([0.01, 0.02, 0.5, 0.05, 0.6], "lower"),
        ([0.99, 0.98, 0.5, 0.95, 0.6], "upper"),
        ([0.5, 0.98, 0.99, 0.95, 0.96], None),  # the best of all is not there
        ([0.99, 0.98, 0.5, 0.3, 0.6], None),  # two of five in a tenth are chance
    ],
)
def test_where_the_best_crowd_at_an_end_of_all_that_is_allowed(values, end):
    assert one(Float(0.0, 1.0), [*values, *evenly(20)]).open_end == end


def test_a_best_trial_beyond_what_is_allowed():
    step = one(Float(0.0, 1.0), [3.0, 0.5, 0.3, 0.4, 0.6, *evenly(20)])
    assert step.open_end == "upper"
    assert (step.now.low, step.now.high) == pytest.approx((0.2, 0.7))
    assert one(Float(0.0, 1.0), [-3.0, 0.5, 0.3, 0.4, 0.6, *evenly(20)]).open_end == "lower"
    assert one(Ordinal(["a", "b", "c"]), [3.0, *"abcabcabc"]).open_end is None


# ---- listed values


def test_integers_keep_the_neighbours_of_the_best():
    step = one(Int(1, 100), [50] * 10, former=Int(50, 50 + 1), margin=0.0)
    assert step.now == Int(49, 51)
    assert one(Int(1, 3), [2, 2, 2, 2, 2, 1, 3]).now == Int(1, 3)
    assert one(Int(1, 9, step=2), [5, 5, 5, 5, 5, 1, 9]).now.grid(9) == [3, 5, 7]
    assert one(Int(1, 1024, log=True), [4] * 10, former=Int(4, 5, log=True), margin=0.0).now == Int(3, 5, log=True)
    assert one(Float(0.0, 1.0, step=0.25), [0.5, 0.5, 0.5, 0.5, 0.5, 0.0, 1.0]).now.grid(9) == [0.25, 0.5, 0.75]


def test_ordinals_are_cut_by_their_order():
    step = one(Ordinal(["xs", "s", "m", "l", "xl", "xxl"]), ["xl", "xxl", "l", "xl", "xl", *["xs", "s", "m"] * 6])
    assert step.now == Ordinal(["l", "xl", "xxl"])
    assert str(step) == "x: xs, s, m, l, xl, xxl -> l, xl, xxl; the 5 best trials have l to xxl"


def test_the_end_of_few_values_takes_more_to_be_crowded():
    assert one(Int(1, 3), [3, 3, 3, 2, 3, *[1, 2, 3] * 6]).open_end is None  # 4 of 5 by chance: 4.5 %
    assert one(Int(1, 3), [3, 3, 3, 3, 3, *[1, 2, 3] * 6]).open_end == "upper"
    assert one(Int(1, 3), [1, 1, 1, 1, 1, *[1, 2, 3] * 6]).open_end == "lower"
    assert one(Int(1, 2), [1, 1, 1, 1, 1, *[1, 2] * 10]).open_end is None


# ---- choices


def test_a_choice_loses_what_is_never_among_the_best():
    step = one(Choice(["c", "a", "b"]), [*"ababababab", *["c"] * 20, *"ab" * 10])
    assert step.now == Choice(["a", "b"])
    assert str(step) == "x: c, a, b -> a, b; none of the 10 best trials has c, tried 20 times"


def test_a_choice_keeps_what_was_tried_seldom():
    values = ["a"] * 40 + ["c"] * 4
    assert one(Choice(["a", "b", "c"]), values).now == Choice(["a", "b", "c"])
    step = one(Choice(["a", "b", "c"]), values, failed=["c"] * 8)  # where all fail, none is among the best
    assert step.now == Choice(["a", "b"])
    assert step.why == "none of the 9 best trials has c, tried 12 times"


def test_a_choice_gets_back_what_is_among_the_best():
    values = ["b", "a", "a", "a", "a", *["a"] * 20]
    assert one(Choice(["a", "b", "c"]), values, former=Choice(["a", "c"])).now == Choice(["a", "b", "c"])


def test_true_and_one_are_two_options():
    values = [True] * 10 + [1] * 30
    assert one(Choice([1, True]), values).now == Choice([True])


def test_a_choice_that_stays_keeps_its_order():
    widest, now = Choice(["a", "b"]), Choice(["b", "a"])
    assert one(widest, ["a", "b"] * 5, former=now).now == now


# ---- whole spaces


def test_what_cannot_be_drawn_closer_stays():
    space = Space(
        {
            "law": stats.gamma(2.0),
            "fixed": Constant(3),
            "pinned": Float(0.5, 0.5),
            "noise": Normal(0.0, 1.0),
            "rare": Float(0, 1),
        }
    )
    rng = np.random.default_rng(0)
    configs = [{name: value for name, value in space.sample(rng).items() if name != "rare"} for _ in range(30)]
    for config in configs[:2]:
        config["rare"] = 0.5
    found = zoomed(space, space, configs, range(30))
    assert [step.name for step in found.steps] == ["law", "noise", "rare"]
    assert {name: found.space[name] == space[name] for name in space} == {
        "law": True,
        "fixed": True,
        "pinned": True,
        "noise": False,
        "rare": True,
    }
    law, noise, rare = found.steps
    assert law.why == "a distribution of SciPy can't be cut"
    assert rare.why == "only 2 of the best trials have it"
    assert noise.now.mean == 0.0
    assert found.changes == [noise]
    assert str(found).splitlines()[0].startswith("law: Distribution('gamma', args=(2.0,)) as before; ")


def test_a_normal_of_which_too_little_would_be_left_stays():
    whole = Normal(0.0, 1.0)
    former = whole.part(0.5, 0.5 + 2e-6)
    step = one(whole, [former.from_unit(u) for u in evenly(10)], former=former)
    assert 0.0009 < whole.to_unit(step.now.high) - whole.to_unit(step.now.low) < 0.0011
    thin = Normal(0.0, 1.0, low=4.0, high=5.0)
    inside = thin.part(0.4, 0.45)
    stuck = one(thin, [inside.from_unit(u) for u in (0.5, 0.51, 0.5, 0.51, 0.5)], former=inside)
    assert stuck.now == inside


def test_conditions_and_constraints_stay_and_lost_parents_rest():
    space = Space(
        {"kind": ["sgd", "adam"], "momentum": Float(0, 1), "lr": Float(1e-4, 1, log=True)},
        conditions={"momentum": ("kind", "sgd")},
    )
    rng = np.random.default_rng(1)
    configs = [{"kind": "adam", "lr": 1e-4 * 1.3**k} for k in range(20)]
    found = zoomed(space, space, [*configs, *[{"kind": "sgd", "momentum": 0.5, "lr": 0.1}] * 20], range(40))
    assert found.space["kind"] == Choice(["adam"])
    assert found.space.conditions == space.conditions
    assert found.steps[1].why == "only 0 of the best trials have it"
    for _ in range(20):
        assert set(found.space.sample(rng)) == {"kind", "lr"}
    assert found.steps[2].open_end == "lower"
    hint = "the best trials have lr at the lower end of all that was allowed; it might be extended there"
    assert str(found).splitlines()[3] == hint


@few_examples
@given(spaces(), st.integers(5, 40), st.integers(0, 2**32 - 1), st.floats(0.05, 1.0))
def test_the_best_trials_stay_inside_and_nothing_leaves_what_is_allowed(space, n, seed, top):
    rng = np.random.default_rng(seed)
    configs = [space.decode(point) for point in rng.random((n, len(space))).tolist()]
    former = space
    for _ in range(3):
        found = zoomed(former, space, configs, range(n), configs[:3], top=top)
        now = found.space
        assert Space.from_json(json.loads(json.dumps(now.to_json()))) == now
        assert now.conditions == space.conditions
        assert hull(space, now).names == space.names
        for name, domain in now.items():
            values = [config[name] for config in configs[: found.best] if name in config]
            if len(values) >= 3 or domain == space[name]:
                assert [domain.validate(value) for value in values] == values
            for value in domain.grid(7):
                space[name].validate(value)
        former = now


@few_examples
@given(spaces(), st.integers(0, 2**32 - 1))
def test_what_was_narrowed_to_nowhere_opens_to_the_best_again(space, seed):
    rng = np.random.default_rng(seed)
    configs = [space.decode(point) for point in rng.random((20, len(space))).tolist()]
    corner = edited(space, {name: domain.part(0.0, 0.05) for name, domain in space.items()})
    found = zoomed(corner, space, configs, range(20))
    for name, domain in found.space.items():
        values = [config[name] for config in configs[: found.best] if name in config]
        if len(values) >= 3 and corner[name].size > 1:
            assert [domain.validate(value) for value in values] == values


@pytest.mark.parametrize(
    ("whole", "former"),
    [
        (Float(1e-4, 1.0, log=True), Float(1e-3, 0.1, log=True)),
        (Float(-3.0, 7.7), Float(-0.1, 0.7)),
        (Float(0.0, 9.1, step=0.3), Float(0.3, 1.7, step=0.3)),
        (Int(0, 99, step=8), Int(8, 63, step=8)),
        (Normal(0.0, 1.0), Normal(0.0, 1.0, low=-1.5)),
        (Normal(0.0, 1.0), Normal(0.0, 1.0)),
    ],
)
def test_an_end_that_stays_is_the_same_number(whole, former):
    values = [former.from_unit(u) for u in (0.5, 0.2, 0.8, 0.3, 0.7)]
    assert one(whole, values, former=former).now == former, "nothing was worse"
    low, high = former.from_unit(0.0), former.from_unit(1.0)
    assert one(whole, [*values, *[high] * 5], former=former).now.low == former.low
    assert one(whole, [*values, *[low] * 5], former=former).now.high == former.high


@pytest.mark.parametrize("domain", [Float(1e-4, 1.0, log=True), Float(-3.0, 7.7), Normal(0.0, 1.0)])
def test_without_a_margin_the_outermost_of_the_best_are_the_ends(domain):
    rng = np.random.default_rng(0)
    for _ in range(50):
        values = [domain.from_unit(u) for u in (0.5, *rng.uniform(0.05, 0.3, 4), *rng.uniform(0.7, 0.95, 5))]
        now = one(domain, [*values, *[domain.from_unit(0.01), domain.from_unit(0.99)] * 5], margin=0.0, top=0.5).now
        assert (now.low, now.high) == (pytest.approx(min(values)), pytest.approx(max(values)))
        assert [now.validate(value) for value in values] == values


# ---- bad input


@pytest.mark.parametrize(("n", "there"), [(0, "are none"), (1, "is 1"), (4, "are 4")])
def test_too_few_trials(n, there):
    space = Space({"x": Float(0, 1)})
    with pytest.raises(RungError, match=rf"zooming needs 5 trials with a result, and there {there}\. Zoom once more"):
        zoomed(space, space, [{"x": 0.5}] * n, range(n), [{"x": 0.5}] * 10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top": 0.0}, r"top must be a number, above 0 and at most 1, not 0.0\. Give for instance 0.2"),
        ({"top": 1.5}, "top must be a number"),
        ({"top": True}, "top must be a number"),
        ({"top": math.nan}, "top must be a number"),
        ({"top": "0.2"}, "top must be a number"),
        ({"margin": -0.1}, r"margin must be a number, at least 0 and at most 1, not -0.1\. Give for instance 0.05"),
        ({"margin": math.nan}, "margin must be a number"),
        ({"margin": None}, "margin must be a number"),
    ],
)
def test_shares_that_are_none(options, message):
    space = Space({"x": Float(0, 1)})
    with pytest.raises(SettingError, match=message):
        zoomed(space, space, [{"x": 0.5}] * 10, range(10), **options)


def test_domains_in_words():
    assert words(Float(1e-4, 1.0, log=True)) == "0.0001 to 1"
    assert words(Int(16, 256)) == "16 to 256"
    assert words(Choice([True, None, [1, 2]])) == "True, None, [1, 2]"
    assert words(Choice(list(range(9)))) == "0, 1, 2, 3, 4, 5 and 3 more"
    assert words(Normal(0, 1)) == "Normal(0.0, 1.0)"
