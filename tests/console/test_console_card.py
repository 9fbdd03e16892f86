from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from staged_events import WHOLE_STUDY, created, ended, observed, session, show, started

from rung.bookkeeping import find_incumbent
from rung.console.card import MOST_POINTS, improvements, study_card
from rung.events import Event
from rung.ledger import Ledger
from rung.types import Goal, TrialState


def folded(*events: Event) -> Ledger:
    return show(lambda *_: None, *events)


def card_of(ledger: Ledger) -> ET.Element:
    assert ledger.study is not None
    text = study_card(ledger.study, find_incumbent(ledger.study, ledger.trials), list(ledger.trials.values()))
    return ET.fromstring(text)


def words_of(card: ET.Element) -> str:
    return " ".join("".join(card.itertext()).split())


def test_the_card_of_a_study() -> None:
    card = card_of(folded(*WHOLE_STUDY))
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
    card = card_of(ledger)
    assert not {element.tag for element in card.iter()} & {"script", "img", "i"}
    assert "</div><img src=x onerror=alert(1)>" in words_of(card)
    assert "<b>&\"'" in words_of(card)


def test_a_card_without_trials() -> None:
    card = card_of(folded(created()))
    assert "no value of error yet" in words_of(card)
    assert not list(card.iter("svg"))


def test_a_card_of_a_single_value() -> None:
    card = card_of(folded(created(), session(), started(0), observed(0, 1, 0.5)))
    assert len(list(card.iter("path"))) == 1


def test_long_configurations_are_cut() -> None:
    names = tuple(f"n{number}" for number in range(20))
    config = dict.fromkeys(names, "x" * 100)
    words = words_of(card_of(folded(created(names=names), session(), started(0, config=config), observed(0, 1, 0.5))))
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
        (path,) = card_of(folded(*events)).iter("path")
        heights = [float(part.split("H")[0]) for part in path.get("d", "").replace(",", "V").split("V")[1:]]
        assert (heights[-1] > heights[0]) == (goal.mode == "min")


def test_only_improvements_are_points_and_not_too_many() -> None:
    ledger = folded(created(), session(), started(0), observed(0, 1, 0.5, at=1.0))
    assert ledger.study is not None
    row = ledger.trials[0]
    rows = []
    for number in range(300):
        rows.append(type(row)(number=number, state=row.state, config={}, started_at=0.0))
        rows[-1].best_loss, rows[-1].last_at = 1.0 - number / 1000, float(number)
    assert improvements(rows[:2], ledger.study) == [(0.0, 1.0), (1.0, 0.999), (1.0, 0.999)]
    assert improvements([rows[1], rows[0], rows[0]], ledger.study)[0] == (0.0, 1.0)
    assert len(improvements(rows, ledger.study)) == MOST_POINTS
    assert improvements([], ledger.study) == []
