"""Rows of a table as trials: of any table, or of what rung itself has exported."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from rung.errors import SettingError, SpaceError
from rung.interchange.export import REPORT_COLUMNS
from rung.interchange.given import GivenStudy, in_a_row
from rung.interchange.inference import check_space, infer_space
from rung.interchange.reading import Record, refuse
from rung.space import Float, Int, Normal
from rung.space.values import is_number
from rung.tuning.given import GivenTrial
from rung.types import Goal, Json, TrialState

if TYPE_CHECKING:
    from rung.space import Space

_USUAL: Final = "error"  # as a study's metric is called when nobody says


class Roles(Struct, frozen=True, kw_only=True):
    """What the columns of a table are.

    config: column -> hyperparameter. metric: what is judged, which the column ``value`` has at the last step, and
    ``best`` at its best step. step: that of ``value``; None where nobody knows it. metrics: column -> other metric.
    is_exported: the other columns have the names and meanings that rung gives them when it exports.
    """

    config: Mapping[str, str]
    metric: str
    value: str
    best: str | None = None
    step: str | None = None
    metrics: Mapping[str, str] = {}
    is_exported: bool = False


def roles_of(
    names: Sequence[str],
    *,
    metric: str | None = None,
    step: str | None = None,
    metrics: Sequence[str] = (),
    skipped: Sequence[str] = (),
) -> Roles:
    """What the columns are: what rung exported is known, else all that is not named is a hyperparameter.

    metric: by default ``error``; of an exported study its own. step: the column with the step at which the metric was
    reached; of an exported study its own, whatever is given.
    """
    if tuple(names[:3]) == REPORT_COLUMNS:
        raise SettingError(
            "This table has one row per report, as `rung export --reports` writes it; here a row is a trial.",
            hint="Export it again without --reports, and import that.",
        )
    _check_known((*metrics, *skipped, *([] if step is None else [step])), names)
    if tuple(names[:2]) == ("number", "state") and {"best", "value", "best_step", "step", "notes"} < set(names):
        return _exported_roles(names, metric=metric, skipped=skipped)
    metric = metric or _USUAL
    _check_known([metric], names)
    taken = {metric, step, *metrics, *skipped}
    return Roles(
        config={name: name for name in names if name not in taken},
        metric=metric,
        value=metric,
        step=step,
        metrics={name: name for name in metrics if name != metric},
    )


def _exported_roles(names: Sequence[str], *, metric: str | None, skipped: Sequence[str]) -> Roles:
    """The first column behind the known ones is the study's own metric, whose best values are known, too."""
    first_known, behind = names.index("best"), names.index("notes") + 1
    columns = {name.removeprefix("metric."): name for name in names[behind:]}
    own = next(iter(columns))
    metric = metric or own
    _check_known([metric], list(columns))
    others = {column: name for name, column in columns.items() if name != metric and column not in skipped}
    return Roles(
        config={name: name.removeprefix("config.") for name in names[2:first_known] if name not in skipped},
        metric=metric,
        value=columns[metric],
        best="best" if metric == own else None,
        step="step",
        metrics=others,
        is_exported=True,
    )


