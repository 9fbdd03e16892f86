"""The protocol of a trial: every kind of objective under every decision, with the curves of ``objectives``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from rung.runtime.objective import Kind
from rung.testing import objectives
from rung.testing._driver import Driver, Stage, same, say
from rung.testing.objectives import STEPS
from rung.types import Action, Change, Message, Reported, Verdict

CURVES: Mapping[Kind, Any] = {
    Kind.FUNCTION: objectives.curve_function,
    Kind.TRIAL: objectives.curve_trial,
    Kind.GENERATOR: objectives.curve_generator,
    Kind.SCRIPT: (sys.executable, str(Path(__file__).with_name("curve_script.py"))),
}
_KEEPS_STATE = {Kind.TRIAL, Kind.SCRIPT}


def curve(rate: float, steps: int, *, since: int = 0, total: float = 0.0) -> dict[int, float]:
    """Step -> error of a training at one rate, after the step ``since`` at which the error was ``total``."""
    return {step: total + rate * (step - since) for step in range(since + 1, steps + 1)}


def is_continued(stage: Stage, kind: Kind) -> None:
    """It runs to its own end, each step reported once."""
    driver = stage.driver(CURVES[kind])
    driver.start()
    driver.finish()
    same(driver.curve(), curve(0.5, STEPS))
    same([report.step for report in driver.reports() if not report.waits], [])
    driver.expect_good_end()
    saved = [checkpoint.step for checkpoint in driver.checkpoints()]
    same(saved, list(range(STEPS, 0, -1)) if kind in _KEEPS_STATE else [])


def is_decided_on_at_milestones_only(stage: Stage, kind: Kind) -> None:
    """It waits where a decision is due, and at ``until``, and streams in between."""
    driver = stage.driver(CURVES[kind])
    driver.start(decide_at=(2, 40), until=5)
    driver.finish()
    same([report.step for report in driver.reports()], [1, 2, 3, 4, 5])
    same([report.step for report in driver.reports() if report.waits], [2, 5])


def is_stopped(stage: Stage, kind: Kind) -> None:
    """It ends at the step at which it is stopped, in good order."""
    _ends_at_three(stage.driver(CURVES[kind], answer=say(Action.STOP, at=3)), kind)


def is_paused(stage: Stage, kind: Kind) -> None:
    """As being stopped, and what can be continued has left a checkpoint."""
    _ends_at_three(stage.driver(CURVES[kind], answer=say(Action.PAUSE, at=3)), kind)


def is_stopped_without_having_asked(stage: Stage, kind: Kind) -> None:
    """A stop may come at any time, and is heard at one of the next reports."""
    driver = stage.driver(CURVES[kind], answer=say(Action.STOP, at=2))
    driver.start(decide_at=(STEPS,))
    driver.finish()
    reported = driver.curve()
    same(list(reported)[:2], [1, 2])
    same(reported, curve(0.5, len(reported)))
    driver.expect_good_end()


def is_promoted(stage: Stage, kind: Kind) -> None:
    """Paused at ``until`` and started with a higher one, it ends where one that was never paused ends."""
    driver = stage.driver(CURVES[kind])
    driver.start(until=3)
    driver.finish()
    same(driver.curve(), curve(0.5, 3))
    driver.expect_good_end()
    driver.start(attempt=2, until=5, last_step=3, checkpoints=driver.checkpoints())
    driver.finish()
    again = driver.curve(attempt=2)
    if kind in _KEEPS_STATE:
        same(again, curve(0.5, 5, since=3, total=1.5))
    else:  # it starts anew, and may keep to itself what has been reported before
        same({step: error for step, error in again.items() if step > 3}, curve(0.5, 5, since=3, total=1.5))
    driver.expect_good_end(attempt=2)


def is_paused_and_continued(stage: Stage, kind: Kind) -> None:
    """The same after a pause in the middle, which comes as an answer."""
    driver = stage.driver(CURVES[kind], answer=say(Action.PAUSE, at=2))
    driver.start()
    driver.finish()
    driver.start(attempt=2, last_step=2, checkpoints=driver.checkpoints(), decide_at=(5,))
    driver.finish()
    again = driver.curve(attempt=2)
    same({step: error for step, error in again.items() if step > 2}, curve(0.5, STEPS, since=2, total=1.0))


def is_copied(stage: Stage, kind: Kind) -> None:
    """Another trial starts from its checkpoint, with other hyperparameters; what leaves none is started anew."""
    driver = stage.driver(CURVES[kind])
    driver.start(until=3)
    driver.finish()
    driver.start(trial=1, rate=2.0, parent=0, checkpoints=driver.checkpoints())
    driver.finish()
    if kind in _KEEPS_STATE:
        same(driver.curve(trial=1), curve(2.0, STEPS, since=3, total=1.5))
    else:
        same(driver.curve(trial=1), curve(2.0, STEPS))


def is_changed(stage: Stage, kind: Kind) -> None:
    """A hyperparameter changed while it runs counts from the next report on."""

    def answer(report: Reported) -> Sequence[Message]:
        return [Change({"rate": 2.0}), Verdict(Action.CONTINUE, 2)] if report.step == 2 else []

    driver = stage.driver(CURVES[kind], answer=answer)
    driver.start()
    driver.finish()
    same(driver.curve(), curve(0.5, 2) | curve(2.0, STEPS, since=2, total=1.0))


def is_retried(stage: Stage, kind: Kind) -> None:
    """A run whose steps are in the log already goes through them again and beyond."""
    driver = stage.driver(CURVES[kind])
    driver.start(until=4)
    driver.finish()
    torn = driver.checkpoints()[1:]  # the newest one was lost with the process
    driver.start(attempt=2, last_step=4, checkpoints=torn)
    driver.finish()
    again = driver.curve(attempt=2)
    if kind in _KEEPS_STATE:
        same(again, curve(0.5, STEPS, since=3, total=1.5))
    same({step: error for step, error in again.items() if step > 4}, curve(0.5, STEPS, since=4, total=2.0))
    driver.expect_good_end(attempt=2)


def falls_back_on_an_older_checkpoint(stage: Stage, kind: Kind) -> None:
    """A checkpoint that is damaged on disk is passed over."""
    driver = stage.driver(CURVES[kind])
    driver.start(until=3)
    driver.finish()
    saved = driver.checkpoints()
    for checkpoint in saved[:1]:
        path = Path(checkpoint.path)
        path.write_bytes(path.read_bytes()[:-1])
    driver.start(attempt=2, last_step=3, checkpoints=saved)
    driver.finish()
    if kind in _KEEPS_STATE:
        same(driver.curve(attempt=2), curve(0.5, STEPS, since=2, total=1.0))
    same(driver.curve(attempt=2)[STEPS], 0.5 * STEPS)


def _ends_at_three(driver: Driver, kind: Kind) -> None:
    driver.start()
    driver.finish()
    same(driver.curve(), curve(0.5, 3))
    driver.expect_good_end()
    if kind in _KEEPS_STATE:
        same(driver.checkpoints()[0].step, 3)


_Decision: TypeAlias = Callable[[Stage, Kind], None]
DECISIONS: Sequence[_Decision] = (
    is_continued,
    is_decided_on_at_milestones_only,
    is_stopped,
    is_paused,
    is_stopped_without_having_asked,
    is_promoted,
    is_paused_and_continued,
    is_copied,
    is_changed,
    is_retried,
    falls_back_on_an_older_checkpoint,
)
