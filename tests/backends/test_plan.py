from __future__ import annotations

import tempfile

import pytest

from rung.backends._plan import Plan, read_notice, read_plan, write_plan
from rung.runtime._frames import GarbledError


def test_a_plan_can_be_read_again_and_again():
    plan = Plan(
        start="auto",
        is_script=False,
        tuner=1,
        path=["", "/with space/é"],
        argv=["x.py"],
        threads=None,
        log_bytes=5,
        grace_s=0.5,
    )
    payload = bytes(range(256)) * 5000
    with tempfile.TemporaryFile() as file:
        write_plan(file.fileno(), plan, payload)
        assert read_plan(file.fileno()) == (plan, payload)
        assert read_plan(file.fileno()) == (plan, payload)


def test_a_notice_that_is_none():
    with pytest.raises(GarbledError, match="unknown"):
        read_notice(b'{"type": "unknown"}')
