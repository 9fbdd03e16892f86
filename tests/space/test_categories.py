from __future__ import annotations

import enum
import math

import numpy as np
import pytest

from rung.errors import SpaceError
from rung.space import Choice, Constant, Ordinal


class Colour(enum.StrEnum):
    RED = "red"


class Shade(str, enum.Enum):  # noqa: UP042  # the older way, whose str() is not its value
    DARK = "dark"


def test_parts_of_the_unit_interval():
    domain = Choice(["a", "b", "c", "d"])
    assert [domain.from_unit(u) for u in (0.0, 0.25, 0.5, 0.999, 1.0)] == ["a", "b", "c", "d", "d"]
    assert [domain.to_unit(value) for value in domain.values] == [0.125, 0.375, 0.625, 0.875]
    assert domain.size == 4
    assert domain.grid(2) == ["a", "b", "c", "d"]


def test_true_and_one_are_not_confused():
    domain = Choice([True, 1, False, 0])
    assert [domain.to_unit(value) for value in (True, 1, False, 0)] == [0.125, 0.375, 0.625, 0.875]
    assert domain.validate(1) is not True
    assert domain.validate(np.bool_(True)) is True
    with pytest.raises(SpaceError, match="True is not one of 1, 2"):
        Choice([1, 2]).validate(True)
    with pytest.raises(SpaceError, match="1 is not one of True, False"):
        Choice([True, False]).validate(1)


def test_values_come_back_as_they_were_given():
    domain = Choice([1, 2.0, "x", None])
    for given, own in [(1.0, 1), (np.int8(2), 2.0), (np.str_("x"), "x"), (None, None)]:
        assert domain.validate(given) == own
        assert type(domain.validate(given)) is type(own)


def test_sequences_are_lists_in_configs_and_new_each_time():
    domain = Choice([(64, 64), [128, (1, 2)]])
    assert domain.from_unit(0.1) == [64, 64]
    assert domain.validate([128, [1, 2]]) == [128, [1, 2]]
    assert domain.validate((np.int64(64), np.int64(64))) == [64, 64]
    domain.from_unit(0.1).append(3)
    assert domain.from_unit(0.1) == [64, 64]


def test_strings_of_enums_are_strings():
    assert [type(value) for value in Choice([Colour.RED, Shade.DARK]).values] == [str, str]
    assert Choice([Colour.RED, Shade.DARK]).values == ("red", "dark")
    assert Choice(["red"]).validate(Colour.RED) == "red"


def test_a_mapping_gives_names_for_objects():
    domain = Choice({"relu": max, "gelu": min})
    assert domain.from_unit(0.9) == "gelu"
    assert domain.objects["gelu"] is min
    assert domain == Choice(["relu", "gelu"])
    assert domain.to_json() == {"type": "choice", "values": ["relu", "gelu"]}
    with pytest.raises(SpaceError, match="must be strings"):
        Choice({1: max})


def test_the_order_of_values_matters():
    assert Choice(["a", "b"]) != Choice(["b", "a"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Choice([]), "at least one value"),
        (lambda: Choice({}), "at least one value"),
        (lambda: Ordinal([]), "at least one value"),
        (lambda: Choice(["a", "b", "a"]), "'a' more than once"),
        (lambda: Choice([1, 1.0]), "1.0 more than once"),
        (lambda: Choice([[1, 2], (1, 2)]), r"\[1, 2\] more than once"),
        (lambda: Choice([math.nan]), r"nan can't stand in a config.*Give it a name"),
        (lambda: Choice([max]), "can't stand in a config"),
        (lambda: Choice([{"units": 3}]), r"can't stand in a config.*Choice\({"),
        (lambda: Choice([2**53 + 1]), r"within ±2\*\*53"),
        (lambda: Choice("adam"), r"takes a list of values, got 'adam'. Use Choice\(\['adam'\]\)"),
        (lambda: Choice(3), "takes a list of values"),
        (lambda: Choice({"a", "b"}), "got a set"),
        (lambda: Ordinal([True]), "Ordinal takes numbers and strings, got True. Use Choice"),
        (lambda: Ordinal([None]), "got None"),
        (lambda: Ordinal([[1]]), r"got \[1\]"),
        (lambda: Constant(max), "can't stand in a config"),
        (lambda: Constant(math.inf), "can't stand in a config"),
    ],
)
def test_senseless_domains_are_refused(make, message):
    with pytest.raises(SpaceError, match=message):
        make()


