"""Studies of rung as studies of Optuna, written by the optuna package."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rung.errors import MissingExtraError, SettingError
from rung.events import Ended, SessionStarted, Started
from rung.interchange.optuna import quiet
from rung.space import Choice, Constant, Float, Int, Ordinal, Space
from rung.space.values import distinct, identity
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.rows import TrialRow
    from rung.space import Domain
    from rung.study import Study
    from rung.types import Json

_STATES: Final = {
    TrialState.COMPLETED: "COMPLETE",
    TrialState.STOPPED: "PRUNED",
    TrialState.PAUSED: "PRUNED",  # a pausing scheduler leaves most trials so, and Optuna knows no pause
    TrialState.FAILED: "FAIL",
}


class _Dimension(NamedTuple):
    """How Optuna has a dimension. written: of a choice, what stands there for each value, by its identity."""

    distribution: Any
    written: Mapping[Hashable, Any]


class _Span(NamedTuple):
    """Of a trial, on the calendar."""

    began: dt.datetime
    ended: dt.datetime


def write_optuna(study: Study, url: str, name: str | None = None) -> int:
    """Write the trials of a study that don't run to an Optuna storage, as a new study; returns how many there are.

    name: of the new study; by default that of this one. Stopped and paused trials become pruned ones, reports
    intermediate values at the same steps, and other metrics user attributes, as they were last. What Optuna has no
    distribution for becomes a range of floats, and sequences in a choice their JSON texts; so do all values of a choice
    with two that Optuna can't tell apart, such as 1 and True. SettingError when the name is taken there, or the storage
    can't be written to; MissingExtraError without optuna.
    """
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError("Writing a study of Optuna", "optuna") from error
    row = study.row
    directions = optuna.study.StudyDirection
    direction = directions.MINIMIZE if row.goal.mode == "min" else directions.MAXIMIZE
    ended = [each for each in study.trials if each.state in _STATES]
    with quiet():
        try:
            made = optuna.create_study(storage=url, study_name=name or row.name, direction=direction)
        except optuna.exceptions.DuplicatedStudyError as error:
            raise SettingError(
                f"there is a study {name or row.name!r} in {url!r} already.", hint="Give it another name."
            ) from error
        except Exception as error:  # whatever its database layer raises
            raise SettingError(
                f"Optuna can't write to {url!r}: {type(error).__name__}: {error}", hint="Try it with optuna itself."
            ) from error
        known = {each: _dimension(optuna, each, domain, ended) for each, domain in Space.from_json(row.space).items()}
        spans = _spans(study)
        for trial in ended:
            made.add_trial(_frozen(optuna, study, trial, known, spans[trial.number]))
    return len(ended)


def _spans(study: Study) -> dict[int, _Span]:
    """When each trial first began and last ended; the study's own clock stands still between sessions."""
    began: dict[int, float] = {}
    ended: dict[int, float] = {}
    offset = 0.0
    for event in study.events():
        if isinstance(event, SessionStarted):
            offset = event.unix - event.at
        elif isinstance(event, Started):
            began.setdefault(event.trial, event.at + offset)
        elif isinstance(event, Ended):
            ended[event.trial] = event.at + offset
    moment = dt.datetime.fromtimestamp  # local and naive, as Optuna's are
    return {number: _Span(moment(began[number]), moment(end)) for number, end in ended.items()}


def _frozen(optuna: Any, study: Study, trial: TrialRow, known: Mapping[str, _Dimension], span: _Span) -> Any:
    goal, curve = study.row.goal, study.curve(trial.number)
    is_complete = trial.state is TrialState.COMPLETED
    params = {name: value for name, value in trial.config.items() if name in known}
    return optuna.trial.FrozenTrial(
        number=-1,  # its storage numbers it, and gives it an id
        trial_id=-1,
        state=optuna.trial.TrialState[_STATES[trial.state]],
        datetime_start=span.began,
        datetime_complete=span.ended,
        params={name: known[name].written.get(identity(value), value) for name, value in params.items()},
        distributions={name: known[name].distribution for name in params},
        system_attrs={},
        value=goal.value(trial.last_loss) if is_complete and trial.last_loss is not None else None,
        intermediate_values={step: metrics[goal.metric] for step, metrics in curve},
        user_attrs={name: value for name, value in (curve[-1][1] if curve else {}).items() if name != goal.metric},
    )


def _dimension(optuna: Any, name: str, domain: Domain, trials: Sequence[TrialRow]) -> _Dimension:
    """Wide enough for what people have tried outside of the domain."""
    made = optuna.distributions
    values = [trial.config[name] for trial in trials if name in trial.config]
    outside = [value for value in values if not domain.contains(value)]
    if isinstance(domain, Choice | Ordinal | Constant):
        listed = [domain.value] if isinstance(domain, Constant) else domain.grid(1 << 20)
        written = _written([*listed, *outside])
        return _Dimension(made.CategoricalDistribution(list(written.values())), written)
    low, high = min([domain.from_unit(0.0), *outside]), max([domain.from_unit(1.0), *outside])
    log = isinstance(domain, Float | Int) and domain.log and low > 0
    step = domain.step if isinstance(domain, Float | Int) and not log and not outside else None
    if isinstance(domain, Int) and all(isinstance(value, int) for value in outside):
        return _Dimension(made.IntDistribution(low, high, log=log, step=step or 1), {})
    return _Dimension(made.FloatDistribution(low, high, log=log, step=step), {})


def _written(values: Sequence[Json]) -> dict[Hashable, Any]:
    different = distinct(values)
    plain = [json.dumps(value) if isinstance(value, list) else value for value in different]
    is_ambiguous = len(set(plain)) < len(plain)
    return {
        identity(value): json.dumps(value) if is_ambiguous else each
        for value, each in zip(different, plain, strict=True)
    }
