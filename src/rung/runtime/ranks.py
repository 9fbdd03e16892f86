"""The processes that train one trial together: which of them this is, and how all get to know what the first decides.

They talk through the key-value store by which torch.distributed has brought them together, not by collectives: a rank
that is never asked about something then needn't take part in it, and a training's own collectives are never mixed up.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, final

from rung.errors import SettingError, TrialStopped

if TYPE_CHECKING:
    from rung.types import Fact, Message

_RANK_VARIABLES = ("RANK", "LOCAL_RANK")  # torchrun gives both, Lightning's launcher the second

LAUNCHER_VARIABLES = (*_RANK_VARIABLES, "WORLD_SIZE", "LOCAL_WORLD_SIZE", "TORCHELASTIC_RUN_ID")
"""What a launcher tells a process about its place among others. That of a tuner is not that of its trials."""


class StoppedAlone(TrialStopped):
    """The trial was told to end, but its other ranks don't ask: their launcher has to end them."""


@final
class Ranks:
    """The ranks of the training that this process takes part in, as torch.distributed knows them at each moment.

    launched_as: the rank to go by while torch.distributed is not initialised.
    name: of the run, the same on all ranks and another one for each run.
    """

    def __init__(self, name: str, launched_as: int = 0) -> None:
        self._name = name
        self._launched_as = launched_as
        self._meetings: Counter[str] = Counter()

    @property
    def own(self) -> int:
        """The number of this process among them, from 0."""
        groups = _distributed()
        return self._launched_as if groups is None else int(groups.get_rank())

    @property
    def is_first(self) -> bool:
        """Whether it is the one that reports and saves."""
        return self.own == 0

    @property
    def are_many(self) -> bool:
        """Whether there are others that can be talked to."""
        groups = _distributed()
        return groups is not None and groups.get_world_size() > 1

    def share(self, matter: str, decide: Callable[[], Any]) -> Any:
        """What ``decide`` gives on the first rank, which never waits; on the others, the same.

        matter: what it is about. Who asks about it for the n-th time gets what the first rank gave for the n-th time.
        It travels as JSON, so that the others get lists for tuples.
        """
        store, key = self._meet(matter)
        if self.is_first:
            decided = decide()
            store.set(key, json.dumps(decided))
            return decided
        return json.loads(store.get(key))

    def gather(self, matter: str, own: bytes, *, patience_s: float | None = None) -> Sequence[bytes]:
        """What all have given, by rank; on the others than the first, which don't wait, nothing.

        TimeoutError when one has not come in ``patience_s`` seconds; by default the group's own timeout holds.
        """
        store, key = self._meet(matter)
        if not self.is_first:
            store.set(f"{key}/{self.own}", own)
            return ()
        keys = [f"{key}/{rank}" for rank in range(1, _distributed().get_world_size())]
        if patience_s is not None:
            try:
                store.wait(keys, timedelta(seconds=patience_s))
            except RuntimeError as error:  # DistStoreError, of which older versions of torch have none
                raise TimeoutError from error
        return (own, *(store.get(key) for key in keys))

    def _meet(self, matter: str) -> tuple[Any, str]:
        self._meetings[matter] += 1
        # There is no public way to the store; torch's own parts and those built on it all take this one.
        store = _distributed()._get_default_store()  # noqa: SLF001
        return store, f"rung/{self._name}/{matter}/{self._meetings[matter]}"


@final
class NoLine:
    """The ``Channel`` of a trial that was sent to another process: it follows there, and has nothing to say or hear.

    SettingError when it does, because the first rank was put there.
    """

    def post(self, fact: Fact) -> None:  # noqa: ARG002  there is nowhere to send it
        """Refuse."""
        raise _misplaced()

    def wait(self) -> Message:
        """Refuse."""
        raise _misplaced()

    def pending(self) -> Sequence[Message]:
        """Refuse."""
        raise _misplaced()


def is_launched(environ: Mapping[str, str]) -> bool:
    """Whether a launcher has started this process, as one of several perhaps."""
    return any(environ.get(name, "").isdecimal() for name in _RANK_VARIABLES)


def launched_rank(environ: Mapping[str, str]) -> int:
    """The rank that a launcher has given this process, before torch.distributed is initialised; 0 without one."""
    return next((int(environ[name]) for name in _RANK_VARIABLES if environ.get(name, "").isdecimal()), 0)


def _misplaced() -> SettingError:
    return SettingError(
        "Rank 0 runs in a process that the trial has started, where it can't report.",
        hint="Start processes for the other ranks only, and train as rank 0 in the trial's own; or tune a script, with "
        "torchrun in its command.",
    )


def _distributed() -> Any:
    """torch.distributed's module with the process groups if there is one; whoever has made it has imported that."""
    groups = sys.modules.get("torch.distributed.distributed_c10d")
    return groups if groups is not None and groups.is_initialized() else None
