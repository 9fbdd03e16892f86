from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from known_metrics import KnownMetrics
from rung.columns import Columns, columns_of_trials
from rung.errors import SettingError
from rung.filters import Comparison, Filter, Joined, Not, parse, select
from rung.matching import Value
from rung.rows import StudyRow, TrialRow
from rung.types import Goal, Remark, TrialState

STUDY = StudyRow(
    name="lenet",
    goal=Goal("error"),
    seed=1,
    space={"dimensions": [{"name": "lr", "type": "float"}, {"name": "opt", "type": "choice"}]},
    searcher={},
    scheduler={},
    objective=None,
    created_unix=0.0,
)
STATES = [TrialState.FAILED, TrialState.COMPLETED, TrialState.STOPPED, TrialState.COMPLETED, TrialState.RUNNING]
TRIALS = [
    TrialRow(
        number=number,
        state=STATES[number],
        config={"lr": 0.05 * number, **({"opt": "adam" if number < 3 else "sgd"} if number != 4 else {})},
        started_at=0.0,
        runtime=3600.0 * number,
        best_loss=0.1 * number if number else None,
        tags=("bad", "old") if number == 1 else (),
        notes=(Remark("the best so far", 0.0),) if number == 3 else (),
        message="RuntimeError: CUDA out of memory" if number == 0 else "",
    )
    for number in range(5)
]
METRICS = KnownMetrics({1: {"error": 0.1, "acc": 0.5}, 3: {"error": 0.3, "acc": 0.9}})


def columns() -> Columns:
    return columns_of_trials(STUDY, TRIALS, METRICS)


def passing(text: str) -> list[int]:
    return [row.number for row in select(text, TRIALS, columns())]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("lr<0.1 and state=done", [1]),
        ("lr<0.1 and state=completed", [1]),
        ("(opt=adam or opt=sgd) and not tag=bad", [0, 2, 3]),
        ("opt=adam or opt=sgd and number=3", [0, 1, 2, 3]),
        ("not opt=adam and number<4", [3]),
        ("best<=0.2", [1, 2]),
        ("best=null", [0]),
        ("best!=null", [1, 2, 3, 4]),
        ("opt!=adam", [3]),
        ("opt=null", [4]),
        ("not opt=adam", [3, 4]),
        ("runtime>2h", [3, 4]),
        ("runtime in 60min, 2h", [1, 2]),
        ("runtime>=7200", [2, 3, 4]),
        ('message~"cuda"', [0]),
        ("message ~ 'CUDA out'", [0]),
        ("note~best", [3]),
        ("number in 1,4,9", [1, 4]),
        ("opt in (sgd, rmsprop)", [3]),
        ("tag=old", [1]),
        ("tag!=old", [0, 2, 3, 4]),
        ("tag=null and note=null", [0, 2, 4]),
        ("acc>0.6", [3]),
        ("metric.error<0.2 and config.lr>0", [1]),
        ("given=true", []),
        ("given==false and number!=0", [1, 2, 3, 4]),
        ('"lr" = 0.1', [2]),
        ("not not (((number=2)))", [2]),
        ("number=2\nor\tnumber=3", [2, 3]),
    ],
)
def test_filters(text: str, numbers: list[int]) -> None:
    assert passing(text) == numbers


def test_without_a_filter_everything_passes() -> None:
    assert select(None, TRIALS, columns()) == TRIALS


