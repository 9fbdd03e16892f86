"""Ask and tell: the loop turned by hand, for people with a loop of their own."""

from __future__ import annotations

import operator
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, final

from msgspec import Struct

from rung.errors import ExhaustedError, ReportError, SettingError
from rung.runtime.progress import as_metrics, as_step
from rung.tuning.endings import Endings
from rung.tuning.given import GivenTrial
from rung.tuning.inbox import Inbox
from rung.tuning.intake import Intake
from rung.tuning.recording import checked_config, checked_reports, full_training, record
from rung.tuning.starter import Limits, Starter
from rung.types import (
    Action,
    Config,
    Decision,
    Exited,
    Fact,
    Handle,
    Job,
    Message,
    Outcome,
    Reported,
    TrialState,
)  # fmt: skip

if TYPE_CHECKING:
    from rung.contracts import Deliver
    from rung.runtime.objective import Objective
    from rung.tuning.recording import Result
    from rung.tuning.session import Session


_OVER = "its result was told"


class Asked(Struct, frozen=True):
    """A trial that somebody runs by hand. ``until``: the step at which the scheduler wants to be told, or None."""

    number: int
    config: Config
    until: int | None = None


def number_of(trial: object) -> int:
    """The number of a trial that was asked for, or that is given by its number. ReportError when it is neither."""
    if isinstance(trial, Asked):
        return trial.number
    try:
        return operator.index(trial)  # type: ignore[arg-type]  # what has no index is refused
    except TypeError:
        hint = "Tell what ask() gave, its number, or a configuration that ran elsewhere."
        raise ReportError(f"{trial!r} is no trial.", hint=hint) from None


@final
class ByHand:
    """A backend without machinery: what is started is run by whoever asked for it, and ``tell`` brings the facts."""

    slots = 1
    runs_in_caller = False

    def open(self, study: str, objective: Objective, folder: Path) -> None:
        """Nothing to get ready."""

    def start(self, job: Job) -> None:
        """Nothing to start."""

    def send(self, trial: int, message: Message) -> None:
        """Nobody to send it to: ``tell`` answers with what the ledger says."""

    def stop(self, trial: int) -> None:
        """Nothing to stop."""

    def poll(self, timeout: float, deliver: Deliver) -> None:
        """No facts come of themselves."""

    def live(self) -> Sequence[Handle]:
        """Nothing runs."""
        return ()

    def now(self) -> float:
        """Seconds on the monotonic clock."""
        return time.monotonic()

    def close(self) -> None:
        """Nothing to free."""


@final
class Hand:
    """Turns a tuner's loop by hand. Trials stay open until they are told, over sessions too."""

    def __init__(
        self, session: Session, backend: ByHand, *, folder: Path, limits: Limits, endings: Endings | None = None
    ) -> None:
        self._session = session
        self._intake = Intake(session, backend, folder=folder, max_kills=limits.max_kills)
        self._inbox = Inbox(session, self._intake)
        self._endings = endings or Endings()
        self._starter = Starter(session, folder=folder, limits=limits, endings=self._endings)
        self._inbox.drop_stale_stops()

    def ask(self, count: int) -> list[Asked]:
        """The next trials, durably begun: ``count``, or fewer when there are no more; ExhaustedError if none."""
        if count < 1:
            raise SettingError(f"ask({count}) asks for nothing.", hint="Ask for at least one trial.")
        self._inbox.carry_out()
        if self._inbox.stop is not None:
            raise ExhaustedError("the study was stopped.", hint="Make a new Tuner to go on with it.")
        begun: list[Asked] = []
        while len(begun) < count:
            started = self._starter.next_start(0)
            if started is None:
                break
            self._intake.stage(started)
            begun.append(Asked(started.trial, started.config, started.until))
        self._intake.commit()
        if not begun and (over := self._endings.messages.get(self._starter.idle_why)):
            raise ExhaustedError(f"the study is over: {over}.", hint="Make a new Tuner with another stop to go on.")
        if not begun and self._starter.waits_for_person is not None:
            raise ExhaustedError(
                f"there is nothing to ask for: {self._starter.waits_for_person}.",
                hint="Say what to try by tuner.enqueue({…}), or have another searcher go on by study.hand_over(…).",
            )
        if not begun:
            is_all_told = self._starter.idle_why == "exhausted" and not self._session.ledger.running
            raise ExhaustedError(
                f"there is nothing to ask for ({self._starter.idle_why}).",
                hint="Widen the space by study.edit(…), or enqueue a configuration."
                if is_all_told
                else "Tell the results of open trials first, or enqueue a configuration.",
            )
        return begun

    def tell(self, trial: int, value: Result, *, step: int | None) -> Decision:
        """Take a result. Without ``step`` the trial is finished by it; with one it goes on as the decision says."""
        self._inbox.carry_out()
        row = self._session.ledger.open.get(trial)
        if row is None or row.state is not TrialState.RUNNING:
            known = self._session.ledger.trials.get(trial)
            raise ReportError(
                f"trial {trial} is {known.state}." if known else f"there is no trial {trial}.",
                hint="Tell only trials that ask() gave and that are still running.",
            )
        at_step = row.last_step + 1 if step is None else as_step(step)
        if at_step <= row.last_step:
            raise ReportError(
                f"trial {trial} has told step {row.last_step} already, got step {at_step}.", hint="Steps must grow."
            )
        metrics = as_metrics(value, self._session.study.goal.metric)
        exited = Exited(trial, row.attempt, Outcome.FINISHED)
        facts: list[Fact] = [Reported(trial, row.attempt, at_step, metrics)]
        self._intake.deliver([*facts, exited] if step is None else facts)
        action, why = row.decided or Action.CONTINUE, row.message
        if action is Action.CONTINUE and row.until is not None and at_step >= row.until:
            action, why = Action.STOP, f"fully trained: {row.until} steps"
        if action is not Action.CONTINUE:
            self._intake.deliver([exited])
        elif step is None:
            action, why = Action.STOP, _OVER
        return Decision(trial, action, why)

    def record(self, config: Config, result: Result, *, step: int | None) -> Decision:
        """Take the result of a configuration that nobody asked for, as a trial of its own."""
        self._inbox.carry_out()
        scheduler, ledger = self._session.engine.scheduler, self._session.ledger
        full = full_training(scheduler.spec(), ledger.trials.values())
        reports = checked_reports(result, metric=self._session.study.goal.metric, step=step, full=full)
        trial = GivenTrial(config=checked_config(config, scheduler.space), reports=reports)
        number = record(self._session, self._intake, trial)
        self._intake.commit()
        row = ledger.trials[number]
        return Decision(number, Action.STOP, row.message or _OVER)

    def enqueue(self, config: Mapping[str, object]) -> None:
        """Have a configuration tried next."""
        self._inbox.carry_out()
        self._inbox.enqueue(None, config)
        self._intake.commit()
