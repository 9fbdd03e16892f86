"""Keras Tuner's tuners by name: which searcher and scheduler each of them is here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rung.integrations.keras_tuner.hyperparameters import HyperModel, HyperParameters
from rung.integrations.keras_tuner.objectives import Objective
from rung.integrations.keras_tuner.tuner import Tuner
from rung.schedulers.basic import BasicScheduler
from rung.schedulers.hyperband import Hyperband as HyperbandScheduler
from rung.searchers.gp import GPSearcher
from rung.searchers.grid import GridSearcher
from rung.searchers.random import RandomSearcher
from rung.stopping import trials

Build = Callable[[HyperParameters], Any] | HyperModel


def RandomSearch(  # noqa: N802  # Keras Tuner's name
    hypermodel: Build,
    objective: str | Objective,
    max_trials: int = 10,
    *,
    seed: int | None = None,
    hyperparameters: HyperParameters | None = None,
    executions_per_trial: int = 1,
    directory: str | Path | None = None,
    project_name: str = "untitled_project",
    overwrite: bool = False,
) -> Tuner:
    """Configurations at random; see ``Tuner`` for the arguments."""
    return Tuner(
        hypermodel, objective, lambda space: BasicScheduler(RandomSearcher(space)), stop=trials(max_trials), seed=seed,
        hyperparameters=hyperparameters, executions_per_trial=executions_per_trial, directory=directory,
        project_name=project_name, overwrite=overwrite,
    )  # fmt: skip


def BayesianOptimization(  # noqa: N802
    hypermodel: Build,
    objective: str | Objective,
    max_trials: int = 10,
    *,
    num_initial_points: int | None = None,
    seed: int | None = None,
    hyperparameters: HyperParameters | None = None,
    executions_per_trial: int = 1,
    directory: str | Path | None = None,
    project_name: str = "untitled_project",
    overwrite: bool = False,
) -> Tuner:
    """Configurations by a Gaussian process, after ``num_initial_points`` of a Sobol sequence."""
    return Tuner(
        hypermodel, objective, lambda space: BasicScheduler(GPSearcher(space, initial_points=num_initial_points)),
        stop=trials(max_trials), seed=seed, hyperparameters=hyperparameters, executions_per_trial=executions_per_trial,
        directory=directory, project_name=project_name, overwrite=overwrite,
    )  # fmt: skip


def GridSearch(  # noqa: N802
    hypermodel: Build,
    objective: str | Objective,
    max_trials: int | None = None,
    *,
    seed: int | None = None,
    hyperparameters: HyperParameters | None = None,
    executions_per_trial: int = 1,
    directory: str | Path | None = None,
    project_name: str = "untitled_project",
    overwrite: bool = False,
) -> Tuner:
    """All configurations in order; ranges without a step are divided as ``GridSearcher`` does."""
    return Tuner(
        hypermodel, objective, lambda space: BasicScheduler(GridSearcher(space)),
        stop=None if max_trials is None else trials(max_trials), seed=seed, hyperparameters=hyperparameters,
        executions_per_trial=executions_per_trial, directory=directory, project_name=project_name, overwrite=overwrite,
    )  # fmt: skip


def Hyperband(  # noqa: N802
    hypermodel: Build,
    objective: str | Objective,
    max_epochs: int = 100,
    factor: int = 3,
    hyperband_iterations: int = 1,
    *,
    seed: int | None = None,
    hyperparameters: HyperParameters | None = None,
    directory: str | Path | None = None,
    project_name: str = "untitled_project",
    overwrite: bool = False,
) -> Tuner:
    """Hyperband over random configurations: who is not among the best of a rung waits, the best train on.

    ``epochs`` of ``search`` has no effect: a trial trains for up to max_epochs, and goes on from its own state.
    """

    def scheduler(space: Any) -> HyperbandScheduler:
        return HyperbandScheduler(RandomSearcher(space), max_t=max_epochs, reduction_factor=factor)

    n = hyperband_iterations * sum(bracket.n for bracket in scheduler({"x": [0, 1]}).brackets)
    return Tuner(
        hypermodel, objective, scheduler, stop=trials(n), max_epochs=max_epochs, seed=seed,
        hyperparameters=hyperparameters, directory=directory, project_name=project_name, overwrite=overwrite,
    )  # fmt: skip
