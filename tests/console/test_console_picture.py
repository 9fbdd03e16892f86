from __future__ import annotations

from staged_events import WHOLE_STUDY, created, ended, observed, session, show, started

from rung.console.picture import Picture
from rung.events import Event
from rung.types import TrialState


def after(*events: Event, max_trials: int | None = None) -> Picture:
    pictures: list[Picture] = []

    def take(event: Event, ledger: object) -> None:
        if not pictures:
            pictures.append(Picture(event, ledger, max_trials=max_trials))  # type: ignore[arg-type]
        pictures[0].take(event, ledger)  # type: ignore[arg-type]

    show(take, *events)
    return pictures[0]


def test_the_columns_of_the_newest_trials() -> None:
    picture = after(*WHOLE_STUDY)
    numbers, states, *_ = picture.columns(3)
    assert (numbers.title, numbers.cells) == ("#", ["4", "0", "3"])
    assert states.cells == ["… waiting", "✓ done", "✗ failed"]


def test_the_totals() -> None:
    assert after(*WHOLE_STUDY, max_trials=50).totals(12) == (
        "trials 5/50 · done 1 · stopped 1 · failed 2 · waiting 1 · best 0.125 (#4 at step 1, 2 s ago) · elapsed 6:33"
    )


def test_running_trials_come_first_and_those_without_room_are_counted() -> None:
    events: list[Event] = [created(), session(), *(started(number) for number in range(5))]
    picture = after(*events, observed(0, 1, 0.5), ended(0, TrialState.COMPLETED))
    assert picture.columns(5)[0].cells == ["1", "2", "3", "4", "0"]
    assert "2 more running" in picture.totals(2)
    assert "more running" not in picture.totals(4)


def test_a_study_without_trials_has_empty_columns() -> None:
    picture = after(created(), session())
    assert picture.columns(12)[0].cells == []
    assert picture.totals(12).startswith("trials 0 · elapsed 0:0")


def test_hyperparameters_that_are_in_no_space_have_columns_too() -> None:
    events: list[Event] = [created(names=("lr",), constant=("seed",)), session()]
    given = {"lr": 0.5, "seed": 5, "momentum": 0.25}
    picture = after(*events, started(0, cause="given", config=given), started(1, config={"lr": 0.25, "seed": 5}))
    titles = {column.title: column.cells for column in picture.columns(12)}
    assert titles["momentum"] == ["0.25", ""]
    assert "seed" not in titles
