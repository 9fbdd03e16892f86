from __future__ import annotations

import sys

import pytest

from rung.errors import MissingExtraError, SettingError
from rung.schedules import Epochs, cosine, exponential, linear, plot, warmup


def test_several_side_by_side() -> None:
    figure = plot({"cosine": cosine(10), "linear": linear(20)}, title="two")
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.get_lines()] == ["cosine", "linear"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["cosine", "linear"]
    assert axes.get_ylabel() == "factor"
    times, values = axes.get_lines()[0].get_data()
    assert list(times) == list(range(23))
    assert values.tolist() == cosine(10)(range(23)).tolist()
    assert axes.get_lines()[0].get_drawstyle() == "steps-post"


def test_long_ones_are_thinned_out() -> None:
    times, values = cosine(10**6).plot().axes[0].get_lines()[0].get_data()
    assert 1000 <= len(times) <= 4000
    assert values[0] == 1


def test_one_without_a_name_has_no_legend() -> None:
    assert cosine(10).plot().legends == []


def test_so_many_updates_are_the_training_that_it_is_resolved_for() -> None:
    schedule = 0.3 * warmup(0.1).then(cosine())
    times, values = schedule.plot(100).axes[0].get_lines()[0].get_data()
    assert values.tolist() == schedule.resolve(100)(times).tolist()


def test_a_long_one_is_drawn_as_far_as_asked() -> None:
    times, values = cosine(1000).plot(10).axes[0].get_lines()[0].get_data()
    assert values.tolist() == cosine(1000)(times).tolist()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: plot({}), "no schedules to draw"),
        (lambda: plot([cosine(5)], 30), "have no names"),  # type: ignore[arg-type]
        (lambda: plot(cosine(5)), "have no names"),  # type: ignore[arg-type]
        (lambda: plot({"a": 0.1}), "'a' is no schedule: it is 0.1"),  # type: ignore[dict-item]
        (lambda: cosine(5).plot("x"), "steps='x' leaves nothing to draw"),  # type: ignore[arg-type]
        (lambda: cosine(Epochs(5)).plot(30), "5 epochs are of unknown length"),
        (lambda: plot({"a": cosine(5), "b": 0.3 * cosine(5)}), "rates and factors have no common axis"),
        (lambda: exponential(0.9).plot(), "not known where the schedule ends"),
        (lambda: warmup(0.1).then(cosine()).plot(), "not known where the schedule ends"),
        (lambda: cosine(5).plot(0), "steps=0 leaves nothing to draw"),
    ],
)
def test_what_can_not_be_drawn(make, why) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingError, match=why):
        make()


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"rung\[plot\]"):
        cosine(5).plot()
