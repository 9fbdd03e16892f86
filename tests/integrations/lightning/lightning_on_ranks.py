"""A training by Lightning on two processes, started by torchrun; each leaves a file about the epochs it has trained."""

from __future__ import annotations

import json

from test_lightning_report import fitted

import rung
from rung.integrations.lightning import Report

if __name__ == "__main__":
    trial = rung.trial()
    module = fitted(trial.config["rate"], Report("val_loss"), strategy="ddp", devices=2)
    weights = [weight.tolist() for weight in module.parameters()]
    left = {"epochs": module.epochs, "weights": weights}
    (trial.folder / f"rank-{module.global_rank}.json").write_text(json.dumps(left))
