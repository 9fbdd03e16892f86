"""The modernised LeNet: the network of LeCun et al. 1998 with ReLU, max-pooling and Xavier's initial weights."""

from __future__ import annotations

import torch
from torch import nn


def new_lenet(seed: int) -> nn.Sequential:
    """A fresh network from (n, 1, 28, 28) images to (n, 10) logits.

    The weights depend on the seed alone (Glorot and Bengio 2010, uniform; biases are zero); torch's global random state
    is neither used nor changed.
    """
    model = nn.Sequential(
        _bare(nn.Conv2d, 1, 6, kernel_size=5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        _bare(nn.Conv2d, 6, 16, kernel_size=5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        _bare(nn.Linear, 16 * 5 * 5, 120),
        nn.ReLU(),
        _bare(nn.Linear, 120, 84),
        nn.ReLU(),
        _bare(nn.Linear, 84, 10),
    )
    generator = torch.Generator().manual_seed(seed)
    for layer in model:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)
    return model


def _bare(layer: type[nn.Module], *sizes: int, **options: int) -> nn.Module:
    """A layer whose parameters are still unset, so that building it draws no random numbers."""
    return nn.utils.skip_init(layer, *sizes, **options)
