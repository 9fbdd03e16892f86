"""Small networks for grey images of 28x28 pixels, and how they are trained: stochastic gradient descent, by epochs."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rung.integrations.d2l.data import Data, Part
    from rung.types import Config

_CLASSES = 10
_PIXELS = 28 * 28
_EVALUATION_BATCH: Final = 500  # images; larger ones no longer fit into the processor's cache


@final
class ImageTraining:
    """A network under training. Weights and the order of images follow from the seed alone.

    config: learning_rate, momentum, weight_decay, batch_size, and what the network needs. The value is the share of
    validation images that it gets wrong; a network whose weights are no longer finite gets nine in ten wrong.
    """

    def __init__(self, network: nn.Sequential, data: Data, config: Config, seed: int) -> None:
        self._network, self._data, self._seed = network, data, seed
        self._batch_size = int(config["batch_size"])
        self._epoch = 0
        _draw_weights(network, _generator(seed, 0))
        self._optimizer = torch.optim.SGD(
            network.parameters(),
            lr=config["learning_rate"],
            momentum=config["momentum"],
            weight_decay=config["weight_decay"],
        )

    def step(self) -> float:
        """One epoch."""
        self._epoch += 1
        part = self._data.training
        order = torch.randperm(len(part.labels), generator=_generator(self._seed, self._epoch))
        for batch in torch.split(order, self._batch_size):
            loss: Any = nn.functional.cross_entropy(self._network(part.images[batch]), part.labels[batch])
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
        return _error(self._network, self._data.validation)


def lenet(config: Config) -> nn.Sequential:
    """The network of LeCun et al. 1998 with rectifiers and max-pooling."""
    del config  # its shape is fixed
    return nn.Sequential(
        *(_convolution(1, 6, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(_convolution(6, 16, padding=0), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(),
        *_dense([16 * 5 * 5, 120, 84, _CLASSES]),
    )


def mlp(config: Config) -> nn.Sequential:
    """``layers`` hidden layers of ``units`` rectifiers each."""
    return nn.Sequential(nn.Flatten(), *_dense([_PIXELS, *[config["units"]] * config["layers"], _CLASSES]))


def _dense(sizes: Sequence[int]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [_bare(nn.Linear, before, after), nn.ReLU()]
    return layers[:-1]


def _convolution(before: int, after: int, *, padding: int) -> nn.Module:
    return _bare(nn.Conv2d, before, after, kernel_size=5, padding=padding)


def _bare(layer: type[nn.Module], *sizes: int, **options: int) -> nn.Module:
    """A layer whose parameters are still unset, so that building it draws no random numbers."""
    skip_init: Any = nn.utils.skip_init
    bare: nn.Module = skip_init(layer, *sizes, **options)
    return bare


def _draw_weights(network: nn.Sequential, generator: torch.Generator) -> None:
    """Uniform, by He et al. 2015; biases are zero."""
    for layer in network:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)


def _generator(seed: int, epoch: int) -> torch.Generator:
    word = int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0])
    return torch.Generator().manual_seed(word >> 1)  # torch takes signed words


@torch.inference_mode()
def _error(network: nn.Sequential, part: Part) -> float:
    wrong = 0
    batches = (torch.split(tensor, _EVALUATION_BATCH) for tensor in part)
    for images, labels in zip(*batches, strict=True):
        wrong += int((network(images).argmax(dim=1) != labels).sum())
    return wrong / len(part.labels)
