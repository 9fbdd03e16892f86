"""What the end of a process means for its trial."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import final

from msgspec.structs import replace

from rung.types import Exited, Job, Outcome

_CRASHES = {"SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSYS", "SIGTRAP"}
_LONGEST_LINE = 200  # characters of it that help
_RAISED = re.compile(r"(?:\[rank\d+\]: ?)?[\w.]*(?:Error|Exception): ")
"""The line of an exception with a message, as Python prints it, and torch in one of several processes."""

_KILLED_IN_SHELL = 128 + 9
"""The exit code of a shell whose last command got SIGKILL."""


@final
class OutOfMemory:
    """Counts the processes that the kernel killed because memory ran out, where these trials run.

    path: a file with a line ``oom_kill N``, as ``memory.events`` of a control group; None finds it.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path if path is not None else _find_counter()
        self._seen = self._count()

    def claims(self) -> bool:
        """Whether there was such a kill that has not been claimed yet; claims it."""
        if self._count() <= self._seen:
            return False
        self._seen += 1
        return True

    def _count(self) -> int:
        try:
            lines = self._path.read_text().splitlines() if self._path is not None else []
        except OSError:
            return 0
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


def exited_by(status: int, job: Job, out_of_memory: OutOfMemory) -> Exited:
    """The end of a run whose process did not say how it ended. ``status``: as of waitpid."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return _ended(job, Outcome.FAILED, "exit", f"The process ended with exit code {code} within the trial.")
    name = _name(-code)
    if name in _CRASHES:
        return _ended(job, Outcome.FAILED, "crashed", f"The process crashed ({name}).")
    if name == "SIGKILL" and out_of_memory.claims():
        return _out_of_memory(job)
    return _ended(job, Outcome.LOST, "killed", f"The process was killed from outside ({name}).")


def script_exited_by(status: int, job: Job, out_of_memory: OutOfMemory, *, reports: int, was_told: bool) -> Exited:
    """The end of a script's run, which lies in its exit code. ``was_told``: it got the word to stop or pause."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0 and was_told:
        return _ended(job, Outcome.FINISHED, "", "")
    if code == 0:
        if reports:
            return _ended(job, Outcome.FINISHED, "", "")
        return _ended(
            job,
            Outcome.FAILED,
            "no_value",
            f"The script ended without a report. Let it call rung.report({job.metric}=...) "
            f"or the command `rung report {job.metric}=...`.",
        )
    if code == _KILLED_IN_SHELL and out_of_memory.claims():
        return _out_of_memory(job)
    if code > 0:
        return _ended(job, Outcome.FAILED, "exit", f"The script ended with exit code {code}.")
    return exited_by(status, job, out_of_memory)


def with_output(exited: Exited, output: str) -> Exited:
    """The ending with the last lines that the run printed, one of which says best why there was an exit code."""
    message, telling = exited.message, _telling_line(output)
    if exited.reason == "exit" and telling and "\n" not in message:
        message = f"{message.rstrip('.')}: {telling[:_LONGEST_LINE]}"
    return replace(exited, message=f"{message}\nThe last lines of its output:\n{output}")


def _telling_line(output: str) -> str:
    """The last line, unless a launcher such as torchrun has the last word: the exception before its banner then."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if not lines or any(map(str.isalnum, lines[-1])):
        return lines[-1] if lines else ""
    raised = [line for line in lines if _RAISED.match(line)]
    return raised[-1] if raised else next((line for line in reversed(lines) if any(map(str.isalnum, line))), "")


def _ended(job: Job, outcome: Outcome, reason: str, message: str) -> Exited:
    return Exited(job.trial, job.attempt, outcome, reason, message)


def _out_of_memory(job: Job) -> Exited:
    return _ended(job, Outcome.FAILED, "oom", "The process was killed because memory ran out.")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _find_counter() -> Path | None:
    """The counter of this process's own memory control group (version 2 or 1), else that of the whole machine."""
    candidates = [Path("/proc/vmstat")]
    try:
        groups = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    except OSError:  # not Linux
        groups = []
    for _, controllers, group in groups:
        if controllers == "":
            root, name = Path("/sys/fs/cgroup"), "memory.events"
        elif "memory" in controllers.split(","):
            root, name = Path("/sys/fs/cgroup/memory"), "memory.oom_control"
        else:
            continue
        # Inside a container the path may be the host's, and the group itself be mounted at the root.
        candidates[:0] = [root / group.lstrip("/") / name, root / name]
    return next((path for path in candidates if _has_counter(path)), None)


def _has_counter(path: Path) -> bool:
    try:
        return any(line.startswith("oom_kill ") for line in path.read_text().splitlines())
    except OSError:
        return False
