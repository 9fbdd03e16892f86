import logging
import warnings

import pytest

from rung.benchmarks.peers._silence import no_logging, silence


def test_loggers_say_nothing_and_are_as_before_afterwards(caplog):
    logger = logging.getLogger("loud")
    logger.setLevel(logging.INFO)
    with silence("loud", "root"):
        logger.critical("now")
        logging.getLogger("loud.below").warning("now")
        logging.warning("now")  # noqa: LOG015  as other packages do
    assert not caplog.records
    logger.info("later")
    logging.getLogger().warning("later")
    assert [record.message for record in caplog.records] == ["later", "later"]


def test_the_root_gets_no_handler(monkeypatch):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    with silence("root"):
        logging.error("now")  # noqa: LOG015
    assert root.handlers == []


def test_only_the_ignored_warnings_are_kept_quiet():
    with silence(ignored=[FutureWarning]):
        warnings.warn("some day", FutureWarning, stacklevel=1)
        with pytest.raises(UserWarning, match="today"):
            warnings.warn("today", stacklevel=1)
    with pytest.raises(FutureWarning, match="some day"):
        warnings.warn("some day", FutureWarning, stacklevel=1)


def test_nothing_is_logged_even_by_loggers_that_are_set_up_meanwhile(caplog):
    with no_logging():
        logging.getLogger("new").setLevel(logging.INFO)
        logging.getLogger("new").info("now")
        logging.getLogger("new").error("broken")
    logging.getLogger("new").info("later")
    assert [record.message for record in caplog.records] == ["broken", "later"]
