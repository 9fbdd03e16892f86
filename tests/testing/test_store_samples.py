from __future__ import annotations

from typing import get_args

import pytest

from rung.events import Event, StudyCreated
from rung.ledger import Ledger
from rung.store.owner import current_owner, is_alive
from rung.testing._store_samples import created, dead, every_kind, foreign, sample_log
from rung.types import TrialState


def folded(events):
    ledger = Ledger()
    ledger.apply(created())
    for event in events:
        ledger.apply(event)
    return ledger


def test_every_kind_is_there_and_follows():
    assert {type(event) for event in every_kind()} == set(get_args(Event)) - {StudyCreated}
    assert len(folded(every_kind()).trials) == 2


@pytest.mark.parametrize("seed", range(5))
def test_sample_logs_are_valid_repeatable_and_full_of_life(seed):
    events = list(sample_log(seed, 600))
    assert events == list(sample_log(seed, 600))
    assert len(events) == 600
    keys = [event.key for event in events]
    assert len(set(keys)) == len(keys)
    states = {trial.state for trial in folded(events).trials.values()}
    assert states >= {TrialState.COMPLETED, TrialState.STOPPED, TrialState.FAILED}
    assert len({type(event) for event in events}) == 6


def test_logs_of_two_seeds_differ():
    assert list(sample_log(1, 50)) != list(sample_log(2, 50))


def test_owners():
    assert is_alive(dead()) is False
    assert is_alive(foreign()) is None
    assert len({dead(), foreign(1), foreign(2), current_owner()}) == 4
