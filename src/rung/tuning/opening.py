"""How a tuner comes to its study: begin it, or find it in the store, compare, and replay."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, final

import msgspec

from rung.bookkeeping import Incumbent, IncumbentFrom, find_incumbent
from rung.errors import (
    RungError,
    SettingError,
    StoreError,
    StudyExistsError,
    StudyMismatchError,
    StudyNotFoundError,
)  # fmt: skip
from rung.events import StudyCreated
from rung.provenance import collect_provenance
from rung.space import Space
from rung.store.owner import current_owner
from rung.tuning.clerk import acquire_for_tuner
from rung.tuning.engine import Engine
from rung.tuning.handover import Kind, written
from rung.tuning.labels import Labels
from rung.tuning.session import Observer, Session
from rung.tuning.setup import checked_name

if TYPE_CHECKING:
    from rung.contracts import Scheduler, Store
    from rung.tuning.standing import Fold
    from rung.types import Goal, Json, Lease

Resume: TypeAlias = Literal["auto", "must", "never"]
"""Whether an existing study of that name is gone on with: if there is one, necessarily, or not at all."""


NO_LABELS = Labels()
LEASE_S = 60.0  # after this long without a sign of life a tuner on another host may take over


def find_study(store: Store, name: str, *, resume: Resume) -> StudyCreated | None:
    """The first event of the study with this name, or None when there is none and a new one may begin."""
    if resume not in {"auto", "must", "never"}:
        raise SettingError(f"resume={resume!r} is not known.", hint="Use 'auto', 'must' or 'never'.")
    try:
        store.tables.study(name)
    except StudyNotFoundError:
        if resume == "must":
            raise
        return None
    if resume == "never":
        raise StudyExistsError(
            f"the store {store.url} has a study {name!r} already.",
            hint="Choose another name, or resume='auto' to go on with it.",
        )
    _, created = next(iter(store.read(name)))
    assert isinstance(created, StudyCreated)
    return created


def new_study(
    name: str, scheduler: Scheduler, goal: Goal, *, seed: int | None, objective: Json, labels: Labels = NO_LABELS
) -> StudyCreated:
    """The first event of a study that does not exist yet; an unset seed is drawn from the operating system."""
    spec = scheduler.spec()
    return StudyCreated(
        study=checked_name(name),
        space=scheduler.space.to_json(),
        goal=goal,
        seed=secrets.randbits(32) if seed is None else seed,
        searcher=spec.get("searcher"),
        scheduler=spec,
        objective=objective,
        project=labels.project,
        message=labels.message,
        tags=labels.tags,
    )


def compare(stored: StudyCreated, wanted: StudyCreated, *, seed: int | None) -> None:
    """StudyMismatchError names everything that was asked for and differs from the stored study."""
    there, here = Space.from_json(stored.space), Space.from_json(wanted.space)
    differences = list(there.difference(here))
    if stored.goal != wanted.goal:
        differences.append(f"goal: {_goal(stored.goal)} in the study, {_goal(wanted.goal)} here")
    differences += _of_methods(stored.scheduler, wanted.scheduler)
    if seed is not None and seed != stored.seed:
        differences.append(f"seed: {stored.seed} in the study, {seed} here")
    is_by_hand = not there.names  # nothing is searched: each run may have a program of its own
    if not is_by_hand and not _is_same_objective(stored.objective, wanted.objective):
        differences.append(f"objective: {_named(stored.objective)} in the study, {_named(wanted.objective)} here")
    if differences:
        raise StudyMismatchError(
            f"the study {stored.study!r} exists and differs: " + "; ".join(differences) + ".",
            hint="Use the study's own settings to go on with it, or another name to begin a new one. "
            f"{_way_out(stored, wanted, differences)}Nothing was run.",
        )


@final
class OpenStudy:
    """A study as a tuner has it in hand: its store, its name, and an engine that has folded its log.

    Reading needs no lease, so the bookkeeping is there before the first run. ``created`` is the first event; a new
    study is written to the store only when a session begins. ``also``: what is folded besides the engine. After a
    session that could not end in good order, as when the disk is full, the engine may be ahead of the log: then no
    other session begins.
    """

    def __init__(
        self, store: Store, scheduler: Scheduler, created: StudyCreated, *, is_new: bool, also: Sequence[Fold] = ()
    ) -> None:
        self.store = store
        self.name = created.study
        self.engine = Engine(scheduler, log=lambda: store.read(created.study), also=also)
        self._created = created
        self._is_new = is_new
        self._sequence = 0
        self._lease: Lease | None = None
        self._session: Session | None = None
        if is_new:
            self.engine.fold(created)
        else:
            self._catch_up()

    @property
    def folder(self) -> Path:
        """Where the files of its trials are."""
        return self.store.folder(self.name)

    def begin(
        self,
        *,
        slots: int,
        now: Callable[[], float],
        observers: Sequence[Observer] = (),
        settings: Mapping[str, Json] | None = None,
        labels: Labels = NO_LABELS,
        ttl: float = LEASE_S,
    ) -> Session:
        """Take the lease, fold what others have written meanwhile, and begin a session.

        settings: how this session goes, for whoever resumes it. labels: added to what the study has.
        """
        if self._lease is not None:
            raise RungError(
                f"a session of this tuner on {self.name!r} was cut off, so its memory may differ from the log.",
                hint="Make a new Tuner on the same store; it goes on from what the store has.",
            )
        persistent = self.store.url != "memory"
        provenance = collect_provenance() if persistent else {}
        if self._is_new:
            self._created = msgspec.structs.replace(self._created, provenance=provenance, unix=time.time())
            self.store.create(self._created)
            self.engine.ledger.apply(self._created)  # so that it knows when it was created, as all later ones will
            self._is_new, self._sequence = False, 1
        self._lease = lease = acquire_for_tuner(self.store, self.name, current_owner(), ttl=ttl)
        try:
            self._catch_up()
            self._session = session = Session(self.store, self.engine, lease, now=now, observers=observers)
            session.begin(slots=slots, unix=time.time(), settings=settings or {}, provenance=provenance)
            for event in labels.additions(session.study, session.at()):
                session.stage(event)
            session.flush()
        except BaseException:
            self.abandon()
            raise
        return session

    def incumbent(self, incumbent_from: IncumbentFrom) -> Incumbent | None:
        """The best trial by what has been folded so far."""
        ledger = self.engine.ledger
        assert ledger.study is not None
        return find_incumbent(ledger.study, ledger.trials, incumbent_from)

    def leave(self, session: Session, why: str, message: str = "") -> None:
        """End a session in good order; another one may follow."""
        try:
            session.end(why, message)
        except BaseException:
            self.abandon()
            raise
        self._sequence = session.sequence
        self._lease = self._session = None

    def abandon(self) -> None:
        """Give the lease back, if that can be done, after a session that can't end in good order."""
        with contextlib.suppress(StoreError):
            if self._session is not None:
                self._session.let_go()
            elif self._lease is not None:
                self.store.release(self._lease)

    def _catch_up(self) -> None:
        self._sequence = max(self._sequence, self.engine.replay(self.store.read(self.name, after=self._sequence)))


