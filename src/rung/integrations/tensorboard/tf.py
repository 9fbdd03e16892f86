"""The part of ``tensorflow`` that a loop over hyperparameters uses: ``tf.summary`` here, ``tf.keras`` from Keras 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rung.errors import MissingExtraError
from rung.integrations.tensorboard import summary

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["summary"]


def __getattr__(name: str) -> Any:
    """``keras``, and ``nn`` for its activations; imported when they are used. MissingExtraError without Keras."""
    part = _PARTS.get(name)
    if part is None:
        raise AttributeError(f"rung.integrations.tensorboard.tf has no {name!r}; it has summary, keras and nn only")
    try:
        import keras
    except ImportError as error:
        raise MissingExtraError(f"tf.{name}", "keras") from error
    return part(keras)


_PARTS: dict[str, Callable[[Any], Any]] = {"keras": lambda keras: keras, "nn": lambda keras: keras.activations}
