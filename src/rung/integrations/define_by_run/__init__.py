"""Objectives that ask for their values as they run, in Optuna's shape: ``trial.suggest_float("x", 0, 1)``.

    from rung.integrations import define_by_run

takes the place of ``import optuna``. What an objective asks for the first time becomes part of the study's space, by an
event in its log; searchers take it up from then on.
"""

from rung.integrations.define_by_run.study import FrozenTrial, Study, create_study
from rung.integrations.define_by_run.trial import Trial, TrialPruned

__all__ = ["FrozenTrial", "Study", "Trial", "TrialPruned", "create_study"]
