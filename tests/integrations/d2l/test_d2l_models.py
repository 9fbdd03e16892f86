import math

import pytest
import torch
from torch import nn

from rung.integrations.d2l.models import LeNet, SoftmaxRegression, init_cnn


def test_shapes_of_lenet_layer_by_layer():
    model = LeNet(lr=0.3, num_classes=7)
    assert model.lr == 0.3
    images, shapes = torch.zeros(3, 1, 28, 28), []
    for layer in model.net:
        images = layer(images)
        shapes.append(tuple(images.shape[1:]))
    assert shapes == [
        *[(6, 28, 28), (6, 28, 28), (6, 14, 14)],
        *[(16, 10, 10), (16, 10, 10), (16, 5, 5)],
        *[(400,), (120,), (120,), (84,), (84,), (7,)],
    ]


def test_initial_weights():
    model = LeNet()
    model.apply_init([torch.zeros(1, 1, 28, 28)], init_cnn)
    layers = [layer for layer in model.net if isinstance(layer, nn.Linear | nn.Conv2d)]
    fans = [25 * (1 + 6), 25 * (6 + 16), 400 + 120, 120 + 84, 84 + 10]
    for fan, layer in zip(fans, layers, strict=True):
        assert layer.weight.abs().max() <= math.sqrt(6 / fan)
        assert layer.weight.var().item() == pytest.approx(2 / fan, rel=0.25)


def test_softmax_regression_is_one_linear_layer():
    model = SoftmaxRegression(num_outputs=10, lr=0.1)
    assert model(torch.zeros(4, 1, 28, 28)).shape == (4, 10)
    assert sum(parameter.numel() for parameter in model.parameters()) == 28 * 28 * 10 + 10
