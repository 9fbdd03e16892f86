"""Studies, owners and logs to try stores with."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TypeAlias, final

from msgspec.structs import replace

from rung.contracts import Store
from rung.events import (
    ArtifactLogged,
    Changed,
    Checkpointed,
    Collected,
    CommandHandled,
    Continued,
    Decided,
    Ended,
    Enqueued,
    Event,
    Interrupted,
    Noted,
    Observed,
    Placed,
    SearcherChanged,
    SessionEnded,
    SessionStarted,
    SpaceEdited,
    Started,
    StudyCreated,
    Tagged,
    WorkerPaused,
)
from rung.store.owner import current_owner
from rung.types import Action, Artifact, Checkpoint, Goal, Lease, Owner, TrialState

TTL_S = 600.0
"""Longer than any test takes."""


@final
class StorePlace:
    """A store under test, which can be opened again as if by another process."""

    def __init__(self, store: Store, reopen: Callable[[Store], Store]) -> None:
        self.store = store
        self._reopen = reopen
        self._opened = [store]

    def reopened(self) -> Store:
        """The same store as another process sees it."""
        store = self._reopen(self.store)
        self._opened.append(store)
        return store

    def begin(self, study: str = "lenet") -> Lease:
        """A new study and the lease on it."""
        self.store.create(created(study))
        return self.store.acquire(study, current_owner(), ttl=TTL_S)

    def log(self, study: str = "lenet") -> list[Event]:
        """All events, after a look that their numbers have no gaps."""
        numbered = list(self.store.read(study))
        assert [number for number, _ in numbered] == list(range(1, len(numbered) + 1))
        return [event for _, event in numbered]

    def close(self) -> None:
        """Close everything that was opened."""
        for store in self._opened:
            store.close()


Promise: TypeAlias = Callable[[StorePlace], None]


def created(study: str = "lenet") -> StudyCreated:
    """The first event of a study."""
    return StudyCreated(
        study=study,
        space={"rate": {"type": "float", "low": 1e-2, "high": 1, "log": True}},
        goal=Goal("error"),
        seed=2**70 + 1,
        searcher={"name": "random"},
        scheduler={"name": "basic", "searcher": {"name": "random"}},
        objective="train:lenet",
        settings={"max_trials": 20, "limit_s": float("inf")},
        provenance={"argv": ["train.py", "--fast"], "git": None},
        unix=1.7e9,
    )


def foreign(pid: int = 7) -> Owner:
    """A process on another host, of which nobody here can see whether it lives."""
    return Owner(host="elsewhere.example", boot="another-boot", pid=pid, started=12.5)


def dead() -> Owner:
    """A process of this host that has ended: our own number, but another time of birth."""
    owner = current_owner()
    return replace(owner, started=owner.started - 1, session="of the dead")


def every_kind() -> list[Event]:
    """One valid continuation of a new log with every kind of event, and values that are hard to write."""
    checkpoint = Checkpoint(step=1, path="/runs/ä ö/1.pt", sha256="ab" * 32, size=2**40)
    artifact = Artifact(name="plots/roc ä.png", path="/runs/roc.png", sha256="ab" * 32, size=3, step=1)
    config = {"rate": 0.1, "tags": ["a", 1, 1.0, None, True, {"deep": [float("-inf")]}], "weight": float("nan")}
    copied = Started(at=0.5, trial=1, attempt=1, config={"rate": 1}, parent=0, parent_checkpoint=checkpoint)
    return [
        SessionStarted(at=0.0, session=1, owner=current_owner(), slots=2, unix=1.7e9, provenance={"python": "3.11"}),
        Started(at=0.25, trial=0, attempt=1, config=config, until=9, decide_at=None, draw=0, notes={"why": "first"}),
        replace(copied, draw=1, decide_s=0.125, worker=1),
        Placed(at=0.5, trial=0, attempt=1, host="vm", pid=4711, gpus="0,1"),
        Observed(at=1.0, trial=0, attempt=1, step=1, metrics={"error": 0.1 + 0.2, "accuracy": 1e-320}, loss=0.1 + 0.2),
        Observed(at=1.5, trial=1, attempt=1, step=1, metrics={"error": float("nan"), "loss": float("inf")}),
        Checkpointed(at=2.0, trial=0, attempt=1, checkpoint=checkpoint),
        Checkpointed(at=2.5, trial=0, attempt=1, checkpoint=replace(checkpoint, step=2, path="/runs/2.pt")),
        Changed(at=2.5, trial=0, attempt=1, step=1, changes={"rate": 0.05}, command=4),
        Decided(at=3.0, trial=0, attempt=1, step=1, action=Action.PAUSE, why="rung 1: rank 3 of 4", by="person"),
        Ended(at=3.5, trial=0, attempt=1, state=TrialState.PAUSED, reason="person"),
        Continued(at=3.75, trial=0, attempt=1, command=7),
        Interrupted(at=4.0, trial=1, attempt=1, reason="killed", message="lone \udcff surrogate, nul \0, 'quote'"),
        Started(at=4.5, trial=1, attempt=2, config={"rate": 1}, cause="retried", until=27, decide_at=(1, 3, 9)),
        Ended(at=5.0, trial=1, attempt=2, state=TrialState.FAILED, reason="error", message="Traceback …\n  line"),
        Ended(at=5.25, trial=0, attempt=1, state=TrialState.STOPPED, reason="person"),
        Enqueued(at=5.5, config={"rate": -0.0, "huge": 2**80}, command=5),
        Enqueued(at=5.5, config={"rate": 1}, command=8, retry_of=1),
        Noted(at=5.5, text="looks 'good' \udcff", unix=1.7e9, command=9),
        Noted(at=5.5, trial=0, text="halved the batch", by="trial", unix=1.7e9),
        Tagged(at=5.5, added=("vision", "ä"), command=10),
        Tagged(at=5.5, trial=1, added=("odd", "odd")),
        Tagged(at=5.5, trial=1, added=("even",), removed=("odd", "unknown")),
        ArtifactLogged(at=5.5, trial=1, attempt=2, artifact=artifact),
        ArtifactLogged(at=5.5, trial=1, attempt=2, artifact=replace(artifact, sha256="cd" * 32, step=9)),
        SpaceEdited(at=6.0, space={"rate": {"low": 1e-300}}),
        SearcherChanged(at=6.2, searcher={"name": "tpe", "gamma": 0.2}),
        CommandHandled(at=6.5, command=6, what="stop_trial", refused="trial 7 does not exist"),
        Collected(at=7.0, trial=0, paths=("/runs/2.pt",)),
        WorkerPaused(at=7.5, worker=1, why="3 failures in 60 s"),
        SessionEnded(at=8.0, session=1, why="criterion", message="error reached 0.1"),
    ]


def sample_log(seed: int, n_events: int) -> Iterator[Event]:
    """A random valid continuation of a new log: runs begin, report, pause, break off, go on and end."""
    runs = _Runs(random.Random(seed))  # noqa: S311 - sample data
    return (runs.next_event(at=count / 8) for count in range(n_events))


@final
class _Runs:
    """Trials in the hands of chance. running, waiting, paused: trial -> attempt; steps: trial -> last step."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._running: dict[int, int] = {}
        self._waiting: dict[int, int] = {}
        self._paused: dict[int, int] = {}
        self._steps: dict[int, int] = {}
        self._n_commands = 10**6  # far from the numbers that an inbox gives
        self._saved: set[tuple[int, int, int]] = set()

    def next_event(self, *, at: float) -> Event:
        chance = self._rng.random()
        if not self._running or chance < 0.1:
            return self._start(at)
        if self._paused and chance < 0.15:
            return self._about_a_paused_trial(at)
        return self._about_a_run(at)

    def _start(self, at: float) -> Event:
        open_trials = sorted((self._waiting | self._paused).items())
        if open_trials and self._rng.random() < 0.5:
            trial, attempt = self._rng.choice(open_trials)
            self._waiting.pop(trial, None)
            self._paused.pop(trial, None)
        else:
            trial, attempt = len(self._steps), 0
            self._steps[trial] = 0
        self._running[trial] = attempt + 1
        config = {"rate": self._rng.random(), "size": self._rng.randrange(99)}
        return Started(at=at, trial=trial, attempt=attempt + 1, config=config, cause="resumed" if attempt else "new")

    def _about_a_paused_trial(self, at: float) -> Event:
        trial, attempt = self._rng.choice(sorted(self._paused.items()))
        del self._paused[trial]
        if self._rng.random() < 0.5:
            return Ended(at=at, trial=trial, attempt=attempt, state=TrialState.STOPPED)
        self._waiting[trial] = attempt
        self._n_commands += 1
        return Continued(at=at, trial=trial, attempt=attempt, command=self._n_commands)

    def _about_a_run(self, at: float) -> Event:
        trial, attempt = self._rng.choice(sorted(self._running.items()))
        chance = self._rng.random()
        saved = (trial, attempt, self._steps[trial])
        if chance < 0.8 or (chance < 0.85 and saved in self._saved):
            self._steps[trial] += 1
            loss = self._rng.random()
            step = self._steps[trial]
            return Observed(at=at, trial=trial, attempt=attempt, step=step, metrics={"error": loss}, loss=loss)
        if chance < 0.85:
            self._saved.add(saved)
            path = f"/runs/{trial}/{self._steps[trial]}.pt"
            checkpoint = Checkpoint(step=self._steps[trial], path=path, sha256="00", size=1)
            return Checkpointed(at=at, trial=trial, attempt=attempt, checkpoint=checkpoint)
        del self._running[trial]
        if chance < 0.9:
            self._waiting[trial] = attempt
            return Interrupted(at=at, trial=trial, attempt=attempt, reason="killed")
        state = self._rng.choice([TrialState.PAUSED, TrialState.COMPLETED, TrialState.STOPPED, TrialState.FAILED])
        if state is TrialState.PAUSED:
            self._paused[trial] = attempt
        return Ended(at=at, trial=trial, attempt=attempt, state=state)
