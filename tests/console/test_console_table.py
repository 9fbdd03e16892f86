from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from staged_events import WHOLE_STUDY, created, ended, observed, session, show, started

from known_metrics import KnownMetrics
from rung.columns import columns_of_trials
from rung.console.table import GAP, Column, cell, columns_of, columns_of_cells, fitted, note, shortened, window
from rung.console.wording import harmless
from rung.events import Decided, Event, Interrupted, Noted, Tagged
from rung.ledger import Ledger
from rung.types import Action, Goal, TrialState


def folded(*events: Event) -> Ledger:
    return show(lambda *_: None, *events)


def cells_of(ledger: Ledger, *, at: float = 400.0) -> dict[str, list[str]]:
    assert ledger.study is not None
    return {column.title: column.cells for column in columns_of(list(ledger.trials.values()), ledger.study, at=at)}


def test_the_table_of_a_study() -> None:
    assert cells_of(folded(*WHOLE_STUDY)) == {
        "#": ["0", "1", "2", "3", "4"],
        "state": ["✓ done", "■ stopped", "✗ failed", "✗ failed", "… waiting"],
        "lr": ["0.03125", "0.5", "0.9", "0.03125", "0.03125"],
        "opt": ["adam", "sgd", "sgd", "adam", "adam"],
        "step": ["3/27", "1/27", "0/27", "1/27", "1/27"],
        "error": ["0.375", "0.75", "—", "—", "★ 0.125"],
        "best@": ["0.25@2", "0.75@1", "—", "—", "0.125@1"],
        "time": ["6:30", "0:04", "0:01", "0:01", "0:02"],
        "note": ["", "rung 1: rank 2 of 2", "oom: CUDA out of memory.", "nan: error is nan at step 1", "interrupted"],
    }


def test_values_are_in_the_users_direction() -> None:
    goal = Goal("accuracy", "max")
    cells = cells_of(folded(created(goal), session(), started(0), observed(0, 1, 0.75, goal=goal)))
    assert cells["accuracy"] == ["★ 0.75"]
    assert cells["best@"] == ["0.75@1"]


def test_constants_have_no_column_and_inactive_hyperparameters_an_empty_cell() -> None:
    first = created(names=("lr", "units"), constant=("seed",))
    cells = cells_of(folded(first, session(), started(0, config={"lr": 0.5, "seed": 5})))
    assert "seed" not in cells
    assert cells["units"] == [""]


def test_what_was_pinned_on_the_way_has_a_column_where_a_trial_has_another_value() -> None:
    first, session_ = created(names=("lr",), constant=("seed",)), session()
    assert cells_of(folded(first, session_, started(0, config={"lr": 0.5, "seed": 6})))["seed"] == ["6"]
    trials = (started(0, config={"lr": 0.5, "seed": 5}), started(1, config={"lr": 0.5}))
    assert "seed" not in cells_of(folded(first, session_, *trials))
    other = started(2, config={"lr": 0.5, "seed": "five"})
    assert cells_of(folded(first, session_, *trials, other))["seed"] == ["5", "", "five"]


def test_the_time_of_a_running_trial_goes_on() -> None:
    assert cells_of(folded(created(), session(), started(0, at=10.0)), at=72.0)["time"] == ["1:02"]


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([], ""),
        (
            [Decided(at=0.0, trial=0, attempt=1, step=0, action=Action.PAUSE, why="rung 1: …")],
            "told to pause: rung 1: …",
        ),
        ([Decided(at=0.0, trial=0, attempt=1, step=0, action=Action.STOP)], "told to stop"),
        ([ended(0, TrialState.FAILED, "stalled", "stalled")], "stalled"),
        ([ended(0, TrialState.STOPPED, "person")], "person"),
        ([ended(0, TrialState.COMPLETED)], ""),
        (
            [
                Interrupted(at=0.0, trial=0, attempt=1, reason="killed", message="It got SIGKILL."),
                started(0, attempt=2, until=None),
            ],
            "attempt 2",
        ),
    ],
)
def test_notes(events: list[Event], text: str) -> None:
    assert note(folded(created(), session(), started(0), *events).trials[0]) == text


def test_a_copied_trial_names_its_parent() -> None:
    ledger = folded(created(), session(), started(0), started(1, parent=0))
    assert note(ledger.trials[1]) == "from trial 0"


