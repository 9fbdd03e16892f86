"""How a benchmark is shown while it runs."""

from __future__ import annotations

import io
import json

import pytest
from msgspec import structs

from rung.analysis.comparison.runs import Budget, Point, Run
from rung.benchmarks.runner import Standing
from rung.cli._bench_progress import failure_text, shown, standing_text
from rung.types import Goal

RUN = Run(
    problem="branin",
    method="tpe",
    seed=3,
    goal=Goal("value"),
    budget=Budget("evaluations", 2),
    points=(Point(2, 2, 5.0, 0.02, 0.2, 17.5),),
    cpu_s=0.25,
)
FAILED = structs.replace(RUN, problem="mixed", method="gp", seed=0, points=(), failed="It \x1b[1mcrashed.")


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("standing", "text"),
    [
        (Standing(240, 0), "0/240 runs, time left unknown"),
        (Standing(1, 1), "1/1 run"),
        (
            Standing(240, 100, finished=17, failed=1, running=2, elapsed_s=6.8, cpu_s=51, left_s=49),
            "117/240 runs, 1 failed, 2 running, 2.5 runs/s, CPU 0:51, 0:49 left",
        ),
        (Standing(2, 0, finished=2, elapsed_s=400, cpu_s=800, left_s=0.0), "2/2 runs, 0.005 runs/s, CPU 13:20"),
    ],
)
def test_how_far_it_is(standing: Standing, text: str) -> None:
    assert standing_text(standing) == text


def test_plain_lines_come_now_and_then_and_for_failures() -> None:
    out = io.StringIO()
    with shown("auto", out) as show:
        assert show is not None
        show(Standing(9, 0), None)
        for second in range(1, 9):
            show(Standing(9, 0, finished=second, elapsed_s=second), RUN)
        show(Standing(9, 0, finished=8, failed=1, elapsed_s=8.5), FAILED)
        show(Standing(9, 0, finished=8, elapsed_s=10.5), None)
        show(Standing(9, 0, finished=9, elapsed_s=11.0), RUN)
    lines = out.getvalue().splitlines()
    assert [line.split(",")[0].split(maxsplit=1)[1] for line in lines] == [
        "0/9 runs",
        f"{failure_text(FAILED)}".replace("\x1b[1m", ""),
        "8/9 runs",
        "9/9 runs",
    ]
    assert lines[1].startswith("   0:08  failed: gp on mixed with seed 0: It crashed.")


def test_json_lines() -> None:
    out = io.StringIO()
    with shown("json", out) as show:
        assert show is not None
        show(Standing(2, 1), None)
        show(Standing(2, 1, running=1), None)
        show(Standing(2, 1, finished=1, left_s=None), FAILED)
    first, run = map(json.loads, out.getvalue().splitlines())
    assert first == {"type": "benchmark", "runs": 2, "there": 1}
    assert (run["type"], run["method"], run["best"], run["why"]) == ("run", "gp", None, "It \x1b[1mcrashed.")
    assert (run["finished"], run["left_s"]) == (1, None)


def test_a_line_is_kept_up_to_date_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Terminal()
    with shown("auto", out) as show:
        assert show is not None
        show(Standing(2, 0, finished=1, failed=1), FAILED)
        show(Standing(2, 0, finished=2, failed=1), RUN)
    text = out.getvalue()
    assert "failed: gp on mixed with seed 0: It crashed." in text
    assert "2/2 runs, 1 failed" in text
    assert "\x1b[2K" in text  # a line was written over


def test_a_terminal_that_cannot_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    out = Terminal()
    with shown("auto", out) as show:
        assert show is not None
        show(Standing(2, 0), None)
    assert out.getvalue() == "   0:00  0/2 runs, time left unknown\n"


def test_nothing_is_shown_when_off() -> None:
    with shown("off", io.StringIO()) as show:
        assert show is None


def test_output_that_cannot_be_written_ends_the_show_alone() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with shown("plain", Full()) as show:
        assert show is not None
        show(Standing(2, 0), None)
        show(Standing(2, 0, finished=1), RUN)