@pytest.mark.parametrize(
    ("text", "at", "sentence"),
    [
        ("", 0, "The filter should have the name of a column here, not the end."),
        ("lr<", 3, "The filter should have a value here, not the end."),
        ("lr", 2, "The filter should have a comparison of 'lr' such as '=' here, not the end."),
        ("lr 0.1", 3, "The filter should have a comparison of 'lr' such as '=' here, not '0.1'."),
        ("lr=1 opt=2", 5, "The filter should have 'and' or 'or' here, not 'opt'."),
        ("lr=1)", 4, "The filter should have 'and' or 'or' here, not ')'."),
        ("(lr=1", 5, "The filter should have ')' here, not the end."),
        ("number in (1", 12, "The filter should have ')' here, not the end."),
        ("number in 1,", 12, "The filter should have a value here, not the end."),
        ("lr=1 and", 8, "The filter should have the name of a column here, not the end."),
        ("and=1", 0, "The filter should have the name of a column here, not 'and'."),
        ("opt=adam or ~", 12, "The filter should have the name of a column here, not '~'."),
        ("lr = 'abc", 5, "The filter has a quotation mark without its end."),
        ("lr!0.1", 2, "The filter has '!' without '=' behind it."),
        ("lr=1 and lrr<3", 9, "There is no column 'lrr'."),
        ("state=donee", 6, "'state' is never 'donee'."),
        ("字段=1 and lr<", 14, "The filter should have a value here, not the end."),
    ],
)
def test_what_is_not_understood_is_shown(text: str, at: int, sentence: str) -> None:
    with pytest.raises(SettingError) as caught:
        passing(text)
    said, shown, mark = caught.value.sentence.split("\n")
    assert said == sentence
    assert shown == f"  {text}"
    assert mark == f"  {' ' * at}^"
    assert caught.value.hint


def test_of_a_long_filter_the_part_around_the_mark_is_shown() -> None:
    with pytest.raises(SettingError) as caught:
        parse(f"{'number=1 or ' * 100}number=")
    _, shown, mark = caught.value.sentence.split("\n")
    assert shown.endswith("number=1 or number=")
    assert len(shown) < 80
    assert len(mark) == len(shown) + 1


@pytest.mark.parametrize("text", ["(" * 5000, "not " * 5000, "(" * 60 + "lr=1" + ")" * 60])
def test_nesting_has_an_end(text: str) -> None:
    with pytest.raises(SettingError, match="nested too deeply"):
        parse(text)


def test_a_long_filter_that_is_flat_is_fine() -> None:
    assert passing(" or ".join(["number=1"] * 5000)) == [1]


WORDS = st.text(string.ascii_letters + string.digits + "._-+*/:@#", min_size=1).filter(
    lambda word: word not in {"and", "or", "not", "in"}
)
VALUES = st.builds(Value, WORDS) | st.builds(Value, st.text(), is_quoted=st.just(True))
COMPARISONS = st.builds(
    Comparison,
    st.text() | WORDS,
    st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~"]),
    st.tuples(VALUES),
) | st.builds(Comparison, st.text(), st.just("in"), st.lists(VALUES, min_size=1, max_size=3).map(tuple))
EXPRESSIONS = st.recursive(
    COMPARISONS,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(Joined, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


def without_places(expression: Comparison | Not | Joined) -> object:
    if isinstance(expression, Not):
        return ("not", without_places(expression.inner))
    if isinstance(expression, Joined):
        return (expression.word, *map(without_places, expression.parts))
    return (expression.name, expression.operator, expression.values)


@given(EXPRESSIONS)
def test_what_is_printed_reads_back(expression: Comparison | Not | Joined) -> None:
    assert without_places(parse(str(expression)).expression) == without_places(expression)


@given(EXPRESSIONS)
def test_any_expression_selects_or_is_refused_with_a_hint(expression: Comparison | Not | Joined) -> None:
    selects_or_is_refused(Filter(str(expression), expression))


def selects_or_is_refused(found: Filter) -> None:
    try:
        rows = found.select(TRIALS, columns())
    except SettingError as error:
        said = error.hint
    else:
        said = "nothing" if set(map(id, rows)) <= set(map(id, TRIALS)) else ""
    assert said


PIECES = st.sampled_from(
    [
        *"=<~(),1!\"'\\ 字\n",
        "!=",
        "lr",
        "opt",
        "state",
        "number",
        "best",
        "in",
        "and",
        "or",
        "not",
        "0.5",
        "2h",
        "null",
        "true",
    ]
)


@given(st.lists(PIECES, max_size=12).map(" ".join) | st.lists(PIECES, max_size=12).map("".join) | st.text())
def test_any_text_selects_or_is_refused_with_a_hint(text: str) -> None:
    try:
        found = parse(text)
    except SettingError as error:
        hint = error.hint
    else:
        selects_or_is_refused(found)
        hint = "none needed"
    assert hint
