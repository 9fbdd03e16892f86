"""The fork-server: ``python -m rung.backends._forkserver LINE PLAN``.

It imports the objective once and then forks one process per trial, each the leader of a session and group of its own;
it keeps what they print, reaps them, and kills what is left of their groups. No trial survives it, and it doesn't
survive the tuner: it leaves when the line to the tuner ends. LINE and PLAN are the numbers of inherited file descriptors.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import select
import signal
import socket
import sys
import threading
from typing import final

from rung.backends._kernel import holds_gpu
from rung.backends._nursery import Nursery
from rung.backends._plan import Plan, read_plan
from rung.objective import Objective, unpack
from rung.trial import enter_trial_process


def main() -> None:
    """Serve until the tuner hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the tuner's business, here and in the trials
    faulthandler.enable()
    line, plan_file = (int(argument) for argument in sys.argv[1:3])
    for inherited in (line, plan_file):
        os.set_inheritable(inherited, False)
    plan, payload = read_plan(plan_file)
    sys.path[:], sys.argv[:] = plan.path, plan.argv
    enter_trial_process()
    tuner = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=line)
    objective = None if plan.is_script or plan.start == "spawn" else _preload(payload, tuner)
    ...
    nursery.serve()
