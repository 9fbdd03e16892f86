import json

from made_up_studies import ACCURACY, ERROR, reports_of, small_study, trial

from rung.analysis.configs import configs, numeric_inputs
from rung.analysis.curves import curves, overview, to_json
from rung.analysis.trajectory import trajectory
from rung.space import Float, Int
from rung.types import TrialState

SPACE = {"learning_rate": Float(0.01, 1, log=True), "batch_size": Int(32, 255)}


def test_one_curve_per_trial_in_the_order_of_numbers():
    rows, reports = small_study()
    found = curves(list(reversed(rows)), reports, goal=ERROR)
    assert [curve.trial for curve in found.curves] == list(range(8))
    assert [curve.state for curve in found.curves] == [row.state for row in rows]
    assert found.curves[0].steps == (1, 2, 3)
    assert found.curves[0].at == (10.0, 20.0, 30.0)
    assert found.curves[0].values == (0.9, 0.5, 0.3)
    assert found.curves[2].best_step == 2
    assert found.best_trial == 2


def test_reports_may_come_in_any_order():
    rows, reports = small_study()
    assert curves(rows, reports[::-1], goal=ERROR) == curves(rows, reports, goal=ERROR)


def test_reports_that_are_no_number_are_left_out():
    found = curves(*small_study(), goal=ERROR).curves
    assert (found[3].steps, found[3].values, found[3].best_step) == ((), (), None)
    assert (found[4].steps, found[4].values, found[4].best_step) == ((1,), (0.6,), 1)


def test_the_other_direction_keeps_the_values_as_reported():
    found = curves([trial(0)], reports_of(0, [0.5, 0.9, 0.9], metric="accuracy"), goal=ACCURACY)
    assert found.curves[0].values == (0.5, 0.9, 0.9)
    assert found.curves[0].best_step == 2
    assert found.best_trial == 0


def test_no_trials_and_no_values():
    assert curves([], [], goal=ERROR).best_trial is None
    empty = curves([trial(4)], [], goal=ERROR)
    assert empty.best_trial is None
    assert [curve.trial for curve in empty.curves] == [4]


def test_the_best_is_the_one_of_the_trajectory_also_among_equals():
    reports = [*reports_of(0, [0.5], at=[2]), *reports_of(1, [0.5], at=[1]), *reports_of(2, [0.5], at=[1])]
    rows = [trial(0), trial(1), trial(2)]
    assert curves(rows, reports, goal=ERROR).best_trial == trajectory(rows, reports, goal=ERROR).trial[-1] == 1


def test_an_overview_is_made_of_its_parts_and_reads_the_reports_once():
    rows, reports = small_study()
    found = overview(rows, iter(reports), goal=ERROR, space=SPACE)
    assert found.trajectory == trajectory(rows, reports, goal=ERROR)
    assert found.curves == curves(rows, reports, goal=ERROR)
    assert found.configs == configs(rows, goal=ERROR, inputs=numeric_inputs(SPACE), best_trial=2)


def test_json():
    found = to_json(overview(*small_study(), goal=ERROR, space=SPACE))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["trajectory"]["goal"] == {"metric": "error", "mode": "min"}
    assert found["trajectory"]["values"][-1] == 0.1
    assert found["curves"]["curves"][1] == {
        "trial": 1,
        "state": "stopped",
        "steps": [1],
        "at": [15.0],
        "values": [0.8],
        "best_step": 1,
    }
    assert found["configs"]["inputs"][0] == {
        "name": "learning_rate",
        "log": True,
        "low": 0.01,
        "high": 1.0,
        "categories": [],
    }
    assert found["configs"]["tried"][3] == {
        "trial": 3,
        "state": "failed",
        "inputs": [1.0, 255.0],
        "value": None,
    }
    assert {curve["state"] for curve in found["curves"]["curves"]} == {state.value for state in TrialState}
