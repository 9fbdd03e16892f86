from __future__ import annotations

import pytest

from rung.tuning.patience import Patience


def test_it_says_once_what_it_waits_for_and_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    naps: list[float] = []
    monkeypatch.setattr("rung.tuning.patience.time.sleep", naps.append)
    patience = Patience("my nets", said.append)
    for _ in range(3):
        patience.wait("no configuration waits to be tried", 0, seconds=0.2)
    patience.wait("something else is missing", 0, seconds=0.3)
    assert naps == [0.2, 0.2, 0.2, 0.3]
    first, second = said
    assert first == (
        "The study waits: no configuration waits to be tried. Give it one by `rung add 'my nets' NAME=VALUE …`, have "
        "another searcher go on by `rung edit 'my nets' --searcher tpe`, or end it by `rung stop 'my nets'`."
    )
    assert second.startswith("The study waits: something else is missing. ")


def test_it_says_it_again_after_something_came(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("rung.tuning.patience.time.sleep", lambda _: None)
    patience = Patience("nets", said.append)
    for n_trials in (0, 0, 1, 1, 2):
        patience.wait("an idea", n_trials, seconds=0.2)
    assert len(said) == 3
