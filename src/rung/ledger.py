"""The ledger: what the log of one study says about its trials. A fold that tuner, tables and ``verify`` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast, final

from rung.events import (
    RETRY_OF,
    ArtifactLogged,
    Changed,
    Checkpointed,
    Collected,
    Continued,
    Decided,
    Ended,
    Event,
    Interrupted,
    Noted,
    Observed,
    Placed,
    SearcherChanged,
    SessionEnded,
    SessionStarted,
    SpaceEdited,
    Started,
    StudyCreated,
    Tagged,
)
from rung.rows import StudyRow, TrialRow
from rung.types import Remark, TrialState


@final
class Ledger:
    """Folds events into one ``study`` row and its ``trials``. ``apply`` is the only way it changes.

    open, running, waiting: the trials that aren't over, and those of them in these states, so that nobody has to look
    through all. unsaved_children: parent -> the open trials that begin from its checkpoints, having none of their own.
    """

    def __init__(self) -> None:
        self.study: StudyRow | None = None
        self.trials: dict[int, TrialRow] = {}
        self.open: dict[int, TrialRow] = {}
        self.running: dict[int, TrialRow] = {}
        self.waiting: dict[int, TrialRow] = {}
        self.unsaved_children: dict[int, set[int]] = {}

    def apply(self, event: Event) -> None:
        """Take the next event of the log. An event of an attempt that is not the trial's newest is an error of ours."""
        if self.study is not None:
            self.study.at = max(self.study.at, event.at)
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def set_state(self, trial: TrialRow, state: TrialState) -> None:
        """Move a trial from one state to another, keeping the counts and the sets of trials right."""
        assert self.study is not None
        counts = self.study.counts
        counts[trial.state] -= 1
        counts[state] = counts.get(state, 0) + 1
        trial.state = state
        self.running.pop(trial.number, None)
        self.waiting.pop(trial.number, None)
        if state is TrialState.RUNNING:
            self.running[trial.number] = trial
        elif state is TrialState.WAITING:
            self.waiting[trial.number] = trial
        elif state.is_final:
            self.open.pop(trial.number, None)
            self.release_parent(trial)

    def release_parent(self, trial: TrialRow) -> None:
        """Note that a trial needs none of its parent's checkpoints any more."""
        if trial.parent is None or trial.parent not in self.unsaved_children:
            return
        children = self.unsaved_children[trial.parent]
        children.discard(trial.number)
        if not children:
            del self.unsaved_children[trial.parent]


def _study_created(ledger: Ledger, event: StudyCreated) -> None:
    ledger.study = StudyRow(
        name=event.study,
        goal=event.goal,
        seed=event.seed,
        space=event.space,
        searcher=event.searcher,
        scheduler=event.scheduler,
        objective=event.objective,
        created_unix=event.unix,
        settings=event.settings,
        provenance=event.provenance,
        project=event.project,
        message=event.message,
        tags=event.tags,
    )


def _session_started(ledger: Ledger, event: SessionStarted) -> None:
    study = _study(ledger)
    study.sessions = event.session
    study.last_unix, study.session_at = event.unix, event.at
    study.settings = event.settings or study.settings
    study.ended_why, study.ended_message = None, ""


def _session_ended(ledger: Ledger, event: SessionEnded) -> None:
    study = _study(ledger)
    study.ended_why, study.ended_message = event.why, event.message


def _searcher_changed(ledger: Ledger, event: SearcherChanged) -> None:
    study = _study(ledger)
    study.searcher = event.searcher
    study.scheduler = {**study.scheduler, "searcher": event.searcher}


def _space_edited(ledger: Ledger, event: SpaceEdited) -> None:
    _study(ledger).space = event.space


def _started(ledger: Ledger, event: Started) -> None:
    study = _study(ledger)
    if event.draw is not None:
        study.draws = event.draw + 1
    trial = ledger.trials.get(event.trial)
    if trial is None:
        trial = TrialRow(
            number=event.trial,
            state=TrialState.RUNNING,
            config=event.config,
            started_at=event.at,
            parent=event.parent,
            parent_checkpoint=event.parent_checkpoint,
            is_given=event.cause == "given",
            retry_of=event.notes.get(RETRY_OF) if event.notes else None,
        )
        ledger.trials[event.trial] = ledger.open[event.trial] = ledger.running[event.trial] = trial
        if event.parent is not None:
            ledger.unsaved_children.setdefault(event.parent, set()).add(event.trial)
            study.n_copies += 1
        study.counts[TrialState.RUNNING] = study.counts.get(TrialState.RUNNING, 0) + 1
    else:
        ledger.set_state(trial, TrialState.RUNNING)
    trial.config = event.config
    trial.attempt = event.attempt
    trial.worker = event.worker
    trial.until = event.until
    trial.decide_at = event.decide_at
    trial.launched_at = trial.last_at = event.at
    trial.ended_at = None
    trial.decided = None
    trial.host, trial.pid, trial.gpus = "", None, ""
    trial.reason = trial.message = ""
    trial.session = study.sessions


