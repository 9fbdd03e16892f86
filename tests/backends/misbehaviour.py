"""Objectives that do to their process what objectives should not do, in a module that other processes can import."""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import rung

FOREVER = [sys.executable, "-c", "import time; time.sleep(1000)"]


def signals_itself(name):
    print("about to go")
    rung.report(error=0.5)
    os.kill(os.getpid(), getattr(signal, name))
    time.sleep(1000)


def runs_out_of_memory(counter):
    Path(counter).write_text("low 0\noom_kill 8\n")
    os.kill(os.getpid(), signal.SIGKILL)


def dereferences_null():
    ctypes.string_at(0)


def leaves(code):
    print("\n".join(f"line {number}" for number in range(40)))
    os.write(2, b"5%\r50%\r100%\nlast words\n")
    sys.stdout.flush()
    os._exit(code)


def prints(megabytes):
    print("begin")
    for number in range(megabytes << 14):
        print(f"{number:063d}")
    return 0.5


def is_killed_after_its_end():
    atexit.register(os.kill, os.getpid(), signal.SIGKILL)
    return 0.5


def hangs_at_exit(folder):
    atexit.register(time.sleep, 1000)
    atexit.register(Path(folder, "called").touch)
    return 0.5


def ignores_everything(folder):
    """Says who it is and what it has started, and can't be persuaded to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(FOREVER)
    note(folder, child.pid)
    while True:
        try:
            rung.report(error=0.5)
            time.sleep(0.01)
        except BaseException:  # noqa: BLE001 - that is its sin
            pass


def hangs(folder):
    """The same without a word, and open to persuasion."""
    child = subprocess.Popen(FOREVER)
    forked = os.fork()
    if forked == 0:
        time.sleep(1000)
    note(folder, child.pid, forked)
    time.sleep(1000)


def starts_what_gets_away(folder):
    """Starts a process that leads a session of its own."""
    child = subprocess.Popen(FOREVER, start_new_session=True)
    note(folder, child.pid)
    time.sleep(1000)


def looks_for(pid):
    """Reports 1 where there is such a process, and 0 where there is none."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return 0.0
    return 1.0


def leaves_processes_behind(folder):
    child = subprocess.Popen(FOREVER)
    note(folder, child.pid)
    return 0.5


def note(folder, *others):
    """Name the processes of this trial in a file that is there whole or not at all."""
    path = Path(folder, f"processes-{os.getpid()}")
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps([os.getpid(), *others]))
    temporary.rename(path)


def draws():
    drawn = {"python": random.random()}
    if "numpy" in sys.modules:
        drawn["numpy"] = sys.modules["numpy"].random.random()
    rung.report(drawn["python"], **drawn)


LAUNCHERS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "TORCHELASTIC_RUN_ID")


def looks_at_its_process():
    return {
        "error": 0.0,
        "is_leader": float(os.getpid() == os.getpgrp() == os.getsid(0)),
        "ignores_interrupts": float(signal.getsignal(signal.SIGINT) is signal.SIG_IGN),
        "is_forked": float(sys.modules["__main__"].__spec__.name == "rung.backends._forkserver"),
        "threads": float(os.environ.get("OMP_NUM_THREADS", "nan")),
        "launchers": float(sum(name in os.environ for name in LAUNCHERS)),
        "files": float(len(list(Path("/proc/self/fd").iterdir())) - 1),  # one of them is the listing's own
    }


def garbles(kind):
    rung.report(error=0.5)
    end = own_end()
    if kind == "noise":
        end.sendall(bytes(range(255, 0, -1)) * 20_000)
    elif kind == "no frame":
        end.sendall(b"error=0.1\n" * 500_000)
    elif kind == "no message":
        end.sendall(b'\0\0\0\x07{"a":1}')
    elif kind == "no text":
        end.sendall(b"\0\0\0\x02\xff\xfe")
    elif kind == "another trial":
        end.sendall(rung_frame(trial=7))
    elif kind == "another metric":
        end.sendall(rung_frame(metrics={"accuracy": 1.0}))
    elif kind == "half a frame":
        end.sendall(rung_frame()[:-3])
        os._exit(0)
    time.sleep(1000)


def own_end():
    """This process's end of its line, which a trial is not given."""
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found = socket.socket(fileno=os.dup(int(entry.name)))
        except OSError:
            continue
        if found.family == socket.AF_UNIX:
            return found
    raise AssertionError("there is no line")


def rung_frame(trial=0, metrics=None):
    from rung.runtime._frames import fact_frame
    from rung.types import Reported

    return fact_frame(Reported(trial, 1, 2, metrics or {"error": 0.5}))
