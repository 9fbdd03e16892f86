"""The fork-server: ``python -m rung.backends._forkserver LINE PLAN``.

It imports the objective and loads the data that trials share, once, and then forks one process per trial, each the
leader of a session and group of its own; it keeps what they print, reaps them, and kills what is left of their groups.
No trial survives it, and it doesn't survive the tuner: it leaves when the line to the tuner ends. LINE and PLAN are the
numbers of inherited file descriptors.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import gc
import importlib
import io
import os
import select
import shutil
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import NoReturn

from rung.backends import _kernel
from rung.backends._child import prepared, rehearse, run_trial
from rung.backends._nursery import Begin, Nursery
from rung.backends._orders import OrderLine
from rung.backends._plan import Launch, Plan, read_plan
from rung.runtime import preload
from rung.runtime.objective import Objective


def main() -> NoReturn:
    """Serve until the tuner hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the tuner's business, for the trials as well
    faulthandler.enable()
    line, plan_file = (int(argument) for argument in sys.argv[1:3])
    _kernel.withhold(line, plan_file)
    plan, payload = read_plan(plan_file)
    sys.path[:], sys.argv[:] = plan.path, plan.argv
    tuner = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=line)
    begin = _beginning(plan, plan_file, payload, tuner)

    def begin_in_its_environment(launch: Launch, end: socket.socket | None) -> NoReturn:
        os.environ.update(launch.environ)
        begin(launch, end)

    nursery = Nursery(OrderLine(tuner), plan, begin_in_its_environment)
    _print_by_line()
    atexit._clear()  # noqa: SLF001 - no public way; what has been imported must not be torn down by every trial
    gc.collect()
    gc.freeze()  # what is here now stays; a collection in a forked process must not touch, and so copy, all of it
    nursery.serve()
    if plan.folder is not None:
        shutil.rmtree(plan.folder, ignore_errors=True)
    os._exit(0)  # no need to tear down what has been imported


def _beginning(plan: Plan, plan_file: int, payload: bytes, tuner: socket.socket) -> Begin:
    """How the process of a trial goes on after the fork."""

    def run_script(launch: Launch, _end: socket.socket | None) -> NoReturn:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it; other programs count on it
        try:
            os.execvp(launch.argv[0], launch.argv)  # noqa: S606 - that's the task
        except OSError as error:
            os.write(2, f"{launch.argv[0]} can't be run: {error.strerror}\n".encode())
            os._exit(127)  # as shells do

    def start_anew(_launch: Launch, end: socket.socket | None) -> NoReturn:
        assert end is not None, "only scripts have no line"
        _kernel.share(end.fileno(), plan_file)
        module = "rung.backends._child"
        os.execv(sys.executable, [sys.executable, "-m", module, str(end.fileno()), str(plan_file)])  # noqa: S606 - our own module

    if plan.is_script:
        os.close(plan_file)
        return run_script
    if plan.start == "spawn":
        return start_anew
    objective = _imported(plan, payload, tuner)
    if plan.start == "auto" and not _can_fork():
        return start_anew
    if objective is not None:
        _load_data(plan, tuner)
        _import_ahead(plan, tuner)
    if plan.start == "auto" and not _can_fork():
        preload.forget_all()
        return start_anew
    os.close(plan_file)
    rehearse()

    def run_here(_launch: Launch, end: socket.socket | None) -> NoReturn:
        assert end is not None, "only scripts have no line"
        run_trial(end, lambda: prepared(payload, plan.threads) if objective is None else objective, plan)

    return run_here


def _imported(plan: Plan, payload: bytes, tuner: socket.socket) -> Objective | None:
    """The objective; None when it can't be imported. The trial's own process will fail to do so again, and say why."""
    with _leaving_with(tuner, plan.tuner):
        try:
            return prepared(payload, plan.threads)
        except BaseException:  # noqa: BLE001 - the user's module may raise anything, SystemExit too
            return None


def _import_ahead(plan: Plan, tuner: socket.socket) -> None:
    """Import what torch's optimizers import when the first one is made: a second or two, once instead of per trial."""
    if "torch.optim" in sys.modules:
        with _leaving_with(tuner, plan.tuner), contextlib.suppress(Exception):  # it is only for speed
            importlib.import_module("torch._dynamo")


def _load_data(plan: Plan, tuner: socket.socket) -> None:
    """Load what trials are to share. What can't be loaded is tried again by the trial that needs it, and fails that."""
    with _leaving_with(tuner, plan.tuner):
        try:
            preload.load_all()
        except BaseException:  # noqa: BLE001 - the user's function may raise anything, SystemExit too
            traceback.print_exc()


@contextlib.contextmanager
def _leaving_with(tuner: socket.socket, tuner_process: int) -> Iterator[None]:
    """Leave when the tuner does, whatever the body is doing. Its thread is gone when the body is over."""
    done, finish = os.pipe()
    tuners_end = _kernel.end_of(tuner_process)
    poll = select.poll()
    poll.register(tuner, 0)  # nothing but its end
    for source in (done, tuners_end):
        if source is not None:
            poll.register(source, select.POLLIN)

    def watch() -> None:
        if done not in dict(poll.poll()):
            os.killpg(0, signal.SIGKILL)  # itself, and what the import has started

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.write(finish, b".")
        thread.join()
        for number in (done, finish, tuners_end):
            if number is not None:
                os.close(number)


def _can_fork() -> bool:
    """Whether a forked copy of this process works: neither threads nor a GPU's context get through a fork.

    Nor do Apple's own libraries.
    """
    return sys.platform != "darwin" and threading.active_count() == 1 and not _kernel.holds_gpu()


def _print_by_line() -> None:
    """Empty the buffers before the first fork, and make what trials print reach their logs line by line."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)


if __name__ == "__main__":
    main()
