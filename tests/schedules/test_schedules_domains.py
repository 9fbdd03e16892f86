from __future__ import annotations

import json

import numpy as np
import pytest

from rung import schedules
from rung.errors import SettingError, SpaceError
from rung.schedules import domain, from_config
from rung.space import Space, loguniform, uniform

DOMAIN = domain(
    peak=loguniform(1e-3, 1),
    warmup=uniform(0, 0.2),
    decay=["cosine", "1-sqrt", "constant"],
    final=loguniform(1e-3, 0.1),
    stable=[0.0, 0.5],
)


def test_it_becomes_ordinary_dimensions() -> None:
    space = Space({"batch_size": [32, 64], "lr": DOMAIN, "momentum": 0.9}, conditions={"momentum": ("batch_size", 32)})
    assert space.names == (
        "batch_size",
        *(f"lr.{part}" for part in ("peak", "warmup", "decay", "stable", "final", "horizon")),
        "momentum",
    )
    assert Space.from_json(json.loads(json.dumps(space.to_json()))) == space
    assert {name: str(whens[0]) for name, whens in space.conditions.items()}.keys() == {
        "lr.stable",
        "lr.final",
        "momentum",
    }


def test_every_config_is_a_schedule() -> None:
    space, rng = Space({"lr": DOMAIN}), np.random.default_rng(0)
    seen = set()
    for _ in range(50):
        config = space.sample(rng)
        schedule = from_config(config).resolve(1000)
        rates = schedule(range(1001))
        assert rates.max() == pytest.approx(config["lr.peak"])
        assert rates[0] == (0 if round(config["lr.warmup"] * 1000) else config["lr.peak"])
        is_constant = config["lr.decay"] == "constant"
        assert rates[1000] == pytest.approx(config["lr.peak"] * (1 if is_constant else config["lr.final"]))
        assert ("lr.final" in config) == ("lr.stable" in config) == (not is_constant)
        assert schedules.from_json(schedule.to_json()) == schedule
        seen.add(config["lr.decay"])
    assert seen == {"cosine", "1-sqrt", "constant"}


def test_the_values_mean_what_they_say() -> None:
    config = {
        "rate.peak": 0.3,
        "rate.warmup": 0.2,
        "rate.decay": "linear",
        "rate.stable": 0.5,
        "rate.final": 0.1,
        "rate.horizon": "full",
    }
    assert from_config(config, "rate").resolve(20)(range(21)) == pytest.approx(
        [0, 0.075, 0.15, 0.225, *([0.3] * 8), *(0.3 * (1 - 0.9 * t / 8) for t in range(9))]
    )


def test_defaults_and_single_values() -> None:
    space = Space({"lr": domain(peak=0.3, decay="cosine", horizon="rung")})
    config = space.sample(np.random.default_rng(0))
    assert config["lr.horizon"] == "rung"
    assert from_config(config).resolve(10)(range(11)) == pytest.approx((0.3 * schedules.cosine(10))(range(11)))
    assert space.conditions == {}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"peak": 0.3, "decay": []}, "no decay to choose from"),
        ({"peak": 0.3, "decay": ["cosine", "cubic"]}, "no decay 'cubic'"),
        ({"peak": 0.3, "warmup": uniform(0, 1)}, "warmup=1.0 makes no schedule.*below 1"),
        ({"peak": 0.3, "warmup": uniform(-0.1, 0.1)}, r"warmup=-0\.1 makes no schedule"),
        ({"peak": 0.3, "stable": [0.5, 1.5]}, r"stable=1\.5 makes no schedule"),
        ({"peak": ["fast", "slow"]}, "peak='fast' makes no schedule"),
        ({"peak": 0.3, "final": 0.0, "decay": ["exponential"]}, r"final=0\.0 makes no schedule"),
        ({"peak": 0.3, "horizon": "long"}, "no horizon 'long'"),
    ],
)
def test_what_is_no_domain_of_schedules(options, why) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingError, match=why):
        domain(**options)


def test_a_config_without_one() -> None:
    with pytest.raises(SettingError, match=r"the config has no lr\.peak"):
        from_config({"lr": 0.1})
    with pytest.raises(SettingError, match=r"the config has no lr\.stable"):
        from_config({"lr.peak": 0.1, "lr.warmup": 0.0, "lr.decay": "cosine", "lr.final": 0.0})


def test_a_name_that_is_taken() -> None:
    with pytest.raises(SpaceError, match=r"two dimensions 'lr\.peak'"):
        Space({"lr.peak": uniform(0, 1), "lr": DOMAIN})
    with pytest.raises(SpaceError, match=r"two dimensions 'lr\.peak'"):
        Space({"lr": DOMAIN, "lr.peak": uniform(0, 1)})