def test_the_window_has_the_running_trials_and_then_the_newest_others() -> None:
    events: list[Event] = [created(), session(), *(started(number) for number in range(8))]
    events += [ended(number, TrialState.COMPLETED, at=float(at)) for at, number in enumerate((5, 1, 3, 6))]
    trials = folded(*events).trials
    running = [trials[number] for number in (7, 0, 2, 4)]
    others = [trials[number] for number in (1, 3, 5, 6)]
    assert [row.number for row in window(running, others, 6)] == [0, 2, 4, 7, 6, 3]
    assert [row.number for row in window(running, others, 3)] == [2, 4, 7]
    assert [row.number for row in window([], others, 12)] == [6, 3, 1, 5]


def test_columns_leave_one_after_the_other_and_a_note_is_cut_before() -> None:
    columns = [
        Column(title="#", cells=["1"]),
        Column(title="a", cells=["xxxxx"], leaves=2),
        Column(title="b", cells=["yyyyy"], leaves=3),
        Column(title="note", cells=["n" * 20], leaves=1, least=12),
    ]

    def kept(width: int) -> list[tuple[str, int]]:
        return [(column.title, cells) for column, cells in fitted(columns, width)]

    assert kept(37) == [("#", 1), ("a", 5), ("b", 5), ("note", 20)]
    assert kept(36) == [("#", 1), ("a", 5), ("b", 5), ("note", 19)]
    assert kept(29) == [("#", 1), ("a", 5), ("b", 5), ("note", 12)]
    assert kept(28) == [("#", 1), ("a", 5), ("note", 18)]
    assert kept(22) == [("#", 1), ("a", 5), ("note", 12)]
    assert kept(15) == [("#", 1), ("note", 12)]
    assert kept(14) == [("#", 1)]
    assert kept(0) == [("#", 1)]


def test_a_note_that_is_empty_does_not_push_others_out() -> None:
    columns = [Column(title="#", cells=["1"]), Column(title="note", cells=[""], leaves=1, least=12)]
    assert [column.title for column, _ in fitted(columns, 7)] == ["#", "note"]


@given(
    texts=st.lists(st.text("ab 字é", max_size=40), min_size=1, max_size=6),
    least=st.integers(0, 20),
    width=st.integers(0, 200),
)
def test_what_stays_fits_whenever_something_can_leave(texts: list[str], least: int, width: int) -> None:
    columns = [Column(title="#", cells=["1"])]
    columns += [Column(title=f"{i}", cells=[text], leaves=i + 1, least=least) for i, text in enumerate(texts)]
    kept = fitted(columns, width)
    total = sum(cells for _, cells in kept) + GAP * (len(kept) - 1)
    assert total <= max(width, 1)
    assert kept[0][0] is columns[0]


@given(text=st.text(max_size=40), width=st.integers(1, 30))
def test_shortened_text_fits(text: str, width: int) -> None:
    short = shortened(text, width)
    assert cell_len(short) <= width
    assert short == harmless(" ".join(text.split())) or short.endswith("…")


def test_tags_have_a_column_and_the_last_remark_stands_with_the_note() -> None:
    events = [*WHOLE_STUDY, Tagged(at=0.0, trial=1, added=("good", "old"))]
    events += [Noted(at=0.0, trial=number, text="again\nwith more") for number in (0, 1)]
    cells = cells_of(folded(*events))
    assert cells["tags"] == ["", "good old", "", "", ""]
    assert cells["note"][:2] == ["again", "rung 1: rank 2 of 2 · again"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("state", "■ stopped"),
        ("number", "1"),
        ("runtime", "0:04"),
        ("tag", "good · old"),
        ("parent", ""),
        ("best", "0.75"),
        ("message", "rung 1: rank 2 of 2"),
        ("given", "false"),
    ],
)
def test_cells_of_chosen_columns(name: str, text: str) -> None:
    ledger = folded(*WHOLE_STUDY, Tagged(at=0.0, trial=1, added=("good", "old")))
    assert ledger.study is not None
    column = columns_of_trials(ledger.study, list(ledger.trials.values()), KnownMetrics({})).find(name)
    assert cell(column, ledger.trials[1]) == text


def test_columns_of_cells() -> None:
    cells = {"method": ["gp", "tpe"], "failed": [], "mean": ["0.1", "0.2"]}
    assert columns_of_cells(cells, words=("method",), least=8, leaving={"mean": 2}) == [
        Column(title="method", cells=["gp", "tpe"], least=8),
        Column(title="mean", cells=["0.1", "0.2"], justify="right", leaves=2),
    ]
