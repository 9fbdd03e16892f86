"""Hugging Face's Trainer: which learning rate, weight decay and width, by Hyperband. Nothing is downloaded.

The model is a small GPT-2 with random weights, and the texts are made up: tokens that count upwards in steps of 1 to 3.

python examples/transformers/train.py [--trials 9] [--epochs 9] [--texts 256]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import torch
import transformers

import rung
from rung import schedules
from rung.backends.inline import Inline
from rung.integrations.torch import ScheduleLR
from rung.integrations.transformers import Report

SPACE = {"lr": rung.loguniform(1e-4, 1e-1), "weight_decay": rung.loguniform(1e-4, 1e-1), "width": [8, 16, 32]}
TOKENS, LENGTH, BATCH = 32, 16, 16


def texts(count: int, *, seed: int) -> list[dict[str, torch.Tensor]]:
    """Rows of tokens that count upwards, each from a start and in a step of its own."""
    generator = torch.Generator().manual_seed(seed)
    starts = torch.randint(TOKENS, (count, 1), generator=generator)
    steps = torch.randint(1, 4, (count, 1), generator=generator)
    return [{"input_ids": row, "labels": row} for row in (starts + steps * torch.arange(LENGTH)) % TOKENS]


def train(trial: rung.Trial, epochs: int, count: int) -> None:
    """Train one trial; the callback reports every evaluation, stops, pauses and continues it."""
    transformers.set_seed(trial.seed % 2**32)
    width = trial.config["width"]
    model = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=TOKENS, n_positions=LENGTH, n_embd=width, n_layer=1, n_head=2)
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=trial.config["lr"], weight_decay=trial.config["weight_decay"])
    updates = epochs * -(-count // BATCH)
    schedule = schedules.warmup(updates // 10).then(schedules.cosine(updates - updates // 10, end=0.1))
    arguments = transformers.TrainingArguments(
        output_dir=str(trial.folder / "trainer"),
        num_train_epochs=epochs,
        per_device_train_batch_size=BATCH,
        eval_strategy="epoch",
        save_total_limit=1,
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
    )
    report = Report("eval_loss")
    trainer: Any = transformers.Trainer(
        model,
        arguments,
        train_dataset=texts(count, seed=0),
        eval_dataset=texts(64, seed=1),
        optimizers=(optimizer, ScheduleLR(optimizer, schedule)),
        callbacks=[report],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train(resume_from_checkpoint=report.checkpoint())


def main(arguments: Sequence[str] | None = None) -> rung.Study:
    """Search, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=9)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--texts", type=int, default=256)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    study = rung.tune(
        lambda trial: train(trial, given.epochs, given.texts),
        SPACE,
        scheduler=f"hyperband(max_t={given.epochs}, reduction_factor=3)",
        max_trials=given.trials,
        seed=0,
        store="memory",
        backend=Inline(),  # in this process, one trial after the other
    )
    for trial in study.trials:
        print(trial.number, trial.state, trial.last_step, dict(trial.config))
    print("best:", study.best)
    return study


if __name__ == "__main__":
    main()
