"""Studies of Optuna, read from their storage by the optuna package."""

from __future__ import annotations

import contextlib
import logging
import math
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rung.errors import MissingExtraError, SettingError
from rung.interchange.given import GivenStudy
from rung.interchange.inference import check_space
from rung.space import Choice, Constant, Float, Int, Space
from rung.tuning.given import GivenTrial
from rung.types import Goal, TrialState

if TYPE_CHECKING:
    import datetime as dt

    from rung.space import Domain

_SQLITE: Final = "sqlite:///"


def read_optuna(
    url: str, name: str | None = None, *, metric: str | None = None, space: Space | None = None
) -> GivenStudy:
    """A study of an Optuna storage, which is left as it is.

    name: needed where the storage has several. metric: what its values are called; by default as Optuna knows it, else
    ``value``. space: by default what all trials together have searched. Steps are counted from 1, pruned trials are
    stopped ones, and waiting ones are left out. SettingError for several objectives, and for what can't be read;
    MissingExtraError without optuna.
    """
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError("Reading a study of Optuna", "optuna") from error
    with quiet(), _readable(url) as address:
        try:
            found = optuna.load_study(study_name=_name(optuna, address, name, url), storage=address)
            trials = found.get_trials(deepcopy=False)
        except SettingError:
            raise
        except Exception as error:  # whatever its database layer raises
            raise SettingError(
                f"Optuna can't read {url!r}: {type(error).__name__}: {error}", hint="Try it with optuna itself."
            ) from error
        if len(found.directions) > 1:
            raise SettingError(
                f"The study {found.study_name!r} has {len(found.directions)} objectives; a study of rung has one.",
                hint="Import studies with one objective only.",
            )
        mode = "max" if found.direction == optuna.study.StudyDirection.MAXIMIZE else "min"
        goal = Goal(metric or (found.metric_names or ["value"])[0], mode)  # type: ignore[arg-type]
        return _study(found, trials, goal, space)


def _study(found: Any, trials: Sequence[Any], goal: Goal, space: Space | None) -> GivenStudy:
    started = [trial for trial in trials if trial.state.name != "WAITING"]
    if not started:
        raise SettingError(f"The study {found.study_name!r} has no trials.", hint="There is nothing to import.")
    started.sort(key=lambda trial: (trial.datetime_start, trial.number))
    remarks: list[str] = []
    if space is None:
        space, remarks = _space(started)
    else:
        check_space(space, dict.fromkeys(name for trial in started for name in trial.params))
    shift = max(0, 1 - min((step for trial in started for step in trial.intermediate_values), default=1))
    if shift:
        remarks.append(f"steps are counted from 1 here: {shift} was added to each")
    if len(started) < len(trials):
        remarks.append(f"{len(trials) - len(started)} waiting trials were left out")
    not_finite = sum(not math.isfinite(value) for trial in started for value in trial.intermediate_values.values())
    if not_finite:
        remarks.append(f"{not_finite} intermediate values that are not finite were left out")
    clock = _clock(started)
    return GivenStudy(
        space=space,
        goal=goal,
        trials=tuple(_trial(trial, goal, shift, clock) for trial in started),
        source=f"the Optuna study {found.study_name!r}",
        remarks=tuple(remarks),
        notes=tuple(f"{key} = {value}" for key, value in found.user_attrs.items()),
        began=started[0].datetime_start.timestamp(),
    )


_STATES: Final = {
    "COMPLETE": (TrialState.COMPLETED, "", ""),
    "PRUNED": (TrialState.STOPPED, "", "pruned by Optuna"),
    "FAIL": (TrialState.FAILED, "error", "failed in Optuna"),
    "RUNNING": (TrialState.FAILED, "lost", "it was running in Optuna when it was imported"),
}


def _trial(trial: Any, goal: Goal, shift: int, clock: Callable[[dt.datetime], float]) -> GivenTrial:
    state, reason, message = _STATES[trial.state.name]
    values = {step + shift: value for step, value in trial.intermediate_values.items() if math.isfinite(value)}
    last = max(values, default=0)
    if trial.state.name == "COMPLETE" and values.get(last) != trial.value:
        values[last + 1] = trial.value
    began = clock(trial.datetime_start)
    return GivenTrial(
        config=dict(trial.params),
        state=state,
        reports=tuple((step, {goal.metric: float(value)}) for step, value in sorted(values.items())),
        reason=reason,
        message=message,
        origin={"imported": "optuna", "number": trial.number},
        notes=tuple(f"{key} = {value}" for key, value in trial.user_attrs.items()),
        started=began,
        ended=began if trial.datetime_complete is None else clock(trial.datetime_complete),
    )


