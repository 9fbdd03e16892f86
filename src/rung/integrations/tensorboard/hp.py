"""TensorBoard's own names for hyperparameters, without TensorFlow: ``hp.HParam``, ``hp.hparams`` and so on.

The classes are those of ``tensorboard.plugins.hparams.api``; what writes, writes by this package's ``summary``. A list
of ``HParam`` is a space as it is: ``rung.Space([HP_UNITS, HP_DROPOUT])``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rung.errors import MissingExtraError
from rung.integrations.tensorboard.summary import default_writer

try:
    from tensorboard.plugins.hparams.summary_v2 import (
        Discrete,
        Domain,
        HParam,
        IntInterval,
        Metric,
        RealInterval,
        hparams_config_pb,
        hparams_pb,
    )
except ImportError as missing:
    raise MissingExtraError("TensorBoard's HParams", "tensorboard") from missing

if TYPE_CHECKING:
    from rung.types import Json

__all__ = [
    "Discrete",
    "Domain",
    "HParam",
    "IntInterval",
    "Metric",
    "RealInterval",
    "hparams",
    "hparams_config",
    "hparams_config_pb",
    "hparams_pb",
]


def hparams_config(hparams: Sequence[Any], metrics: Sequence[Any], time_created_secs: float | None = None) -> None:
    """Write what is searched and measured, once, at the root of all runs. SettingError without a writer.

    hparams: of ``HParam``. metrics: of ``Metric``. time_created_secs: since 1970; now by default.
    """
    default_writer().write(hparams_config_pb(hparams, metrics, time_created_secs))


def hparams(hparams: Mapping[Any, Json], trial_id: str | None = None, start_time_secs: float | None = None) -> None:
    """Write the values of one run, in its own folder. Without this the tab stays empty. SettingError without a writer.

    hparams: by ``HParam`` or name. trial_id: what runs that are averaged have in common; by default a digest of the
    values. start_time_secs: since 1970; now by default.
    """
    default_writer().write(hparams_pb(hparams, trial_id, start_time_secs))
