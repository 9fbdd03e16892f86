from __future__ import annotations

import numpy as np
import pytest

from rung.errors import SpaceError
from rung.space import Choice, Constant, Float, Int, Ordinal, Space, as_domain, as_space

hp = pytest.importorskip("tensorboard.plugins.hparams.summary_v2")


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        (hp.RealInterval(0.1, 0.2), Float(0.1, 0.2)),
        (hp.IntInterval(16, 64), Int(16, 64)),
        (hp.Discrete([32, 16]), Ordinal([16, 32])),
        (hp.Discrete([0.5, 0.1]), Ordinal([0.1, 0.5])),
        (hp.Discrete(["sgd", "adam"]), Choice(["adam", "sgd"])),
        (hp.Discrete([True, False]), Choice([False, True])),
        (hp.Discrete([16, 16]), Constant(16)),
        (hp.RealInterval(0.5, 0.5), Constant(0.5)),
    ],
)
def test_domains_and_hyperparameters_with_them(domain, expected) -> None:
    assert as_domain(domain) == expected
    assert as_domain(hp.HParam("x", domain, display_name="X")) == expected


def test_both_ends_of_an_interval_belong_to_it() -> None:
    space = Space([hp.HParam("x", hp.RealInterval(0.1, 0.2)), hp.HParam("n", hp.IntInterval(1, 3))])
    assert space.decode([0.0, 0.0]) == {"x": 0.1, "n": 1}
    assert space.decode([1.0, 1.0]) == {"x": 0.2, "n": 3}


def test_lists_and_mappings_are_spaces() -> None:
    units, rate = hp.HParam("units", hp.Discrete([16, 32])), hp.HParam("rate", hp.RealInterval(0.1, 0.2))
    expected = Space({"units": Ordinal([16, 32]), "rate": Float(0.1, 0.2)})
    assert as_space([units, rate]) == as_space((units, rate)) == Space([units, rate]) == expected
    assert Space({"units": units, "rate": rate.domain}) == expected
    assert Space.from_json(Space([units, rate]).to_json()) == expected


def test_bad_input() -> None:
    with pytest.raises(SpaceError, match=r"does not say what it can be\. Give it a domain"):
        Space([hp.HParam("x")])
    with pytest.raises(SpaceError, match="there are two hyperparameters 'x'"):
        Space([hp.HParam("x", hp.IntInterval(1, 2)), hp.HParam("x", hp.IntInterval(1, 3))])
    with pytest.raises(SpaceError, match="a space is a mapping"):
        Space([hp.HParam("x", hp.IntInterval(1, 2)), "y"])


def test_what_merely_has_values_is_none() -> None:
    pandas = pytest.importorskip("pandas")
    with pytest.raises(SpaceError, match="can't be used as a domain"):
        as_domain(pandas.Series([1, 2]))
    with pytest.raises(SpaceError, match="can't be used as a domain"):
        as_domain(np.array([1, 2]))
