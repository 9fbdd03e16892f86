"""A study as TensorBoard's HPARAMS tab shows it, while it runs, and the tab's own names for a search.

``TensorBoard`` is an observer of a tuner. ``from rung.integrations.tensorboard import hp, tf`` takes the place of a
tutorial's imports where there is no TensorFlow. All of it needs the ``tensorboard`` package alone.
"""

from __future__ import annotations

from rung.integrations.tensorboard.observer import TensorBoard

__all__ = ["TensorBoard"]
