"""Tunes LeNet on Fashion-MNIST: learning rate and batch size, with early stopping, on two worker processes.

    make demo
    python -m examples.lenet.demo --data DIR --full

Where Fashion-MNIST is not at hand, the handwritten digits of scikit-learn stand in for it.
Selects on a validation split, and looks at the test images once, with the incumbent's weights.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import rung
from rung.cli.trials import trials
from rung.integrations.d2l.data import default_cache, load
from rung.integrations.d2l.idx import DataError
from rung.store import open_store
from rung.tuner import free_name

from .train import DIGITS, MAX_EPOCHS, Training, test_error

SPACE = {"learning_rate": rung.loguniform(1e-2, 1.0), "batch_size": rung.randint(32, 256)}
INITIAL = {"learning_rate": 0.1, "batch_size": 128}
SUBSET = 10_000  # training images of the default run, so that it takes about a minute


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    folder = options.data
    if options.download:
        folder = folder or default_cache()
    limit = None if options.full else SUBSET
    try:
        data = load(folder, download=options.download, limit=limit)
    except DataError as error:
        sys.exit(f"demo: {error}")
    counts = f"{len(data.training.labels):,} to train, {len(data.validation.labels):,} to choose by"
    print(f"Data: {data.name}: {counts}, {len(data.test.labels):,} for the final test.")
    if folder is None:
        print(f"      As they are few, an epoch goes through them {DIGITS // len(data.training.labels)} times.")
        print("      Fashion-MNIST itself: --data DIR with its four .gz files, or --download.")
    else:
        print(f"Size: {'all images (--full)' if options.full else f'at most {SUBSET:,} images; --full for all'}.")

    options.out.mkdir(parents=True, exist_ok=True)
    store = open_store(str(options.out / "rung.db"), create=True)
    place = {"folder": None if folder is None else str(folder.absolute()), "limit": limit}
    searcher = rung.RandomSearcher(SPACE, initial_config=INITIAL)
    study = rung.tune(
        Training(options.epochs, **place),
        SPACE,
        searcher=searcher,
        scheduler=rung.ASHA(searcher, max_t=options.epochs, grace_period=1, reduction_factor=2),
        metric="error",
        mode="min",
        max_trials=options.trials,
        workers=options.workers,
        seed=options.seed,
        store=store,
        study=options.study or free_name(store, "lenet"),
    )
    conclude(study, options.out, place)


def conclude(study: rung.Study, out: Path, place: dict[str, object]) -> None:
    """The tables, the picture, and the one look at the test images."""
    store = out / "rung.db"
    print("\nWhat `rung trials` says:")
    trials.main([study.name, "--store", str(store)], standalone_mode=False)
    best = study.best
    if best is None:
        sys.exit("demo: no trial reported a value, so there is nothing to conclude.")
    weights = rung.load_checkpoint(study.best_checkpoint())["model"]
    picture = out / f"{study.name}.png"
    study.plot(path=picture, step_name="epoch")
    print(
        f"\nIncumbent: trial {best.trial} at epoch {best.step}, validation error {best.error:.4f}, {dict(best.config)}"
    )
    print(f"Test error of the incumbent's weights: {test_error(weights, **place):.4f}")
    print(f"Picture: {picture}")
    print(f"Look further:  rung ls --store {store}    rung show {study.name} --store {store}")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.lenet.demo", description=__doc__.splitlines()[0])
    variable = os.environ.get("RUNG_DATA")
    default = Path(variable) if variable else None
    parser.add_argument("--data", type=Path, default=default, help="folder with the idx .gz files (or RUNG_DATA)")
    parser.add_argument("--download", action="store_true", help="fetch the files into --data or a cache first")
    parser.add_argument("--full", action="store_true", help=f"all 60,000 images, not the first {SUBSET:,}")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=MAX_EPOCHS, help="length of a full training")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--study", help="go on with the study of this name; a new one by default")
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="folder for the study and the picture")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
