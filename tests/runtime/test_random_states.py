from __future__ import annotations

import random
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rung.runtime import _random_states
from rung.runtime._trees import decode_tree, encode_tree


def draws():
    return [random.random(), random.gauss(0, 1), np.random.random(), np.random.standard_normal()]  # noqa: NPY002


def test_draws_repeat_after_restoring():
    draws()  # so that both hold back one of a pair of normal variates
    states = decode_tree(*encode_tree(_random_states.capture()))
    expected = [draws() for _ in range(3)]
    _random_states.restore(states)
    assert [draws() for _ in range(3)] == expected


def test_torch_draws_repeat_after_restoring():
    torch = pytest.importorskip("torch")
    states = decode_tree(*encode_tree(_random_states.capture()))
    expected = torch.rand(5)
    _random_states.restore(states)
    assert torch.equal(torch.rand(5), expected)


def test_torch_is_left_alone_where_it_is_not_used():
    code = (
        "import sys; from rung.runtime import _random_states; states = _random_states.capture();"
        "_random_states.restore(states); print('torch' in sys.modules, sorted(states))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False ['numpy', 'python']\n"


def test_generators_of_cuda_devices_are_kept_too(monkeypatch):
    """With made-up devices: two when the states are taken, one when they are put back."""
    torch = pytest.importorskip("torch")
    taken = [torch.tensor([device], dtype=torch.uint8) for device in (1, 2)]
    restored = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: taken)
    monkeypatch.setattr(torch.cuda, "set_rng_state_all", restored.extend)
    states = decode_tree(*encode_tree(_random_states.capture()))
    _random_states.restore(states)
    assert [state.tolist() for state in restored] == [[1]]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    _random_states.restore(states)
    assert len(restored) == 1


def test_of_tensorflow_nothing_is_kept_where_no_seed_was_set():
    assert _random_states._of_tensorflow(SimpleNamespace(global_seed=lambda: None)) == {}
