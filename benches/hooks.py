"""What a report costs the training side, by each way to make one, beside writing the same numbers to a file.

    python benches/hooks.py [--reports 2000] [--rounds 3]

A callback is called as its framework calls it after an epoch or a round, without the training between; nothing is
saved. Each measurement is a trial in a process of its own, whose tuner takes the reports elsewhere; in the same process
a line of JSON with the same five numbers is written to a file and flushed as often. CPU time of the process per report,
medians of the rounds. A framework that is not installed is left out.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import rung

NAMES = ("error", "loss", "accuracy", "recall", "rate")
NEVER = 10**9  # epochs from one checkpoint to the next


def measured(epoch: int) -> dict[str, float]:
    return {name: (epoch + number) / 7 for number, name in enumerate(NAMES)}


def loop(reports: int) -> float:
    trial = rung.trial()
    began = time.process_time()
    for epoch in trial.epochs(reports):
        trial.report(measured(epoch))
    return time.process_time() - began


def keras(reports: int) -> float:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    from rung.integrations.keras import Report

    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    report = Report(every=NEVER)
    report.set_model(model)
    report.set_params({"epochs": NEVER})
    report.on_train_begin()
    began = time.process_time()
    for epoch in range(reports):
        report.on_epoch_begin(epoch)
        report.on_test_end()
        report.on_epoch_end(epoch, measured(epoch))
    return time.process_time() - began


def xgboost(reports: int) -> float:
    import xgboost

    from rung.integrations.xgboost import Report

    report, booster = Report("validation-error", every=NEVER), xgboost.Booster()
    report.before_training(booster)
    log: dict[str, dict[str, list[float]]] = {"validation": {name: [] for name in NAMES}}
    began = time.process_time()
    for epoch in range(reports):
        for name, value in measured(epoch).items():
            log["validation"][name].append(value)
        report.after_iteration(booster, epoch, log)
    return time.process_time() - began


def lightgbm(reports: int) -> float:
    from lightgbm.callback import CallbackEnv

    from rung.integrations.lightgbm import Report

    report = Report("validation-error")
    began = time.process_time()
    for epoch in range(reports):
        results = [("validation", name, value, False) for name, value in measured(epoch).items()]
        report(CallbackEnv(None, {}, epoch, 0, NEVER, results))  # type: ignore[arg-type]  # no booster is needed
    return time.process_time() - began


def ignite(reports: int) -> float:
    from ignite.engine import Engine, Events

    from rung.integrations.ignite import Report

    trainer = Engine(lambda _engine, _batch: None)
    Report(trainer).attach(trainer)
    trainer.fire_event(Events.STARTED)
    began = time.process_time()
    for epoch in range(reports):
        trainer.state.metrics = measured(epoch)
        trainer.fire_event(Events.EPOCH_COMPLETED)
    return time.process_time() - began


WAYS: Mapping[str, tuple[str, Callable[[int], float]]] = {
    "trial.epochs and trial.report": ("rung", loop),
    "Keras": ("keras", keras),
    "XGBoost": ("xgboost", xgboost),
    "LightGBM": ("lightgbm", lightgbm),
    "Ignite": ("ignite", ignite),
}
"""Name -> the package that it needs, and what makes so many reports and says how long they took, in seconds."""


def lines(reports: int, folder: Path) -> float:
    with (folder / "lines.jsonl").open("w") as file:
        began = time.process_time()
        for epoch in range(reports):
            file.write(json.dumps({"epoch": epoch, **measured(epoch)}) + "\n")
            file.flush()
        return time.process_time() - began


def train(trial: rung.Trial, reports: int, results: str) -> None:
    way, turn = trial.config["way"], trial.config["turn"]
    sides = {"ours": lambda: WAYS[way][1](reports), "file": lambda: lines(reports, trial.folder)}
    seconds = {side: sides[side]() / reports for side in sorted(sides, reverse=bool(turn % 2))}
    with Path(results).open("a") as file:
        file.write(json.dumps({"way": way, **seconds}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--reports", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    ways = [way for way, (package, _) in WAYS.items() if importlib.util.find_spec(package) is not None]
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.jsonl"
        rung.tune(
            functools.partial(train, reports=arguments.reports, results=str(results)),
            {"way": ways, "turn": list(range(arguments.rounds))},
            searcher="grid",
            workers=1,
            store=f"sqlite:///{folder}/rung.db",
            max_trials=len(ways) * arguments.rounds,
            progress="off",
        )
        found = [json.loads(line) for line in results.read_text().splitlines()]
    print("| report by | µs | a line of a file, µs | ratio |")
    print("| --- | ---: | ---: | ---: |")
    for way in ways:
        ours, file = (
            statistics.median(each[side] for each in found if each["way"] == way) for side in ("ours", "file")
        )
        print(f"| {way} | {ours * 1e6:.1f} | {file * 1e6:.1f} | {ours / file:.1f} |")


if __name__ == "__main__":
    main()
