"""Create a trial, report ten times, finish it: durably in SQLite, through rung's store and through Optuna's.

    python benches/store_vs_optuna.py [--small] [--rounds 5] [--seconds 5] [--peer-python PYTHON] [--folder DIR]

Both sides are driven at the level of their stores, without searchers: three hyperparameters, ten reports, one end.
Every process runs one trial after the other until the time is up; CPU is that of all processes, without imports.

- rung: one process owns the study. Alone, it appends events itself. With several trial processes, these report to it
  through pipes, and it commits what has arrived together. *acknowledged*: every single report waits until it is on the
  disk. *streamed*: a trial's ten reports are under way together, and it waits at its end.
- Optuna: each process has its own connection, as with `study.optimize` in several processes. *default*: the rollback
  journal that SQLite begins with; *WAL*: the same file after `PRAGMA journal_mode=WAL`. Every call is a transaction.

All forms wait for the disk at each commit (synchronous=FULL).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import multiprocessing.connection
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from compare import Result, median, print_circumstances, print_table, run_side, take_turns

N_REPORTS = 10
SIDES = ("rung-acknowledged", "rung-streamed", "optuna-default", "optuna-wal")
Write = Callable[[list[Any]], object]
"""Takes a list of events and returns when they are on the disk."""


def rung_trials(write: Write, number: int, stride: int, seconds: float, *, streamed: bool) -> int:
    """Runs the trials number, number + stride, … until the time is up; returns how many."""
    from rung.events import Ended, Observed, Started
    from rung.types import TrialState

    rng = random.Random(number)
    end = time.perf_counter() + seconds
    trial = number
    while time.perf_counter() < end:
        config = {"rate": rng.random(), "momentum": rng.random(), "decay": rng.random()}
        write([Started(at=0.0, trial=trial, attempt=1, config=config)])
        losses = [rng.random() for _ in range(N_REPORTS)]
        reports = [
            Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={"error": loss}, loss=loss)
            for step, loss in enumerate(losses, 1)
        ]
        for batch in [reports] if streamed else [[report] for report in reports]:
            write(batch)
        write([Ended(at=0.0, trial=trial, attempt=1, state=TrialState.COMPLETED)])
        trial += stride
    return (trial - number) // stride


def rung_side(folder: Path, processes: int, seconds: float, *, streamed: bool) -> Result:
    from rung.events import StudyCreated
    from rung.store import SqliteStore, current_owner
    from rung.types import Goal

    created = StudyCreated(study="s", space={}, goal=Goal("error"), seed=0, searcher={}, scheduler={})
    workers = [
        start_worker(number, processes, seconds, streamed=streamed) for number in range(processes * (processes > 1))
    ]
    store = SqliteStore(folder / "rung.db")
    store.create(created)
    lease = store.acquire("s", current_owner(), ttl=60.0)
    began, cpu = time.perf_counter(), time.process_time()
    append = partial(store.append, lease=lease)
    if workers:
        trials, cpu_of_workers = serve(append, [line for _, line in workers])
    else:
        trials, cpu_of_workers = rung_trials(append, 0, 1, seconds, streamed=streamed), 0.0
    result = {
        "trials": trials,
        "seconds": time.perf_counter() - began,
        "cpu_s": time.process_time() - cpu + cpu_of_workers,
    }
    for worker, _ in workers:
        worker.join()
    counts = store.tables.study("s").counts
    assert sum(counts.values()) == trials, "every acknowledged trial is in the store"
    store.close()
    return result


def start_worker(number: int, stride: int, seconds: float, *, streamed: bool) -> tuple[Any, Any]:
    ours, theirs = multiprocessing.Pipe()
    arguments = (theirs, number, stride, seconds, streamed)
    worker = multiprocessing.get_context("fork").Process(target=rung_worker, args=arguments)
    worker.start()
    theirs.close()
    return worker, ours


def rung_worker(line: Any, number: int, stride: int, seconds: float, streamed: bool) -> None:  # noqa: FBT001
    from rung.store.codec import EVENTS

    def write(events: list[Any]) -> None:
        line.send_bytes("\n".join(map(EVENTS.encode, events)).encode())
        line.recv_bytes()

    line.recv_bytes()
    cpu = time.process_time()
    trials = rung_trials(write, number, stride, seconds, streamed=streamed)
    line.send_bytes(json.dumps([trials, time.process_time() - cpu]).encode())


def serve(append: Write, lines: list[Any]) -> tuple[int, float]:
    """Commits what the workers send, all that has arrived at once together; returns (trials, CPU seconds) of them."""
    from rung.store.codec import EVENTS

    for line in lines:
        line.send_bytes(b"go")
    trials, cpu = 0, 0.0
    while lines:
        events, waiting = [], []
        for line in multiprocessing.connection.wait(lines):
            text = line.recv_bytes().decode()
            if text.startswith("["):
                n_trials, cpu_s = json.loads(text)
                trials, cpu = trials + n_trials, cpu + cpu_s
                lines.remove(line)
            else:
                events += map(EVENTS.decode, text.split("\n"))
                waiting.append(line)
        append(events)
        for line in waiting:
            line.send_bytes(b"ok")
    return trials, cpu


def optuna_side(folder: Path, processes: int, seconds: float, *, wal: bool) -> Result:
    import optuna

    url = f"sqlite:///{folder / 'optuna.db'}"
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optuna.create_study(study_name="s", storage=url)
    if wal:
        with sqlite3.connect(folder / "optuna.db") as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(processes), context.SimpleQueue()
    workers = [
        context.Process(target=optuna_worker, args=(url, number, seconds, barrier, answers))
        for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    results = [answers.get() for _ in workers]
    for worker in workers:
        worker.join()
    return {
        "trials": sum(trials for trials, _, _ in results),
        "seconds": max(wall for _, wall, _ in results),
        "cpu_s": sum(cpu for _, _, cpu in results),
    }


def optuna_worker(url: str, number: int, seconds: float, barrier: Any, answers: Any) -> None:
    from optuna.distributions import FloatDistribution
    from optuna.storages import get_storage
    from optuna.trial import TrialState

    storage = get_storage(url)
    study = storage.get_study_id_from_name("s")
    distribution = FloatDistribution(0.0, 1.0)
    rng = random.Random(number)
    trials = 0
    barrier.wait()
    began, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() < began + seconds:
        trial = storage.create_new_trial(study)
        for name in ("rate", "momentum", "decay"):
            storage.set_trial_param(trial, name, rng.random(), distribution)
        for step in range(1, N_REPORTS + 1):
            storage.set_trial_intermediate_value(trial, step, rng.random())
        storage.set_trial_state_values(trial, state=TrialState.COMPLETE, values=[rng.random()])
        trials += 1
    answers.put((trials, time.perf_counter() - began, time.process_time() - cpu))


def one_side(side: str, processes: int, seconds: float, folder: str) -> Result:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        if side.startswith("rung"):
            return rung_side(Path(name), processes, seconds, streamed=side == "rung-streamed")
        return optuna_side(Path(name), processes, seconds, wal=side == "optuna-wal")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", choices=SIDES, help="run one side only and print JSON")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--small", action="store_true", help="one round of one second")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where the databases are; must be a real disk")
    parser.add_argument("--peer-python", default=sys.executable)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(one_side(arguments.side, arguments.processes, arguments.seconds, arguments.folder)))
        return
    rounds, seconds = (1, 1.0) if arguments.small else (arguments.rounds, arguments.seconds)
    print_circumstances(arguments.peer_python)
    pythons = {side: sys.executable if side.startswith("rung") else arguments.peer_python for side in SIDES}
    options = {"seconds": seconds, "folder": arguments.folder}
    rows = []
    for processes in (1, 4):
        sides = {
            side: partial(run_side, python, __file__, side=side, processes=processes, **options)
            for side, python in pythons.items()
        }
        results = take_turns(sides, rounds)
        rows += [row_of(side, processes, results) for side in SIDES]
    head = ["store", "trial processes", "trials/s", "range", "x Optuna", "CPU ms per trial", "of Optuna's"]
    print_table(head, rows)


def row_of(side: str, processes: int, results: dict[str, list[Result]]) -> list[object]:
    speeds = [result["trials"] / result["seconds"] for result in results[side]]
    costs = [{"ms": result["cpu_s"] / max(result["trials"], 1) * 1e3} for result in results[side]]
    pairs = list(zip(results[side], results["optuna-default"], strict=True))
    faster = [{"x": one["trials"] / one["seconds"] / (peer["trials"] / peer["seconds"])} for one, peer in pairs]
    cheaper = [{"x": (one["cpu_s"] / one["trials"]) / (peer["cpu_s"] / peer["trials"])} for one, peer in pairs]
    return [
        side.replace("-", ", ", 1),
        processes,
        f"{median([{'x': speed} for speed in speeds], 'x'):.1f}",
        f"{min(speeds):.1f}–{max(speeds):.1f}",
        f"{median(faster, 'x'):.1f}",
        f"{median(costs, 'ms'):.2f}",
        f"1/{1 / median(cheaper, 'x'):.0f}",
    ]


if __name__ == "__main__":
    main()
