"""A study as runs of MLflow, while it runs: ``MLflow`` is an observer of a tuner."""

from __future__ import annotations

from rung.integrations.mlflow.observer import MLflow

__all__ = ["MLflow"]