def _check_known(wanted: Sequence[str], columns: Sequence[str]) -> None:
    for name in wanted:
        if name not in columns:
            near = difflib.get_close_matches(name, columns, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"The columns are: {', '.join(columns)}."
            raise SettingError(f"There is no column {name!r} to be judged or left out.", hint=hint)


def study_of(records: Sequence[Record], roles: Roles, goal: Goal, *, path: Path, space: Space | None) -> GivenStudy:
    """The rows as trials. SettingError names the rows that can't be: a text where a number belongs, and the like.

    space: None infers the smallest one that has all values. A row without a value is a failed trial.
    """
    if not records or not roles.config:
        what = "rows" if not records else "hyperparameters"
        raise SettingError(f"{str(path)!r} has no {what}.", hint="Give a table with one row per trial.")
    if space is not None:
        check_space(space, roles.config.values())
    refuse(path, list(_problems(records, roles, space)))
    remarks: list[str] = []
    if space is None:
        columns = {
            own: [record.values[name] for record in records if name in record.values]
            for name, own in roles.config.items()
        }
        space, remarks = infer_space({name: values for name, values in columns.items() if values})
    trials = in_a_row([_trial(record, roles, goal, space) for record in records])
    return GivenStudy(
        space=space,
        goal=goal,
        trials=trials,
        source=path.name,
        remarks=tuple(remarks),
        has_steps=roles.step is not None,
    )


def _trial(record: Record, roles: Roles, goal: Goal, space: Space) -> tuple[GivenTrial, float]:
    values = record.values
    config = {own: _in(space, own, values[name]) for name, own in roles.config.items() if name in values}
    others = {own: float(values[name]) for name, own in roles.metrics.items() if name in values}
    reports: dict[int, dict[str, float]] = {}
    if roles.best is not None and roles.best in values:
        reports[int(values["best_step"])] = {goal.metric: float(values[roles.best])}
    if roles.value in values:
        step = 1 if roles.step is None else int(values[roles.step])
        reports[step] = {goal.metric: float(values[roles.value]), **others}
    state, reason, message = _ending(values, roles, has_value=bool(reports))
    trial = GivenTrial(
        config=config,
        state=state,
        reports=tuple(sorted(reports.items())),
        reason=reason,
        message=message,
        origin={"imported": record.where},
        tags=_texts(values.get("tags")) if roles.is_exported else (),
        notes=_texts(values.get("notes")) if roles.is_exported else (),
        started=0.0,
        ended=0.0,
    )
    return trial, float(values.get("runtime", 0.0)) if roles.is_exported else 0.0


def _ending(values: Mapping[str, Json], roles: Roles, *, has_value: bool) -> tuple[TrialState, str, str]:
    """State, reason and message of a trial."""
    if not roles.is_exported:
        return (TrialState.COMPLETED, "", "") if has_value else (TrialState.FAILED, "no_value", "it has no value")
    state = TrialState(values["state"])
    if not state.is_final:
        return TrialState.FAILED, "lost", f"it was {state} when it was exported"
    reason = str(values.get("reason", "error")) if state is TrialState.FAILED else ""
    return state, reason, str(values.get("message", ""))


def _problems(records: Sequence[Record], roles: Roles, space: Space | None) -> Iterator[str]:
    """What is wrong with single rows."""
    numeric = {roles.value, *roles.metrics, *(("best", "best_step", "runtime") if roles.is_exported else ())}
    numeric |= set() if roles.step is None else {roles.step}
    for name, own in roles.config.items():
        if space is not None and own in space:
            if isinstance(space[own], Float | Int | Normal):
                numeric.add(name)
        elif space is None:
            values = [record.values[name] for record in records if name in record.values]
            if 2 * sum(map(is_number, values)) > len(values):
                numeric.add(name)
    for record in records:
        for name, value in record.values.items():
            if name in numeric and not is_number(value):
                yield f"{record.where}: {name} is {value!r}, not a number"
            elif name in roles.config and isinstance(value, float) and not math.isfinite(value):
                yield f"{record.where}: {name} is {value}, which no hyperparameter can be"
        if roles.is_exported and record.values.get("state") not in list(TrialState):
            yield f"{record.where}: state is {record.values.get('state')!r}, which none is called"
        yield from _problems_of_steps(record, roles)


def _problems_of_steps(record: Record, roles: Roles) -> Iterator[str]:
    values = record.values
    for step, of in ((roles.step, roles.value), ("best_step", roles.best)):
        if step is None or of not in values:
            continue
        if step not in values:
            yield f"{record.where}: {of} has no {step}"
        elif is_number(values[step]) and not (values[step] >= 1 and values[step] % 1 == 0):
            yield f"{record.where}: {step} is {values[step]!r}, which is no step"


def _in(space: Space, name: str, value: Json) -> Json:
    """The value as the space writes it; as it is where the space has no such value."""
    try:
        return space[name].validate(value) if name in space else value
    except SpaceError:
        return value


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
