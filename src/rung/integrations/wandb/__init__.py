"""A study as runs of Weights & Biases, while it runs: ``WandB`` is an observer of a tuner."""

from __future__ import annotations

from rung.integrations.wandb.observer import WandB

__all__ = ["WandB"]