def _space(trials: Sequence[Any]) -> tuple[Space, list[str]]:
    """What all trials together have searched; a range that differs between trials becomes the widest."""
    seen: dict[str, list[Any]] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            known = seen.setdefault(name, [])
            if distribution not in known:
                known.append(distribution)
    remarks = []
    for name, known in seen.items():
        if len(known) > 1:
            remarks.append(f"{name}: its {len(known)} different distributions became one")
        count = sum(name in trial.params for trial in trials)
        if count < len(trials):
            remarks.append(f"{name}: only {count} of {len(trials)} trials have it; here it is searched in all")
    return Space({name: _domain(name, known) for name, known in seen.items()}), remarks


def _domain(name: str, known: Sequence[Any]) -> Domain:
    kinds = {type(each).__name__ for each in known}
    if kinds == {"CategoricalDistribution"}:
        choices = [choice for each in known for choice in each.choices]
        distinct = list({(type(choice), choice): choice for choice in choices}.values())
        return Choice(distinct) if len(distinct) > 1 else Constant(distinct[0])
    if not kinds <= {"FloatDistribution", "IntDistribution"}:
        raise SettingError(
            f"{name!r} is of several kinds ({', '.join(sorted(kinds))}), which no domain here is.",
            hint="Export the study as CSV and import that.",
        )
    low, high = min(each.low for each in known), max(each.high for each in known)
    log = all(each.log for each in known)
    steps = {each.step for each in known}
    if low == high:
        return Constant(low)
    if kinds == {"IntDistribution"}:
        step = steps.pop() if len(known) == 1 else 1
        return Int(low, high, log=log, step=None if step == 1 else step)
    return Float(low, high, log=log, step=steps.pop() if len(known) == 1 else None)


def _clock(trials: Sequence[Any]) -> Callable[[dt.datetime], float]:
    """Seconds that the study has been worked on until a moment; times in which no trial ran do not count."""
    spans: list[list[float]] = []
    for trial in trials:  # by their starts
        start = trial.datetime_start.timestamp()
        end = start if trial.datetime_complete is None else trial.datetime_complete.timestamp()
        if spans and start <= spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], end)
        else:
            spans.append([start, end])

    def clock(moment: dt.datetime) -> float:
        now = moment.timestamp()
        return sum(min(now, end) - start for start, end in spans if start < now)

    return clock


def _name(optuna: Any, address: str, name: str | None, url: str) -> str:
    names = optuna.get_all_study_names(address)
    if name is None and len(names) == 1:
        return str(names[0])
    if name in names:
        return str(name)
    listed = ", ".join(map(repr, names)) or "none"
    what = "has several studies" if name is None and names else f"has no study {name!r}" if name else "has no studies"
    raise SettingError(f"The storage {url!r} {what}.", hint=f"Name one of them; there are: {listed}.")


@contextlib.contextmanager
def _readable(url: str) -> Iterator[str]:
    """An address under which Optuna may do what it likes: for a SQLite file that of a copy."""
    if "://" not in url:
        path = Path(url)
        raise SettingError(
            f"{url!r} is no URL of a storage.", hint=f"For the file of that name, write {_SQLITE}{path}."
        )
    if not url.startswith(_SQLITE):
        yield url
        return
    path = Path(url.removeprefix(_SQLITE)).absolute()
    if not path.is_file():
        raise SettingError(f"There is no file {str(path)!r}.", hint="Check the path.")
    with tempfile.TemporaryDirectory(prefix="rung-") as folder:
        copy = Path(folder) / "optuna.db"
        try:
            with (
                contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source,
                contextlib.closing(sqlite3.connect(copy)) as target,
            ):
                source.backup(target)
                is_optuna = target.execute("SELECT 1 FROM sqlite_master WHERE name = 'study_directions'").fetchone()
        except sqlite3.Error as error:
            raise SettingError(f"{str(path)!r} can't be read: {error}.", hint="Give a storage of Optuna.") from error
        if not is_optuna:
            raise SettingError(f"{str(path)!r} is no storage of Optuna.", hint="Give the one that the study is in.")
        yield f"{_SQLITE}{copy}"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what Optuna says to standard error about reading."""
    logger = logging.getLogger("optuna")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
