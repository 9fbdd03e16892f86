"""Commands from people, turned into events by the tuner."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, final, get_args

from rung.commands import (
    ChangeSearcher,
    ChangeTrial,
    ContinueTrial,
    EditSpace,
    Enqueue,
    Note,
    PauseTrial,
    Record,
    RetryTrial,
    StopStudy,
    StopTrial,
    Tag,
    UnknownCommand,
)
from rung.errors import RungError, SettingError, SpaceError
from rung.events import Changed, CommandHandled, Continued, Enqueued, Noted, SearcherChanged, SpaceEdited, Tagged
from rung.registry import handed_over
from rung.space import Space
from rung.tuning.intake import is_undecided
from rung.tuning.recording import carry_out_record
from rung.tuning.steering import check_usable
from rung.types import Action, Change, TrialState

if TYPE_CHECKING:
    from rung.rows import TrialRow
    from rung.tuning.intake import Intake
    from rung.tuning.session import Session

How: TypeAlias = Literal["finish", "pause", "now"]
"""How a study is to stop, the gentlest first; see ``StopStudy``."""
_HOWS = get_args(How)


@final
class Inbox:
    """Carries out what people posted.

    fixed: hyperparameters that the objective takes as arguments, so that a running trial can't see them change.
    stop: None, or how the study is to stop. A command that can't be carried out is refused in the log, with the reason;
    it never ends the tuner.
    """

    def __init__(self, session: Session, intake: Intake, *, fixed: frozenset[str] = frozenset()) -> None:
        self.stop: How | None = None
        self._fixed = fixed
        self._session = session
        self._intake = intake

    def carry_out(self, kinds: type | UnionType = object) -> None:
        """Take the commands that nobody has answered yet. kinds: only these."""
        for number, command in self._session.commands():
            if not isinstance(command, kinds):
                continue
            refused = ""
            try:
                _CARRIERS[type(command)](self, number, command)
            except RungError as error:
                refused = str(error)
            if refused or type(command) not in _ANSWERED_BY_OWN_EVENT:
                what = type(command).__name__
                self._intake.stage(CommandHandled(at=self._session.at(), command=number, what=what, refused=refused))
        self._intake.commit()

    def drop_stale_stops(self) -> None:
        """Refuse what was posted to stop a study that nobody was running: it must not end the session that begins."""
        for number, command in self._session.commands():
            if isinstance(command, StopStudy):
                what, why = type(command).__name__, "no tuner was running the study"
                self._intake.stage(CommandHandled(at=self._session.at(), command=number, what=what, refused=why))
        self._intake.commit()

    def enqueue(self, number: int | None, config: Mapping[str, Any]) -> None:
        """Have a configuration tried next. SpaceError when it is outside the space."""
        valid = self._session.engine.scheduler.space.validate(config)
        self._intake.stage(Enqueued(at=self._session.at(), config=valid, command=number))

    def _enqueue(self, number: int, command: Enqueue) -> None:
        self.enqueue(number, command.config)

    def _edit_space(self, number: int, command: EditSpace) -> None:
        space, names = Space.from_json(command.space), self._session.engine.scheduler.space.names
        if set(space.names) != set(names):  # what was tried would have no value of one that is added
            raise SpaceError(f"an edit neither adds nor takes away dimensions: there are {', '.join(names) or 'none'}.")
        check_usable(space)
        event = SpaceEdited(at=self._session.at(), space=space.to_json(), command=number)
        try:  # a searcher that can't go on in this space must say so before the log has it, as that is folded for ever
            copy.deepcopy(self._session.engine.scheduler).update(event)
        except RungError:
            raise
        except Exception as error:  # it may be anybody's class, and what it does must not end the tuner
            raise SettingError(f"the searcher can't go on in it: {type(error).__name__}: {error}.") from error
        self._intake.stage(event)

    def _change_searcher(self, number: int, command: ChangeSearcher) -> None:
        self._intake.commit()  # the other searcher learns from the log, so that must have everything
        engine = self._session.engine
        form = handed_over(engine.scheduler.spec(), command.searcher)
        try:
            spec = engine.with_searcher(form).spec()["searcher"]
        except RungError:
            raise
        except Exception as error:  # it may be anybody's class, and what it does must not end the tuner
            raise SettingError(f"the searcher can't take over: {type(error).__name__}: {error}.") from error
        self._intake.stage(SearcherChanged(at=self._session.at(), searcher=spec, command=number))

    def _stop_trial(self, number: int, command: StopTrial) -> None:  # noqa: ARG002  # every carrier has this shape
        self._decide(self._open(command.trial), Action.STOP)

    def _pause_trial(self, number: int, command: PauseTrial) -> None:  # noqa: ARG002
        trial = self._open(command.trial)
        if trial.state is not TrialState.RUNNING:
            raise SettingError(f"trial {trial.number} is {trial.state}, so it can't be paused.")
        self._decide(trial, Action.PAUSE)

    def _continue_trial(self, number: int, command: ContinueTrial) -> None:
        trial = self._open(command.trial)
        if trial.state is not TrialState.PAUSED:
            raise SettingError(f"trial {trial.number} is {trial.state}, so it can't be continued.")
        at = self._session.at()
        self._intake.stage(Continued(at=at, trial=trial.number, attempt=trial.attempt, command=number))

    def _change_trial(self, number: int, command: ChangeTrial) -> None:
        trial = self._open(command.trial)
        if trial.state is not TrialState.RUNNING:
            raise SettingError(f"trial {trial.number} is {trial.state}; only a running trial can be changed.")
        if fixed := self._fixed & command.changes.keys():
            names = ", ".join(sorted(fixed))
            raise SettingError(f"the objective got {names} as an argument, so a change would not reach it.")
        valid = self._session.engine.scheduler.space.validate({**trial.config, **command.changes})
        changes = {name: valid[name] for name in command.changes}
        self._intake.stage(
            Changed(
                at=self._session.at(),
                trial=trial.number,
                attempt=trial.attempt,
                step=trial.last_step,
                changes=changes,
                command=number,
            )
        )
        self._intake.send(trial.number, Change(changes))

    def _stop_study(self, number: int, command: StopStudy) -> None:  # noqa: ARG002
        if self.stop is None or _HOWS.index(command.how) > _HOWS.index(self.stop):
            self.stop = command.how

    def _retry_trial(self, number: int, command: RetryTrial) -> None:
        trial = self._session.ledger.trials.get(command.trial)
        if trial is None:
            raise SettingError(f"there is no trial {command.trial}.")
        if trial.state not in {TrialState.FAILED, TrialState.STOPPED}:
            raise SettingError(f"trial {trial.number} is {trial.state}; only failed and stopped ones are retried.")
        valid = self._session.engine.scheduler.space.validate(trial.config)
        self._intake.stage(Enqueued(at=self._session.at(), config=valid, command=number, retry_of=trial.number))

    def _record(self, number: int, command: Record) -> None:
        carry_out_record(self._session, self._intake, command, number=number)

    def _remark(self, number: int, command: Note | Tag) -> None:
        if command.trial is not None and command.trial not in self._session.ledger.trials:
            raise SettingError(f"there is no trial {command.trial}.")
        self._intake.stage(remark_event(command, number=number, at=self._session.at()))

    def _decide(self, trial: TrialRow, action: Action) -> None:
        if trial.state is TrialState.RUNNING and not is_undecided(trial):
            raise SettingError(f"trial {trial.number} has been told to {trial.decided} already.")
        self._intake.decide(trial, action, why="asked for by a person", by="person")

    def _open(self, number: int) -> TrialRow:
        trial = self._session.ledger.open.get(number)
        if trial is None:
            known = self._session.ledger.trials.get(number)
            raise SettingError(f"trial {number} is {known.state} already." if known else f"there is no trial {number}.")
        return trial


def remark_event(command: Note | Tag, *, number: int | None, at: float) -> Noted | Tagged:
    """What a log says of a note or a tag; unlike all other commands, it concerns nobody but people."""
    if isinstance(command, Tag):
        return Tagged(at=at, trial=command.trial, added=command.added, removed=command.removed, command=number)
    return Noted(at=at, trial=command.trial, text=command.text, unix=time.time(), command=number)


def _refuse_unknown(_inbox: Inbox, _number: int, command: UnknownCommand) -> None:
    raise SettingError(f"this version of rung does not know the command {command.kind!r}.")


_Carrier: TypeAlias = Callable[[Inbox, int, Any], None]
_CARRIERS: dict[type, _Carrier] = {
    Enqueue: Inbox._enqueue,  # noqa: SLF001  # the table belongs to the class
    EditSpace: Inbox._edit_space,  # noqa: SLF001
    ChangeSearcher: Inbox._change_searcher,  # noqa: SLF001
    StopTrial: Inbox._stop_trial,  # noqa: SLF001
    PauseTrial: Inbox._pause_trial,  # noqa: SLF001
    ContinueTrial: Inbox._continue_trial,  # noqa: SLF001
    ChangeTrial: Inbox._change_trial,  # noqa: SLF001
    RetryTrial: Inbox._retry_trial,  # noqa: SLF001
    Record: Inbox._record,  # noqa: SLF001
    Note: Inbox._remark,  # noqa: SLF001
    Tag: Inbox._remark,  # noqa: SLF001
    StopStudy: Inbox._stop_study,  # noqa: SLF001
    UnknownCommand: _refuse_unknown,
}
_ANSWERED_BY_OWN_EVENT = frozenset(
    {Enqueue, EditSpace, ChangeSearcher, ContinueTrial, ChangeTrial, RetryTrial, Note, Tag}
)