def _plain(value: Json) -> Json:
    return msgspec.json.decode(msgspec.json.encode(value))


def _is_same_objective(stored: Json, wanted: Json) -> bool:
    """Whether two names may stand for one objective. None says nothing: that function has no name.

    A file that was run as a script and is imported as a module the next time is the same file.
    """
    if stored is None or wanted is None or _plain(stored) == _plain(wanted):
        return True
    if not isinstance(stored, str) or not isinstance(wanted, str):
        return False
    (there, _, name), (here, _, other_name) = stored.rpartition(":"), wanted.rpartition(":")
    is_file_and_module = there.endswith(".py") != here.endswith(".py")
    return name == other_name and is_file_and_module and _module(there) == _module(here)


def _module(place: str) -> str:
    return Path(place).stem if place.endswith(".py") else place.rpartition(".")[2]


def _named(objective: Json) -> str:
    return objective if isinstance(objective, str) else shlex.join(objective)


def _goal(goal: Goal) -> str:
    return f"{goal.mode} {goal.metric}"


def _of_methods(stored: Json, wanted: Json) -> Iterator[str]:
    """What differs between two schedulers, and between their searchers."""
    there, here = _plain(stored), _plain(wanted)
    alone = [{key: value for key, value in form.items() if key != "searcher"} for form in (there, here)]
    pairs: Mapping[Kind, list[Json]] = {
        "schedulers": alone,
        "searchers": [form.get("searcher") for form in (there, here)],
    }
    for kind, forms in pairs.items():
        if forms[0] == forms[1]:
            continue
        texts = [written(form, kind) for form in forms]
        if texts[0] == texts[1]:  # as when other points are to be tried first
            texts = [msgspec.json.encode(form).decode() for form in forms]
        yield f"{kind.removesuffix('s')}: {texts[0]} in the study, {texts[1]} here"


def _way_out(stored: StudyCreated, wanted: StudyCreated, differences: Sequence[str]) -> str:
    """The command that brings what is wanted, where that is another searcher and nothing else."""
    there, form = (each.scheduler.get("searcher") or {} for each in (stored, wanted))
    is_all = len(differences) == 1 and differences[0].startswith("searcher: ")
    if not is_all or "name" not in form or written(there) == written(form):
        return ""
    line = shlex.join(["rung", "edit", wanted.study, "--searcher", written(form)])
    return f"Another searcher takes over by `{line}`. "
