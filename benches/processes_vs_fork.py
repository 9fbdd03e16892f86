"""CPU time per trivial trial: the processes backend against a bare fork.

    python benches/processes_vs_fork.py [--trials 300] [--rounds 5]

Both start one trial after the other. *Bare fork* is a process that has loaded the same modules as the fork-server,
with its garbage collector frozen too: it forks, the child sends the bytes that a trivial trial sends through the same
kind of socket and leaves by ``os._exit``, the parent reads them to the end and reaps the child. *processes* is the
backend ``Processes(1)`` as a tuner drives it. CPU time is user and system time of all processes together, without the
start. The two take turns; the table has the median of the rounds and their range.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import platform
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

WARM_UP = 20


def trivial(x: float) -> float:
    """The trial that does nothing."""
    return x


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs=2, metavar=("SIDE", "MODULE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        side, module = options.only
        print(json.dumps({"bare": bare_fork, "rung": processes}[side](module, options.trials)))
        return
    print(f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores, ", end="")
    print(f"{options.trials} trials per round, {options.rounds} rounds\n")
    print("| modules loaded | bare fork, ms CPU/trial | processes, ms CPU/trial | ratio |")
    print("| --- | --- | --- | --- |")
    for module in ("", "numpy", "torch"):
        measured: dict[str, list[float]] = {"bare": [], "rung": []}
        for turn in range(options.rounds):
            for side in sorted(measured, reverse=bool(turn % 2)):
                measured[side].append(in_fresh_process(side, module, options.trials))
        ratios = [ours / theirs for ours, theirs in zip(measured["rung"], measured["bare"], strict=True)]
        cells = [shown([1e3 * seconds for seconds in measured[side]]) for side in ("bare", "rung")]
        print(f"| {module or 'rung alone'} | {' | '.join(cells)} | {shown(ratios)} |", flush=True)


def shown(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def in_fresh_process(side: str, module: str, trials: int) -> float:
    command = [sys.executable, __file__, "--only", side, module, "--trials", str(trials)]
    return float(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def bare_fork(module: str, trials: int) -> float:
    """Seconds of CPU time per fork."""
    import rung.backends._forkserver  # noqa: F401 - what the fork-server has loaded
    from rung.runtime._frames import fact_frame
    from rung.types import Exited, Outcome, Reported

    if module:
        importlib.import_module(module)
        importlib.import_module("numpy.random")
    sent = fact_frame(Reported(1, 1, 1, {"error": 0.5})) + fact_frame(Exited(1, 1, Outcome.FINISHED))

    def one() -> None:
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            theirs.sendall(sent)
            os._exit(0)
        theirs.close()
        received = b""
        while chunk := ours.recv(1 << 16):
            received += chunk
        ours.close()
        os.waitpid(child, 0)
        assert received == sent

    gc.collect()
    gc.freeze()
    gc.disable()
    for _ in range(WARM_UP):
        one()
    before = cpu_time(resource.RUSAGE_SELF) + cpu_time(resource.RUSAGE_CHILDREN)
    for _ in range(trials):
        one()
    return (cpu_time(resource.RUSAGE_SELF) + cpu_time(resource.RUSAGE_CHILDREN) - before) / trials


def processes(module: str, trials: int) -> float:
    """Seconds of CPU time per trial."""
    from rung.backends.processes import Processes
    from rung.runtime.objective import as_objective
    from rung.types import Exited, Job, Outcome

    with tempfile.TemporaryDirectory() as folder:
        name = f"objective_{module or 'alone'}"
        imported = f"import {module}\n" if module else ""
        Path(folder, f"{name}.py").write_text(f"{imported}def trivial(x):\n    return x\n")
        sys.path.insert(0, folder)
        reference = f"{Path(folder, name)}.py:trivial"
        backend = Processes(1, start="fork")
        backend.open("bench", as_objective(reference), Path(folder))
        finished = 0

        def deliver(facts: object) -> None:
            nonlocal finished
            for fact in facts:
                if isinstance(fact, Exited):
                    assert fact.outcome is Outcome.FINISHED, fact.message
                    finished += 1

        def one(trial: int) -> None:
            job = Job(
                study="bench", trial=trial, attempt=1, config={"x": 0.5}, metric="error", seed=trial, folder=folder
            )
            backend.start(job)
            while finished <= trial:
                backend.poll(10.0, deliver)

        for trial in range(WARM_UP):
            one(trial)
        before = cpu_time(resource.RUSAGE_SELF) + descendants_cpu_time()
        for trial in range(WARM_UP, WARM_UP + trials):
            one(trial)
        spent = cpu_time(resource.RUSAGE_SELF) + descendants_cpu_time() - before
        backend.close()
        return spent / trials


def cpu_time(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def descendants_cpu_time() -> float:
    """Of the fork-server and all that it has reaped; in steps of 10 ms."""
    import psutil

    (server,) = psutil.Process().children()
    times = server.cpu_times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main()
