"""How long a tuner needs to take up a study again: replay of a log of 100,000 events from SQLite.

python benches/restart.py [--events 100000]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import rung
from rung.backends.simulated import Simulated

MAX_T = 9


def objective(x: float, max_epochs: int = MAX_T):
    for epoch in range(1, max_epochs + 1):
        yield x + 1 / epoch


def scheduler() -> rung.ASHA:
    return rung.ASHA(rung.RandomSearcher({"x": rung.uniform(0.0, 1.0)}), max_t=MAX_T, reduction_factor=3)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'restart.db'}"
        with rung.Tuner(objective, scheduler(), store=url, study="s", backend=Simulated(500), seed=0) as tuner:
            tuner.run(max_trials=arguments.events // 5)
            found = sum(1 for _ in tuner._store.read("s"))  # noqa: SLF001  # a bench may look
        began, cpu = time.perf_counter(), time.process_time()
        with rung.Tuner(objective, scheduler(), store=url, study="s", backend=Simulated(500), seed=0) as tuner:
            incumbent = tuner.incumbent_error
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert incumbent is not None
    print("| events | seconds | CPU seconds | µs per event | peak MB |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    print(f"| {found} | {wall:.2f} | {cpu:.2f} | {wall / found * 1e6:.1f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
