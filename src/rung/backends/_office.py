"""Runs the trials of one study in processes: brings together the fork-server, the runs and their lines."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, final

from msgspec.structs import replace

from rung.backends._exits import OutOfMemory, exited_by, script_exited_by
from rung.backends._line import Line, Switchboard
from rung.backends._memory import MemoryWatch
from rung.backends._plan import Forked, Launch, Notice, Plan, Ready, Reaped
from rung.backends._runs import Run
from rung.backends._scripts import Door, command_line
from rung.backends._server import Loss, Supervisor
from rung.backends._waiting import WaitingRoom
from rung.backends.resources import GPU_VARIABLE
from rung.places import OUTPUT
from rung.types import Exited, Fact, Handle, Job, Message, Outcome

if TYPE_CHECKING:
    from rung.contracts import Deliver


@final
class Office:
    """The ``Processes`` backend from ``open`` to ``close``, whose methods these are.

    payload: the packed objective. argv: of the script; empty for functions. folder: of the study.
    gpus: CUDA_VISIBLE_DEVICES by the number of the worker; empty to leave it alone.
    watch: on the memory of the trials; None to let them take what they want.
    """

    def __init__(
        self,
        plan: Plan,
        payload: bytes,
        *,
        argv: Sequence[str],
        folder: Path,
        out_of_memory: OutOfMemory,
        gpus: Sequence[str] = (),
        watch: MemoryWatch | None = None,
    ) -> None:
        self._argv = argv
        self._gpus = gpus
        self._watch = watch
        self._out_of_memory = out_of_memory
        self._host = socket.gethostname()
        self._attempts: dict[int, int] = {}
        self._runs: dict[int, Run] = {}
        self._room = WaitingRoom()
        self._board = Switchboard()
        self._door = Door(self._board, self._find) if plan.is_script else None
        self._plan = plan if self._door is None else replace(plan, folder=str(self._door.folder))
        log = folder / "imports.log"
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self._board.close)
            if self._door is not None:
                on_failure.callback(self._door.close)
            self._servers = Supervisor(self._plan, payload, log, self._board, hear=self._hear, lose=self._lose)
            on_failure.pop_all()

    def start(self, job: Job) -> None:
        """Begin a run, or have it wait until the process that was stopped on its worker is gone."""
        if self._attempts.get(job.trial, 0) >= job.attempt:
            return
        self._attempts[job.trial] = job.attempt
        self.stop(job.trial)  # nothing is there, unless the end of the attempt before has not been seen yet
        for earlier in self._room.leaving(job.trial):  # an attempt that takes its time to end
            self._servers.kill(earlier)
        gpus = self._gpus[job.worker] if self._gpus else ""
        run = self._runs[job.trial] = Run(
            job, self._board, self._servers.kill, is_script=self._door is not None, gpus=gpus
        )
        self._room.enter(run)
        self._begin()

    def send(self, trial: int, message: Message) -> None:
        """Pass a message on."""
        if trial in self._runs:
            self._runs[trial].say(message)

    def stop(self, trial: int) -> None:
        """End a run by force. Its process may take ``grace_s`` seconds to be gone."""
        run = self._runs.pop(trial, None)
        if run is None or run.is_over:
            return
        if self._room.holds(run):
            self._room.leave(run)
            return
        run.hang_up()
        self._room.expect_gone(run.job)
        self._servers.kill(run.job, self._plan.grace_s)

    def poll(self, timeout: float, deliver: Deliver) -> None:
        """Wait for facts, and deliver all that are there in one go."""
        deadline = time.monotonic() + timeout
        _wait(self._board, self._watch, self._runs, 0.0 if any(run.is_over for run in self._runs.values()) else timeout)
        self._begin()
        while not (facts := _collected(self._runs)):
            left = deadline - time.monotonic()
            if left <= 0:
                return
            _wait(self._board, self._watch, self._runs, left)
            self._begin()
        told = [run for run in self._runs.values() if run.pid is not None]
        deliver(facts)
        for run in told:
            run.settle()

    def live(self) -> Sequence[Handle]:
        """The runs whose end has not been delivered."""
        return [Handle(trial, run.job.attempt) for trial, run in self._runs.items()]

    def close(self) -> None:
        """End everything."""
        for run in self._runs.values():
            run.hang_up()
        self._runs.clear()
        self._room.clear()
        self._servers.close()
        if self._door is not None:
            self._door.close()
        self._board.close()

    def _begin(self) -> None:
        """Begin the runs that need not wait any more."""
        for run in self._room.called():
            try:
                self._launch(run)
            except OSError as error:  # too many open files or processes, most likely
                run.conclude(partial(_lost, run.job, f"It could not be started: {error}."))
            self._room.leave(run)  # now, since it is not lost with the fork-server that could not launch it

    def _launch(self, run: Run) -> None:
        job = run.job
        environ = {GPU_VARIABLE: run.gpus} if run.gpus else {}
        launch = Launch(job.trial, job.attempt, f"{job.folder}/{OUTPUT}", environ=environ)
        if self._door is not None:
            argv, environ = command_line(self._argv, job.config), environ | self._door.environ(run)
            self._servers.launch(replace(launch, argv=argv, environ=environ), None)
            return
        ours, theirs = socket.socketpair()
        with theirs:
            run.connect(Line(ours))
            self._servers.launch(launch, theirs)

    def _find(self, trial: int, attempt: int) -> Run | None:
        run = self._runs.get(trial)
        return run if run is not None and run.job.attempt == attempt and not run.is_over else None

    def _hear(self, notice: Notice) -> None:
        if isinstance(notice, Ready):
            return
        if not isinstance(notice, Forked):
            self._room.gone(notice.trial, notice.attempt)
        run = self._find(notice.trial, notice.attempt)
        if run is None:  # it was stopped
            return
        if isinstance(notice, Forked):
            run.launched(self._host, notice.pid)
        elif isinstance(notice, Reaped):
            run.conclude(lambda: _ending(run, notice.status, self._out_of_memory), notice.output)
        else:
            run.conclude(lambda: _lost(run.job, f"It could not be started: {notice.message}."))

    def _lose(self, loss: Loss) -> None:
        """The fork-server is gone, and all trials' processes with it."""
        self._room.all_gone()
        for run in self._runs.values():
            if not self._room.holds(run):
                ending = partial(_ending_with_server, loss, run.job, self._out_of_memory)
                run.conclude(ending, "" if loss.was_ready else loss.printed)


