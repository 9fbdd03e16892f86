"""The models that the chapter tunes."""

from __future__ import annotations

from torch import nn

from rung.integrations.d2l.modules import Classifier


class SoftmaxRegression(Classifier):
    """One linear layer from pixels to classes."""

    def __init__(self, num_outputs: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.LazyLinear(num_outputs))


class LeNet(Classifier):
    """The network of LeCun et al. 1998 with sigmoids and mean pooling; sizes settle at the first batch."""

    def __init__(self, lr: float = 0.1, num_classes: int = 10) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            *(nn.LazyConv2d(6, kernel_size=5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2)),
            *(nn.LazyConv2d(16, kernel_size=5), nn.Sigmoid(), nn.AvgPool2d(2)),
            nn.Flatten(),
            *(nn.LazyLinear(120), nn.Sigmoid()),
            *(nn.LazyLinear(84), nn.Sigmoid()),
            nn.LazyLinear(num_classes),
        )


def init_cnn(module: nn.Module) -> None:
    """Uniform initial weights by Glorot and Bengio 2010 for linear and convolutional layers; for ``apply_init``."""
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
