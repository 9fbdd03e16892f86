"""Results that people bring: checked where they come in, and recorded as trials that are over."""

from __future__ import annotations

import json
import math
import time
import warnings
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from rung.errors import ReportError, RungWarning, SettingError, SpaceError
from rung.events import Noted
from rung.places import trial_folder
from rung.runtime.progress import as_metrics, as_step
from rung.schedulers.early import max_t_of
from rung.space import Constant
from rung.tuning.given import GivenTrial, events_of_given
from rung.tuning.intake import Intake
from rung.tuning.setup import plain_config
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.commands import Record
    from rung.contracts import Backend, Scheduler
    from rung.rows import TrialRow
    from rung.space import Space
    from rung.tuning.engine import Engine
    from rung.tuning.session import Session
    from rung.types import Config, Goal, Json

Value: TypeAlias = "float | Mapping[str, float]"
"""The metric that is judged, or all metrics by name."""

Result: TypeAlias = "Value | Sequence[Value]"
"""What a run came to: at its end, or at each of its steps from the first on."""

Reports: TypeAlias = "tuple[tuple[int, dict[str, float]], ...]"


def checked_config(config: Config, space: Space) -> dict[str, Json]:
    """A configuration of which the result is known, with the space's constants where they were left out.

    SpaceError for a name that the space doesn't have: it is a slip, or belongs to another study. What else the space
    refuses, such as a value out of range, is a fact nevertheless; then there is a RungWarning, as a searcher that can't
    place it learns little or nothing from it. An empty space takes any configuration.
    """
    given = dict(plain_config(config))
    if not space.names:
        return given
    try:
        return space.validate(given)
    except SpaceError as error:
        if not given.keys() <= set(space.names):
            raise
        warnings.warn(
            RungWarning(
                error.sentence, hint="The result is recorded, but the searcher learns little or nothing from it."
            ),
            stacklevel=4,
        )
    constants = {
        name: domain.from_unit(0.5)
        for name, domain in space.items()
        if isinstance(domain, Constant) and name not in space.conditions
    }
    whole = {**constants, **given}
    return {name: whole[name] for name in space.names if name in whole}


def checked_reports(result: Result, *, metric: str, step: int | None, full: int) -> Reports:
    """(step, metrics) of each report of a result. Without ``step`` a single value is that of a full training.

    full: at which step trials are fully trained. ReportError when something is no number, or the metric is missing.
    """
    if not isinstance(result, list | tuple):
        return ((full if step is None else as_step(step), as_metrics(result, metric)),)
    if step is not None:
        raise ReportError(
            f"step={step!r} goes with a single value.", hint="Of a list, the values are those of the steps 1, 2, …"
        )
    if not result:
        raise ReportError("a list of no values is no result.", hint="Give a number, or one for each step.")
    return tuple((at, as_metrics(value, metric)) for at, value in enumerate(result, 1))


def full_training(scheduler: Mapping[str, Json], trials: Iterable[TrialRow]) -> int:
    """At which step trials of a study are fully trained: the ``max_t`` of its scheduler, or the one within, if any.

    Else the highest that a completed trial of the study's own has reached so far; 1 where there is none.
    """
    if (max_t := max_t_of(scheduler)) is not None:
        return max_t
    reached = (trial.last_step for trial in trials if trial.state is TrialState.COMPLETED and not trial.is_given)
    return max(1, max(reached, default=1))


def checked_known(known: Iterable[tuple[Config, Result]], scheduler: Scheduler, goal: Goal) -> list[GivenTrial]:
    """What is known when a study begins, as trials. SettingError when these are no pairs; other errors as of each.

    scheduler: as it is before it knows the study's log, so that the same results are the same trials each time.
    """
    if not isinstance(known, Iterable):
        raise SettingError(f"known_results={known!r} is no list of pairs.", hint=_PAIRS)
    pairs = list(known)
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise SettingError(f"known_results: {pair!r} is no pair of a configuration and its result.", hint=_PAIRS)
    full, space = full_training(scheduler.spec(), ()), scheduler.space
    return [
        GivenTrial(
            config=checked_config(config, space),
            reports=checked_reports(result, metric=goal.metric, step=None, full=full),
        )
        for config, result in pairs
    ]


_PAIRS = "Give pairs: [({'lr': 0.1}, 0.25), …]."


