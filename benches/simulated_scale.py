"""What ASHA costs on the virtual clock from 1,000 trials to 100,000, store included: per event, and per decision.

python benches/simulated_scale.py [--variant stopping|promotion] [--trials 1000 10000 100000] [--workers 1000]

By default a tenth as many workers as trials. A decision is a call of the scheduler: what to run next, or what an event
means; its time is CPU time.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Mapping, Sequence

import rung
from rung.backends.simulated import Simulated

MAX_T = 81


def objective(rate: float, width: int, max_epochs: int = MAX_T) -> Iterator[float]:
    floor = 0.05 + abs(math.log10(rate) + 2) / 10 + 1 / width
    for epoch in range(1, max_epochs + 1):
        yield floor + (1 - floor) * epoch**-0.7


def runtime(config: rung.types.Config, step: int) -> float:  # noqa: ARG001  # the shape that the backend calls
    return 10.0 + config["width"] / 16


class Timed:
    """A scheduler whose calls are counted and timed."""

    def __init__(self, inner: rung.ASHA) -> None:
        self.n_calls = 0
        self.seconds = 0.0
        self._inner = inner

    @property
    def space(self) -> rung.Space:
        """The inner one's."""
        return self._inner.space

    def suggest(self, rng: object, *, new_trials: bool) -> object:
        """What the inner one answers."""
        began = time.thread_time()
        answer = self._inner.suggest(rng, new_trials=new_trials)  # type: ignore[arg-type]
        self._count(began)
        return answer

    def update(self, event: object) -> Sequence[object]:
        """What the inner one decides."""
        began = time.thread_time()
        decisions = self._inner.update(event)  # type: ignore[arg-type]
        self._count(began)
        return decisions

    def spec(self) -> Mapping[str, object]:
        """The inner one's."""
        return self._inner.spec()

    def _count(self, began: float) -> None:
        self.seconds += time.thread_time() - began
        self.n_calls += 1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--variant", default="stopping", choices=["stopping", "promotion"])
    parser.add_argument("--trials", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--workers", type=int)
    arguments = parser.parse_args()
    print("| workers | trials | events | virtual hours | seconds | CPU s | CPU µs per event | CPU µs per decision |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    first: tuple[float, float] | None = None
    for n_trials in arguments.trials:
        n_workers = arguments.workers or max(1, n_trials // 10)
        per_event, per_decision = measure(n_workers, n_trials, arguments.variant)
        first = first or (per_event, per_decision)
    if len(arguments.trials) > 1:
        print(f"\nratio of the last line to the first: {per_event / first[0]:.2f} per event, ", end="")
        print(f"{per_decision / first[1]:.2f} per decision")


def measure(n_workers: int, n_trials: int, variant: str) -> tuple[float, float]:
    """Print a line; returns CPU seconds per event and per decision."""
    space = {"rate": rung.loguniform(1e-5, 1.0), "width": rung.lograndint(16, 1024)}
    scheduler = Timed(
        rung.ASHA(rung.RandomSearcher(space), max_t=MAX_T, grace_period=1, reduction_factor=3, variant=variant)
    )
    backend = Simulated(n_workers, runtime=runtime)
    tuner = rung.Tuner(objective, scheduler, store="memory", backend=backend, seed=0)  # type: ignore[arg-type]
    began, cpu = time.perf_counter(), time.process_time()
    study = tuner.run(max_trials=n_trials)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    virtual = study.row.at / 3600
    n_events = sum(1 for _ in study.events())
    per_event, per_decision = cpu / n_events, scheduler.seconds / scheduler.n_calls
    costs = f"{1e6 * per_event:.1f} | {1e6 * per_decision:.1f}"
    print(f"| {n_workers} | {n_trials} | {n_events} | {virtual:.1f} | {wall:.1f} | {cpu:.1f} | {costs} |", flush=True)
    return per_event, per_decision


if __name__ == "__main__":
    main()
