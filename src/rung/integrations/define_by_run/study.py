"""Studies in Optuna's shape: ``create_study``, ``optimize``, ``best_params``."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

from msgspec import Struct

from rung import registry
from rung import study as reading
from rung._trial import outside_of_trials
from rung.console import make_progress
from rung.errors import RungError, SettingError, StudyExistsError
from rung.integrations.define_by_run._growth import Growth
from rung.integrations.define_by_run._presence import presumably_asked
from rung.integrations.define_by_run.trial import Trial, TrialPruned
from rung.space import Space
from rung.store import open_store
from rung.tuning.opening import OpenStudy, find_study, new_study
from rung.tuning.setup import checked_goal, free_name
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.console import ProgressMode
    from rung.contracts import Store
    from rung.integrations.define_by_run._presence import Seen
    from rung.rows import TrialRow
    from rung.space import Domain
    from rung.tuning.session import Observer
    from rung.types import Goal

_MODES: Mapping[str, Literal["min", "max"]] = {"minimize": "min", "maximize": "max"}


class FrozenTrial(Struct, frozen=True, kw_only=True):
    """A trial as it stands.

    value: the last it reported, None before. params: what it asked for; of a trial of an earlier session, what its
    configuration has, less what by the conditions concluded since is not asked for there.
    """

    number: int
    state: TrialState
    value: float | None
    params: Mapping[str, Any]
    intermediate_values: Mapping[int, float]


def create_study(
    *,
    direction: str = "minimize",
    sampler: str = "tpe",
    pruner: str = "basic",
    storage: Store | str | Path = "memory",
    study_name: str | None = None,
    load_if_exists: bool = False,
    seed: int | None = None,
) -> Study:
    """A study without a space, which begins with the first value that an objective asks for.

    direction: ``minimize`` or ``maximize``. sampler, pruner: names of rung's searchers and schedulers, possibly with
    options, such as ``"gp"`` and ``"asha(max_t=9)"``; those that pause trials begin them anew. storage: ``"memory"``,
    a path or URL of a database, or a store. SettingError; StudyExistsError for a name that is taken, unless
    load_if_exists.
    """
    if direction not in _MODES:
        raise SettingError(f"direction={direction!r} is not known.", hint="Use 'minimize' or 'maximize'.")
    for role, part in (("sampler", sampler), ("pruner", pruner)):
        if not isinstance(part, str):
            raise SettingError(
                f"{role}={part!r} is none of rung's.", hint="Give a name: sampler='gp', pruner='asha(max_t=9)'."
            )
    store = open_store(str(storage), create=True) if isinstance(storage, str | Path) else storage
    name = study_name or free_name(store, "study")
    if not load_if_exists and find_study(store, name, resume="auto") is not None:
        raise StudyExistsError(
            f"there is a study {name!r} already.", hint="Write load_if_exists=True to go on with it."
        )
    return Study(store, name, checked_goal("value", _MODES[direction]), sampler=sampler, pruner=pruner, seed=seed)


@final
class Study:
    """The trials of one search. Made by ``create_study``."""

    def __init__(self, store: Store, name: str, goal: Goal, *, sampler: str, pruner: str, seed: int | None) -> None:
        self.study_name = name
        self._store, self._goal, self._seed = store, goal, seed
        self._sampler, self._pruner = sampler, pruner
        self._observers: Sequence[Observer] = ()
        self._growth: Growth | None = None
        self._row: TrialRow | None = None
        self._seen: list[Seen] = []
        self._asked: dict[int, AbstractSet[str]] = {}

    @property
    def study(self) -> reading.Study:
        """The view that rung has of it. StudyNotFoundError before the first trial."""
        return reading.Study(self._store, self.study_name)

    def optimize(
        self,
        objective: Callable[[Trial], float],
        n_trials: int | None = None,
        *,
        timeout: float | None = None,
        catch: tuple[type[Exception], ...] | type[Exception] = (),
        callbacks: Sequence[Callable[[Study, FrozenTrial], None]] = (),
        progress: ProgressMode = "off",
    ) -> None:
        """Call the objective so many times more, or for so many seconds; it returns its value.

        catch: errors after which the next trial is tried; all others are raised, once their trial has failed.
        callbacks: called with the study and each ended trial. SettingError when nothing says when to end.
        """
        if n_trials is None and timeout is None:
            raise SettingError("nothing says when to end.", hint="Give n_trials=… or timeout=….")
        began, n_run = time.monotonic(), 0
        shown = make_progress(progress, store=self._store.url, max_trials=None)
        self._observers = shown.observers
        with shown:
            try:
                self._open()
                while (n_trials is None or n_run < n_trials) and (
                    timeout is None or time.monotonic() - began < timeout
                ):
                    if not self._try(objective, catch):
                        break
                    n_run += 1
                    for callback in callbacks:
                        callback(self, self.trials[-1])
            finally:
                if self._growth is not None:
                    self._growth.leave()
                self._growth = self._row = None

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, by number."""
        if self._growth is None and find_study(self._store, self.study_name, resume="auto") is None:
            return []
        study, asked = self.study, self._asked
        space = Space.from_json(study.row.space)
        return [
            _frozen(study, row, asked[row.number] if row.number in asked else presumably_asked(row.config, space))
            for row in study.trials
        ]

    @property
    def best_trial(self) -> FrozenTrial:
        """The complete trial with the best value. RungError when there is none."""
        done = [each for each in self.trials if each.state is TrialState.COMPLETED and each.value is not None]
        if not done:
            raise RungError("no trial is complete.", hint="Look at study.trials.")
        sign = 1 if self._goal.mode == "min" else -1
        return min(done, key=lambda each: sign * (each.value or 0.0))

    @property
    def best_value(self) -> float:
        """The best trial's value."""
        value = self.best_trial.value
        assert value is not None
        return value

    @property
    def best_params(self) -> dict[str, Any]:
        """The best trial's values by name."""
        return dict(self.best_trial.params)

    def begun(self, name: str, domain: Domain) -> tuple[Growth, TrialRow]:
        """For the trial that runs: its session, after the study has begun with this dimension if need be."""
        growth = self._growth
        if growth is None:
            space = Space({name: domain})
            scheduler = registry.scheduler(self._pruner, registry.searcher(self._sampler, space))
            created = new_study(self.study_name, scheduler, self._goal, seed=self._seed, objective=None)
            growth = self._begin(OpenStudy(self._store, scheduler, created, is_new=True))
            self._row = growth.next_trial()
        assert self._row is not None
        return growth, self._row

    def _open(self) -> None:
        """Go on with the study that there is, if there is one."""
        created = find_study(self._store, self.study_name, resume="auto")
        if created is not None:
            if created.goal != self._goal:
                raise SettingError(f"the study {self.study_name!r} has another direction.", hint="Give it that.")
            scheduler = registry.build_scheduler(created.scheduler, Space.from_json(created.space))
            self._begin(OpenStudy(self._store, scheduler, created, is_new=False))

    def _begin(self, opened: OpenStudy) -> Growth:
        self._growth = Growth(opened, self._seen, observers=self._observers)
        return self._growth

    def _try(self, objective: Callable[[Trial], float], catch: Any) -> bool:
        """Whether there was a trial to run."""
        if self._growth is not None:
            self._row = self._growth.next_trial()
            if self._row is None:
                return False
        trial = Trial(self, 0 if self._row is None else self._row.number)
        self._asked[trial.number] = trial.params.keys()  # grows with them
        try:
            with outside_of_trials():
                value = float(objective(trial))
        except TrialPruned:
            self._end(lambda growth, row: growth.prune(row))
        except Exception as error:
            message = traceback.format_exc()
            if self._row is not None:
                self._end(lambda growth, row: growth.fail(row, message))
            if not isinstance(error, catch):
                raise
        else:
            asked = frozenset(trial.params)
            self._end(lambda growth, row: growth.finish(row, value, asked))
        return True

    def _end(self, how: Callable[[Growth, TrialRow], None]) -> None:
        if self._growth is None or self._row is None:
            raise SettingError("the objective asked for nothing.", hint="Call trial.suggest_float(…) in it.")
        how(self._growth, self._row)


def _frozen(study: reading.Study, row: TrialRow, asked: AbstractSet[str]) -> FrozenTrial:
    goal = study.row.goal
    curve = {step - 1: metrics[goal.metric] for step, metrics in study.curve(row.number)}
    value = None if row.last_loss is None else goal.value(row.last_loss)
    params = {name: each for name, each in row.config.items() if name in asked}
    return FrozenTrial(number=row.number, state=row.state, value=value, params=params, intermediate_values=curve)
