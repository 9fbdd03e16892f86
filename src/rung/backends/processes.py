"""Runs every trial in a process of its own, forked from a process that has imported the objective already."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, final

from rung.backends.resources import Resources, assignments, most_slots
from rung.checks import number, whole_number
from rung.errors import SettingError
from rung.runtime.objective import Kind, Objective, pack
from rung.types import Handle, Job, Message

if TYPE_CHECKING:
    from rung.backends._office import Office
    from rung.contracts import Deliver

_STARTS = ("auto", "fork", "spawn")
_SLOTS = 2


@final
class Processes:
    """Trials side by side on this machine, each in a process group of its own, of which nothing outlives the trial.

    slots: how many trials at once; None for as many as the GPUs can carry, and 2 where GPUs are not managed.
    resources: what each trial gets of the machine: its GPUs, by the CUDA_VISIBLE_DEVICES that it finds when its code
        begins, and how much memory it may use before it is ended as out of memory (``_memory.py`` says what counts).
        None manages neither.
    start: ``fork`` forks each trial from a process that has imported the objective, in milliseconds. ``spawn`` starts
        an interpreter for each, which imports it anew. ``auto`` forks where that is safe: not on macOS, and not when
        the import has started threads or opened a GPU, as a call of ``torch.cuda.is_available()`` does; importing
        torch, or using the GPU in the training function, is no obstacle.
    threads: for the numerical libraries of each trial, unless it says otherwise itself; None leaves them alone.
    log_bytes: kept of what each run prints, in ``output.log`` in the trial's folder.
    grace_s: seconds from SIGTERM to SIGKILL for a trial that is stopped by force, and for what it does at exit. Its
        worker's next trial begins when its process is gone.
    oom_counter: the file with the line ``oom_kill N`` that tells of kills for lack of memory, such as a control group's
        ``memory.events``; None finds it.

    The global generators of ``random``, NumPy and torch, of the last two if they are loaded when the trial begins, are
    seeded with the trial's seed. What a trial registers with ``atexit`` is called at its end.
    SettingError for values out of range, and on Windows.
    """

    runs_in_caller = False

    def __init__(
        self,
        slots: int | None = None,
        *,
        resources: Resources | None = None,
        start: Literal["auto", "fork", "spawn"] = "auto",
        threads: int | None = 1,
        log_bytes: int = 10_000_000,
        grace_s: float = 5.0,
        oom_counter: Path | None = None,
    ) -> None:
        if sys.platform == "win32":
            raise SettingError(
                "Trials can't run in processes of their own on Windows.",
                hint="The inline and the simulated backend work there; in WSL, all do.",
            )
        if start not in _STARTS:
            raise SettingError(f"start={start!r} is not known.", hint=f"Choose one of {', '.join(_STARTS)}.")
        if slots is not None:
            slots = whole_number("slots", slots, at_least=1, example="4, or leave it out")
        self.resources = (resources or Resources()).on_this_machine()
        self.slots = slots or most_slots(self.resources) or _SLOTS
        self._gpus = assignments(self.resources, self.slots)
        self._start: Literal["auto", "fork", "spawn"] = start
        self._threads = None if threads is None else whole_number("threads", threads, at_least=1, example=1)
        self._log_bytes = whole_number("log_bytes", log_bytes, at_least=0, example=10_000_000)
        self._grace_s = number("grace_s", grace_s, at_least=0, example=5.0)
        self._oom_counter = oom_counter
        self._office: Office | None = None

    def open(self, study: str, objective: Objective, folder: Path) -> None:  # noqa: ARG002  part of the contract
        """Get ready, and begin to import the objective. ObjectiveError when it can't be sent to another process."""
        from rung.backends._exits import OutOfMemory
        from rung.backends._memory import MemoryWatch
        from rung.backends._office import Office  # what it is made of does not exist on Windows
        from rung.backends._plan import Plan

        self.close()
        plan = Plan(
            start=self._start,
            is_script=objective.kind is Kind.SCRIPT,
            tuner=os.getpid(),
            path=[str(folder) for folder in sys.path],
            argv=sys.argv,
            threads=self._threads,
            log_bytes=self._log_bytes,
            grace_s=self._grace_s,
            manages_gpus=bool(self._gpus),
        )
        memory = self.resources.memory
        assert not isinstance(memory, str), "Resources has made it a number"
        self._office = Office(
            plan,
            pack(objective),
            argv=objective.argv,
            folder=folder,
            out_of_memory=OutOfMemory(self._oom_counter),
            gpus=self._gpus,
            watch=None if memory is None else MemoryWatch(memory),
        )

    def start(self, job: Job) -> None:
        """Begin a run, or have it wait for the process that was stopped on its worker; returns at once."""
        self._opened().start(job)

    def send(self, trial: int, message: Message) -> None:
        """Pass a message on, if the trial runs."""
        self._opened().send(trial, message)

    def stop(self, trial: int) -> None:
        """End a run by force; returns at once, and nothing more is heard of that run."""
        self._opened().stop(trial)

    def poll(self, timeout: float, deliver: Deliver) -> None:
        """Wait up to ``timeout`` seconds for facts; deliver all that are there in one go."""
        self._opened().poll(timeout, deliver)

    def live(self) -> Sequence[Handle]:
        """The runs whose end has not been delivered. None of them outlives this process."""
        return self._office.live() if self._office is not None else []

    def now(self) -> float:
        """Real seconds."""
        return time.perf_counter()

    def close(self) -> None:
        """End all runs; those that do not obey SIGTERM within ``grace_s`` are killed."""
        if self._office is not None:
            self._office.close()
            self._office = None

    def _opened(self) -> Office:
        assert self._office is not None, "open comes before start"
        return self._office
