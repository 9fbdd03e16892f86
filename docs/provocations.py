"""For each class of error of rung one way to get it, so that the reference shows what is really said."""
# ruff: noqa: INP001, D103  beside a script, not a package; the table below says what each function provokes

from __future__ import annotations

import contextlib
import os
import re
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import rung
from rung import errors
from rung.errors import RungError

SPACE = {"lr": rung.loguniform(1e-4, 1.0)}


def message_of(kind: type[RungError], provoke: Callable[[Path], object]) -> RungError:
    """The error that this raises, with what differs from machine to machine replaced."""
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name), contextlib.redirect_stderr(None):
        folder = Path(name).resolve()
        try:
            provoke(folder)
        except kind as error:
            if type(error) is not kind:
                raise
            return RungError(steady(error.sentence, folder), hint=steady(error.hint, folder))
    raise AssertionError(f"{kind.__name__} was not raised")


def steady(text: str, folder: Path) -> str:
    """The text as it would be on any machine."""
    text = text.replace(str(folder), "/home/you").replace(socket.gethostname(), "your-host")
    text = re.sub(rf"\b(process|pid) {os.getpid()}\b", r"\1 4711", text)
    return re.sub(r"(held by .*?, for|sign of life) (under )?\d+ (s|min)\b", r"\1 5 s", text)


def train(lr: float) -> float:
    """An objective."""
    return lr


def fail(lr: float) -> float:
    """An objective with a mistake in it."""
    raise ValueError(f"the data for lr={lr:g} is missing")


def tuner(store: Any = "memory", **options: Any) -> rung.Tuner:
    """A tuner for random search by hand."""
    return rung.Tuner(None, rung.BasicScheduler(rung.RandomSearcher(SPACE)), store=store, seed=0, **options)


def a_study(name: str = "lenet") -> None:
    """A study with one trial in ``rung.db``."""
    with tuner("rung.db", study=name) as by_hand:
        by_hand.tell(by_hand.ask(), 0.5)  # type: ignore[arg-type]


def without_matplotlib(_: Path) -> None:
    a_study()
    hidden = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "matplotlib"}
    sys.modules.update(dict.fromkeys([*hidden, "matplotlib", "matplotlib.figure"]))  # type: ignore[arg-type]
    ours = {name: sys.modules.pop(name) for name in ("rung.analysis.plots",) if name in sys.modules}
    try:
        rung.open_study("lenet", "rung.db").plot()
    finally:
        del sys.modules["matplotlib"], sys.modules["matplotlib.figure"]
        sys.modules.update(hidden | ours)


def no_checkpoint(_: Path) -> None:
    a_study()
    rung.open_study("lenet", "rung.db").best_checkpoint()


def no_database(folder: Path) -> None:
    (folder / "rung.db").write_text("this is a text " * 100)
    rung.open_study("lenet", "rung.db")


def full_disk(folder: Path) -> None:
    from rung.store._faults import meaning_of

    small = sqlite3.connect(folder / "rung.db")  # a database that may not grow says what a full disk says
    with contextlib.closing(small):
        small.execute("PRAGMA max_page_count = 1")
        try:
            small.execute("CREATE TABLE event (body TEXT)")
        except sqlite3.Error as error:
            raise meaning_of(error, folder / "rung.db") from error


def newer_store(folder: Path) -> None:
    a_study()
    with contextlib.closing(sqlite3.connect(folder / "rung.db")) as database:
        database.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")
        database.commit()
    rung.open_study("lenet", "rung.db")


def other_name(_: Path) -> None:
    a_study()
    rung.open_study("lenett", "rung.db")


def other_trial(_: Path) -> None:
    from rung.store import open_store

    a_study()
    with contextlib.closing(open_store("rung.db", create=False)) as store:
        store.tables.trial("lenet", 7)


def taken_name(_: Path) -> None:
    a_study()
    tuner("rung.db", study="lenet", resume="never")


def two_tuners(_: Path) -> None:
    from rung.store import open_store
    from rung.types import Owner

    a_study()
    elsewhere = Owner(host="gpu-box", boot="4f2a", pid=4711, started=1.0)
    with contextlib.closing(open_store("rung.db", create=False)) as store:
        store.acquire("lenet", elsewhere, ttl=60.0)
    with tuner("rung.db", study="lenet") as second:
        second.ask()


def late_writer(_: Path) -> None:
    from rung.store.memory import MemoryStore
    from rung.store.owner import current_owner

    store = MemoryStore()
    with tuner(store, study="lenet") as first:
        first.ask()
    lost = store.acquire("lenet", current_owner(), ttl=30.0)
    store.release(lost)
    store.acquire("lenet", current_owner(), ttl=30.0)
    store.append([], lease=lost)


def exhausted(_: Path) -> None:
    grid = rung.GridSearcher({"optimizer": ["adam", "sgd"]})
    with rung.Tuner(None, rung.BasicScheduler(grid), seed=0) as by_hand:
        by_hand.ask(2)
        by_hand.ask()


def other_space(_: Path) -> None:
    a_study()
    wider = rung.RandomSearcher({"lr": rung.loguniform(1e-4, 10.0)})
    rung.Tuner(None, rung.BasicScheduler(wider), store="rung.db", study="lenet")


def three_failures(_: Path) -> None:
    rung.tune(fail, SPACE, max_trials=10, seed=0, progress="off")


PROVOCATIONS: Mapping[type[RungError], Callable[[Path], object]] = {
    errors.SpaceError: lambda _: rung.Float(0, 1, log=True),
    errors.ReportError: lambda _: rung.report(error="low"),
    errors.ObjectiveError: lambda _: rung.tune(3, SPACE, max_trials=1),  # type: ignore[arg-type]
    errors.SettingError: lambda _: rung.tune(train, SPACE),
    errors.MissingExtraError: without_matplotlib,
    errors.CheckpointError: no_checkpoint,
    errors.StoreError: no_database,
    errors.StoreNotFoundError: lambda _: rung.open_study("lenet", "rung.db"),
    errors.StoreFullError: full_disk,
    errors.StoreVersionError: newer_store,
    errors.StudyNotFoundError: other_name,
    errors.TrialNotFoundError: other_trial,
    errors.StudyExistsError: taken_name,
    errors.StudyLockedError: two_tuners,
    errors.FencedError: late_writer,
    errors.ExhaustedError: exhausted,
    errors.StudyMismatchError: other_space,
    errors.StudyPausedError: three_failures,
}
"""Class -> what raises it, called in an empty working directory."""
