"""A tiny training on two processes, each of which leaves a file about what it went through.

As a script it is started by torchrun. The function ``train`` starts the second process itself, and in it

- ``epochs`` trains in ``trial.epochs``, and the first rank alone reports,
- ``plain`` trains in a loop of its own, and all report,
- ``forgetful`` trains in a loop of its own, and the first rank alone reports,
- ``failing`` breaks down on the second rank.
"""

from __future__ import annotations

import json
import multiprocessing

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

import rung
from rung.runtime import progress

EPOCHS = 4


def train(trial):
    progress.OTHERS_PATIENCE_S = 0.5
    follower = multiprocessing.get_context("fork").Process(target=train_as, args=(1, trial))
    follower.start()
    train_as(0, trial)
    follower.join()


def train_as(rank, trial):
    place = f"file://{trial.folder}/ranks-{trial.attempt}"
    dist.init_process_group("gloo", init_method=place, rank=rank, world_size=2)
    work(rank, trial)


def work(rank, trial):
    torch.manual_seed(trial.seed + rank)
    points = torch.linspace(-1, 1, 48).reshape(12, 4)
    training = TensorDataset(points, points.sum(1, keepdim=True))
    sampler = DistributedSampler(training, seed=1)
    batches = DataLoader(training, batch_size=3, sampler=sampler)
    model = DistributedDataParallel(nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1)))
    optimizer = torch.optim.SGD(model.parameters(), lr=trial.config["rate"], momentum=0.9)
    rates = {}

    def one(epoch):
        sampler.set_epoch(epoch)
        rates[epoch] = optimizer.param_groups[0]["lr"] = rung.config()["rate"]
        total = torch.zeros(())
        for batch, targets in batches:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(batch), targets)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        dist.all_reduce(total)
        return total

    kind = trial.config["kind"]
    try:
        if kind == "epochs":
            for epoch in trial.epochs(EPOCHS, model=model, optimizer=optimizer):
                error = one(epoch)
                if rank == 0:
                    trial.report(error)
        else:
            for epoch in range(1, EPOCHS + 1):
                error = one(epoch)
                if kind == "plain" or rank == 0:
                    rung.report(error=error)
                if kind == "failing" and rank == 1:
                    raise ValueError("rank 1 breaks down")
    finally:
        trial.note(f"from rank {rank}")
        weights = [weight.tolist() for weight in model.parameters()]
        left = {"rates": rates, "weights": weights, "draw": torch.rand(()).item()}
        (trial.folder / f"rank-{rank}-attempt-{trial.attempt}.json").write_text(json.dumps(left))


if __name__ == "__main__":
    dist.init_process_group("gloo")
    work(dist.get_rank(), rung.trial())
    dist.destroy_process_group()
