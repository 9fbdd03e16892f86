"""Studies of rung as studies of Optuna, written by the optuna package."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from rung.errors import MissingExtraError, SettingError
from rung.interchange.optuna import quiet
from rung.space import Choice, Constant, Float, Int, Ordinal, Space
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.rows import TrialRow
    from rung.space import Domain
    from rung.study import Study

_STATES: Final = {TrialState.COMPLETED: "COMPLETE", TrialState.STOPPED: "PRUNED", TrialState.FAILED: "FAIL"}


def write_optuna(study: Study, url: str, name: str | None = None) -> int:
    """Write the ended trials of a study to an Optuna storage, as a new study there; returns how many there are.

    name: of the new study; by default that of this one. Stopped trials become pruned ones, reports intermediate values
    at the same steps, and other metrics user attributes, as they were last. What Optuna has no distribution for becomes
    a range of floats, and sequences in a choice their JSON texts. SettingError when the name is taken there, or the
    storage can't be written to; MissingExtraError without optuna.
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
        known = {
            each: _distribution(optuna, each, domain, ended) for each, domain in Space.from_json(row.space).items()
        }
        for trial in ended:
            made.add_trial(_frozen(optuna, study, trial, known))
    return len(ended)


def _frozen(optuna: Any, study: Study, trial: TrialRow, known: dict[str, Any]) -> Any:
    goal, curve = study.row.goal, study.curve(trial.number)
    is_complete = trial.state is TrialState.COMPLETED
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState[_STATES[trial.state]],
        params={name: _plain(value) for name, value in trial.config.items() if name in known},
        distributions={name: known[name] for name in trial.config if name in known},
        value=goal.value(trial.last_loss) if is_complete and trial.last_loss is not None else None,
        intermediate_values={step: metrics[goal.metric] for step, metrics in curve},
        user_attrs={name: value for name, value in (curve[-1][1] if curve else {}).items() if name != goal.metric},
    )


def _distribution(optuna: Any, name: str, domain: Domain, trials: Sequence[TrialRow]) -> Any:
    """Wide enough for what people have tried outside of the domain."""
    made = optuna.distributions
    values = [trial.config[name] for trial in trials if name in trial.config]
    outside = [value for value in values if not domain.contains(value)]
    if isinstance(domain, Choice | Ordinal | Constant):
        listed = [domain.value] if isinstance(domain, Constant) else domain.grid(1 << 20)
        return made.CategoricalDistribution(list(dict.fromkeys(map(_plain, [*listed, *outside]))))
    low, high = min([domain.from_unit(0.0), *outside]), max([domain.from_unit(1.0), *outside])
    log = isinstance(domain, Float | Int) and domain.log and low > 0
    step = domain.step if isinstance(domain, Float | Int) and not log and not outside else None
    if isinstance(domain, Int) and all(isinstance(value, int) for value in outside):
        return made.IntDistribution(low, high, log=log, step=step or 1)
    return made.FloatDistribution(low, high, log=log, step=step)


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value
