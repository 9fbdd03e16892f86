"""Promises about the read tables, the folder and the end."""

from __future__ import annotations

import pytest

from rung.errors import FencedError, TrialNotFoundError
from rung.events import Ended, Noted, Observed, Started, Tagged
from rung.ledger import Ledger
from rung.store.verify import verify
from rung.testing._store_samples import Promise, StorePlace, created, every_kind, sample_log
from rung.types import TrialState


def tables_say_what_a_ledger_of_the_log_says(place: StorePlace) -> None:
    lease = place.begin()
    events = every_kind()
    place.store.append(events, lease=lease)
    for store in (place.store, place.reopened()):
        assert verify(store, "lenet") == []


def tables_follow_every_single_append(place: StorePlace) -> None:
    lease = place.begin()
    ledger = Ledger()
    ledger.apply(created())
    for event in sample_log(4, 120):
        place.store.append([event], lease=lease)
        ledger.apply(event)
        assert place.store.tables.trials("lenet") == [ledger.trials[number] for number in sorted(ledger.trials)]
        row = place.store.tables.study("lenet")
        row.owner = None
        assert row == ledger.study


def tables_follow_appends_of_any_size(place: StorePlace) -> None:
    lease = place.begin()
    events = list(sample_log(5, 400))
    done = 0
    for size in (1, 7, 50, 2, 340):
        place.store.append(events[done : done + size], lease=lease)
        done += size
        assert verify(place.reopened(), "lenet") == []


def reports_come_by_trial_and_step(place: StorePlace) -> None:
    lease = place.begin()
    events = list(sample_log(6, 300))
    place.store.append(events, lease=lease)
    observed = sorted(
        (event.trial, event.step, event.at, event.metrics) for event in events if isinstance(event, Observed)
    )
    assert list(place.store.tables.reports("lenet")) == observed
    for trial in {row[0] for row in observed}:
        assert list(place.store.tables.reports("lenet", trial)) == [row for row in observed if row[0] == trial]
    assert list(place.store.tables.reports("lenet", 999)) == []


def the_last_metrics_are_those_of_the_last_reports(place: StorePlace) -> None:
    lease = place.begin()
    assert place.store.tables.last_metrics("lenet") == {}
    place.store.append(list(sample_log(6, 300)), lease=lease)
    last = {trial: metrics for trial, _, _, metrics in place.store.tables.reports("lenet")}
    for store in (place.store, place.reopened()):
        assert repr(store.tables.last_metrics("lenet")) == repr(last)


def studies_come_oldest_first(place: StorePlace) -> None:
    assert list(place.store.tables.studies()) == []
    for study in ("zoo", "alexnet", "lenet"):
        place.store.create(created(study))
    assert [row.name for row in place.reopened().tables.studies()] == ["zoo", "alexnet", "lenet"]


def one_trial_is_that_of_all(place: StorePlace) -> None:
    lease = place.begin()
    with pytest.raises(TrialNotFoundError, match=r"'lenet' has no trial 0\. It has no trials yet"):
        place.store.tables.trial("lenet", 0)
    place.store.append(every_kind(), lease=lease)
    for row in place.store.tables.trials("lenet"):
        assert repr(place.reopened().tables.trial("lenet", row.number)) == repr(row)
    with pytest.raises(TrialNotFoundError, match=r"no trial 99\. Its trials are numbered from 0 to 1"):
        place.store.tables.trial("lenet", 99)


def running_trials_are_those_of_all(place: StorePlace) -> None:
    lease = place.begin()
    assert list(place.store.tables.running("lenet")) == []
    for event in sample_log(7, 120):
        place.store.append([event], lease=lease)
        running = [row for row in place.store.tables.trials("lenet") if row.state is TrialState.RUNNING]
        assert list(place.store.tables.running("lenet")) == running
    assert list(place.reopened().tables.running("lenet")) == running


def remarks_need_a_trial_that_exists(place: StorePlace) -> None:
    lease = place.begin()
    for event in (Noted(at=0.0, trial=0, text="good"), Tagged(at=0.0, trial=0, added=("good",))):
        with pytest.raises(FencedError, match="about trial 0 can't be written"):
            place.store.append([event], lease=lease)
    assert verify(place.store, "lenet") == []


def rows_are_copies(place: StorePlace) -> None:
    lease = place.begin()
    place.store.append([Started(at=0.0, trial=0, attempt=1, config={})], lease=lease)
    study, (trial,) = place.store.tables.study("lenet"), place.store.tables.trials("lenet")
    study.counts.clear()
    study.best_loss = -1.0
    trial.checkpoints.append(None)  # type: ignore[arg-type]  # anything will do
    trial.state = TrialState.FAILED
    assert verify(place.store, "lenet") == []
    place.store.append([Ended(at=1.0, trial=0, attempt=1, state=TrialState.COMPLETED)], lease=lease)
    assert verify(place.store, "lenet") == []


def every_study_has_a_folder_of_its_own(place: StorePlace) -> None:
    names = ["lenet", "lenet/", "../lenet", "..", ".", "", "a b", "a%20b", "ä", "A" * 300, "A" * 301, "nul\0", "*?<>|:"]
    folders = [place.store.folder(name) for name in names]
    assert len(set(folders)) == len(names)
    assert {folder.parent for folder in folders} == {folders[0].parent}
    for folder in folders:
        assert folder.is_absolute()
        folder.mkdir(parents=True)
        assert folder.resolve() == folder
    assert place.store.folder("lenet") == folders[0]


def closing_twice_is_fine(place: StorePlace) -> None:
    place.begin()
    place.store.close()
    place.store.close()


PROMISES: tuple[Promise, ...] = (
    tables_say_what_a_ledger_of_the_log_says,
    tables_follow_every_single_append,
    tables_follow_appends_of_any_size,
    reports_come_by_trial_and_step,
    the_last_metrics_are_those_of_the_last_reports,
    studies_come_oldest_first,
    one_trial_is_that_of_all,
    running_trials_are_those_of_all,
    remarks_need_a_trial_that_exists,
    rows_are_copies,
    every_study_has_a_folder_of_its_own,
    closing_twice_is_fine,
)
