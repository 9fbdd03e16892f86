"""The tuner that Keras Tuner's names stand for: finds the space, trains trial after trial, gives the best."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from rung._trial import outside_of_trials
from rung.console import make_progress
from rung.errors import ExhaustedError, MissingExtraError, RungWarning, SettingError
from rung.integrations.keras_tuner._discovery import found_space
from rung.integrations.keras_tuner._reporting import Reporting, Saved, callback, restored
from rung.integrations.keras_tuner.hyperparameters import HyperModel, HyperParameters
from rung.integrations.keras_tuner.objectives import Objective, goal_of
from rung.store import open_store
from rung.study import Study
from rung.tuner import Tuner as Engine
from rung.types import Action, TrialState

if TYPE_CHECKING:
    from rung.contracts import Scheduler
    from rung.rows import TrialRow
    from rung.space import Space
    from rung.stopping import Criterion
    from rung.tuning.hand import Asked


@final
class Tuner:
    """Trains models with different hyperparameters, one after the other in this process.

    hypermodel: a function of ``hp`` that returns a compiled model, or a HyperModel; it is called some times at once,
    without training, to find what is searched. objective: a metric in Keras' logs, such as ``"val_loss"``, or an
    ``Objective``. scheduler: of the space found. stop: when the search ends. hyperparameters: domains that take the
    place of those found, such as ``hp.Fixed("rate", 0.01)``. executions_per_trial: how many trainings are averaged.
    max_epochs: in place of the epochs that ``search`` is given. directory, project_name: where the study is kept and
    its name, by default in memory; a study that is there is gone on with.
    """

    def __init__(
        self,
        hypermodel: Callable[[HyperParameters], Any] | HyperModel,
        objective: str | Objective,
        scheduler: Callable[[Space], Scheduler],
        *,
        stop: Criterion | None,
        max_epochs: int | None = None,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        executions_per_trial: int = 1,
        directory: str | Path | None = None,
        project_name: str = "untitled_project",
        overwrite: bool = False,
    ) -> None:
        if overwrite:
            raise SettingError("nothing is overwritten here.", hint="Give another project_name, or another directory.")
        try:
            import keras  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("Keras Tuner's shape", "keras") from error
        self._model = _Function(hypermodel) if not isinstance(hypermodel, HyperModel) else hypermodel
        self._goal = goal_of(objective)
        self._scheduler, self._stop, self._seed = scheduler, stop, seed
        self._max_epochs, self._executions = max_epochs, executions_per_trial
        self._space = found_space(self._model.build, hyperparameters)
        if directory is not None:
            Path(directory).mkdir(parents=True, exist_ok=True)
        self._store = open_store("memory" if directory is None else str(Path(directory) / "rung.db"), create=True)
        self._name = project_name
        self._best: dict[int, Saved] = {}
        self._paused: dict[int, Saved] = {}

    @property
    def study(self) -> Study:
        """The study behind it. StudyNotFoundError before ``search``."""
        return Study(self._store, self._name)

    def search(self, *args: Any, verbose: Any = "auto", **options: Any) -> None:
        """Train until the end of the search. args, options: as for ``model.fit``; callbacks are copied for each trial.

        verbose: 0 shows no progress. An error of a training is raised, once its trial has failed.
        """
        shown = make_progress("off" if verbose == 0 else "auto", store=self._store.url)
        with (
            shown,
            Engine(
                None, self._scheduler(self._space), metric=self._goal.metric, mode=self._goal.mode, store=self._store,
                study=self._name, seed=self._seed, stop=self._stop, observers=shown.observers,
            ) as engine,
        ):  # fmt: skip
            while (asked := _next(engine)) is not None:
                try:
                    with outside_of_trials():
                        self._run(engine, asked, args, {**options, "verbose": 0})
                except Exception:
                    if engine.study.trials[asked.number].state is TrialState.RUNNING:
                        engine.tell(asked, math.nan)
                    raise

    def get_best_models(self, num_models: int = 1) -> list[Any]:
        """Models with the weights of the best epoch of the best trials; of those that this object has trained."""
        rows = [row for row in self._ranked() if row.number in self._best][:num_models]
        return [restored(self._model.build(HyperParameters(row.config)), self._best[row.number]) for row in rows]

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[HyperParameters]:
        """The hyperparameters of the best trials, to be given to the build function."""
        return [HyperParameters(row.config) for row in self._ranked()[:num_trials]]

    def results_summary(self, num_trials: int = 10) -> None:
        """Print the best trials."""
        for row in self._ranked()[:num_trials]:
            values = ", ".join(f"{name}={value!r}" for name, value in row.config.items())
            assert row.best_loss is not None
            print(f"trial {row.number}: {self._goal.metric} {self._goal.value(row.best_loss):g} with {values}")  # noqa: T201

    def search_space_summary(self) -> None:
        """Print what is searched."""
        for name, domain in self._space.items():
            whens = " and ".join(map(str, self._space.conditions.get(name, ())))
            print(f"{name}: {domain!r}" + (f", while {whens}" if whens else ""))  # noqa: T201

    def _ranked(self) -> list[TrialRow]:
        ended = [row for row in self.study.trials if row.best_loss is not None and row.state is not TrialState.FAILED]
        return sorted(ended, key=lambda row: row.best_loss or 0.0)

    def _run(self, engine: Engine, asked: Asked, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        if self._max_epochs is not None:
            options["epochs"] = self._max_epochs
        row, folder = engine.study.trials[asked.number], self._store.folder(self._name) / f"model-{asked.number}"
        told: list[Mapping[str, float]] = []

        def tell(epoch: int, metrics: Mapping[str, float], *, is_last: bool) -> bool:
            if self._executions > 1:
                told.append(metrics)
                return True
            decision = engine.tell(asked, dict(metrics), step=None if is_last else epoch)
            return decision.action is Action.CONTINUE

        means: list[Mapping[str, float]] = []
        for _ in range(self._executions):
            reporting = Reporting(self._goal, tell, folder, done=row.last_step, lowest=row.best_loss)
            self._train(asked, reporting, args, options)
            if told:
                means.append(min(told, key=lambda metrics: self._goal.loss(metrics) or math.inf))
                told.clear()
        if means:
            engine.tell(asked, {name: sum(each[name] for each in means) / len(means) for name in means[0]})

    def _train(self, asked: Asked, reporting: Reporting, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        hp = HyperParameters(asked.config)
        model = self._model.build(hp)
        if unknown := [name for name in hp.domains if name not in self._space]:
            warnings.warn(
                RungWarning(
                    f"{', '.join(unknown)} first came up in trial {asked.number}, so it is not searched.",
                    hint="Name it in hyperparameters=…, or ask for it wherever the build function begins.",
                ),
                stacklevel=4,
            )
        if (state := self._paused.pop(asked.number, None)) is not None:
            model = restored(model, state)
            options = {**options, "initial_epoch": state.checkpoint.step}
        callbacks = [*copy.deepcopy(options.get("callbacks") or []), callback(reporting)]
        self._model.fit(hp, model, *args, **{**options, "callbacks": callbacks})
        if reporting.best is not None:
            self._best[asked.number] = reporting.best
        if reporting.last is not None:
            self._paused[asked.number] = reporting.last


@final
class _Function(HyperModel):
    """A build function as a HyperModel."""

    def __init__(self, build: Callable[[HyperParameters], Any]) -> None:
        self._build = build

    def build(self, hp: HyperParameters) -> Any:
        return self._build(hp)


def _next(engine: Engine) -> Asked | None:
    try:
        asked = engine.ask()
    except ExhaustedError:
        return None
    assert not isinstance(asked, list)
    return asked
