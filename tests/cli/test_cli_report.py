"""``rung report`` outside a study; within one it is tested with the processes that run it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from rung.cli.main import main
from rung.cli.report import report
from rung.runtime.wire import ATTEMPT, SOCKET, TOKEN, TRIAL


def test_outside_a_study_it_says_so_and_does_nothing():
    done = CliRunner().invoke(report, ["error=0.1", "loss=2", "--step", "3"], env={SOCKET: None})
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "rung: no study runs this script, so nothing is reported.\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["error"], "'error' is not a metric"),
        (["=1"], "'=1' is not a metric"),
        (["error="], "'error=' is not a metric"),
        (["error=1,5"], "name=number"),
        (["error=1", "--step", "0"], "0 is not in the range"),
        (["error=1", "--step", "x"], "not a valid integer"),
        ([], "Missing argument"),
    ],
)
def test_what_is_no_report_is_a_usage_error(words, says):
    done = CliRunner().invoke(main, ["report", *words])
    assert done.exit_code == 2
    assert says in done.stderr


def test_a_tuner_that_is_gone_asks_the_script_to_end(tmp_path):
    environ = {SOCKET: str(tmp_path / "s"), TRIAL: "0", ATTEMPT: "1", TOKEN: "x"}
    done = CliRunner().invoke(main, ["report", "error=1"], env=environ)
    assert done.exit_code == 10
    assert "the tuner is gone" in done.stderr
