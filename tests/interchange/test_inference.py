from __future__ import annotations

import pytest

from rung.errors import SettingError
from rung.interchange.inference import check_space, infer_domain, infer_space
from rung.space import Choice, Constant, Float, Int, Space


@pytest.mark.parametrize(
    ("values", "domain"),
    [
        ([0.1, 0.5, 0.2], Float(0.1, 0.5)),
        ([0.001, 0.1], Float(0.001, 0.1, log=True)),
        ([-1.0, 1000.0], Float(-1.0, 1000.0)),
        ([16, 64], Int(16, 64)),
        ([1, 1000], Int(1, 1000, log=True)),
        ([1, 2.5], Float(1.0, 2.5)),
        ([3, 3], Constant(3)),
        (["adam", "sgd", "adam"], Choice(["adam", "sgd"])),
        ([True, False, True], Choice([True, False])),
        (["a", 1, None], Choice(["a", 1, None])),
        (["a"], Constant("a")),
        ([[1, 2], [3]], Choice([[1, 2], [3]])),
    ],
)
def test_the_smallest_domain_with_all_values(values, domain):
    assert infer_domain(values) == domain
    for value in values:
        domain.validate(value)


def test_each_domain_is_told():
    space, remarks = infer_space({"lr": [0.1, 0.5], "opt": ["a", "b"]})
    assert list(space) == ["lr", "opt"]
    assert remarks == [
        "lr: taken to be Float(0.1, 0.5), from 2 values",
        "opt: taken to be Choice(['a', 'b']), from 2 values",
    ]


def test_a_space_of_what_was_not_searched():
    space = Space({"lr": Float(0.0, 1.0), "unit": Int(1, 4)})
    check_space(space, ["unit", "lr", "more"])
    with pytest.raises(SettingError, match=r"has 'unit', which none of the results has\. Did you mean 'units'"):
        check_space(space, ["lr", "units"])
