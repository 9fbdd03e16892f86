import random

import numpy as np
import pytest

from rung.benchmarks.peers._randomness import OwnRandomness


def draws():
    return random.random(), np.random.random()  # noqa: NPY002


def test_it_goes_on_where_it_was_and_leaves_the_others_alone():
    before = random.getstate(), str(np.random.get_state())  # noqa: NPY002
    own = OwnRandomness(5)
    with own.in_force():
        first = draws()
    assert (random.getstate(), str(np.random.get_state())) == before  # noqa: NPY002
    with own.in_force():
        second = draws()
    again = OwnRandomness(5)
    with again.in_force():
        assert (draws(), draws()) == (first, second)
    with OwnRandomness(6).in_force():
        assert draws() != first


def test_the_others_are_back_after_an_error_too():
    before = random.getstate(), str(np.random.get_state())  # noqa: NPY002
    own = OwnRandomness(5)
    with pytest.raises(ZeroDivisionError, match="division"), own.in_force():
        draws()[0] / 0
    assert (random.getstate(), str(np.random.get_state())) == before  # noqa: NPY002


def test_torch_is_seeded_where_it_is_asked_for():
    torch = pytest.importorskip("torch")
    before = torch.get_rng_state()
    found = []
    for _ in range(2):
        own = OwnRandomness(5, torch=True)
        with own.in_force():
            found.append(torch.rand(3).tolist())
        with own.in_force():
            found.append(torch.rand(3).tolist())
    assert found[:2] == found[2:]
    assert found[0] != found[1]
    assert torch.equal(torch.get_rng_state(), before)
    generator = torch.Generator().manual_seed(5)
    assert found[0] == torch.rand(3, generator=generator).tolist()
