from __future__ import annotations

from typing import Any

import pytest

from rung.backends.inline import Inline
from rung.backends.resources import Resources
from rung.errors import SettingError
from rung.events import StudyCreated
from rung.ledger import Ledger
from rung.stopping import diverged, reached, trials
from rung.tuning.labels import Labels
from rung.tuning.starter import Limits
from rung.tuning.terms import Terms, checked_terms
from rung.types import Goal

NOTHING: dict[str, Any] = {
    "workers": None,
    "backend": None,
    "resources": None,
    "incumbent_from": "any",
    "limits": None,
    "stop": None,
    "project": None,
    "message": "",
    "tags": (),
    "project_limit": None,
}


def terms(**given: Any) -> Terms:
    return checked_terms(**{**NOTHING, **given})


def ledger(objective: Any = "m:f") -> Ledger:
    found = Ledger()
    found.apply(
        StudyCreated(study="s", space={}, goal=Goal("error"), seed=1, searcher={}, scheduler={}, objective=objective)
    )
    return found


def test_what_is_given_is_checked_and_kept() -> None:
    found = terms(workers=3, project="p", message="m", tags=["t"], project_limit="8h", stop=trials(3))
    assert found.labels == Labels(project="p", message="m", tags=("t",))
    assert (found.project_limit, found.limits, found.stop) == (8 * 3600.0, Limits(), trials(3))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"stop": 3}, r"3 is not a stop criterion.*trials\(100\)"),
        ({"stop": "trails:3"}, "there is no criterion 'trails'"),
        ({"stop": trials(3) | diverged()}, "diverged:3 can't end a study; it stops single trials.*stop_trials="),
        ({"project_limit": "long"}, "project_limit='long' is not a duration"),
        ({"workers": 0}, "workers must be a whole number, at least 1, not 0"),
        ({"workers": True}, "workers must be .* not True"),
        ({"workers": 2, "backend": Inline()}, "both workers and backend"),
        ({"resources": Resources(memory="1GB"), "backend": Inline()}, "both resources and backend"),
        ({"resources": {"gpus": "all"}}, "are none. Write rung.Resources"),
    ],
)
def test_what_has_no_meaning(given: Any, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        terms(**given)


def test_settings_say_how_to_go_on() -> None:
    found = terms(
        workers=2, stop=reached(0.1) | trials(9), project_limit=60, resources=Resources(gpus="0,1", gpus_per_trial=0.5)
    )
    settings = found.settings(Limits(max_trials=20, trial_seconds=5), ledger(), objective="m:f")
    limits = settings.pop("limits")
    assert limits["trial_seconds"] == 5
    assert "max_trials" not in limits
    assert settings == {
        "max_trials": 20,
        "workers": 2,
        "incumbent_from": "any",
        "stop": (reached(0.1) | trials(9)).to_json(),
        "project_limit": 60.0,
        "resources": {"gpus": ["0", "1"], "gpus_per_trial": 0.5},
    }


def test_what_is_wanted_of_one_run_comes_before_the_limits_of_all() -> None:
    every = terms(limits=Limits(max_trials=9, seconds=60.0, max_kills=2))
    assert every.limited(new_trials=0, max_trials=None, seconds=5.0) == Limits(
        new_trials=0, max_trials=9, seconds=5.0, max_kills=2
    )


def test_settings_have_the_smaller_total() -> None:
    for limits, total in (
        (Limits(new_trials=3), 5),
        (Limits(new_trials=3, max_trials=4), 4),
        (Limits(new_trials=3, max_trials=9), 5),
    ):
        assert terms().settings(limits, ledger(), objective=None, n_given=2)["max_trials"] == total


def test_settings_name_the_objective_where_it_is_another_one_than_at_first() -> None:
    assert "objective" not in terms().settings(Limits(), ledger(), objective="m:f")
    assert terms().settings(Limits(), ledger(), objective="/a/m.py:f")["objective"] == "/a/m.py:f"


def test_the_tally_counts_what_the_criterion_needs() -> None:
    assert terms().tally().standing(ledger(), 0.0).costs == {}
    from rung.stopping import cost

    assert terms(stop=cost(1, metric="hours")).tally().standing(ledger(), 0.0).costs == {"hours": 0.0}
