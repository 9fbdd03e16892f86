"""Load a study of 100,000 trials with ten reports each from SQLite: CPU seconds and peak memory, beside Optuna.

    python benches/load_vs_optuna.py [--small] [--trials 100000] [--optuna-trials N] [--rounds 3] [--peer-python PYTHON]

Five hyperparameters, one metric. rung's file is written by its store in large appends, Optuna's by bulk inserts of the
same numbers into the schema that it creates itself, since its own calls would take hours. Each reading is a new
process; its imports are not counted:

- *ledger*: the whole log, event by event, folded into the state of all trials; what a restart does.
- *tables*: all trials and all reports from the read tables, as objects; what an export does.
- *Optuna*: `study.trials`, which holds the same.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from compare import Result, median, print_circumstances, print_table, run_side, take_turns

N_REPORTS = 10
NAMES = ("rate", "momentum", "decay", "width", "dropout")
SIDES = ("rung-ledger", "rung-tables", "optuna")
BATCH = 1000


def numbers(n_trials: int) -> Iterator[tuple[list[float], list[float]]]:
    """(hyperparameters, reports) of every trial, the same for both sides."""
    rng = random.Random(0)
    for _ in range(n_trials):
        yield [rng.random() for _ in NAMES], [rng.random() for _ in range(N_REPORTS)]


def build_rung(path: Path, n_trials: int) -> None:
    from rung.events import Ended, Event, Observed, Started, StudyCreated
    from rung.store import SqliteStore, current_owner
    from rung.types import Goal, TrialState

    store = SqliteStore(path)
    store.create(StudyCreated(study="s", space={}, goal=Goal("error"), seed=0, searcher={}, scheduler={}))
    lease = store.acquire("s", current_owner(), ttl=60.0)
    events: list[Event] = []
    for trial, (values, losses) in enumerate(numbers(n_trials)):
        at = trial / 7
        config = dict(zip(NAMES, values, strict=True))
        events.append(Started(at=at, trial=trial, attempt=1, config=config, draw=trial))
        events += [
            Observed(at=at + step / 70, trial=trial, attempt=1, step=step, metrics={"error": loss}, loss=loss)
            for step, loss in enumerate(losses, 1)
        ]
        events.append(Ended(at=at + 1 / 7, trial=trial, attempt=1, state=TrialState.COMPLETED))
        if trial % BATCH == BATCH - 1:
            store.append(events, lease=lease)
            events.clear()
    store.append(events, lease=lease)
    store.release(lease)
    store.close()


def build_optuna(path: Path, n_trials: int) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optuna.create_study(study_name="s", storage=f"sqlite:///{path}")
    distribution = optuna.distributions.distribution_to_json(optuna.distributions.FloatDistribution(0.0, 1.0))
    when = "2026-01-01 00:00:00.000000"
    with sqlite3.connect(path) as connection:
        for trial, (values, losses) in enumerate(numbers(n_trials)):
            key = trial + 1
            connection.execute("INSERT INTO trials VALUES (?, ?, 1, 'COMPLETE', ?, ?)", (key, trial, when, when))
            connection.executemany(
                "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)",
                [(key, name, value, distribution) for name, value in zip(NAMES, values, strict=True)],
            )
            connection.execute(
                "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, 0, ?, 'FINITE')",
                (key, losses[-1]),
            )
            connection.executemany(
                "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) "
                "VALUES (?, ?, ?, 'FINITE')",
                [(key, step, loss) for step, loss in enumerate(losses, 1)],
            )
    connection.close()


def load_ledger(path: Path) -> int:
    from rung.ledger import Ledger
    from rung.store import SqliteStore

    ledger = Ledger()
    for _, event in SqliteStore(path, create=False).read("s"):
        ledger.apply(event)
    return sum(trial.last_step for trial in ledger.trials.values())


def load_tables(path: Path) -> int:
    from rung.store import SqliteStore

    tables = SqliteStore(path, create=False).tables
    trials, reports = tables.trials("s"), list(tables.reports("s"))
    assert len(reports) == N_REPORTS * len(trials)
    return len(reports)


def load_optuna(path: Path) -> int:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    trials = optuna.load_study(study_name="s", storage=f"sqlite:///{path}").trials
    return sum(len(trial.intermediate_values) for trial in trials)


def load(side: str, path: Path, n_trials: int) -> Result:
    importlib.import_module("optuna" if side == "optuna" else "rung.store")
    wall, cpu = time.perf_counter(), time.process_time()
    n_reports = {"rung-ledger": load_ledger, "rung-tables": load_tables, "optuna": load_optuna}[side](path)
    assert n_reports == N_REPORTS * n_trials
    return {
        "trials": n_trials,
        "seconds": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "file_mb": path.stat().st_size / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", choices=SIDES, help="do one thing only")
    parser.add_argument("--build", type=int, default=0, help="make the file instead of loading it")
    parser.add_argument("--path", type=Path)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--optuna-trials", type=int, help="fewer for Optuna, whose time grows with their number")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="one round with 2,000 trials")
    parser.add_argument("--folder", default=tempfile.gettempdir())
    parser.add_argument("--peer-python", default=sys.executable)
    arguments = parser.parse_args()
    if arguments.build:
        (build_optuna if arguments.side == "optuna" else build_rung)(arguments.path, arguments.trials)
        print("{}")
    elif arguments.side:
        print(json.dumps(load(arguments.side, arguments.path, arguments.trials)))
    else:
        compare(arguments)


def compare(arguments: argparse.Namespace) -> None:
    trials, rounds = (2000, 1) if arguments.small else (arguments.trials, arguments.rounds)
    n_trials = dict.fromkeys(SIDES, trials)
    n_trials["optuna"] = min(trials, arguments.optuna_trials or trials)
    pythons = dict.fromkeys(SIDES, sys.executable) | {"optuna": arguments.peer_python}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        paths = {side: Path(folder) / f"{side.partition('-')[0]}.db" for side in SIDES}
        for side in ("rung-ledger", "optuna"):
            run_side(pythons[side], __file__, side=side, path=paths[side], trials=n_trials[side], build=1)
        sides = {
            side: partial(run_side, pythons[side], __file__, side=side, path=paths[side], trials=n_trials[side])
            for side in SIDES
        }
        results = take_turns(sides, rounds)
    print_circumstances(arguments.peer_python)
    head = [
        "what is loaded",
        "trials",
        "seconds",
        "CPU s",
        "CPU s per 100,000 trials",
        "of Optuna's",
        "peak MB",
        "file MB",
    ]
    print_table(head, [row_of(side, results) for side in SIDES])


def row_of(side: str, results: dict[str, list[Result]]) -> list[object]:
    found = results[side]
    costs = {name: median(those, "cpu_s") / those[0]["trials"] for name, those in results.items()}
    return [
        side.replace("-", ", "),
        int(found[0]["trials"]),
        f"{median(found, 'seconds'):.1f}",
        f"{median(found, 'cpu_s'):.2f}",
        f"{costs[side] * 1e5:.2f}",
        f"1/{costs['optuna'] / costs[side]:.0f}",
        f"{median(found, 'peak_mb'):.0f}",
        f"{median(found, 'file_mb'):.0f}",
    ]


if __name__ == "__main__":
    main()
