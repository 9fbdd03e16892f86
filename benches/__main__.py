"""Runs all benches and writes docs/performance.md.

python -m benches [--quick] [--out docs/performance.md] [--only methods.py]

--only measures the sections of one bench anew, and leaves the others of the page as they are.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import os
import platform
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Section(NamedTuple):
    """One bench: its heading, what is aimed at, its command line, and the shorter one for a try."""

    title: str
    aim: str
    command: str
    quick: str


SECTIONS = (
    Section(
        "A trial in SQLite, durably",
        "Create a trial, report ten times, finish; every commit waits for the disk. Aim: at least 5 times Optuna's "
        "trials per second with 1 and with 4 processes, and at most a tenth of its CPU per trial.",
        "store_vs_optuna.py",
        "store_vs_optuna.py --small",
    ),
    Section(
        "Loading a large study",
        "100,000 trials with ten reports each. Aim: at least 10 times less CPU than Optuna, at most 500 MB.",
        "load_vs_optuna.py",
        "load_vs_optuna.py --small",
    ),
    Section(
        "What a tuner costs per trial",
        "In memory, in this process, random search over two floats. Aim: at most what Optuna's in-memory loop costs.",
        "overhead_vs_optuna.py",
        "overhead_vs_optuna.py --trials 1000 --rounds 1",
    ),
    Section(
        "What a process per trial costs",
        "CPU per trivial trial in a process group of its own, with its output kept, against a bare fork that sends the "
        "same bytes through the same kind of pipe. Aim: at most twice as much.",
        "processes_vs_fork.py",
        "processes_vs_fork.py --trials 50 --rounds 1",
    ),
    Section(
        "Simulation: ASHA that stops, 1,000 workers, 20,000 trials",
        "The same tuner, scheduler and store as always, on the virtual clock. Aim: at most 10 seconds.",
        "simulated_scale.py --workers 1000 --trials 20000",
        "simulated_scale.py --workers 100 --trials 1000",
    ),
    Section(
        "Simulation: ASHA that pauses and promotes",
        "The same with pauses.",
        "simulated_scale.py --variant promotion --workers 1000 --trials 20000",
        "simulated_scale.py --variant promotion --workers 100 --trials 1000",
    ),
    Section(
        "Simulation: 10,000 workers, 100,000 trials",
        "ASHA that stops. Aim: at most 60 seconds, and at most twice the CPU per event and per decision that 1,000 "
        "trials take.",
        "simulated_scale.py",
        "simulated_scale.py --trials 100 1000",
    ),
    Section(
        "Simulation: 10,000 workers, 100,000 trials, with pauses",
        "ASHA that pauses and promotes.",
        "simulated_scale.py --variant promotion",
        "simulated_scale.py --variant promotion --trials 100 1000",
    ),
    Section(
        "Taking up a study again",
        "A tuner that opens a study of about 100,000 events and has its incumbent, by replaying the whole log. This is "
        "why there are no snapshots.",
        "restart.py",
        "restart.py --events 10000",
    ),
    Section(
        "A suggestion of TPE",
        "Seven dimensions. CPU time of a suggestion beside Optuna's TPESampler. Aim: at least 8 times less at 1,000 "
        "trials, 15 times at 10,000.",
        "tpe_ask.py",
        "tpe_ask.py --rounds 1",
    ),
    Section(
        "A suggestion of the Gaussian process",
        "Seven dimensions, a share of all fits included, beside Optuna's GPSampler. Aim: at least 5 times less.",
        "gp_ask.py",
        "gp_ask.py --rounds 1",
    ),
    Section(
        "Methods: 50 evaluations of six functions",
        "The searchers of rung beside those of other projects, all with the same three first configurations. Regret is "
        "0 at the best known value and 1 at the median of random configurations; in brackets 95 % intervals. Aim: the "
        "Gaussian process no worse than the best peer on at least four of six problems and better in geometric mean, "
        "TPE better in geometric mean than the TPE of Optuna and of hyperopt.",
        "methods.py functions",
        "methods.py functions --seeds 2 --out bench-out/quick-functions",
    ),
    Section(
        "Methods: 50 full trainings",
        "The same on surrogates of measured trainings, and on a support vector machine. Aim: gp and auto ahead of each "
        "peer in mean rank after 25 and 50 evaluations.",
        "methods.py tasks",
        "methods.py tasks --seeds 2 --out bench-out/quick-tasks",
    ),
    Section(
        "Methods: 25 trainings of LeNet",
        "On 10,000 images of Fashion-MNIST. A run takes five minutes of CPU; there was time for two seeds, which tell "
        "nothing apart. Below 0 is better than the best of 60 random configurations, the reference here.",
        "methods.py lenet --seeds 2",
        "methods.py lenet --seeds 1 --out bench-out/quick-lenet",
    ),
    Section(
        "Methods: tasks whose best configurations lie in corners",
        "The other tasks of the surrogates, for completeness: their optima are artefacts of the surrogates.",
        "methods.py appendix --seeds 3",
        "methods.py appendix --seeds 2 --out bench-out/quick-appendix",
    ),
    Section(
        "Methods: SMAC",
        "The six functions once more, beside SMAC with its Gaussian process (bb) and its random forest (hpo), which "
        "take up to a minute of CPU for a run: two seeds.",
        "methods.py smac --seeds 2",
        "methods.py smac --seeds 1 --out bench-out/quick-smac",
    ),
    Section(
        "Schedulers: one worker",
        "Methods that stop or pause trainings, by epochs that all trials together have trained. Aim: freeze-thaw ahead "
        "of every other one at 520 epochs, and not behind the best at 208; stopping ASHA level with Syne Tune's; "
        "promotion not behind stopping. These four tasks are also those that rung's own methods were tuned on.",
        "schedulers.py",
        "schedulers.py --seeds 2 --out bench-out/quick-schedulers",
    ),
    Section(
        "Schedulers: four workers",
        "The same with four trials at once, on the problem's own clock.",
        "schedulers.py --workers 4 --seeds 10",
        "schedulers.py --workers 4 --seeds 2 --out bench-out/quick-schedulers-4",
    ),
    Section(
        "Schedulers: with ASHA-CQR",
        "One worker and five seeds, as Syne Tune's conformal quantile regression takes half a minute of CPU for a run.",
        "schedulers.py --slow --seeds 5",
        "schedulers.py --slow --seeds 1 --out bench-out/quick-schedulers",
    ),
    Section(
        "Schedulers: the other tasks",
        "One worker, three seeds. Their best configurations lie in corners of the space, artefacts of the surrogates.",
        "schedulers.py --problems appendix --seeds 3",
        "schedulers.py --problems appendix --seeds 1 --out bench-out/quick-schedulers-appendix",
    ),
    Section(
        "Schedulers: LeNet, really trained",
        "How soon a method finds what random search finds in the end, by seconds of training.",
        "lenet_time.py",
        "lenet_time.py --seconds 5 --seeds 1 --out bench-out/quick-lenet-time",
    ),
    Section(
        "What a scheduler's decision costs",
        "At 1,000 and at 100,000 trials. Aim: at most twice as much.",
        "decisions.py",
        "decisions.py --trials 10000 --window 50 --rounds 1",
    ),
    Section(
        "Populations: against random search with the same compute",
        "A small network on the digits of scikit-learn, paired by seed.",
        "pbt.py --seeds 10",
        "pbt.py --seeds 1",
    ),
    Section(
        "A search of scikit-learn",
        "CPU time per candidate beside RandomizedSearchCV with the same candidates. Aim: at most 10 % more.",
        "search_cv.py",
        "search_cv.py --rounds 1 --candidates 5",
    ),
    Section(
        "Learning-rate schedules",
        "Aim: a million values at most twice as long as the same formula in plain NumPy, and one value at most as long "
        "as a step of torch's scheduler.",
        "schedules.py",
        "schedules.py --updates 100000 --rounds 1",
    ),
    Section(
        "A report to a study",
        "CPU time on the training side, by trial.report and by callbacks of frameworks, beside a line of JSON with "
        "the same numbers written to a file and flushed.",
        "hooks.py",
        "hooks.py --reports 500 --rounds 1",
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that all benches work")
    parser.add_argument("--out", type=Path, help="write there instead of printing")
    parser.add_argument(
        "--only",
        choices=sorted({each.command.split()[0] for each in SECTIONS}),
        help="measure the sections of this bench only",
    )
    arguments = parser.parse_args()
    parts = parts_of(arguments.out) if arguments.only and arguments.out and arguments.out.exists() else {}
    if not arguments.only:
        parts[""] = heading()
    for section in SECTIONS:
        command = section.quick if arguments.quick else section.command
        if arguments.only not in {None, shlex.split(command)[0]}:
            continue
        print(f"running {command}", file=sys.stderr, flush=True)
        measured = f"Measured on {today()}, load {os.getloadavg()[0]:.1f} at first: `python benches/{command}`"
        parts[section.title] = f"## {section.title}\n\n{section.aim}\n\n{measured}\n\n{output_of(command)}"
    order = ["", *(section.title for section in SECTIONS)]
    page = "\n".join(parts[title] for title in order if title in parts)
    if arguments.out:
        arguments.out.write_text(page)
    else:
        print(page)


def parts_of(page: Path) -> dict[str, str]:
    """The sections of a page by their titles; what stands before the first one by an empty title."""
    head, *sections = page.read_text().split("\n## ")
    return {"": head} | {each.partition("\n")[0]: f"## {each}" for each in sections}


def today() -> dt.date:
    return dt.datetime.now(tz=dt.UTC).date()


def output_of(command: str) -> str:
    script, *options = shlex.split(command)
    words = [sys.executable, str(HERE / script), *options]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stderr}")
    return done.stdout


def heading() -> str:
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("rung", "optuna", "numpy", "msgspec")
    )
    return (
        "# Performance\n\n"
        "Written by `make bench`; nothing here is typed in by hand. Both sides of a comparison take turns in one run, "
        "so read the ratios; absolute times are those of a small shared machine.\n\n"
        f"{today()}, {versions}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at first.\n"
    )


if __name__ == "__main__":
    main()
