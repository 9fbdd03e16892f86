from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from rung import Study, Tuner, schedules
from rung._trial import Trial
from rung.errors import SettingError, SpaceError
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.schedules import Epochs, Schedule, domain, from_config, from_json, from_trial
from rung.searchers.random import RandomSearcher
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


def trained(
    horizon: str, variant: str, total: Any = 36, steps_per_epoch: float | None = 4
) -> tuple[Study, list[tuple[int, int | None, Schedule]]]:
    """A study of trainings of 9 epochs, and the trial, rung and schedule of each run."""
    seen = []

    def train(trial: Trial) -> None:
        schedule = from_trial(trial, "lr", total_steps=total, steps_per_epoch=steps_per_epoch)
        seen.append((trial.number, trial.until, schedule))
        for _ in trial.epochs(9):
            trial.report(error=trial.config["lr.peak"])

    space = {"lr": domain(peak=loguniform(1e-3, 1), warmup=0.25, decay="linear", horizon=horizon)}  # type: ignore[arg-type]
    if variant == "none":
        scheduler: Any = BasicScheduler(RandomSearcher(space))
    else:
        scheduler = ASHA(RandomSearcher(space), max_t=9, grace_period=1, variant=variant)  # type: ignore[arg-type]
    return Tuner(train, scheduler, metric="error", seed=0).run(max_trials=9), seen


@pytest.mark.parametrize("total", [36, Epochs(9)])
def test_the_schedule_of_a_full_training_is_the_same_on_every_rung(total: Any) -> None:
    study, seen = trained("full", "promotion", total)
    assert {until for _, until, _ in seen} == {1, 3, 9}
    for trial, _, schedule in seen:
        assert schedule == from_config(study.trials[trial].config).resolve(36)


def test_the_schedule_of_a_rung_ends_there() -> None:
    study, seen = trained("rung", "promotion")
    assert {until for _, until, _ in seen} == {1, 3, 9}
    for trial, until, schedule in seen:
        assert until is not None
        assert schedule.length == 4 * until
        assert schedule == from_config(study.trials[trial].config).resolve(4 * until)


@pytest.mark.parametrize(("variant", "until"), [("stopping", 9), ("none", None)])
def test_where_nobody_knows_the_rung_it_is_the_full_training(variant: str, until: int | None) -> None:
    _, seen = trained("rung", variant)
    assert {each for _, each, _ in seen} == {until}
    assert {schedule.length for _, _, schedule in seen} == {36}


def test_no_rung_is_longer_than_the_training() -> None:
    _, seen = trained("rung", "promotion", total=20)
    assert {(until, schedule.length) for _, until, schedule in seen} == {(1, 4), (3, 12), (9, 20)}


@pytest.mark.parametrize("horizon", ["full", "rung"])
def test_the_record_keeps_the_schedule_of_the_latest_run(horizon: str) -> None:
    study, seen = trained(horizon, "promotion")
    latest = {trial: schedule for trial, _, schedule in seen}
    assert len(latest) == 9
    for trial, schedule in latest.items():
        assert study.trials[trial].config["lr.horizon"] == horizon
        kept = study.artifacts(trial)
        assert list(kept) == ["schedules/lr.json"]
        assert from_json(json.loads(kept["schedules/lr.json"].read_text())) == schedule


def test_what_is_no_horizon() -> None:
    def config(**more: Any) -> dict[str, Any]:
        return {"lr.peak": 0.1, "lr.warmup": 0.0, "lr.decay": "constant", **more}

    with pytest.raises(SettingError, match=r"the config has no lr\.horizon"):
        from_trial(_Given(config()), total_steps=10)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="there is no horizon 'long'"):
        from_trial(_Given(config(**{"lr.horizon": "long"})), total_steps=10)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="3 epochs are of unknown length"):
        from_trial(_Given(config(**{"lr.horizon": "rung"})), total_steps=10)  # type: ignore[arg-type]


class _Given:
    """What is asked of a trial, on its rung 3."""

    until = 3

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
