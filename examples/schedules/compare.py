"""The schedules of chapter 12.11 of "Dive into Deep Learning", and later ones, side by side on one network.

    python examples/schedules/compare.py [--images 60000] [--epochs 30] [--seeds 3] [--picture schedules.png]

Trains LeNet under each schedule, from the same initial weights and in the same order of images for each seed. Prints a
table, and draws the rates and the test accuracies. The rate is set before each update, at the epoch with its fraction.
Images: Fashion-MNIST from the folder that the environment variable RUNG_DATA names, else the digits of scikit-learn.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Mapping
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import nn

from rung import schedules
from rung.integrations import d2l
from rung.integrations.d2l.data import Part, load
from rung.schedules import Schedule, constant, warmup

LR, BATCH_SIZE = 0.3, 128

SCHEDULES: dict[str, Schedule] = {  # lengths are epochs of a training of 30
    "constant": LR * constant(),
    "square root": d2l.SquareRootScheduler(lr=0.1),
    "factor": d2l.FactorScheduler(factor=0.9, stop_factor_lr=1e-2, base_lr=LR),
    "multi factor": d2l.MultiFactorScheduler(step=[15, 30], factor=0.5, base_lr=LR),
    "cosine": d2l.CosineScheduler(20, base_lr=LR, final_lr=0.01),
    "warmup, cosine": d2l.CosineScheduler(20, base_lr=LR, final_lr=0.01, warmup_steps=5),
    "linear to zero": LR * schedules.linear(30),
    "warmup-stable-decay": LR * schedules.warmup_stable_decay(2, 19, 9),
    "one cycle": LR * schedules.one_cycle(31),  # which ends at 30
    "warmup, REX": LR * warmup(2).then(schedules.rex(28)),
}


def lenet() -> nn.Sequential:
    """The chapter's LeNet, with rectifiers, maxima and Xavier's initial weights."""
    return nn.Sequential(
        *(nn.Conv2d(1, 6, kernel_size=5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, kernel_size=5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(16 * 5 * 5, 120), nn.ReLU()),
        *(nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    ).apply(d2l.init_cnn)


def accuracies(schedule: Schedule, training: Part, test: Part, *, epochs: int, seed: int) -> list[float]:
    """The test accuracy after each epoch."""
    torch.manual_seed(seed)
    net = lenet()
    optimizer = torch.optim.SGD(net.parameters(), lr=LR)
    test_batches = list(zip(test.images.split(500), test.labels.split(500), strict=True))
    curve = []
    for epoch in range(epochs):
        net.train()
        batches = torch.randperm(len(training.labels)).split(BATCH_SIZE)
        for done, batch in enumerate(batches):
            optimizer.param_groups[0]["lr"] = schedule(epoch + done / len(batches))
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(training.images[batch]), training.labels[batch]).backward()
            optimizer.step()
        curve.append(d2l.evaluate_accuracy_gpu(net, test_batches))
    return curve


def images(count: int) -> tuple[str, Part, Part]:
    """What they are; the first so many images to train on; the test images, which choose nothing here."""
    folder = os.environ.get("RUNG_DATA")
    found = load(Path(folder) if folder else None, limit=count)
    training = Part(*(torch.cat(pair) for pair in zip(found.training, found.validation, strict=True)))
    return found.name, training, found.test


def table(curves: Mapping[str, list[list[float]]]) -> str:
    """The last epoch's accuracy, its mean and standard deviation over the seeds; the extremes of the last five."""
    lines = ["| schedule | after the last epoch | ± | in the last five |", "| --- | ---: | ---: | ---: |"]
    for name, runs in curves.items():
        last = [run[-1] for run in runs]
        spread = f"{statistics.stdev(last):.4f}" if len(last) > 1 else "–"
        late = [each for run in runs for each in run[-5:]]
        lines.append(f"| {name} | {statistics.fmean(last):.4f} | {spread} | {min(late):.3f} to {max(late):.3f} |")
    return "\n".join(lines)


def picture(curves: Mapping[str, list[list[float]]], epochs: int) -> Figure:
    """The rates above, below them the test accuracies: means over the seeds, and each seed's as a point at the end."""
    figure = Figure(figsize=(9, 9), layout="constrained")
    rates, accuracy = figure.subplots(2, sharex=True)
    for name, runs in curves.items():
        times = [each / 50 for each in range(50 * epochs + 1)]
        (line,) = rates.plot(times, SCHEDULES[name](times), label=name)
        means = [statistics.fmean(each) for each in zip(*runs, strict=True)]
        accuracy.plot(range(1, epochs + 1), means, color=line.get_color())
        accuracy.plot([epochs] * len(runs), [run[-1] for run in runs], ".", color=line.get_color())
    rates.set(ylabel="learning rate")
    accuracy.set(xlabel="epoch", ylabel="test accuracy")
    last = [run[-1] for runs in curves.values() for run in runs]
    accuracy.set_ylim(min(last) - 0.1, max(last) + 0.01)  # the first epochs lie below
    figure.legend(loc="outside upper center", ncols=5)
    return figure


def main(arguments: list[str] | None = None) -> dict[str, list[list[float]]]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=60_000, help="to train on")
    parser.add_argument("--epochs", type=int, default=30, help="the schedules are those of 30 all the same")
    parser.add_argument("--seeds", type=int, default=3, help="trainings under each schedule")
    parser.add_argument("--picture", default="schedules.png")
    options = parser.parse_args(arguments)
    what, training, test = images(options.images)
    print(f"{what}; {len(test.labels):,} to test; {options.epochs} epochs, {options.seeds} seeds")
    curves: dict[str, list[list[float]]] = {name: [] for name in SCHEDULES}
    for seed in range(options.seeds):
        for name, schedule in SCHEDULES.items():
            curves[name].append(accuracies(schedule, training, test, epochs=options.epochs, seed=seed))
            print(f"seed {seed}, {name}: {curves[name][-1][-1]:.4f}", flush=True)
    print(f"\n{table(curves)}")
    picture(curves, options.epochs).savefig(options.picture)
    return curves


if __name__ == "__main__":
    main()
