"""A trial's own process: forked from the fork-server, or started anew as ``python -m rung.backends._child LINE PLAN``.

LINE and PLAN are the numbers of inherited file descriptors: the trial's end of its line, and the file with the plan.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import importlib
import os
import random
import signal
import socket
import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from rung._frames import read_job
from rung._trial import enter_trial_process
from rung.backends._kernel import withhold
from rung.backends._plan import Plan, read_plan
from rung.errors import TrialStopped
from rung.execute import run_job
from rung.failures import failure_of
from rung.objective import unpack
from rung.types import Exited, Outcome
from rung.wire import SocketChannel

if TYPE_CHECKING:
    from collections.abc import Callable

    from rung.objective import Objective


def run_trial(end: socket.socket, load: Callable[[], Objective], plan: Plan) -> NoReturn:
    """Run the job that comes over the line, and leave. ``load`` gives the objective; what it raises ends the trial."""
    channel = SocketChannel(end)
    try:
        job = read_job(channel.next_body())
        try:
            objective = load()
        except BaseException as error:  # noqa: BLE001 - whatever the user's module raises, SystemExit too, fails the trial
            channel.post(Exited(job.trial, job.attempt, Outcome.FAILED, *failure_of(error)))
        else:
            load_what_is_needed(objective)
            use_threads(plan.threads)
            seed_generators(job.seed)
            run_job(job, objective, channel)
    except TrialStopped:  # the tuner is gone: there is nobody to report to
        leave(0, plan.grace_s)
    except BaseException:  # noqa: BLE001 - the last stop before the process ends
        traceback.print_exc()
        leave(1, plan.grace_s)
    leave(0, plan.grace_s)


def leave(code: int, grace_s: float) -> NoReturn:
    """End the process without tearing the interpreter down; exit handlers that hang are cut off after ``grace_s``."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, max(grace_s, 0.001))
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()  # noqa: SLF001 - no public way
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


def load_what_is_needed(objective: Objective) -> None:
    """Load what this objective is going to use, and NumPy's global generator if NumPy is there, so as to be seeded."""
    if objective.wants_trial:
        importlib.import_module("rung.checkpoints")
        importlib.import_module("rung._random_states")
    if "numpy" in sys.modules:
        importlib.import_module("numpy.random")


def seed_generators(seed: int) -> None:
    """Seed the global generators of Python, NumPy and torch; of the last two only what is loaded."""
    random.seed(seed)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed % 2**63)


def use_threads(threads: int | None) -> None:
    """Give torch so many threads, if it is loaded."""
    if threads is not None and "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def main() -> NoReturn:
    """Run one trial in a fresh interpreter."""
    faulthandler.enable()
    line, plan_file = (int(argument) for argument in sys.argv[1:3])
    plan, payload = read_plan(plan_file)
    os.close(plan_file)
    withhold(line)
    sys.path[:], sys.argv[:] = plan.path, plan.argv
    enter_trial_process()
    run_trial(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=line), partial(unpack, payload), plan)


if __name__ == "__main__":
    main()