def _collected(runs: dict[int, Run]) -> list[Fact]:
    """The facts to be delivered now; the runs that are over with that are taken out."""
    facts: list[Fact] = []
    for trial, run in list(runs.items()):
        facts += run.collect()
        if run.is_over:
            del runs[trial]
    return facts


def _wait(board: Switchboard, watch: MemoryWatch | None, runs: Mapping[int, Run], timeout: float) -> None:
    """Wait until something happens, and look at the memory of the trials when it is time to."""
    if watch is None:
        board.wait(timeout)
        return
    board.wait(min(timeout, watch.seconds_left()))
    running = {run.pid: run for run in runs.values() if run.pid is not None and not run.is_over}
    for pid, why in watch.look(running):
        job = running[pid].job
        running[pid].fail(Exited(job.trial, job.attempt, Outcome.FAILED, "oom", why))


def _ending(run: Run, status: int, out_of_memory: OutOfMemory) -> Exited:
    """The end of a run that has not said how it ended."""
    if run.is_script:
        was_told = run.told is not None
        exited = script_exited_by(status, run.job, out_of_memory, reports=run.reports, was_told=was_told)
        return replace(exited, exit_code=os.waitstatus_to_exitcode(status))
    return exited_by(status, run.job, out_of_memory)


def _ending_with_server(loss: Loss, job: Job, out_of_memory: OutOfMemory) -> Exited:
    """The end of a run whose fork-server is gone."""
    if loss.was_ready:
        return _lost(job, "The fork-server, the parent of its process, has ended.")
    exited = exited_by(loss.status, job, out_of_memory)
    return replace(exited, message=f"While the objective was imported: {exited.message}")


def _lost(job: Job, message: str) -> Exited:
    return Exited(job.trial, job.attempt, Outcome.LOST, "killed", message)