def checked_total(max_trials: int | None, known: Sequence[GivenTrial]) -> None:
    """SettingError when the known results leave nothing to run."""
    if max_trials is not None and known and len(known) >= max_trials:
        raise SettingError(
            f"max_trials={max_trials} is the study's total, in which its {len(known)} known results count, so nothing "
            "would be run.",
            hint=f"Give at least max_trials={len(known) + 1}.",
        )


def unrecorded(known: Sequence[GivenTrial], engine: Engine) -> list[GivenTrial]:
    """Those of which the study has no trial yet: same configuration, same last step and loss, as often."""
    study = engine.ledger.study
    assert study is not None
    there = Counter(
        _mark(row.config, row.last_step, row.last_loss) for row in engine.ledger.trials.values() if row.is_given
    )
    missing = []
    for trial in known:
        mark = _mark(trial.config, *_last(trial, study.goal))
        if there[mark] > 0:
            there[mark] -= 1
        else:
            missing.append(trial)
    return missing


def record(session: Session, intake: Intake, trial: GivenTrial, *, seconds: float = 0.0) -> int:
    """Stage a trial that is over, and what the scheduler decides about others because of it; returns its number.

    seconds: that it took, until now. Its checkpoints and artifacts have paths relative to its folder.
    """
    number, at = len(session.ledger.trials), session.at()
    folder = trial_folder(intake.collector.folder, number)
    trial = replace(
        trial,
        started=max(0.0, at - seconds),
        ended=at,
        checkpoints=tuple(replace(each, path=str(folder / each.path)) for each in trial.checkpoints),
        artifacts=tuple(replace(each, path=str(folder / each.path)) for each in trial.artifacts),
    )
    for event in events_of_given(number, trial, session.study.goal, unix=time.time(), told=at):
        intake.stage(event)
    return number


def record_known(session: Session, known: Sequence[GivenTrial], backend: Backend, *, folder: Path) -> None:
    """Record, all at once, what of the known results the study doesn't have yet. folder: of the study."""
    intake = Intake(session, backend, folder=folder, max_kills=1)
    for trial in unrecorded(known, session.engine):
        record(session, intake, trial)
    intake.commit()


def carry_out_record(session: Session, intake: Intake, command: Record, *, number: int) -> None:
    """Stage what a command with that number in the inbox wants recorded. ReportError when it can't be."""
    trial = GivenTrial(
        config=plain_config(command.config),
        state=command.state,
        reports=_sound(command, session.study.goal),
        reason="person" if command.state is TrialState.STOPPED else command.reason,
        message=command.message,
        exit_code=command.exit_code,
        origin={"command": number},
        checkpoints=command.checkpoints,
        artifacts=command.artifacts,
    )
    recorded = record(session, intake, trial, seconds=command.seconds)
    for note in command.notes:
        intake.stage(Noted(at=session.at(), trial=recorded, text=note.text, by=note.by, unix=note.unix))
    if command.files:
        intake.collector.take_in(Path(command.files), recorded)


def _sound(command: Record, goal: Goal) -> Reports:
    """The reports of a command, which anybody may have posted."""
    if not command.state.is_final:
        raise ReportError(f"a run that is {command.state} has no result.", hint="Record it when it is over.")
    if not command.reports and command.state is not TrialState.FAILED:
        raise ReportError("a run without a report has no result.", hint=f"Give its {goal.metric}.")
    if not 0.0 <= command.seconds < math.inf:
        raise ReportError(f"a run can't take {command.seconds} s.", hint="Give the seconds that it took, or 0.")
    last = 0
    for step, metrics in command.reports:
        if as_step(step) <= last:
            raise ReportError(f"step {step} comes after step {last}.", hint="Steps must grow.")
        last = step
        as_metrics(metrics, goal.metric)
    return command.reports


def _last(trial: GivenTrial, goal: Goal) -> tuple[int, float | None]:
    """The last step that will be recorded, and the loss there."""
    for step, metrics in trial.reports:
        if goal.loss(metrics) is None:
            return step, None
    step, metrics = trial.reports[-1]
    return step, goal.loss(metrics)


def _mark(config: Config, step: int, loss: float | None) -> Hashable:
    return json.dumps(dict(config), sort_keys=True), step, loss
