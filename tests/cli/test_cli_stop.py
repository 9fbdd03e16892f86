from __future__ import annotations

from typing import Any

import pytest

from rung.cli._options import UsageProblem
from rung.cli._stop import parse_stop
from rung.stopping import (
    Scope,
    cost,
    diverged,
    epochs,
    gain_below,
    median,
    patience,
    percentile,
    reached,
    seconds,
    stalled,
    trials,
    unpromising,
)


@pytest.mark.parametrize(
    ("texts", "criterion"),
    [
        (["trials:100"], trials(100)),
        (["epochs:7"], epochs(7)),
        (["seconds:2h"], seconds(7200)),
        (["seconds:90"], seconds(90)),
        (["cost:10:per_hour=2.5"], cost(10, per_hour=2.5)),
        (["cost:10:metric=gpu_hours"], cost(10, metric="gpu_hours")),
        (["reached:-0.5"], reached(-0.5)),
        (["reached:1e-3"], reached(0.001)),
        (["patience:10"], patience(10)),
        (["patience:10:min_improvement=0.01"], patience(10, min_improvement=0.01)),
        (["reached:0.1", "trials:100", "epochs:3"], reached(0.1) | trials(100) | epochs(3)),
        (["trials:20,patience:10"], trials(20) & patience(10)),
        ([" trials:20, patience:10 "], trials(20) & patience(10)),
        (["trials:20,patience:10", "reached:0.1"], trials(20) & patience(10) | reached(0.1)),
        (
            ["stalled:epochs=500", "stalled:seconds=2h:min_improvement=0.1"],
            stalled(epochs=500) | stalled(seconds=7200, min_improvement=0.1),
        ),
        (["gain_below:0.01", "gain_below:1:trials=3"], gain_below(0.01) | gain_below(1, trials=3)),
        ([], None),
    ],
)
def test_texts_become_criteria(texts: list[str], criterion: Any) -> None:
    assert parse_stop(texts) == criterion


@pytest.mark.parametrize(
    "criterion",
    [
        trials(100), epochs(7), seconds(7200), cost(10, per_hour=2.5), cost(3, metric="m"), reached(0.1), patience(3),
        patience(3, min_improvement=0.5), trials(20) & patience(10), stalled(epochs=3),
        stalled(seconds=90, min_improvement=0.5), gain_below(0.25), gain_below(0.25, trials=3),
    ],
)  # fmt: skip
def test_the_text_of_a_criterion_is_read_again(criterion: Any) -> None:
    assert parse_stop([str(criterion)]) == criterion


@pytest.mark.parametrize(
    ("texts", "criterion"),
    [
        (["patience:5,epochs:20", "diverged"], patience(5) & epochs(20) | diverged()),
        (["diverged:10"], diverged(10)),
        (["median"], median()),
        (["median:grace_period=3:min_trials=9"], median(grace_period=3, min_trials=9)),
        (["percentile:25", "percentile:75:min_trials=3"], percentile(25) | percentile(75, min_trials=3)),
        (["unpromising:27"], unpromising(27)),
        (["unpromising:27:probability=0.1"], unpromising(27, probability=0.1)),
    ],
)
def test_texts_become_criteria_of_trials(texts: list[str], criterion: Any) -> None:
    found = parse_stop(texts, option="--stop-trial", scope=Scope.TRIAL)
    assert found == criterion
    assert parse_stop(str(found).split(" or "), scope=Scope.TRIAL) == criterion


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("trials:3", "--stop-trial 'trials:3': trials:3 can't stop a single trial; it ends a study.", "or --stop."),
        ("patience:3,trials:3", "trials:3 can't stop a single trial", "or --stop."),
        ("meadian", "there is no criterion 'meadian'.", "Did you mean median? Write epochs:N"),
        ("median:50", "median takes no value, and each option once.", "Write median[:grace_period=N]"),
        ("diverged:2:3", "diverged takes one value, and each option once.", "Write diverged[:FACTOR]."),
        ("diverged:1", "diverged must be a finite number, above 1, not 1.0.", "Write diverged[:FACTOR]."),
        ("unpromising", "unpromising takes one value, and each option once.", "Write unpromising:MAX_T"),
        ("percentile:101", "percentile must be a number, at least 0 and at most 100, not 101.0.", "Write percentile:Q"),
    ],
)
def test_what_is_no_criterion_of_trials(text: str, sentence: str, hint: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse_stop([text], option="--stop-trial", scope=Scope.TRIAL)
    assert sentence in caught.value.format_message()
    assert hint in caught.value.hint
    assert "gain_below" not in caught.value.hint, "what ends studies is not offered"


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("trails:3", "--stop 'trails:3': there is no criterion 'trails'.", "Did you mean trials?"),
        ("", "--stop '': there is no criterion ''.", "Write trials:N"),
        ("trials:3,", "there is no criterion ''.", "Write trials:N"),
        ("trials", "trials takes one value, and each option once.", "Write trials:N."),
        ("trials:3:4", "trials takes one value, and each option once.", "Write trials:N."),
        ("patience:3:min_improvement=1:min_improvement=2", "each option once.", "Write patience:N"),
        ("cost:3:metric=", "each option once.", "metric=NAME"),
        ("trials:x", "'trials:x' has no number where one belongs.", "Write trials:N."),
        ("trials:1.5", "has no number where one belongs.", "Write trials:N."),
        ("trials:0", "trials must be a whole number, at least 1, not 0.", "Write trials:N."),
        ("trials:3:per_hour=2", "trials has no option 'per_hour'.", "Write trials:N."),
        ("reached:nan", "reached must be a finite number, not nan.", "Write reached:VALUE."),
        ("seconds:2x", "seconds='2x' is not a duration.", "Write seconds:2h."),
        ("cost:10", "a cost has either a metric or a price.", "per_hour=PRICE or"),
        ("stalled", "stalled is counted either in epochs or in seconds.", "stalled:epochs=N or"),
        ("stalled:3", "stalled takes no value, and each option once.", "stalled:epochs=N or"),
        ("diverged", "diverged:3 can't end a study; it stops single trials.", "--stop-trial"),
        ("cost:10:per_hour=cheap", "has no number where one belongs.", "per_hour=PRICE or"),
    ],
)
def test_what_is_no_criterion(text: str, sentence: str, hint: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse_stop([text])
    assert sentence in caught.value.format_message()
    assert hint in caught.value.hint
