from __future__ import annotations

import math
from typing import Any

import pytest

from rung.columns import Column
from rung.errors import SettingError
from rung.matching import Operator, Value, matcher, seconds_in


def column(kind: Any = "any", words: tuple[str, ...] = ()) -> Column:
    return Column("c", kind, lambda row: row, words)


def matches(own: Any, operator: Operator, *texts: str, kind: Any = "any", is_quoted: bool = False) -> bool:
    return matcher(column(kind), operator, tuple(Value(text, is_quoted) for text in texts))(own)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("0.1", 0.1),
        ("-3", -3),
        ("+1e-4", 1e-4),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e999", math.inf),
        ("9" * 400, float("9" * 300 + "e100")),
        ("nan", "nan"),
        ("inf", "inf"),
        ("1_000", "1_000"),
        ("٣", "٣"),
        ("null", None),
        ("None", None),
        ("True", True),
        ("False", False),
        ("true", True),
        ("false", False),
        ("adam", "adam"),
    ],
)
def test_what_a_word_stands_for(text: str, plain: object) -> None:
    if text == "9" * 400:
        plain = math.inf
    assert Value(text).plain == plain
    assert type(Value(text).plain) is type(plain)
    assert Value(text, is_quoted=True).plain == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90.0), ("2h", 7200.0), ("1h30min", 5400.0), ("1.5d", 129_600.0), (".5m", 30.0), ("1day2h", 93_600.0)],
)
def test_durations(text: str, seconds: float) -> None:
    assert seconds_in(text) == seconds


@pytest.mark.parametrize("text", ["", "2x", "h", "2 h", "2h!", "12"])
def test_no_durations(text: str) -> None:
    assert seconds_in(text) is None


def test_equality_of_values_of_any_type() -> None:
    assert matches(1, "=", "1.0")
    assert matches(1.0, "=", "1")
    assert not matches(1, "=", "1", is_quoted=True)
    assert not matches(1, "=", "true")
    assert not matches(True, "=", "1")
    assert matches(True, "=", "true")
    assert matches("1", "=", "1")
    assert matches("true", "=", "true")
    assert matches([1, 2], "=", "[1, 2]", is_quoted=True)
    assert not matches(math.nan, "=", "nan")
    assert matches("adam", "in", "1", "adam")
    assert not matches("adam", "in", "1", "null")
    assert matches(None, "in", "1", "null")


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">=", "~"])
def test_what_is_missing_matches_nothing_but_null(operator: Operator) -> None:
    assert not matches(None, operator, "1")


def test_null() -> None:
    assert matches(None, "=", "null")
    assert not matches(None, "!=", "null")
    assert matches(0, "!=", "null")


def test_order_is_that_of_numbers_only() -> None:
    assert matches(1, "<", "2")
    assert not matches("1", "<", "2")
    assert not matches(True, "<", "2")
    assert not matches(math.nan, "<", "2")
    assert matches(2.0, "<=", "2")
    assert matches(3, ">", "2")
    assert matches(2, ">=", "2")


def test_several_texts() -> None:
    tags = ("good", "Old")
    assert matches(tags, "=", "good", kind="several")
    assert not matches(tags, "!=", "good", kind="several")
    assert matches((), "!=", "good", kind="several")
    assert matches((), "=", "null", kind="several")
    assert matches(tags, "~", "OL", kind="several")


def test_dates_and_durations() -> None:
    from datetime import datetime

    noon = datetime.fromisoformat("2026-11-20T12:00").astimezone().timestamp()
    assert matches(noon, ">", "2026-11-20", kind="moment")
    assert not matches(noon, ">=", "2026-11-20T12:00:01", kind="moment")
    assert matches(3600.0, "=", "1h", kind="duration")
    assert matches(3600.0, "=", "3600", kind="duration")


@pytest.mark.parametrize(
    ("kind", "operator", "text", "sentence"),
    [
        ("number", "=", "abc", "'c' is a number, not 'abc'. Write it like 0.1."),
        ("any", "<", "abc", "'<' compares numbers, and 'abc' is none. Write a number such as 0.1."),
        ("text", "<", "3", "'c' is no number, so '<' means nothing for it"),
        ("flag", "=", "1", "'c' is true or false, not '1'. Use c=true."),
        ("duration", ">", "2x", "'>' compares numbers, and '2x' is none. Write a duration such as 90s or 2h."),
        ("moment", "=", "yesterday", "'c' is a date, not 'yesterday'. Write it like 2026-11-20"),
        ("moment", "<", "2026", "Write a date such as 2026-11-20"),
    ],
)
def test_what_makes_no_sense_is_refused(kind: str, operator: Operator, text: str, sentence: str) -> None:
    with pytest.raises(SettingError) as caught:
        matches(1.0, operator, text, kind=kind)
    assert sentence in str(caught.value)


def test_a_column_of_few_words_knows_them() -> None:
    states = column("text", ("completed", "failed"))
    assert matcher(states, "=", (Value("done"),))("completed")
    with pytest.raises(SettingError, match=r"'c' is never 'fialed'. Did you mean 'failed'\?"):
        matcher(states, "=", (Value("fialed"),))
    with pytest.raises(SettingError, match=r"'c' is never 'x'. There are: completed, failed."):
        matcher(states, "in", (Value("failed"), Value("x")))
    own_done = column("text", ("done", "running"))
    assert matcher(own_done, "=", (Value("done"),))("done")
