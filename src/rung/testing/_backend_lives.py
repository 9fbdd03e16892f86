"""The life of runs and of a backend: starting, stopping by force, what is alive, what is delivered when."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from rung.testing import objectives
from rung.testing._driver import Driver, Stage, same, say
from rung.types import Action, Exited, Handle, Launched, Logged, Message, Remarked, Reported, Saved, Verdict


def a_job_arrives_whole(stage: Stage) -> None:
    """The trial is what the job says."""
    driver = stage.driver(objectives.looks_around)
    config = {"rate": 0.25, "depth": 3, "wide": True, "kind": "adam", "nothing": None, "sizes": [1, 2.5]}
    job = driver.start(trial=3, attempt=2, config=config, seed=12345, until=7, decide_at=())
    driver.finish()
    same(driver.exit(3, 2).message, "")
    same(driver.curve(3, 2), {1: 0.25})
    same((Path(job.folder) / "note.txt").read_text(), "here")


def a_returned_value_is_a_report(stage: Stage) -> None:
    """It is the only one, and waits as any other."""
    driver = stage.driver(objectives.returns_rate)
    driver.start()
    driver.finish()
    same([(report.step, report.metrics, report.waits) for report in driver.reports()], [(1, {"error": 0.5}, True)])


def a_returned_value_has_the_step_that_was_asked_for(stage: Stage) -> None:
    """A function that is told how long to train gives the value of that step."""
    driver = stage.driver(objectives.returns_length)
    driver.start(until=4)
    driver.finish()
    same([(report.step, report.metrics) for report in driver.reports()], [(4, {"error": 0.5, "epochs": 4.0})])


def a_returned_value_is_one_more_report_if_it_differs(stage: Stage) -> None:
    """What was reported last and is returned again counts once; another value is one more report."""
    driver = stage.driver(objectives.returns_other_value)
    driver.start()
    driver.finish()
    same(driver.curve(), {1: 0.5, 2: 1.0})


def a_generator_may_keep_checkpoints(stage: Stage) -> None:
    """A generator over ``trial.epochs`` saves before it ends, and goes on from there."""
    driver = stage.driver(objectives.yields_epochs, answer=say(Action.PAUSE, at=2))
    driver.start()
    driver.finish()
    same([checkpoint.step for checkpoint in driver.checkpoints()], [2, 1])
    driver.start(attempt=2, rate=2.0, last_step=2, until=4, checkpoints=driver.checkpoints())
    driver.finish()
    same(driver.curve(attempt=2), {3: 3.0, 4: 5.0})


def a_checkpoint_follows_its_report(stage: Stage) -> None:
    """Report and checkpoint of an epoch come before those of the next."""
    driver = stage.driver(objectives.curve_trial)
    driver.start(decide_at=(), until=3)
    driver.finish()
    told = [
        (type(fact).__name__, fact.checkpoint.step if isinstance(fact, Saved) else fact.step)
        for fact in driver.facts
        if isinstance(fact, Saved | Reported)
    ]
    same(told, [(name, step) for step in (1, 2, 3) for name in ("Reported", "Saved")])


def artifacts_and_notes_are_told_in_order(stage: Stage) -> None:
    """What a trial keeps and what it remarks arrives between the reports it was said between."""
    driver = stage.driver(objectives.leaves_things)
    job = driver.start(decide_at=())
    driver.finish()
    driver.expect_good_end()
    told = [type(fact).__name__ for fact in driver.facts if not isinstance(fact, Launched | Exited)]
    same(told, ["Reported", "Logged", "Logged", "Remarked", "Reported"])
    old, new = (fact.artifact for fact in driver.facts if isinstance(fact, Logged))
    same((old.name, old.path, new.name, new.step), (new.name, new.path, "models/best.bin", 1))
    same(Path(new.path), Path(job.folder) / "artifacts" / "models" / "best.bin")
    kept = Path(new.path).read_bytes()
    same((kept, new.size, new.sha256), (b"new", 3, hashlib.sha256(kept).hexdigest()))
    same([fact.text for fact in driver.facts if isinstance(fact, Remarked)], ["it went well"])


def smaller_batches_go_on_from_a_checkpoint(stage: Stage) -> None:
    """A trial that runs out of memory twice reports and saves every epoch once, as if nothing had happened."""
    driver = stage.driver(objectives.fits_only_small_batches)
    driver.start()
    driver.finish()
    driver.expect_good_end()
    same(driver.curve(), {step: 0.5 * step for step in range(1, objectives.STEPS + 1)})
    same([checkpoint.step for checkpoint in driver.checkpoints()], list(range(objectives.STEPS, 0, -1)))
    same(
        [fact.text for fact in driver.facts if isinstance(fact, Remarked)],
        [f"out of memory with batch size {size}, goes on with {size // 2}" for size in (64, 32)],
    )


def reports_stream_in_order(stage: Stage) -> None:
    """All of very many reports arrive once and in order, before the end."""
    driver = stage.driver(objectives.reports_many)
    driver.start(decide_at=())
    driver.finish()
    same(driver.curve(), {2 * step: 0.5 * step for step in range(1, 301)})
    same([report.step for report in driver.reports() if report.waits], [])


def trials_follow_each_other(stage: Stage) -> None:
    """As many as there are slots run at a time, and what failed leaves its slot to the next."""
    driver = stage.driver(objectives.raises)
    count = min(driver.backend.slots, 3)
    for first in (0, count):
        for trial in range(first, first + count):
            driver.start(trial=trial, rate=float(trial))
        driver.finish()
    same({trial: driver.curve(trial) for trial in range(2 * count)}, {t: {1: float(t)} for t in range(2 * count)})


def a_start_counts_once(stage: Stage) -> None:
    """Starting the same attempt again does nothing, while it runs and afterwards."""
    driver = stage.driver(objectives.curve_function)
    job = driver.start()
    driver.backend.start(job)
    driver.finish()
    driver.backend.start(job)
    same(list(driver.backend.live()), [])
    driver.backend.poll(0.0, driver.deliver)
    same(list(driver.curve()), list(range(1, objectives.STEPS + 1)))


def what_runs_is_alive(stage: Stage) -> None:
    """``live`` names the runs that were started and are not over."""
    driver = stage.driver(objectives.curve_function)
    same(list(driver.backend.live()), [])
    driver.start(trial=5, attempt=2)
    same(list(driver.backend.live()), [Handle(5, 2)])
    driver.finish()
    same(list(driver.backend.live()), [])


def a_stop_ends_a_stream(stage: Stage) -> None:
    """What would never end obeys a stop that comes while it streams."""
    _obeys_a_stop(stage.driver(objectives.never_ends, answer=say(Action.STOP, at=1)))


def a_stop_is_no_exception(stage: Stage) -> None:
    """``except Exception`` does not keep a stop away."""
    _obeys_a_stop(stage.driver(objectives.catches_exceptions, answer=say(Action.STOP, at=1)))


def a_stop_is_said_again(stage: Stage) -> None:
    """A function that swallows it and reports on is not heard, and gets it again; when it returns it is finished."""
    driver = stage.driver(objectives.swallows_stops, answer=say(Action.STOP, at=2))
    driver.start()
    driver.finish()
    same(driver.curve(), {1: 0.5, 2: 0.5})
    driver.expect_good_end()


def force_ends_a_run(stage: Stage) -> None:
    """After ``stop``, also from within a delivery, nothing of the run is told, and its slot is free."""
    driver = stage.driver(objectives.never_ends, answer=lambda report: _by_force(driver, report))
    driver.start()
    for _ in driver.polls():
        if not driver.live:
            break
    same(list(driver.backend.live()), [])
    told = list(driver.facts)
    driver.backend.poll(0.0, driver.deliver)
    same(driver.facts, told)
    driver.start(attempt=2, last_step=1)
    same(list(driver.backend.live()), [Handle(0, 2)])
    driver.stop(0)
    same(list(driver.backend.live()), [])


def messages_to_nobody_are_ignored(stage: Stage) -> None:
    """A message or a stop for a trial that is not there does no harm."""
    driver = stage.driver(objectives.curve_function)
    driver.backend.send(7, Verdict(Action.STOP))
    driver.backend.stop(7)
    driver.start(trial=1)
    driver.backend.send(7, Verdict(Action.STOP))
    driver.finish()
    driver.backend.send(1, Verdict(Action.STOP))
    same(len(driver.curve(1)), objectives.STEPS)


def time_goes_forward(stage: Stage) -> None:
    """``now`` never goes back, and has moved when trials have run."""
    driver = stage.driver(objectives.curve_function)
    times = [driver.backend.now()]
    driver.start()
    for _ in driver.polls():
        times.append(driver.backend.now())
        if not driver.live:
            break
    same(times, sorted(times))
    assert times[-1] > times[0], f"the clock stands at {times[0]}"


def closing_ends_everything(stage: Stage) -> None:
    """Also what still runs; and closing again does nothing."""
    driver = stage.driver(objectives.never_ends)
    driver.start()
    driver.backend.close()
    driver.backend.close()
    same(list(driver.backend.live()), [])


def _obeys_a_stop(driver: Driver) -> None:
    driver.start(decide_at=())
    driver.finish()
    reported = driver.curve()
    same(list(reported), list(range(1, len(reported) + 1)))
    driver.expect_good_end()


def _by_force(driver: Driver, report: Reported) -> Sequence[Message]:
    driver.stop(report.trial)
    return []


_Life: TypeAlias = Callable[[Stage], None]
LIVES: Sequence[_Life] = (
    a_job_arrives_whole,
    a_returned_value_is_a_report,
    a_returned_value_has_the_step_that_was_asked_for,
    a_returned_value_is_one_more_report_if_it_differs,
    a_generator_may_keep_checkpoints,
    a_checkpoint_follows_its_report,
    artifacts_and_notes_are_told_in_order,
    smaller_batches_go_on_from_a_checkpoint,
    reports_stream_in_order,
    trials_follow_each_other,
    a_start_counts_once,
    what_runs_is_alive,
    a_stop_ends_a_stream,
    a_stop_is_no_exception,
    a_stop_is_said_again,
    force_ends_a_run,
    messages_to_nobody_are_ignored,
    time_goes_forward,
    closing_ends_everything,
)
