"""Makes the runs of a benchmark that are not there yet, and keeps each as soon as it is over."""

from __future__ import annotations

import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, final

from rung.benchmarks._forecast import Forecast
from rung.benchmarks._imports import modules_of
from rung.benchmarks._sole_runner import sole_runner
from rung.benchmarks.plan import N_INITIAL, Plan, plan_benchmark
from rung.benchmarks.pool import Done, Pool
from rung.benchmarks.results import Results, append, read
from rung.durations import as_seconds
from rung.errors import RungWarning
from rung.provenance import usable_cores

if TYPE_CHECKING:
    from rung.analysis.comparison.runs import Run
    from rung.benchmarks.one_run import Assignment

RESULTS: Final = "runs.jsonl"
"""The file with the results, in the folder of a benchmark; see docs/benchmark-results.md."""

_RUNNING: Final = "running"  # the folder in it for what is not over
_LOOK_UP_S: Final = 0.5


class Standing(NamedTuple):
    """How far a benchmark is.

    total: runs of the plan. before: how many of them were there when it began. finished: since, the failed ones among
    them. elapsed_s: since. cpu_s: processor seconds of the finished ones. left_s: None while nothing is known.
    """

    total: int
    before: int
    finished: int = 0
    failed: int = 0
    running: int = 0
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    left_s: float | None = None


class Show(Protocol):
    """Is told how it goes, at the beginning, twice a second, and after each run."""

    def __call__(self, standing: Standing, run: Run | None, /) -> None:
        """Take the standing, and the run that is over if there is one; it has been written already."""


def run_benchmark(
    methods: Iterable[str],
    problems: Iterable[str],
    *,
    seeds: str | int | Iterable[int],
    budget: str | int,
    out: str | Path,
    workers: int = 1,
    n_initial: int = N_INITIAL,
    jobs: int | None = None,
    run_limit: float | str | None = None,
    data_dir: str | Path | None = None,
    retry_failed: bool = False,
    show: Show | None = None,
) -> Results:
    """Run every method on every problem with every seed, and return all results in the folder.

    methods, problems: by name; ``rung bench list`` says which there are, and which sets of problems. seeds: how many,
    or which. budget: of each run, ``50`` or ``"evaluations:50"``, ``"steps:2000"``, ``"trainings:20"``,
    ``"simulated:2h"``, ``"wall:10min"``. workers: trials at once within a run, on the problem's clock. n_initial:
    random configurations that all methods try first. jobs: runs at once; by default as many as there are cores.
    run_limit: seconds, or a duration, after which a run is ended and has failed. data_dir: where the problems' data
    are. retry_failed: make failed runs again.

    Results are in the file ``runs.jsonl`` in the folder ``out`` as soon as their run is over; runs that are there are
    not made again. The same arguments give the same results but for times. A method whose package is missing is skipped
    with a RungWarning. SettingError, before anything runs, for what is not known, and for a folder with runs that had
    another budget, goal, space or number of initial configurations; RungError when the folder is in use.
    """
    plan = plan_benchmark(
        methods, problems, seeds=seeds, budget=budget, workers=workers, n_initial=n_initial, data_dir=data_dir
    )
    for skipped in plan.skipped:
        warnings.warn(RungWarning(f"{skipped.method} is skipped: {skipped.why}", hint=skipped.hint), stacklevel=2)
    return carry_out(plan, Path(out), jobs=jobs, run_limit=run_limit, retry_failed=retry_failed, show=show)


def carry_out(
    plan: Plan,
    out: Path,
    *,
    jobs: int | None = None,
    run_limit: float | str | None = None,
    retry_failed: bool = False,
    show: Show | None = None,
) -> Results:
    """Make those runs of a plan that there are no results of; the rest of ``run_benchmark``."""
    limit_s = None if run_limit is None else as_seconds(run_limit, name="run_limit")
    plan.refuse_others(results_in(out), out)
    with sole_runner(out):
        there = results_in(out)  # another runner may have been here since
        plan.refuse_others(there, out)
        left = plan.left(there, retry_failed=retry_failed)
        progress = _Progress(plan, there, left, jobs=usable_cores() if jobs is None else jobs)
        if show is not None:
            show(progress.standing([]), None)
        if left:
            modules = modules_of(plan.methods, plan.problems)
            with Pool(out / _RUNNING, jobs=progress.jobs, modules=modules, run_limit_s=limit_s) as pool:
                for done, running in _made(pool, left):
                    if done is not None:
                        append(out / RESULTS, done.run)
                        progress.add(done)
                    if show is not None:
                        show(progress.standing(running), None if done is None else done.run)
    return results_in(out)


def results_in(folder: Path) -> Results:
    """The results of a benchmark in its folder, none where there are none yet."""
    return read(folder / RESULTS) if (folder / RESULTS).exists() else Results(())


def _made(pool: Pool, left: Iterable[Assignment]) -> Iterator[tuple[Done | None, list[Assignment]]]:
    """Each run when it is over, and None now and then while nothing is; with the runs that are not over."""
    waiting = deque(left)
    while waiting or pool.running:
        while waiting and pool.n_free:
            pool.start(waiting.popleft())
        done = pool.poll(_LOOK_UP_S)
        if not done:
            yield None, pool.running
        for each in done:
            yield each, pool.running


@final
class _Progress:
    """Counts, and looks ahead."""

    def __init__(self, plan: Plan, there: Results, left: Iterable[Assignment], *, jobs: int) -> None:
        self.jobs = jobs
        self._began = time.monotonic()
        self._left = {each.key for each in left}
        self._total = len(plan.assignments)
        self._before = self._total - len(self._left)
        self._finished: list[Run] = []
        self._forecast = Forecast()
        planned = plan.keys
        for run in there.runs:
            if run.points and run.key in planned:
                self._forecast.add(run.key, run.points[-1].wall_s)

    def add(self, done: Done) -> None:
        """Take in a run that is over."""
        self._left.discard(done.run.key)
        self._finished.append(done.run)
        self._forecast.add(done.run.key, done.seconds)

    def standing(self, running: list[Assignment]) -> Standing:
        """How far it is."""
        return Standing(
            total=self._total,
            before=self._before,
            finished=len(self._finished),
            failed=sum(bool(run.failed) for run in self._finished),
            running=len(running),
            elapsed_s=time.monotonic() - self._began,
            cpu_s=sum(run.cpu_s for run in self._finished),
            left_s=self._forecast.left(self._left, jobs=max(1, min(self.jobs, len(self._left)))),
        )
