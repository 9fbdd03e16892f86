import json
import math

from made_up_runs import made_up_runs

from rung.analysis.comparison.comparing import compare_runs


def test_a_comparison_becomes_json_without_loss_of_names():
    found = compare_runs(made_up_runs(n_seeds=2, n_evaluations=5), n_resamples=50)
    form = found.to_json()
    text = json.dumps(form, allow_nan=False)
    assert json.loads(text)["problems"][0]["methods"][0]["curve"]["mean"] == list(
        found.problems[0].methods[0].curve.mean
    )
    assert form["pairs"][0]["difference"]["low"] == found.pairs[0].difference.low
    assert not any(math.isinf(number) for number in form["grid"])
