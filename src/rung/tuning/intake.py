"""What a backend tells, turned into events; and the answers that go back to the trials."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from rung.events import (
    ArtifactLogged,
    Checkpointed,
    Decided,
    Ended,
    Event,
    Interrupted,
    Noted,
    Observed,
    Placed,
    Started,
)
from rung.tuning.collector import Collector
from rung.tuning.repeats import Repeats
from rung.types import (
    CANNOT_IMPORT,
    Action,
    Exited,
    Fact,
    Goal,
    Launched,
    Logged,
    Message,
    Outcome,
    Remarked,
    Reported,
    Saved,
    TrialState,
    Verdict,
)

if TYPE_CHECKING:
    from pathlib import Path

    from rung.contracts import Backend
    from rung.rows import TrialRow
    from rung.tuning.session import Session

MESSAGE_LIMIT = 20_000  # characters of a failure's message that are kept; the whole output is in the trial's log


@final
class Intake:
    """Takes facts, stages events, and answers once they are committed.

    folder: of the study, whose files ``collector`` looks after.
    broken: why the objective can't be loaded where trials run, so that none can; empty as long as it can.
    ended: the runs that have ended since the loop last looked; it takes them away.
    heard_at: trial -> when its run last went through a step that an earlier run had reported.
    """

    def __init__(self, session: Session, backend: Backend, *, folder: Path, max_kills: int) -> None:
        self.broken = ""
        self.ended: list[TrialRow] = []
        self.heard_at: dict[int, float] = {}
        self._session = session
        self._backend = backend
        self._max_kills = max_kills
        self._replies: list[tuple[int, Message]] = []
        self._repeats = Repeats(session)
        self.collector = Collector(session, folder=folder)

    def deliver(self, facts: Sequence[Fact]) -> None:
        """Take facts in order. Those of a run that is over, or of an older attempt, are refused: nothing is stored."""
        trials = self._session.ledger.open
        for fact in facts:
            trial = trials.get(fact.trial)
            if trial is None or trial.attempt != fact.attempt or trial.state is not TrialState.RUNNING:
                continue
            if type(fact) is Reported:
                self._reported(trial, fact)
            elif type(fact) is Exited:
                self._exited(trial, fact)
            else:
                self.stage(_event_of(fact, self._session.at()))
                if type(fact) is Saved:
                    self.collector.collect(trial)
        self.commit()

    def stage(self, event: Event) -> None:
        """Stage an event and whatever the scheduler decides because of it."""
        if type(event) is Started:
            self._repeats.begin(event)
        for decision in self._session.stage(event):
            trial = self._session.ledger.open.get(decision.trial)
            if trial is not None and not trial.is_given and decision.action is not Action.CONTINUE:
                self.decide(trial, decision.action, why=decision.why, by="scheduler")

    def decide(self, trial: TrialRow, action: Action, *, why: str, by: str) -> None:
        """Stop or pause an open trial; the first such word on a run holds, but for a pause of the whole study."""
        at, step = self._session.at(), trial.last_step
        is_free = trial.decided is None if by == "study" else is_undecided(trial)
        if trial.state is TrialState.RUNNING and is_free:
            self.stage(
                Decided(at=at, trial=trial.number, attempt=trial.attempt, step=step, action=action, why=why, by=by)
            )
            self._replies.append((trial.number, Verdict(action, step, why)))
        elif trial.state in {TrialState.PAUSED, TrialState.WAITING} and action is Action.STOP:
            self._end(trial, TrialState.STOPPED, reason=by, message=why)

    def send(self, trial: int, message: Message) -> None:
        """Send a message after the next commit."""
        self._replies.append((trial, message))

    def end_by_force(self, trial: TrialRow, *, reason: str, message: str) -> None:
        """End a run that broke the limit ``reason``, or else is overdue; beyond its last step it is complete."""
        self._backend.stop(trial.number)
        if not is_undecided(trial):
            self._end(trial, decided_state(trial), reason=trial.reason, message=trial.message)
        elif _is_trained(trial):
            self._end(trial, TrialState.COMPLETED)
        elif reason:
            self._end(trial, TrialState.FAILED, reason=reason, message=message)
        else:
            self.interrupt(trial, reason="interrupted")

    def interrupt(self, trial: TrialRow, *, reason: str, message: str = "") -> None:
        """A run is over that was neither ended by itself nor by a decision; the trial waits for another attempt."""
        if not is_undecided(trial):
            self._end(trial, decided_state(trial), reason=trial.reason, message=trial.message)
            return
        at = self._session.at()
        self.stage(Interrupted(at=at, trial=trial.number, attempt=trial.attempt, reason=reason, message=message))
        self.ended.append(trial)

    def commit(self) -> None:
        """Flush, and only then answer the trials and move and remove files."""
        self._session.flush()
        replies, self._replies = self._replies, []
        for trial, message in replies:
            self._backend.send(trial, message)
        self.collector.tidy_up()

    def _reported(self, trial: TrialRow, fact: Reported) -> None:
        session = self._session
        if trial.decided is Action.STOP and trial.reason in {"scheduler", "nan"}:  # who goes on regardless isn't heard
            if fact.waits:
                self.send(fact.trial, Verdict(Action.STOP, fact.step, trial.message))
            return
        if fact.step > trial.last_step:
            loss = session.study.goal.loss(fact.metrics)
            at, step, metrics = session.at(), fact.step, fact.metrics
            self.stage(Observed(at=at, trial=fact.trial, attempt=fact.attempt, step=step, metrics=metrics, loss=loss))
            if loss is None:
                self.decide(trial, Action.STOP, why=_not_finite(fact, session.study.goal), by="nan")
        else:
            self.heard_at[fact.trial] = session.at()
            if note := self._repeats.note_on(trial, session.at()):
                self.stage(note)
        if fact.waits and trial.decided is None:
            self._replies.append((fact.trial, Verdict(Action.CONTINUE, fact.step)))

    def _exited(self, trial: TrialRow, fact: Exited) -> None:
        message, code = fact.message[-MESSAGE_LIMIT:], fact.exit_code
        is_whole = fact.is_whole or _is_trained(trial)
        if fact.reason == CANNOT_IMPORT:
            self.broken = self.broken or message
            self.interrupt(trial, reason=CANNOT_IMPORT, message=message)
        elif fact.outcome is Outcome.FAILED and trial.decided is not Action.STOP:
            self._end(trial, TrialState.FAILED, reason=fact.reason, message=message, exit_code=code)
        elif trial.decided is not None and is_undecided(trial) and not (fact.outcome is Outcome.FINISHED and is_whole):
            self.interrupt(trial, reason="interrupted")
        elif not is_undecided(trial) and not (fact.is_whole and decided_state(trial) is TrialState.PAUSED):
            self._end(trial, decided_state(trial), reason=trial.reason, message=trial.message, exit_code=code)
        elif fact.outcome is Outcome.FINISHED:
            self._end(trial, TrialState.COMPLETED, exit_code=code)
        elif trial.kills + 1 < self._max_kills:
            self.interrupt(trial, reason="killed", message=message)
        else:
            times = f"its process was killed {trial.kills + 1} times. {message}" if trial.kills else message
            self._end(trial, TrialState.FAILED, reason=fact.reason or "killed", message=times, exit_code=code)

    def _end(
        self,
        trial: TrialRow,
        state: TrialState,
        *,
        reason: str = "",
        message: str = "",
        exit_code: int | None = None,
    ) -> None:
        was_running = trial.state is TrialState.RUNNING
        at, number, attempt = self._session.at(), trial.number, trial.attempt
        self.stage(
            Ended(
                at=at, trial=number, attempt=attempt, state=state, reason=reason, message=message, exit_code=exit_code
            )
        )
        if state.is_final:
            self.collector.collect(trial)
        if was_running:
            self.ended.append(trial)


def _not_finite(fact: Reported, goal: Goal) -> str:
    return f"{goal.metric} is {fact.metrics[goal.metric]} at step {fact.step}"


def _event_of(fact: Fact, at: float) -> Event:
    """The event that says no more than the fact itself."""
    if isinstance(fact, Launched):
        return Placed(at=at, trial=fact.trial, attempt=fact.attempt, host=fact.host, pid=fact.pid, gpus=fact.gpus)
    if isinstance(fact, Saved):
        return Checkpointed(at=at, trial=fact.trial, attempt=fact.attempt, checkpoint=fact.checkpoint)
    if isinstance(fact, Logged):
        return ArtifactLogged(at=at, trial=fact.trial, attempt=fact.attempt, artifact=fact.artifact)
    assert isinstance(fact, Remarked), "every kind of fact becomes an event"
    return Noted(at=at, trial=fact.trial, text=fact.text, by="trial", unix=time.time())


def is_undecided(trial: TrialRow) -> bool:
    """Whether nothing has been said about a running trial but that its whole study is paused.

    That concerns the study, not the trial: it waits for the next session, unless it ends, or is stopped or paused for a
    reason of its own, before it has obeyed.
    """
    return trial.decided is None or trial.reason == "study"


def _is_trained(trial: TrialRow) -> bool:
    """Whether a run has come to where it was bound for."""
    return trial.until is not None and trial.last_step >= trial.until


def decided_state(trial: TrialRow) -> TrialState:
    """Where a decision leads, once the run is over; a limit that was broken makes a trial failed."""
    if trial.reason not in {"scheduler", "person", "imported"}:
        return TrialState.FAILED
    return TrialState.PAUSED if trial.decided is Action.PAUSE else TrialState.STOPPED
