"""What runs next: retries first, then what the scheduler proposes, as the event that says so and the job it becomes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, final

from msgspec import Struct, structs

from rung.checks import number, whole_number
from rung.events import Started
from rung.places import kept_file, trial_folder
from rung.stopping import Halt
from rung.tuning.collector import parent_checkpoints
from rung.tuning.endings import Endings
from rung.tuning.engine import trial_seed
from rung.types import Checkpoint, Config, Exhausted, Job, Proposal, Wait

if TYPE_CHECKING:
    from rung.ledger import Ledger
    from rung.rows import TrialRow
    from rung.tuning.session import Session


class Limits(Struct, frozen=True, kw_only=True):
    """How far one run of a tuner goes; None is without limit.

    new_trials: begun in this run. max_trials: of the whole study, whoever began them. Neither counts copies, which go
    on with what others have begun. seconds: of this run.
    trial_seconds, stall_seconds: of one run of a trial in all, and without a report.
    stop_grace_s: how long a run may take to end, from when it was told to stop or pause, or from its last report when
    that was of its last step; then it is ended by force. ``trial.epochs`` obeys at the end of an epoch, so a body that
    takes longer than this needs more. max_kills: how often a trial may lose its process.
    failures_in_a_row: of one worker within a minute, after which it gets no more trials.
    """

    new_trials: int | None = None
    max_trials: int | None = None
    seconds: float | None = None
    trial_seconds: float | None = None
    stall_seconds: float | None = None
    stop_grace_s: float = 600.0
    max_kills: int = 3
    failures_in_a_row: int | None = 3

    def __post_init__(self) -> None:
        for name, value in structs.asdict(self).items():
            if value is None and name not in {"stop_grace_s", "max_kills"}:
                continue
            if name in _LEAST_COUNTS:
                whole_number(name, value, at_least=_LEAST_COUNTS[name], example=3)
            else:
                number(name, value, at_least=0, may_be_infinite=True, example=600)


_LEAST_COUNTS = {"new_trials": 0, "max_trials": 1, "max_kills": 1, "failures_in_a_row": 1}


@final
class Starter:
    """Chooses the next run. ``idle_why`` says why there was none: done, exhausted, or what has put an end to it.

    waits_for_person: None, or what the searcher waits for that only a person can bring.

    endings: looked at before each start. given: configurations to run before all others, whatever the scheduler would
    propose.
    """

    def __init__(
        self, session: Session, *, folder: Path, limits: Limits, endings: Endings, given: Sequence[Config] = ()
    ) -> None:
        self.idle_why = "done"
        self.waits_for_person: str | None = None
        self._session = session
        self._ledger = session.ledger
        self._folder = folder
        self._limits = limits
        self._endings = endings
        self._given = deque(given)
        self._n_new = 0

    def next_start(self, worker: int) -> Started | None:
        """The next run for a free worker, or None when there is nothing to run now."""
        self.waits_for_person = None
        halt = self._endings.look(self._ledger, self._session.at())
        if halt >= Halt.STARTS:
            self.idle_why = self._endings.why
            return None
        if waiting := self._ledger.waiting:
            trial = waiting[min(waiting)]
            is_retry = trial.reason != "continued"
            until, decide_at = trial.until, trial.decide_at
            if not is_retry and until is not None and trial.last_step >= until:
                until = decide_at = None  # a person goes past where the scheduler paused it; it may decide at each step
            return Started(
                at=self._session.at(),
                trial=trial.number,
                attempt=trial.attempt + 1,
                config=trial.config,
                cause="retried" if is_retry else "resumed",
                until=until,
                decide_at=decide_at,
                parent=trial.parent,
                parent_checkpoint=trial.parent_checkpoint,
                worker=worker,
            )
        if self._given:
            number, config = len(self._ledger.trials), self._given.popleft()
            return Started(at=self._session.at(), trial=number, attempt=1, config=config, cause="given", worker=worker)
        return self._suggested_start(worker, is_full=halt is Halt.NEW_TRIALS)

    def _suggested_start(self, worker: int, *, is_full: bool) -> Started | None:
        """The run that the scheduler proposes, or None. is_full: no new trial may begin, whatever the limits are."""
        new_trials = not is_full and self._may_begin_new()
        began = time.perf_counter()
        proposal = self._session.engine.propose(new_trials=new_trials)
        decide_s = time.perf_counter() - began
        if isinstance(proposal, Wait) and proposal.for_person:
            self.waits_for_person = proposal.why
        if not isinstance(proposal, Proposal):
            is_exhausted = isinstance(proposal, Exhausted) and new_trials
            self.idle_why = self._endings.why if is_full else "exhausted" if is_exhausted else "done"
            return None
        is_new = proposal.trial is None
        self._n_new += is_new and proposal.parent is None
        number = len(self._ledger.trials) if proposal.trial is None else proposal.trial
        return Started(
            at=self._session.at(),
            trial=number,
            attempt=1 if is_new else self._ledger.trials[number].attempt + 1,
            config=proposal.config,
            cause="new" if is_new else "resumed",
            until=proposal.until,
            decide_at=proposal.decide_at,
            parent=proposal.parent,
            parent_checkpoint=newest_of(self._ledger, proposal.parent),
            draw=self._session.study.draws,
            new_trials=new_trials,
            notes=proposal.notes,
            decide_s=decide_s,
            worker=worker,
        )

    def _may_begin_new(self) -> bool:
        limits, total = self._limits, self._session.study.n_begun
        return (limits.new_trials is None or self._n_new < limits.new_trials) and (
            limits.max_trials is None or total < limits.max_trials
        )

    def job(self, trial: TrialRow) -> Job:
        """What the backend needs to carry out the newest run of a trial."""
        saved_by, checkpoints = trial, trial.checkpoints
        if not checkpoints and trial.parent is not None:
            saved_by = self._ledger.trials[trial.parent]
            checkpoints = parent_checkpoints(trial, saved_by)
        study = self._session.study
        return Job(
            study=study.name,
            trial=trial.number,
            attempt=trial.attempt,
            config=trial.config,
            metric=study.goal.metric,
            seed=trial_seed(study.seed, trial.number),
            folder=str(trial_folder(self._folder, trial.number)),
            worker=trial.worker,
            until=trial.until,
            decide_at=trial.decide_at,
            last_step=trial.last_step,
            checkpoints=tuple(
                structs.replace(each, path=str(kept_file(self._folder, saved_by.number, each.path)))
                for each in reversed(checkpoints)
            ),
            parent=trial.parent,
        )


def newest_of(ledger: Ledger, parent: int | None) -> Checkpoint | None:
    """The checkpoint that a copy of that trial would begin from now."""
    checkpoints = () if parent is None else ledger.trials[parent].checkpoints
    return checkpoints[-1] if checkpoints else None
