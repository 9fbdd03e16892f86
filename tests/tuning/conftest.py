from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tuning_fakes import OWNER, Stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stage]:
    """Begins a session on the study ``s``; takes what ``Stage.begin`` takes.

    All sessions have one owner, so a later one on the same store begins as if the tuner of the former had been killed.
    """
    monkeypatch.setattr("rung.tuning.opening.current_owner", lambda: OWNER)

    def begin(**parts: Any) -> Stage:
        return Stage.begin(tmp_path, **parts)

    return begin


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No loop waits real time before it looks into the inbox."""
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)
