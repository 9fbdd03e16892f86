from __future__ import annotations

import pytest
from faulty_store import caught_by

from rung.testing._store_tables import PROMISES


def test_a_store_without_faults_keeps_every_promise():
    assert caught_by(PROMISES) == set()


def with_faulty_tables(monkeypatch, **methods):
    for name, method in methods.items():
        monkeypatch.setattr(f"rung.store.memory.MemoryTables.{name}", method)
    return caught_by(PROMISES)


def test_tables_that_lag_behind_are_caught(monkeypatch):
    from rung.store.memory import MemoryTables

    trials = MemoryTables.trials
    caught = with_faulty_tables(monkeypatch, trials=lambda tables, study: trials(tables, study)[:-1])
    assert {
        "tables_say_what_a_ledger_of_the_log_says",
        "tables_follow_every_single_append",
        "tables_follow_appends_of_any_size",
    } <= caught


def test_tables_that_give_their_own_rows_away_are_caught(monkeypatch):
    def trials(tables, study):
        return list(tables._logs[study].folded().trials.values())

    assert "rows_are_copies" in with_faulty_tables(monkeypatch, trials=trials)


def test_reports_in_the_order_of_the_log_are_caught(monkeypatch):
    def reports(tables, study, trial=None):
        rows = [event for event in tables._logs[study].events if hasattr(event, "metrics")]
        return ((row.trial, row.step, row.at, row.metrics) for row in rows if trial in {None, row.trial})

    assert "reports_come_by_trial_and_step" in with_faulty_tables(monkeypatch, reports=reports)


def test_studies_by_name_are_caught(monkeypatch):
    def studies(tables):
        return [tables.study(name) for name in sorted(tables._logs)]

    assert with_faulty_tables(monkeypatch, studies=studies) == {"studies_come_oldest_first"}


@pytest.mark.parametrize(
    "name", [lambda study: study.replace("/", "-"), lambda study: "all", lambda study: f"../{study}"]
)
def test_folders_that_mix_or_stray_are_caught(name):
    faults = {"folder": lambda good, study: good.folder("x").parent / name(study)}
    assert caught_by(PROMISES, **faults) == {"every_study_has_a_folder_of_its_own"}


def test_a_store_that_closes_once_is_caught():
    closed = []

    def close(good):
        assert good not in closed
        closed.append(good)

    assert caught_by(PROMISES, close=close) == {"closing_twice_is_fine"}


def test_metrics_of_first_reports_are_caught(monkeypatch):
    def last_metrics(tables, study):
        return {trial: metrics for trial, step, _, metrics in tables.reports(study) if step == 1}

    caught = with_faulty_tables(monkeypatch, last_metrics=last_metrics)
    assert "the_last_metrics_are_those_of_the_last_reports" in caught
