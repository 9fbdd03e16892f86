import pytest

from rung.errors import SpaceError
from rung.integrations.hyperas import distributions
from rung.integrations.hyperopt import hp


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("choice", ([1, 2],)),
        ("uniform", (0, 1)),
        ("loguniform", (0, 1)),
        ("quniform", (0, 4, 2)),
        ("qloguniform", (0, 4, 2)),
        ("normal", (0, 1)),
        ("qnormal", (0, 1, 0.5)),
        ("lognormal", (0, 1)),
        ("qlognormal", (0, 1, 0.5)),
        ("randint", (3,)),
        ("randint", (3, 5)),
    ],
)
def test_they_are_those_of_hp(name, arguments):
    ours = getattr(distributions, name)(*arguments).labelled("x")
    theirs = getattr(hp, name)("x", *arguments)
    assert (ours.label, ours.domain, ours.reading, ours.options) == (
        "x", theirs.domain, theirs.reading, theirs.options,
    )  # fmt: skip


def test_a_distribution_without_a_name_is_no_option():
    with pytest.raises(SpaceError, match="a parameter of its own"):
        distributions.choice([1, distributions.uniform(0, 1)])
