from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.cli._options import UsageProblem
from rung.cli._space import parse_domains, parse_value, parse_values
from rung.space import Choice, Constant, Domain, Float, Int, Normal, Ordinal


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("x=float:0:1", Float(0, 1)),
        ("x=uniform:-1.5:.5", Float(-1.5, 0.5)),
        ("x=float:0:1:step=0.25", Float(0, 1, step=0.25)),
        ("x=log:1e-4:1", Float(1e-4, 1, log=True)),
        ("x=int:16:256", Int(16, 256)),
        ("x=int:16:256:step=16", Int(16, 256, step=16)),
        ("x=int:1e2:1e3", Int(100, 1000)),
        ("x=logint:1:1024", Int(1, 1024, log=True)),
        ("x=normal:0:1", Normal(0, 1)),
        ("x=normal:0:1:low=-2:high=2", Normal(0, 1, low=-2, high=2)),
        ("x=adam,sgd", Choice(["adam", "sgd"])),
        ("x=0,0.1,2e-1", Choice([0, 0.1, 0.2])),
        ("x=true,false,null", Choice([True, False, None])),
        ("x=choice:a:1,b:2", Choice(["a:1", "b:2"])),
        ("x=choice:adam", Choice(["adam"])),
        ("x=ordinal:16,32,64", Ordinal([16, 32, 64])),
        ("x=5", Constant(5)),
        ("x=adam", Constant("adam")),
        ("x=constant:cifar:10", Constant("cifar:10")),
        ("x=a=b", Constant("a=b")),
        ("x=-3", Constant(-3)),
    ],
)
def test_forms(text: str, domain: Domain) -> None:
    assert parse_domains([text])["x"] == domain


def test_the_order_is_that_of_the_command_line() -> None:
    assert list(parse_domains(["b=1", "a=log:1:2", "c=x,y"])) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("lr", "-s 'lr' has no name and value.", "Write NAME=KIND:LOW:HIGH"),
        ("=5", "-s '=5' has no name and value.", "Write NAME=KIND:LOW:HIGH"),
        ("lr=", "-s 'lr=' has no name and value.", "Write NAME=KIND:LOW:HIGH"),
        ("lr=lgo:1e-4:1", "-s 'lr=lgo:1e-4:1': there is no kind 'lgo'.", "Did you mean log:1e-4:1?"),
        ("lr=http://x", "-s 'lr=http://x': there is no kind 'http'.", "write constant:http://x."),
        ("lr=log:1", "-s 'lr=log:1': it has 1 numbers where 2 belong.", "Write log:LOW:HIGH[:step=S]."),
        ("lr=log:1:2:3", "-s 'lr=log:1:2:3': it has 3 numbers where 2 belong.", "Write log:LOW:HIGH[:step=S]."),
        ("lr=log:a:2", "-s 'lr=log:a:2': 'a' is not a number.", "Write log:LOW:HIGH"),
        ("lr=log:true:2", "-s 'lr=log:true:2': 'true' is not a number.", "Write log:LOW:HIGH"),
        ("n=int:1:9:stop=2", "-s 'n=int:1:9:stop=2': it has no option 'stop'.", "Write int:LOW:HIGH[:step=S]."),
        ("n=int:1:9:step=x", "-s 'n=int:1:9:step=x': 'x' is not a number.", "Write int:LOW:HIGH"),
        ("n=int:0.5:9", "-s 'n=int:0.5:9': low must be an integer, got 0.5.", "[:step=S], with whole numbers, LOW"),
        ("lr=log:1:0.1", "-s 'lr=log:1:0.1': Float needs low <= high", "Write log:LOW:HIGH[:step=S], with LOW above"),
        ("lr=log:0:1", "-s 'lr=log:0:1': a log scale needs low > 0", "Write log:LOW:HIGH[:step=S], with LOW above 0"),
        ("n=logint:0:9", "-s 'n=logint:0:9': a log scale needs low > 0", "Write logint:LOW:HIGH[:step=S], with whole"),
        ("x=normal:0:0", "-s 'x=normal:0:0': Normal needs std > 0", "Write normal:MEAN:STD[:low=L][:high=H], with STD"),
        ("lr=1e-4..1", "-s 'lr=1e-4..1': '1e-4..1' is no range.", "float:1e-4:1 or log:1e-4:1; as a text, const"),
        ("n=16..256", "-s 'n=16..256': '16..256' is no range.", "Write int:16:256 or logint:16:256; as a text"),
        ("x=0:1", "-s 'x=0:1': '0:1' is no range.", "Write int:0:1; as a text, constant:0:1."),
        ("x=0.0:1.0", "-s 'x=0.0:1.0': '0.0:1.0' is no range.", "Write float:0.0:1.0; as a text"),
        ("opt=a,,b", "-s 'opt=a,,b': it has an empty value.", "Separate the values by single commas"),
        ("opt=a,a", "-s 'opt=a,a': Choice has 'a' more than once.", "List each value once."),
        ("x=normal:0:1:low=3:high=2", "-s 'x=normal:0:1:low=3:high=2': Normal needs low < high", "with STD above 0"),
    ],
)
def test_what_is_wrong_is_said_with_what_would_be_right(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageProblem, match="-s ") as caught:
        parse_domains([text])
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_name_that_is_given_twice() -> None:
    with pytest.raises(UsageProblem, match="'lr' is given twice"):
        parse_domains(["lr=1", "lr=2"])


def test_values() -> None:
    assert parse_values(["lr=0.5", "n=3", "opt=a=b", "bias=true", "x="], "--init") == {
        "lr": 0.5,
        "n": 3,
        "opt": "a=b",
        "bias": True,
        "x": "",
    }
    with pytest.raises(UsageProblem, match="--init 'lr' has no name and value"):
        parse_values(["lr"], "--init")


@given(value=st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_python_writes_them(value: float) -> None:
    read = parse_value(repr(value))
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "0x10", "1e", "e5", "--", "True", ".", "１"])
def test_what_only_resembles_a_number_is_a_text(text: str) -> None:
    assert parse_value(text) == text
