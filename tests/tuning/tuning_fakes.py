"""A scheduler that follows a script, a backend whose facts and clock the test turns, a store that can be watched."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from rung.contracts import Deliver, Store
from rung.errors import StoreFullError
from rung.events import Event, Started, StudyCreated
from rung.space import Float, Int, Space
from rung.store import MemoryStore, current_owner
from rung.tuning.intake import Intake
from rung.tuning.loop import Loop
from rung.tuning.opening import OpenStudy, new_study
from rung.tuning.session import Session
from rung.tuning.starter import Limits, newest_of
from rung.types import (
    Action,
    Checkpoint,
    Decision,
    Exhausted,
    Exited,
    Goal,
    Handle,
    Job,
    Message,
    Outcome,
    Proposal,
    Reported,
    Saved,
    Verdict,
    Wait,
)

SPACE = Space({"x": Float(0.0, 1.0), "n": Int(1, 8)})


class ScriptedScheduler:
    """``propose`` and ``decide`` say what it answers; ``seen`` is all that it was told.

    By default it begins new trials for ever, the k-th with x = k/100, and decides nothing. A list of proposals is gone
    through in order, one per start that was drawn.
    """

    def __init__(
        self,
        propose: Callable[[ScriptedScheduler, bool], Proposal | Wait | Exhausted] | Sequence[Any] | None = None,
        decide: Callable[[Any], Sequence[Decision]] | None = None,
        *,
        space: Space = SPACE,
        name: str = "scripted",
    ) -> None:
        self.seen: list[Any] = []
        self.draws: list[float] = []
        self.space = space
        self._propose = propose
        self._decide = decide
        self._name = name

    @property
    def started(self) -> list[Started]:
        return [event for event in self.seen if isinstance(event, Started)]

    def suggest(self, rng: Any, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        self.draws.append(rng.random())
        if callable(self._propose):
            return self._propose(self, new_trials)
        n_drawn = sum(event.draw is not None for event in self.started)
        if self._propose is not None:
            return self._propose[n_drawn] if n_drawn < len(self._propose) else Exhausted("the script is over")
        return new_trial(len({event.trial for event in self.started})) if new_trials else Exhausted("nothing new")

    def update(self, event: Any) -> Sequence[Decision]:
        self.seen.append(event)
        return () if self._decide is None else self._decide(event)

    def spec(self) -> dict[str, Any]:
        return {"class": self._name, "searcher": {"class": "none"}}


def new_trial(number: int, **fields: Any) -> Proposal:
    return Proposal(config={"x": number / 100, "n": 4}, **fields)


class FakeBackend:
    """Follows a script: each poll takes the next entry, facts to deliver or a function of the backend and ``deliver``.

    calls: what the tuner wanted, in order. A poll beyond the script is a failure, so that no test goes on for ever.
    """

    def __init__(self, slots: int = 1, *, runs_in_caller: bool = True) -> None:
        self.slots = slots
        self.runs_in_caller = runs_in_caller
        self.clock = 0.0
        self.calls: list[Any] = []
        self.jobs: list[Job] = []
        self.alive: list[Handle] = []
        self.script: deque[Any] = deque()

    def open(self, study: str, objective: Any, folder: Path) -> None:
        self.calls.append(("open", study))

    def start(self, job: Job) -> None:
        self.calls.append(("start", job.trial, job.attempt))
        self.jobs.append(job)

    def send(self, trial: int, message: Message) -> None:
        self.calls.append(("send", trial, message))

    def stop(self, trial: int) -> None:
        self.calls.append(("stop", trial))

    def poll(self, timeout: float, deliver: Deliver) -> None:
        assert self.script, "the script is over, and something still runs"
        entry = self.script.popleft()
        if callable(entry):
            entry(self, deliver)
        else:
            deliver(entry)

    def live(self) -> Sequence[Handle]:
        return self.alive

    def now(self) -> float:
        return self.clock

    def close(self) -> None:
        self.calls.append(("close",))

    def sent(self, trial: int | None = None) -> list[tuple[int, Message]]:
        return [call[1:] for call in self.calls if call[0] == "send" and trial in {None, call[1]}]

    def started(self) -> list[tuple[int, int]]:
        return [call[1:] for call in self.calls if call[0] == "start"]

    def stopped(self) -> list[int]:
        return [call[1] for call in self.calls if call[0] == "stop"]


class WatchedStore:
    """A store that notes appends and renewals in ``calls`` and fails at the append number ``fails_at``."""

    def __init__(self, store: Store, calls: list[Any] | None = None, *, fails_at: int | None = None) -> None:
        self.calls: list[Any] = [] if calls is None else calls
        self.fails_at = fails_at
        self.n_appends = 0
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, events: Sequence[Event], *, lease: Any) -> int:
        self.n_appends += 1
        if self.fails_at is not None and self.n_appends >= self.fails_at:
            raise StoreFullError("the disk is full.", hint="Free some space.")
        self.calls.append(("append", [type(event).__name__ for event in events]))
        return self._store.append(events, lease=lease)

    def renew(self, lease: Any) -> None:
        self.calls.append(("renew",))
        self._store.renew(lease)

    def release(self, lease: Any) -> None:
        self.calls.append(("release",))
        self._store.release(lease)


OWNER = current_owner()


class Stage(Struct, kw_only=True):
    """A study in a store, a scheduler and a backend, put together as a tuner does it."""

    scheduler: Any
    backend: Any
    store: Any
    folder: Path
    open: OpenStudy
    session: Session

    @classmethod
    def begin(
        cls, folder: Path, *, scheduler: Any = None, backend: Any = None, store: Any = None, mode: Any = "min"
    ) -> Stage:
        """A session on the study ``s`` of the store; a new one when it does not exist."""
        scheduler = scheduler or ScriptedScheduler()
        backend = backend or FakeBackend()
        store = store or MemoryStore()
        wanted = new_study("s", scheduler, Goal("error", mode), seed=7, objective=None)
        is_new = not store.tables.studies()
        created = wanted if is_new else first_event(store)
        opened = OpenStudy(store, scheduler, created, is_new=is_new)
        session = opened.begin(slots=backend.slots, now=backend.now)
        return cls(scheduler=scheduler, backend=backend, store=store, folder=folder, open=opened, session=session)

    def intake(self, *, max_kills: int = 3) -> Intake:
        return Intake(self.session, self.backend, folder=self.folder, max_kills=max_kills)

    def loop(self, **limits: Any) -> Loop:
        return Loop(self.session, self.backend, folder=self.folder, limits=Limits(**limits))

    def trial(self, number: int) -> Any:
        return self.session.ledger.trials[number]

    def logged(self, *kinds: type) -> list[Any]:
        """The committed events of these kinds, of all kinds but the session's own when none is given."""
        return [
            event
            for _, event in self.store.read("s")
            if (type(event) in kinds if kinds else type(event).__name__ not in {"StudyCreated", "SessionStarted"})
        ]

    def run_trial(self, intake: Intake, number: int = 0, *, attempt: int = 1, **fields: Any) -> Any:
        """Have a run in the log, as if it had been started."""
        config = fields.pop("config", {"x": number / 100, "n": 4})
        if fields.get("parent") is not None:
            fields["parent_checkpoint"] = newest_of(self.session.ledger, fields["parent"])
        event = Started(at=self.session.at(), trial=number, attempt=attempt, config=config, **fields)
        intake.stage(event)
        intake.commit()
        return self.trial(number)


