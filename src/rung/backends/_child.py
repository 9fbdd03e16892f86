"""A trial's own process: forked from the fork-server, or started anew as ``python -m rung.backends._child LINE PLAN``.

LINE and PLAN are the numbers of inherited file descriptors: the trial's end of its line, and the file with the plan.
"""

from __future__ import annotations

import atexit
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

from rung._trial import importing_training_code
from rung.backends._kernel import withhold
from rung.backends._plan import Plan, read_plan
from rung.errors import TrialStopped
from rung.runtime._frames import Welcome, message_frame
from rung.runtime.execute import run_job
from rung.runtime.failures import failure_of
from rung.runtime.objective import as_objective, unpack
from rung.runtime.wire import SocketChannel, first_job
from rung.types import CANNOT_IMPORT, Exited, Job, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from rung.runtime.objective import Objective

_REHEARSALS = 20  # CPython adapts code within its first 16 runs or so


def run_trial(end: socket.socket, load: Callable[[], Objective], plan: Plan) -> NoReturn:
    """Run the job that comes over the line, and leave."""
    code = 1
    try:
        obey(end, load)
        code = 0
    except TrialStopped:  # the tuner is gone: there is nobody to report to
        pass
    except BaseException:  # noqa: BLE001 - the last stop before the process ends
        traceback.print_exc()
    leave(code, plan.grace_s)


def obey(end: socket.socket, load: Callable[[], Objective]) -> None:
    """Run the job that comes over the line. ``load`` gives the objective, ready to be used, or raises."""
    channel = SocketChannel(end)
    job = first_job(channel)
    try:
        objective = load()
    except BaseException as error:  # noqa: BLE001 - whatever the user's module raises, SystemExit too, fails the trial
        _, message = failure_of(error)
        channel.post(Exited(job.trial, job.attempt, Outcome.FAILED, CANNOT_IMPORT, message))
    else:
        seed_generators(job.seed)
        run_job(job, objective, channel)


def rehearse() -> None:
    """Run some trials of nothing in this process, before it is forked.

    By then the interpreter has adapted the code that every trial runs, which it does by writing to it, and what is not
    written to after a fork needn't be copied.
    """
    nothing = as_objective(lambda x: x)
    job = Job(study="", trial=0, attempt=1, config={"x": 0.0}, metric="error", seed=0, folder="")
    for _ in range(_REHEARSALS):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(message_frame(Welcome(job)))
            obey(theirs, lambda: nothing)


def leave(code: int, grace_s: float) -> NoReturn:
    """End the process without tearing the interpreter down; exit handlers that hang are cut off after ``grace_s``."""
    try:
        if atexit._ncallbacks():  # noqa: SLF001 - no public way
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, max(grace_s, 0.001))
            atexit._run_exitfuncs()  # noqa: SLF001 - no public way
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def prepared(payload: bytes, threads: int | None) -> Objective:
    """Import the objective, and what it is going to use, so that a fork has it; give torch so many threads."""
    with importing_training_code():
        objective = unpack(payload)
    if objective.wants_trial:
        importlib.import_module("rung.runtime.checkpoints")
        importlib.import_module("rung.runtime._random_states")
    if "numpy" in sys.modules:
        importlib.import_module("numpy.random")  # loaded by NumPy when it is used, which is too late to be seeded
    if "torch" in sys.modules and threads is not None:
        sys.modules["torch"].set_num_threads(threads)
    return objective


def seed_generators(seed: int) -> None:
    """Seed the global generators of Python, NumPy and torch; of the last two only what is loaded."""
    random.seed(seed)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed(seed % 2**32)
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        if torch.backends.cuda.is_built() or sys.platform == "darwin":
            torch.manual_seed(seed % 2**63)
        else:  # all that there is to be seeded, in a tenth of the time
            torch.default_generator.manual_seed(seed % 2**63)


def main() -> NoReturn:
    """Run one trial in a fresh interpreter."""
    faulthandler.enable()
    line, plan_file = (int(argument) for argument in sys.argv[1:3])
    plan, payload = read_plan(plan_file)
    os.close(plan_file)
    withhold(line)
    sys.path[:], sys.argv[:] = plan.path, plan.argv
    run_trial(
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=line), partial(prepared, payload, plan.threads), plan
    )


if __name__ == "__main__":
    main()
