from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from staged_events import WHOLE_STUDY, created, ended, observed, session, show, started

from rung.analysis.trajectory import Trajectory, trajectory
from rung.bookkeeping import find_incumbent
from rung.console.card import MOST_POINTS, improvements, study_card
from rung.events import Event, Observed
from rung.ledger import Ledger
from rung.types import Goal, TrialState


def folded(*events: Event) -> Ledger:
    return show(lambda *_: None, *events)


def card_of(*events: Event) -> ET.Element:
    return ET.fromstring(card_text(folded(*events), *events))


def card_text(ledger: Ledger, *events: Event) -> str:
    assert ledger.study is not None
    trials = list(ledger.trials.values())
    reports = [(each.trial, each.step, each.at, each.metrics) for each in events if isinstance(each, Observed)]
    curve = trajectory(trials, reports, goal=ledger.study.goal)
    return study_card(ledger.study, find_incumbent(ledger.study, ledger.trials), curve)


def words_of(card: ET.Element) -> str:
    return " ".join("".join(card.itertext()).split())


def test_the_card_of_a_study() -> None:
    card = card_of(*WHOLE_STUDY)
    words = words_of(card)
    assert "★ error 0.125 in trial 4 at step 1" in words
    assert "lr=0.03125 opt=adam" in words
    assert "1 waiting, 1 completed, 1 stopped, 2 failed" in words
    bars = [float(bar.get("width", "")) for bar in card.iter("rect")]
    assert sum(bars) == pytest.approx(100.0, abs=0.01)
    (curve,) = card.iter("path")
    assert curve.get("d", "").startswith("M5.0,")


def test_everything_is_escaped() -> None:
    first = created(names=("<script>", "b"))
    events = [
        session(),
        started(0, config={"<script>": "</div><img src=x onerror=alert(1)>", "b": 1}),
        observed(0, 1, 0.5),
    ]
    ledger = folded(first, *events)
    assert ledger.study is not None
    ledger.study.name, ledger.study.message = "<b>&\"'", "<i>"
    card = ET.fromstring(card_text(ledger, *events))
    assert not {element.tag for element in card.iter()} & {"script", "img", "i"}
    assert "</div><img src=x onerror=alert(1)>" in words_of(card)
    assert "<b>&\"'" in words_of(card)


def test_a_card_without_trials() -> None:
    card = card_of(created())
    assert "no value of error yet" in words_of(card)
    assert not list(card.iter("svg"))


def test_a_card_of_a_single_value() -> None:
    card = card_of(created(), session(), started(0), observed(0, 1, 0.5))
    assert len(list(card.iter("path"))) == 1


def test_long_configurations_are_cut() -> None:
    names = tuple(f"n{number}" for number in range(20))
    config = dict.fromkeys(names, "x" * 100)
    words = words_of(card_of(created(names=names), session(), started(0, config=config), observed(0, 1, 0.5)))
    assert "and 8 more" in words
    assert "x" * 40 not in words


def test_the_curve_goes_down_or_up_with_the_direction() -> None:
    for goal, first, second in ((Goal("error"), 0.9, 0.1), (Goal("acc", "max"), 0.1, 0.9)):
        events: list[Event] = [created(goal), session()]
        for number, value in enumerate((first, second)):
            events += [
                started(number, at=float(number)),
                observed(number, 1, value, goal=goal, at=number + 1.0),
                ended(number, TrialState.COMPLETED, at=number + 1.0),
            ]
        (path,) = card_of(*events).iter("path")
        heights = [float(part.split("H")[0]) for part in path.get("d", "").replace(",", "V").split("V")[1:]]
        assert (heights[-1] > heights[0]) == (goal.mode == "min")


def test_the_curve_is_the_any_time_curve() -> None:
    """A trial that improves over its steps has them all, as its best step may come long after another trial's last."""
    events: list[Event] = [created(), session(), started(0), observed(0, 1, 0.4, at=1.0), started(1, at=1.0)]
    events += [observed(1, 1, 0.8, at=2.0), observed(1, 2, 0.3, at=3.0), observed(0, 2, 0.1, at=4.0)]
    assert "best error: from 0.4 to 0.1" in words_of(card_of(*events))


def test_only_improvements_are_points_and_not_too_many() -> None:
    study = folded(created(), session(), started(0), observed(0, 1, 0.5, at=1.0)).study
    assert study is not None
    assert improvements(Trajectory(goal=study.goal), study) == []
    curve = Trajectory(goal=study.goal, at=(0.0, 0.5, 0.75), loss=(0.9, 0.5, 0.5))
    assert improvements(curve, study) == [(0.0, 0.9), (0.5, 0.5), (1.0, 0.5)]
    long = Trajectory(goal=study.goal, at=tuple(map(float, range(300))), loss=tuple(1 - n / 1000 for n in range(300)))
    assert len(improvements(long, study)) == MOST_POINTS
