from __future__ import annotations

import json

from msgspec import structs

from rung.analysis.forecast import Forecast, RungForecast

HALVING = Forecast(
    rungs=(RungForecast(1, 1200.0, 1200, 1200, 1200.0), RungForecast(3, 400.4, 390, 409, 800.8)),
    trials=1200.0,
    workers=4,
    steps=2000.8,
    full_steps=3600.0,
    wall_steps=502.0,
    utilisation=0.996,
    rehearsals=2,
)


def test_in_steps() -> None:
    assert str(HALVING).splitlines() == [
        "rung  trials that reach it  steps",
        "   1  1,200                 1,200",
        "   3  400 (390 to 409)        801",
        "2,001 steps in all, 56% of what it takes to train 1,200 trials to the end",
        "as long as 502 steps one after the other, with 4 workers, busy for 100% of the time",
        "averages of 2 rehearsals with made-up values",
    ]


def test_in_hours_and_money() -> None:
    timed = structs.replace(HALVING, step_s=30.0, per_hour=2.5, workers=1, rehearsals=1, left_out=("reached:0.1",))
    assert str(timed).splitlines()[4:] == [
        "4h11min with 1 worker, busy for 100% of the time",
        "16h40min24s of training at 30s a step, which cost 41.68",
        "one rehearsal with made-up values",
        "not forecast, and may end it sooner: reached:0.1",
    ]
    assert str(structs.replace(timed, per_hour=None)).splitlines()[5] == "16h40min24s of training at 30s a step"


def test_where_nobody_knows_how_long_a_training_is() -> None:
    trainings = structs.replace(
        HALVING, has_length=False, rungs=(RungForecast(1, 20.0, 20, 20, 20.0),), trials=20.0, steps=20.0, wall_steps=5.0
    )
    assert str(trainings).splitlines()[:2] == [
        "20 trainings, each to its own end",
        "as long as 5 trainings one after the other, with 4 workers, busy for 100% of the time",
    ]
    assert "5h of training at 15min a training" in str(structs.replace(trainings, step_s=900.0))


def test_nothing_was_trained() -> None:
    empty = structs.replace(HALVING, rungs=(), trials=0.0, steps=0.0, full_steps=0.0, wall_steps=0.0)
    assert "0 steps in all, 0% of" in str(empty)


def test_as_json() -> None:
    form = json.loads(json.dumps(structs.replace(HALVING, step_s=36.0, per_hour=1.0).to_json()))
    assert form["rungs"][1] == {"step": 3, "trials": 400.4, "least": 390, "most": 409, "steps": 800.8}
    assert (form["wall_s"], form["runtime_s"], form["cost"]) == (18072.0, 72028.8, 20.008)
    assert HALVING.to_json()["wall_s"] is None
