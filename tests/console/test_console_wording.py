from __future__ import annotations

import pytest
from staged_events import SCHEDULER

from rung.console import wording
from rung.rows import StudyRow
from rung.stopping import diverged, patience
from rung.types import Goal, TrialState


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.118342, "0.1183"),
        (0.0, "0"),
        (-0.5, "-0.5"),
        (1e-5, "1e-05"),
        (123456.7, "123457"),
        (-98765.4, "-98765"),
        (9999.4, "9999"),
        (2.5e12, "2.5e+12"),
        (None, "—"),
    ],
)
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123456, "0.1235"), (128, "128"), ("adam", "adam"), (True, "true"), (None, "null"), ([1, "a"], '[1, "a"]')],
)
def test_settings_read_as_they_are_written(value: object, text: str) -> None:
    assert wording.setting(value) == text
    assert wording.settings({"x": value}) == f"x={text}"


def test_a_configuration_without_anything_in_it() -> None:
    assert wording.settings({}) == "no hyperparameters"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (31.9, "0:31"), (389, "6:29"), (3722, "1:02:02"), (-1, "0:00")]
)
def test_clock(seconds: float, text: str) -> None:
    assert wording.clock(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.31, "0.3 s"), (9.9, "9.9 s"), (31.9, "0:31")])
def test_how_long_something_took(seconds: float, text: str) -> None:
    assert wording.lasted(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172800, "2 days"), (-5, "0 s")]
)
def test_roughly(seconds: float, text: str) -> None:
    assert wording.roughly(seconds) == text


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("", ""),
        ("\n  \n", ""),
        ("one line", "one line"),
        ("ValueError: no\nTraceback (most recent call last):\n  File …\nValueError: no", "ValueError: no"),
        (
            "The script ended.\nOutput:\na\ntorch.MemoryError: full",
            "torch.MemoryError: full",
        ),
        ("The process was killed.\nThe last lines of its output:\nepoch 3", "The process was killed."),
        ("RuntimeError: two\nlines", "RuntimeError: two"),
        ("rung.errors.ObjectiveError: f takes lr.\nTraceback:\nrung.errors.ObjectiveError: f takes lr.", "f takes lr."),
    ],
)
def test_headline(message: str, line: str) -> None:
    assert wording.headline(message) == line


def test_counts_follow_the_order_of_states_and_leave_out_none() -> None:
    counts = {TrialState.FAILED: 1, TrialState.COMPLETED: 20, TrialState.RUNNING: 0}
    assert wording.counted(counts) == "20 completed, 1 failed"
    assert wording.counted({}) == ""


def test_every_state_has_a_mark() -> None:
    assert set(wording.MARKS) == set(TrialState)


def test_one_is_singular() -> None:
    assert [wording.plural(count, "trial") for count in (0, 1, 2)] == ["0 trials", "1 trial", "2 trials"]


def test_a_file_is_shown_by_its_path() -> None:
    assert wording.address("sqlite:////home/ann/rung.db") == "/home/ann/rung.db"
    assert wording.address("memory") == "memory"


@pytest.mark.parametrize(
    ("searcher", "scheduler", "text"),
    [
        ({"name": "random"}, SCHEDULER, "random + asha (stopping, η=3, rungs 1 3 9 27)"),
        (
            {"name": "random"},
            {**SCHEDULER, "grace_period": "auto", "variant": "promotion"},
            "random + asha (promotion, η=3, rungs 1 3 9 27)",
        ),
        (
            {"name": "random"},
            {**SCHEDULER, "name": "hyperband", "max_t": 52},  # whose rungs are at 2, 6, 17 and 52
            "random + hyperband (stopping, η=3, up to 52)",
        ),
        (
            {"name": "random"},
            {"name": "freeze-thaw", "max_t": 52, "grace_period": 3, "reduction_factor": 1.75},
            "random + freeze-thaw (η=1.75, up to 52)",
        ),
        ({"class": "mine:Good", "seed": 1}, {"name": "basic"}, "Good + basic"),
        (None, {}, "unnamed + unnamed"),
        ({"name": "grid"}, {"name": "other", "max_t": 9}, "grid + other"),
        (
            {"name": "grid"},
            {"name": "early", "criterion": (patience(5) | diverged()).to_json(), "within": SCHEDULER},
            "grid + early (patience:5 or diverged:3; asha (stopping, η=3, rungs 1 3 9 27))",
        ),
    ],
)
def test_method(searcher: object, scheduler: object, text: str) -> None:
    row = StudyRow(
        name="s",
        goal=Goal("error"),
        seed=0,
        space={},
        searcher=searcher,
        scheduler=scheduler,
        objective=None,
        created_unix=0.0,
    )
    assert wording.method(row) == text


def test_sizes() -> None:
    counts = (0, 999, 1000, 3_400_000, 999_400_000, 12e9, 5e15)
    assert list(map(wording.size, counts)) == ["0 B", "999 B", "1.0 kB", "3.4 MB", "999 MB", "12.0 GB", "5000 TB"]


@pytest.mark.parametrize(
    ("why", "message", "words"),
    [
        ("done", "", "done"),
        ("criterion", "3 trials were begun", "done, 3 trials were begun"),
        ("budget", "the project has used 1h", "stopped, the project has used 1h"),
        ("of a newer rung", "", "of a newer rung"),
    ],
)
def test_why_a_session_ended(why: str, message: str, words: str) -> None:
    assert wording.ended(why, message) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc é 学", "a\tb\nc é 学"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;title\x07text", "text"),
        ("50 %\r100 %\x08", "50 %100 %"),
        ("\x1b", ""),
    ],
)
def test_nothing_that_a_terminal_obeys(text, shown):
    assert wording.harmless(text) == shown


@pytest.mark.parametrize(
    ("spec", "max_t"),
    [
        (SCHEDULER, 27),
        ({"name": "early", "criterion": patience(5).to_json(), "within": SCHEDULER}, 27),
        ({"name": "basic"}, None),
        ({"class": "mine:Own", "max_t": "long"}, None),
        ("unknown", None),
    ],
)
def test_how_long_a_training_may_get(spec, max_t):
    assert wording.longest_training(spec) == max_t
