"""A stand-in for remote workers: jobs, facts and messages travel as files through a folder that both sides see.

It proves what the Backend contract promises to remote backends: runs outlive their tuner and are adopted by the next
one, facts may arrive twice and count once, and a run that nobody knows any more is told to stop.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path

from rung.contracts import Deliver
from rung.errors import TrialStopped
from rung.runtime._frames import fact_frame, job_frame, message_frame, read_fact, read_job, read_message
from rung.runtime.execute import run_job
from rung.runtime.objective import Objective, as_objective
from rung.types import Action, Exited, Fact, Handle, Job, Launched, Message, Reported, Saved, Verdict

HEADER = 4  # bytes before the body of a frame


def put(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.rename(path)


class FolderBackend:
    """The tuner's side."""

    runs_in_caller = False

    def __init__(self, folder: Path, *, slots: int) -> None:
        self.slots = slots
        self._folder = folder
        for name in ("jobs", "claimed", "facts", "messages"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._sent = len(list((folder / "messages").iterdir()))
        self._attempts = {handle.trial: handle.attempt for handle in self.live()}

    def open(self, study: str, objective: Objective, folder: Path) -> None:
        assert objective.reference is not None

    def start(self, job: Job) -> None:
        self._attempts[job.trial] = job.attempt
        put(self._folder / "jobs" / f"{job.trial}-{job.attempt}", job_frame(job)[HEADER:])

    def send(self, trial: int, message: Message) -> None:
        self._sent += 1
        name = f"{trial}-{self._attempts[trial]}-{self._sent:06d}"
        put(self._folder / "messages" / name, message_frame(message)[HEADER:])

    def stop(self, trial: int) -> None:
        self.send(trial, Verdict(Action.STOP, why="told to"))
        for place in ("jobs", "claimed"):
            (self._folder / place / f"{trial}-{self._attempts[trial]}").unlink(missing_ok=True)

    def poll(self, timeout: float, deliver: Deliver) -> None:
        deadline = time.monotonic() + timeout
        while not (files := sorted((self._folder / "facts").glob("[0-9]*"))):
            if time.monotonic() > deadline:
                return
            time.sleep(0.002)
        facts: list[Fact] = []
        for file in files:
            fact = read_fact(file.read_bytes())
            assert isinstance(fact, Reported | Saved | Exited)
            facts.append(fact)
        deliver(facts)
        if os.environ.get("DIE_BEFORE_FORGETTING") and any(isinstance(fact, Reported) for fact in facts):
            os.kill(os.getpid(), 9)
        for file in files:
            file.unlink()

    def live(self) -> Sequence[Handle]:
        names = [*(self._folder / "claimed").glob("[0-9]*"), *(self._folder / "jobs").glob("[0-9]*")]
        return [Handle(*map(int, name.name.split("-"))) for name in names]

    def now(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        """Remote runs outlive their tuner."""


class FolderChannel:
    """The worker's side of the line."""

    def __init__(self, folder: Path, job: Job) -> None:
        self._folder = folder
        self._job = job
        self._posted = 0

    def post(self, fact: Fact) -> None:
        if isinstance(fact, Launched):
            return
        self._posted += 1
        name = f"{time.time_ns()}-{self._job.trial}-{self._job.attempt}-{self._posted}"
        put(self._folder / "facts" / name, fact_frame(fact)[HEADER:])

    def wait(self) -> Message:
        while True:
            messages = self.pending()
            if messages:
                return messages[-1]
            if not (self._folder / "claimed" / f"{self._job.trial}-{self._job.attempt}").exists():
                raise TrialStopped("nobody wants this run any more")
            time.sleep(0.002)

    def pending(self) -> Sequence[Message]:
        messages = []
        for file in sorted((self._folder / "messages").glob(f"{self._job.trial}-{self._job.attempt}-*")):
            message = read_message(file.read_bytes())
            assert not isinstance(message, tuple)
            messages.append(message)
            file.unlink()
        return messages  # type: ignore[return-value]  # only verdicts and changes are sent here


def work(folder: Path, reference: str) -> None:
    """A worker: takes jobs until a file named ``over`` appears."""
    objective = as_objective(reference)
    while not (folder / "over").exists():
        for file in sorted((folder / "jobs").glob("[0-9]*")):
            claimed = folder / "claimed" / file.name
            try:
                file.rename(claimed)
            except FileNotFoundError:
                continue  # another worker was faster
            job = read_job(claimed.read_bytes())
            print(f"{socket.gethostname()} runs trial {job.trial}", flush=True)
            run_job(job, objective, FolderChannel(folder, job))
            claimed.unlink(missing_ok=True)
        time.sleep(0.002)
