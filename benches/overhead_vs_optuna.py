"""What a tuner costs per trial, in memory and in one process, beside Optuna's in-memory loop with its random sampler.

    python benches/overhead_vs_optuna.py [--trials 1000 10000] [--rounds 5] [--peer-python PYTHON]

Both sides minimise the same function of two floats. Rounds are interleaved; the median is printed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time


def ours(trials: int) -> float:
    import rung

    space = {"x": rung.uniform(0.0, 1.0), "y": rung.uniform(0.0, 1.0)}
    tuner = rung.Tuner(lambda x, y: (x - 0.3) ** 2 + y, rung.BasicScheduler(rung.RandomSearcher(space)), seed=0)
    began = time.perf_counter()
    tuner.run(trials)
    return (time.perf_counter() - began) / trials


def theirs(trials: int) -> float:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))

    def objective(trial: optuna.Trial) -> float:
        return (trial.suggest_float("x", 0.0, 1.0) - 0.3) ** 2 + trial.suggest_float("y", 0.0, 1.0)

    began = time.perf_counter()
    study.optimize(objective, n_trials=trials)
    return (time.perf_counter() - began) / trials


def side(python: str, name: str, trials: int) -> float:
    command = [python, __file__, "--side", name, "--trials", str(trials)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", choices=["rung", "optuna"])
    parser.add_argument("--trials", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-python", default=sys.executable)
    arguments = parser.parse_args()
    if arguments.side:
        print((ours if arguments.side == "rung" else theirs)(arguments.trials[0]))
        return
    print("| trials | rung, µs per trial | Optuna, µs per trial | ratio |")
    print("| ---: | ---: | ---: | ---: |")
    for trials in arguments.trials:
        rounds = [
            (side(sys.executable, "rung", trials), side(arguments.peer_python, "optuna", trials))
            for _ in range(arguments.rounds)
        ]
        mine = statistics.median(pair[0] for pair in rounds)
        peer = statistics.median(pair[1] for pair in rounds)
        ratio = statistics.median(pair[0] / pair[1] for pair in rounds)
        print(f"| {trials} | {mine * 1e6:.0f} | {peer * 1e6:.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