def _placed(ledger: Ledger, event: Placed) -> None:
    trial = ledger.trials[event.trial]
    if trial.pid is None:  # a store drops it when it comes again
        trial.host, trial.pid, trial.gpus = event.host, event.pid, event.gpus
        trial.launched_at = trial.last_at = event.at


def _observed(ledger: Ledger, event: Observed) -> None:
    trial = ledger.trials[event.trial]
    trial.last_step = event.step
    trial.last_loss = loss = event.loss
    trial.last_at = event.at
    if loss is not None and (trial.best_loss is None or loss < trial.best_loss):
        trial.best_loss, trial.best_step, trial.best_config = loss, event.step, None
        study = _study(ledger)
        if study.best_loss is None or loss < study.best_loss:  # of equal values the earlier one stays
            study.best_loss, study.best_trial, study.best_step = loss, event.trial, event.step


def _decided(ledger: Ledger, event: Decided) -> None:
    trial = ledger.trials[event.trial]
    trial.decided, trial.decided_at = event.action, event.at
    trial.reason, trial.message = event.by, event.why


def _checkpointed(ledger: Ledger, event: Checkpointed) -> None:
    trial = ledger.trials[event.trial]
    trial.checkpoints[:] = [kept for kept in trial.checkpoints if kept.path != event.checkpoint.path]
    trial.checkpoints.append(event.checkpoint)
    ledger.release_parent(trial)


def _collected(ledger: Ledger, event: Collected) -> None:
    checkpoints = ledger.trials[event.trial].checkpoints
    checkpoints[:] = [kept for kept in checkpoints if kept.path not in event.paths]


def _changed(ledger: Ledger, event: Changed) -> None:
    trial = ledger.trials[event.trial]
    if trial.best_step is not None:
        trial.best_config = trial.best_config or trial.config
    trial.config = {**trial.config, **event.changes}


def _interrupted(ledger: Ledger, event: Interrupted) -> None:
    trial = ledger.trials[event.trial]
    _run_is_over(ledger, trial, event.at)
    trial.kills += event.reason == "killed"
    trial.reason, trial.message = event.reason, event.message
    ledger.set_state(trial, TrialState.WAITING)


def _continued(ledger: Ledger, event: Continued) -> None:
    trial = ledger.trials[event.trial]
    trial.reason, trial.message = "continued", ""
    ledger.set_state(trial, TrialState.WAITING)


def _ended(ledger: Ledger, event: Ended) -> None:
    trial = ledger.trials[event.trial]
    if trial.state is TrialState.RUNNING:
        _run_is_over(ledger, trial, event.at)
    trial.ended_at = event.at
    trial.reason, trial.message = event.reason, event.message
    ledger.set_state(trial, event.state)


def _run_is_over(ledger: Ledger, trial: TrialRow, at: float) -> None:
    took = at - trial.launched_at
    trial.runtime += took
    _study(ledger).runtime += took


def _noted(ledger: Ledger, event: Noted) -> None:
    about = _study(ledger) if event.trial is None else ledger.trials[event.trial]
    about.notes = (*about.notes, Remark(event.text, event.unix, event.by))


def _tagged(ledger: Ledger, event: Tagged) -> None:
    about = _study(ledger) if event.trial is None else ledger.trials[event.trial]
    kept = (tag for tag in about.tags if tag not in event.removed)
    about.tags = tuple(dict.fromkeys((*kept, *event.added)))


def _artifact_logged(ledger: Ledger, event: ArtifactLogged) -> None:
    trial = ledger.trials[event.trial]
    others = (kept for kept in trial.artifacts if kept.name != event.artifact.name)
    trial.artifacts = (*others, event.artifact)


def _study(ledger: Ledger) -> StudyRow:
    assert ledger.study is not None, "the log must begin with StudyCreated"
    return ledger.study


_Handler: TypeAlias = Callable[[Ledger, Any], None]
_HANDLERS: dict[type, _Handler] = cast(
    "dict[type, _Handler]",
    {
        StudyCreated: _study_created,
        SessionStarted: _session_started,
        SessionEnded: _session_ended,
        SpaceEdited: _space_edited,
        SearcherChanged: _searcher_changed,
        Started: _started,
        Placed: _placed,
        Observed: _observed,
        Decided: _decided,
        Checkpointed: _checkpointed,
        Collected: _collected,
        Continued: _continued,
        Changed: _changed,
        Interrupted: _interrupted,
        Ended: _ended,
        Noted: _noted,
        Tagged: _tagged,
        ArtifactLogged: _artifact_logged,
    },
)
