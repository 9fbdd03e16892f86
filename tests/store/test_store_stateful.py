"""Any sequence of calls, with crashes, takeovers and repeats: every store does what a plain model says."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rung.commands import StopTrial
from rung.errors import FencedError, StudyExistsError, StudyLockedError
from rung.events import CommandHandled, Decided, Ended, Enqueued, Interrupted, Observed, Placed, Started
from rung.ledger import Ledger
from rung.store import MemoryStore, SqliteStore, current_owner
from rung.store.verify import verify
from rung.testing._store_samples import TTL_S, created, dead, foreign
from rung.types import Action, TrialState

trials = st.integers(0, 2)
attempts = st.integers(1, 3)
of_a_run = {"trial": trials, "attempt": attempts}
losses = st.sampled_from([0.5, 0.25, None])
states = st.sampled_from([TrialState.PAUSED, TrialState.COMPLETED])
commands = st.integers(1, 5)
events = st.one_of(
    st.builds(Started, at=st.just(1.0), **of_a_run, config=st.just({"a": 1})),
    st.builds(Observed, at=st.just(2.0), **of_a_run, step=st.integers(1, 4), metrics=st.just({"e": 1.0}), loss=losses),
    st.builds(Placed, at=st.just(2.0), **of_a_run, host=st.just("vm"), pid=st.integers(1, 9)),
    st.builds(Decided, at=st.just(3.0), **of_a_run, step=st.just(1), action=st.just(Action.PAUSE)),
    st.builds(Ended, at=st.just(4.0), **of_a_run, state=states),
    st.builds(Interrupted, at=st.just(4.0), **of_a_run, reason=st.just("killed")),
    st.builds(Enqueued, at=st.just(5.0), config=st.just({"a": 2}), command=st.none() | commands),
    st.builds(CommandHandled, at=st.just(5.0), command=commands, what=st.just("stop_trial")),
)
us = current_owner()
owners = st.sampled_from([us, current_owner(), foreign(1), foreign(2), dead()])


class Model:
    """One study, as simply as it can be said."""

    def __init__(self):
        self.log = [created()]
        self.holder = None
        self.commands = {}
        self.numbers = {}

    def may_acquire(self, owner):
        return self.holder is None or self.holder.owner in {owner, dead()}

    def append(self, batch):
        """Whether all of it may follow; only then it does."""
        log = list(self.log)
        for event in batch:
            if event.key is None or event.key not in {known.key for known in log}:
                if not self.may_follow(event, log):
                    return False
                log.append(event)
        for event in log[len(self.log) :]:
            if isinstance(event, Enqueued | CommandHandled):
                self.commands.pop(event.command, None)
        self.log = log
        return True

    def may_follow(self, event, log):
        if isinstance(event, Enqueued | CommandHandled):
            return True
        runs = sum(isinstance(known, Started) and known.trial == event.trial for known in log)
        return event.attempt == (runs + 1 if isinstance(event, Started) else runs)


class StoreMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="rung-test-")
        self.path = Path(self.folder.name) / "a.db"
        self.store = self.make()
        self.model = Model()
        self.leases = []

    def make(self):
        raise NotImplementedError

    def crashed(self):
        """The store as it is after the process that used it has died."""
        raise NotImplementedError

    def teardown(self):
        self.store.close()
        self.folder.cleanup()

    @initialize()
    def begin(self):
        self.store.create(created())
        self.acquire(us)

    @rule()
    def create_again(self):
        with pytest.raises(StudyExistsError, match="'lenet' already"):
            self.store.create(created())

    @rule(owner=owners)
    def acquire(self, owner):
        if not self.model.may_acquire(owner):
            with pytest.raises(
                StudyLockedError, match=f"process {self.model.holder.owner.pid} |This process already has"
            ):
                self.store.acquire("lenet", owner, ttl=TTL_S)
            return
        lease = self.store.acquire("lenet", owner, ttl=TTL_S)
        assert all(lease.epoch > earlier.epoch for earlier in self.leases)
        self.leases.append(lease)
        self.model.holder = lease

    @rule(which=st.integers(0, 3), batch=st.lists(events, max_size=6), times=st.integers(1, 2))
    def append(self, which, batch, times):
        lease = self.leases[-1 - which % len(self.leases)]
        for _ in range(times):
            if lease != self.model.holder or not self.model.append(batch):
                with pytest.raises(FencedError, match="nothing was written"):
                    self.store.append(batch, lease=lease)
            else:
                assert self.store.append(batch, lease=lease) == len(self.model.log)

    @rule(which=st.integers(0, 3))
    def renew(self, which):
        lease = self.leases[-1 - which % len(self.leases)]
        if lease == self.model.holder:
            self.store.renew(lease)
        else:
            with pytest.raises(FencedError, match="The lease on study 'lenet'"):
                self.store.renew(lease)

    @rule(which=st.integers(0, 3))
    def release(self, which):
        lease = self.leases[-1 - which % len(self.leases)]
        self.store.release(lease)
        if lease == self.model.holder:
            self.model.holder = None

    @rule(trial=trials, key=st.none() | st.sampled_from("ab"))
    def post(self, trial, key):
        number = self.store.post("lenet", StopTrial(trial), key=key)
        if key in self.model.numbers:
            assert number == self.model.numbers[key]
            return
        assert all(number > earlier for earlier in self.model.numbers.values())
        self.model.numbers[key or f"anonymous {number}"] = number
        self.model.commands[number] = StopTrial(trial)

    @rule()
    def take(self):
        if self.model.holder is not None:
            assert list(self.store.take(self.model.holder)) == sorted(self.model.commands.items())

    @rule()
    def crash(self):
        self.store = self.crashed()

    @invariant()
    def the_log_is_the_models(self):
        assert list(self.store.read("lenet")) == list(enumerate(self.model.log, 1))

    @invariant()
    def the_tables_are_the_fold_of_the_log(self):
        assert verify(self.store, "lenet") == []
        ledger = Ledger()
        for event in self.model.log:
            ledger.apply(event)
        assert list(self.store.tables.trials("lenet")) == [ledger.trials[trial] for trial in sorted(ledger.trials)]
        owner = self.model.holder and self.model.holder.owner
        assert self.store.tables.study("lenet").owner == (None if owner == dead() else owner)


class MemoryMachine(StoreMachine):
    def make(self):
        return MemoryStore()

    def crashed(self):
        return self.store  # it would be gone


class SqliteMachine(StoreMachine):
    def make(self):
        return SqliteStore(self.path)

    def crashed(self):
        for connection in (self.store.database._reader, self.store.database._writer):
            if connection is not None:
                connection.close()
        return SqliteStore(self.path, create=False)


class TestMemory(MemoryMachine.TestCase):
    settings = settings(max_examples=100, stateful_step_count=50, deadline=None)


class TestSqlite(SqliteMachine.TestCase):
    settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
