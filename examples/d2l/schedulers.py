"""Chapter 12.11 of "Dive into Deep Learning": the same network under the chapter's schedulers, side by side.

    python examples/d2l/schedulers.py [--epochs 30] [--picture schedulers.png]

Prints a table; the picture has the learning rates. Images as for ``d2l.FashionMNIST``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import torch
from torch import nn

from rung import schedules
from rung.integrations import d2l

LR, BATCH_SIZE = 0.3, 256

SCHEDULERS: dict[str, Callable[[int], float] | None] = {
    "constant": None,
    "square root": d2l.SquareRootScheduler(lr=0.1),
    "factor": d2l.FactorScheduler(factor=0.9, stop_factor_lr=1e-2, base_lr=2.0),
    "multi factor": d2l.MultiFactorScheduler(step=[15, 30], factor=0.5, base_lr=0.5),
    "cosine": d2l.CosineScheduler(max_update=20, base_lr=0.3, final_lr=0.01),
    "cosine after a warmup": d2l.CosineScheduler(20, warmup_steps=5, base_lr=0.3, final_lr=0.01),
    "linear to zero": LR * schedules.linear(30),
}


def lenet() -> nn.Sequential:
    """The chapter's LeNet, with rectifiers and maxima."""
    return nn.Sequential(
        *(nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, kernel_size=5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(16 * 5 * 5, 120), nn.ReLU()),
        *(nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


def main(arguments: list[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--picture", default="schedulers.png")
    options = parser.parse_args(arguments)
    train_iter, test_iter = d2l.load_data_fashion_mnist(BATCH_SIZE)
    accuracies = {}
    for name, scheduler in SCHEDULERS.items():
        print(f"{name}: ", end="", flush=True)
        torch.manual_seed(0)
        net = lenet()
        trainer = torch.optim.SGD(net.parameters(), lr=LR)
        device = d2l.try_gpu()
        d2l.train(net, train_iter, test_iter, options.epochs, nn.CrossEntropyLoss(), trainer, device, scheduler)
        accuracies[name] = d2l.evaluate_accuracy_gpu(net, test_iter)
    print("\n| scheduler | test accuracy |\n| --- | ---: |")
    for name, accuracy in accuracies.items():
        print(f"| {name} | {accuracy:.3f} |")
    rates = {name: each for name, each in SCHEDULERS.items() if isinstance(each, schedules.Schedule)}
    schedules.plot(rates, options.epochs).savefig(options.picture)
    return accuracies


if __name__ == "__main__":
    main()
