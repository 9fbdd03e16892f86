"""What studies and trials are asked by: columns with a name, shared by filters, sorting and tables."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

from msgspec import Struct

from rung.bookkeeping import STUDY_STATES, state_of
from rung.errors import SettingError
from rung.origins import origins
from rung.rows import StudyRow, TrialRow
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.contracts import Store

Kind: TypeAlias = Literal["number", "text", "flag", "duration", "moment", "several", "any"]
"""What values a column has: durations are seconds, moments seconds since 1970, ``several`` a tuple of texts."""


class Column(Struct, frozen=True):
    """A column. get: row -> value, None where there is none. words: of a text with few values, all of them."""

    name: str
    kind: Kind
    get: Callable[[Any], Any]
    words: tuple[str, ...] = ()


@final
class Columns:
    """The columns of one kind of row by name: fixed ones, and open ones that depend on the study.

    others: gives the open columns, asked only when a name is not among the fixed ones; of one name the first counts.
    """

    def __init__(self, fixed: Iterable[Column], others: Callable[[], Iterable[Column]] = tuple) -> None:
        self._fixed = {column.name: column for column in fixed}
        self._others = others

    @property
    def names(self) -> list[str]:
        """All names, the fixed ones first."""
        return list(dict.fromkeys((*self._fixed, *(column.name for column in self._others()))))

    def find(self, name: str) -> Column:
        """The column of that name; SettingError names the nearest."""
        if name in self._fixed:
            return self._fixed[name]
        for column in self._others():
            if column.name == name:
                return column
        names = self.names
        near = difflib.get_close_matches(name, names, n=1)
        short = [each for each in names if not each.startswith(("config.", "metric."))]
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(short)}."
        raise SettingError(f"There is no column {name!r}.", hint=hint)


def columns_of_trials(study: StudyRow, trials: Sequence[TrialRow], store: Store) -> Columns:
    """What the trials of a study can be asked by. store: asked only for columns that need more than the rows.

    A hyperparameter goes by its name, and by ``config.name`` where that is the name of something else. So does a
    reported metric, by ``metric.name``; its value is that of the trial's last report.
    """
    value_of = study.goal.value
    best = Column("best", "number", lambda row: None if row.best_loss is None else value_of(row.best_loss))
    last = Column("value", "number", lambda row: None if row.last_loss is None else value_of(row.last_loss))
    suggested = Column("suggested_by", "text", _suggested_by(study.name, store))
    return Columns([*_OF_TRIALS, suggested, best, last], lambda: _open_columns(study, trials, store))


def columns_of_studies(best_of: Callable[[StudyRow], float | None]) -> Columns:
    """What studies can be asked by. best_of: gives the incumbent's value, called only when it is asked for."""
    return Columns([*_OF_STUDIES, Column("best", "number", best_of)])


def hyperparameters(study: StudyRow, trials: Iterable[TrialRow]) -> list[str]:
    """The names of all hyperparameters: those of the space in its order, then those that only trials have."""
    dimensions = study.space.get("dimensions", ()) if isinstance(study.space, Mapping) else ()
    names = dict.fromkeys(dimension["name"] for dimension in dimensions)
    for row in trials:
        names.update(dict.fromkeys(row.config))
    return list(names)


def _open_columns(study: StudyRow, trials: Sequence[TrialRow], store: Store) -> Iterator[Column]:
    for name in hyperparameters(study, trials):
        kind = _kind([row.config[name] for row in trials if name in row.config])
        for shown in (name, f"config.{name}"):
            yield Column(shown, kind, _setting(name))
    metrics = store.tables.last_metrics(study.name)
    for name in dict.fromkeys(name for reported in metrics.values() for name in reported):
        for shown in (name, f"metric.{name}"):
            yield Column(shown, "number", _metric(metrics, name))


def _setting(name: str) -> Callable[[TrialRow], Any]:
    return lambda row: row.config.get(name)


def _suggested_by(study: str, store: Store) -> Callable[[TrialRow], Any]:
    @functools.cache  # the whole log is read, once, if anybody asks
    def by_trial() -> Mapping[int, str]:
        return {trial: origin.by for trial, origin in origins(event for _, event in store.read(study))}

    return lambda row: by_trial().get(row.number)


def _metric(metrics: Mapping[int, Mapping[str, float]], name: str) -> Callable[[TrialRow], Any]:
    return lambda row: metrics.get(row.number, {}).get(name)


def _kind(values: Sequence[Any]) -> Kind:
    if values and all(isinstance(value, str) for value in values):
        return "text"
    if values and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return "number"
    return "any"


def _objective(row: StudyRow) -> str | None:
    named = row.objective
    return " ".join(map(str, named)) if isinstance(named, list | tuple) else named


_OF_TRIALS: Final = (
    Column("number", "number", lambda row: row.number),
    Column("state", "text", lambda row: str(row.state), tuple(map(str, TrialState))),
    Column("best_step", "number", lambda row: row.best_step),
    Column("step", "number", lambda row: row.last_step),
    Column("runtime", "duration", lambda row: row.runtime),
    Column("attempt", "number", lambda row: row.attempt),
    Column("worker", "number", lambda row: row.worker),
    Column("parent", "number", lambda row: row.parent),
    Column("reason", "text", lambda row: row.reason or None),
    Column("message", "text", lambda row: row.message or None),
    Column("tag", "several", lambda row: row.tags),
    Column("note", "several", lambda row: tuple(note.text for note in row.notes)),
    Column("retry_of", "number", lambda row: row.retry_of),
    Column("given", "flag", lambda row: row.is_given),
    Column("gpus", "text", lambda row: row.gpus or None),
    Column("host", "text", lambda row: row.host or None),
    Column("started", "duration", lambda row: row.started_at),
    Column("ended", "duration", lambda row: row.ended_at),
)
_OF_STUDIES: Final = (
    Column("name", "text", lambda row: row.name),
    Column("state", "text", state_of, STUDY_STATES),
    Column("project", "text", lambda row: row.project or None),
    Column("tag", "several", lambda row: row.tags),
    Column("message", "text", lambda row: row.message or None),
    Column("metric", "text", lambda row: row.goal.metric),
    Column("trials", "number", lambda row: sum(row.counts.values())),
    Column("created", "moment", lambda row: row.created_unix),
    Column("elapsed", "duration", lambda row: row.at),
    Column("objective", "text", _objective),
)
