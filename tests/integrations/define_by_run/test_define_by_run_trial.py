"""What a trial gives is told in test_define_by_run_study.py; here is what it needs of its host."""

from rung.integrations.define_by_run import Trial


def test_a_trial_knows_its_number_before_it_asks_for_anything():
    trial = Trial(None, 3)  # type: ignore[arg-type]  # the host is not asked for anything
    assert (trial.number, trial.params) == (3, {})
