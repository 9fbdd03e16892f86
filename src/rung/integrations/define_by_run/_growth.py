"""A study whose space grows while a trial runs."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, final

import numpy as np

from rung.errors import SpaceError
from rung.events import Changed, SpaceEdited
from rung.integrations.define_by_run._presence import Seen, concluded
from rung.space import Space
from rung.space.editing import edited
from rung.tuning.endings import Endings
from rung.tuning.engine import trial_seed
from rung.tuning.hand import ByHand
from rung.tuning.inbox import Inbox
from rung.tuning.intake import Intake
from rung.tuning.starter import Limits, Starter
from rung.types import Action, Exited, Outcome, Reported

if TYPE_CHECKING:
    from rung.rows import TrialRow
    from rung.space import Domain
    from rung.tuning.opening import OpenStudy
    from rung.tuning.session import Observer
    from rung.types import Json


@final
class Growth:
    """One session of such a study, with trials in this thread, one after the other.

    seen: what ended trials asked for; this adds to it. A trial that a former session left running begins anew.
    """

    def __init__(self, study: OpenStudy, seen: list[Seen], *, observers: Sequence[Observer]) -> None:
        backend, limits = ByHand(), Limits()
        self._study, self._seen = study, seen
        self._session = study.begin(slots=1, now=backend.now, observers=observers)
        self._intake = Intake(self._session, backend, folder=study.folder, max_kills=limits.max_kills)
        self._inbox = Inbox(self._session, self._intake)
        self._starter = Starter(self._session, folder=study.folder, limits=limits, endings=Endings())
        self._inbox.drop_stale_stops()
        for row in list(self._session.ledger.running.values()):
            self._intake.interrupt(row, reason="tuner")
        self._intake.commit()

    def next_trial(self) -> TrialRow | None:
        """The next trial, begun; None when there is nothing to try, or a person has stopped the study."""
        self._inbox.carry_out()
        started = None if self._inbox.stop else self._starter.next_start(0)
        if started is None:
            return None
        self._intake.stage(started)
        self._intake.commit()
        return self._session.ledger.trials[started.trial]

    def value(self, row: TrialRow, name: str, domain: Domain) -> Json:
        """The trial's value. One that nobody suggested is drawn from the domain with the trial's seed.

        An unknown name, or another range than before, makes the space larger first. SpaceError when it is of another
        kind than before.
        """
        space = self._session.engine.scheduler.space
        known = space.get(name)
        wider = domain if known is None or known == domain else known.union(domain)
        if wider is None:
            raise SpaceError(
                f"{name} was {known!r} before, and {domain!r} is of another kind.", hint="Give it another name."
            )
        if wider != known:
            self._edit(edited(space, {name: wider}))
        if name not in row.config or not domain.contains(row.config[name]):
            seed = trial_seed(self._session.study.seed, row.number)
            drawn = domain.from_unit(np.random.default_rng([seed, zlib.crc32(name.encode())]).random())
            at, step = self._session.at(), row.last_step
            self._intake.stage(Changed(at=at, trial=row.number, attempt=row.attempt, step=step, changes={name: drawn}))
        self._intake.commit()
        return row.config[name]

    def report(self, row: TrialRow, value: float, step: int) -> None:
        """Take a value of a running trial; steps that it has reported already are passed over."""
        if step > row.last_step:
            metrics = {self._session.study.goal.metric: value}
            self._intake.deliver([Reported(row.number, row.attempt, step, metrics)])

    def finish(self, row: TrialRow, value: float, asked: frozenset[str]) -> None:
        """The objective has returned a value, which counts at the last step if that had the same, else at the next."""
        if row.last_step == 0 or row.last_loss != self._session.study.goal.loss(
            {self._session.study.goal.metric: value}
        ):
            self.report(row, value, row.last_step + 1)
        self._end(row, Outcome.FINISHED)
        self._seen.append(Seen(row.config, asked))
        space = self._session.engine.scheduler.space
        conditions = concluded(space, self._seen)
        grown = Space(
            dict(space), conditions=conditions, constraints=space.constraints, priors=space.priors
        )  # fmt: skip
        if grown != space:
            self._edit(grown)
            self._intake.commit()

    def prune(self, row: TrialRow) -> None:
        """The objective has ended itself; where nobody told it to, that was the wish of whoever wrote it."""
        self._intake.decide(row, Action.STOP, why="pruned by the objective", by="person")
        self._end(row, Outcome.FINISHED, is_whole=False)

    def fail(self, row: TrialRow, message: str) -> None:
        """The objective has raised an error."""
        self._end(row, Outcome.FAILED, reason="error", message=message)

    def leave(self, why: str = "done") -> None:
        """End the session."""
        self._study.leave(self._session, why)

    def _edit(self, space: Space) -> None:
        self._intake.stage(SpaceEdited(at=self._session.at(), space=space.to_json()))

    def _end(
        self, row: TrialRow, outcome: Outcome, *, reason: str = "", message: str = "", is_whole: bool = True
    ) -> None:
        exited = Exited(row.number, row.attempt, outcome, reason=reason, message=message, is_whole=is_whole)
        self._intake.deliver([exited])
