from __future__ import annotations

import os
import sys
import tempfile

import pytest

from rung.errors import MissingExtraError
from rung.integrations.tensorboard import summary, tf

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp())  # it writes a file there when it is imported


def test_what_a_loop_over_hyperparameters_uses() -> None:
    keras = pytest.importorskip("keras")
    assert tf.summary is summary
    assert tf.keras is keras
    assert tf.nn.relu is keras.activations.relu
    assert tf.nn.softmax is keras.activations.softmax


def test_there_is_no_more() -> None:
    with pytest.raises(AttributeError, match="has no 'Variable'; it has summary, keras and nn only"):
        tf.Variable  # noqa: B018


def test_it_needs_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'rung\[keras\]'"):
        tf.keras  # noqa: B018