def test_an_unknown_value_names_the_nearest():
    with pytest.raises(SpaceError, match=r"'adm' is not one of 'sgd', 'adam'. Did you mean 'adam'\?"):
        Choice(["sgd", "adam"]).validate("adm")
    with pytest.raises(SpaceError, match=r"'2' is not one of 1, 2. Did you mean 2\?"):
        Ordinal([1, 2]).validate("2")
    with pytest.raises(SpaceError, match=r"20 is not one of 0, 1, 2, 3, 4, 5, 6, 7 and 2 more. Give a listed value"):
        Choice(list(range(10))).validate(20)


@pytest.mark.parametrize("value", [{}, {"a": 1}, [{}], [max], {1}, max, np.array([1, 2])])
@pytest.mark.parametrize("domain", [Choice(["a"]), Ordinal(["a"]), Constant("a"), Choice([[1, 2]])], ids=repr)
def test_values_of_no_json_type_are_refused(domain, value):
    with pytest.raises(SpaceError, match="is not"):
        domain.validate(value)


def test_ordinals_keep_their_order():
    domain = Ordinal([16, 32, 64, 128])
    assert domain.to_unit(16) < domain.to_unit(32) < domain.to_unit(128)
    assert domain.grid(2) == [16, 128]
    assert domain.grid(9) == [16, 32, 64, 128]
    assert domain.validate(32.0) == 32
    assert domain.size == 4


def test_a_constant_has_one_value():
    domain = Constant((1, 2))
    assert domain.size == 1
    assert domain.from_unit(0.9) == [1, 2]
    assert domain.to_unit((1, 2)) == 0.5
    assert domain.grid(3) == [[1, 2]]
    with pytest.raises(SpaceError, match=r"3 is not \[1, 2\]"):
        domain.to_unit(3)


def test_nothing_but_itself_is_near_to_an_option():
    assert Choice(["a", (1, 2)]).nearest([1, 2]) == [1, 2]
    assert Ordinal([16, 32]).nearest(32.0) == 32
    for domain in (Choice(["a", "b"]), Ordinal(["a", "b"])):
        with pytest.raises(SpaceError, match="'c' is not one of 'a', 'b'"):
            domain.nearest("c")
    assert Constant((1, 2)).nearest("anything") == [1, 2]


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        (Choice(["a", "b"]), Choice(["c", "a"]), Choice(["a", "b", "c"])),
        (Choice([1]), Choice([True, 1.0]), Choice([1, True])),
        (Choice(["a"]), Constant("b"), Choice(["a", "b"])),
        (Choice(["a"]), Ordinal(["a"]), None),
        (Ordinal([16, 32, 64]), Ordinal([32, 64]), Ordinal([16, 32, 64])),
        (Ordinal([32]), Ordinal([16, 32, 64]), Ordinal([16, 32, 64])),
        (Ordinal([16, 64]), Ordinal([32, 128]), Ordinal([16, 32, 64, 128])),
        (Ordinal([64, 16]), Ordinal([32]), None),
        (Ordinal(["s", "l"]), Ordinal(["l", "s"]), None),
        (Ordinal(["s", "l"]), Ordinal(["xl"]), None),
        (Ordinal([16, 64]), Constant(32), Ordinal([16, 32, 64])),
        (Ordinal([16, 64]), Constant("a"), None),
        (Constant("a"), Constant("b"), Choice(["a", "b"])),
        (Constant("a"), Constant("a"), Constant("a")),
        (Constant(1), Constant(1.0), Constant(1)),
        (Constant(1), Constant(True), Choice([1, True])),
        (Constant("b"), Choice(["a"]), Choice(["a", "b"])),
        (Constant(32), Ordinal([16, 64]), Ordinal([16, 32, 64])),
    ],
)
def test_unions(first, second, both):
    assert first.union(second) == both


def test_parts_of_what_has_an_order():
    domain = Ordinal(["xs", "s", "m", "l"])
    assert domain.part(0.3, 0.6) == Ordinal(["s", "m"])
    assert domain.part(0.0, 1.0) == domain
    assert domain.part(0.6, 0.6) == Ordinal(["m"])
    assert Choice(["a", "b"]).part(0.0, 0.1) == Choice(["a", "b"])
    assert Constant("a").part(0.0, 0.1) == Constant("a")
