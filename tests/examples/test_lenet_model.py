import math

import pytest

torch = pytest.importorskip("torch")

from lenet.model import new_lenet  # noqa: E402 - needs torch


def test_shapes_layer_by_layer():
    shapes = []
    images = torch.zeros(3, 1, 28, 28)
    for layer in new_lenet(0):
        images = layer(images)
        shapes.append(tuple(images.shape[1:]))
    assert shapes == [
        *[(6, 28, 28), (6, 28, 28), (6, 14, 14)],
        *[(16, 10, 10), (16, 10, 10), (16, 5, 5)],
        *[(400,), (120,), (120,), (84,), (84,), (10,)],
    ]


def test_number_of_parameters_by_hand():
    by_hand = (25 + 1) * 6 + (6 * 25 + 1) * 16 + (400 + 1) * 120 + (120 + 1) * 84 + (84 + 1) * 10
    assert sum(parameter.numel() for parameter in new_lenet(0).parameters()) == by_hand == 61_706


def test_xavier_weights_and_zero_biases():
    """Glorot and Bengio 2010: uniform on ±sqrt(6 / (fan_in + fan_out)), so the variance is 2 / (fan_in + fan_out)."""
    fans = [25 * (1 + 6), 25 * (6 + 16), 400 + 120, 120 + 84, 84 + 10]
    parameters = list(new_lenet(0).parameters())
    for fan, weight, bias in zip(fans, parameters[::2], parameters[1::2], strict=True):
        assert weight.abs().max() <= math.sqrt(6 / fan)
        assert weight.var().item() == pytest.approx(2 / fan, rel=0.25)
        assert torch.equal(bias, torch.zeros_like(bias))


def test_the_seed_decides_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = new_lenet(7).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    again, other = new_lenet(7).state_dict(), new_lenet(8).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])
