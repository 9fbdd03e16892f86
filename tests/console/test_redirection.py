from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rung.console._redirection import LogRedirection


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("rung-test-redirection")
    logger.propagate = False
    yield logger
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()


def test_handlers_go_along_with_the_standard_streams_and_back(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outside, inside, elsewhere = io.StringIO(), io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", outside)
    before, other = logging.StreamHandler(), logging.StreamHandler(elsewhere)
    kept = logging.FileHandler(tmp_path / "log")
    for handler in (before, other, kept):
        logger.addHandler(handler)
    redirection = LogRedirection()
    monkeypatch.setattr(sys, "stderr", inside)
    redirection.begin()
    meanwhile = logging.StreamHandler()
    logger.addHandler(meanwhile)
    logger.warning("while")
    monkeypatch.setattr(sys, "stderr", outside)
    redirection.end()
    logger.warning("after")
    assert inside.getvalue() == "while\nwhile\n"
    assert outside.getvalue() == "after\nafter\n"
    assert elsewhere.getvalue() == "while\nafter\n"
    assert (tmp_path / "log").read_text() == "while\nafter\n"


def test_where_the_streams_stay_nothing_is_moved(logger: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logger.addHandler(logging.StreamHandler())
    redirection = LogRedirection()
    redirection.begin()
    redirection.end()
    logger.warning("here")
    assert stream.getvalue() == "here\n"
