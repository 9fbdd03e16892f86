"""For all tests: readable failures in the conformance suites, and no silent skips where everything must run."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest

pytest.register_assert_rewrite("rung.testing")

MUST_RUN_ALL = bool(os.environ.get("RUNG_REQUIRE_ALL"))
"""Set by continuous integration: a test that skips for want of a package fails there."""

NOT_INSTALLED = ("could not import", "not installed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return no_silent_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return no_silent_skip(report)


def no_silent_skip(report: Any) -> Any:
    if MUST_RUN_ALL and report.outcome == "skipped" and any(why in str(report.longrepr) for why in NOT_INSTALLED):
        report.outcome = "failed"
        report.longrepr = f"skipped where everything must be installed: {report.longrepr}"
    return report