def first_event(store: Any) -> StudyCreated:
    _, created = next(iter(store.read("s")))
    assert isinstance(created, StudyCreated)
    return created


def report(trial: int, step: int, error: float, *, waits: bool = False, attempt: int = 1) -> Reported:
    return Reported(trial, attempt, step, {"error": error}, waits)


def finish(trial: int, *, attempt: int = 1) -> Exited:
    return Exited(trial, attempt, Outcome.FINISHED)


def fail(trial: int, reason: str = "error", message: str = "it broke", *, attempt: int = 1) -> Exited:
    return Exited(trial, attempt, Outcome.FAILED, reason, message)


def lose(trial: int, message: str = "killed from outside", *, attempt: int = 1) -> Exited:
    return Exited(trial, attempt, Outcome.LOST, "killed", message)


def save(trial: int, step: int, path: str, *, attempt: int = 1) -> Saved:
    return Saved(trial, attempt, Checkpoint(step, path, "0" * 64, 1))


def decide_at(step: int, action: Action, *, trial: int | None = None, why: str = "so it is") -> Callable[..., Any]:
    """Decides about the reporting trial, or another one, whenever this step is observed."""

    def decide(event: Any) -> Sequence[Decision]:
        if getattr(event, "step", None) != step:
            return ()
        return [Decision(event.trial if trial is None else trial, action, why)]

    return decide


def go_on(step: int) -> Verdict:
    return Verdict(Action.CONTINUE, step)
