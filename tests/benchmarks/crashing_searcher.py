"""Searchers that misbehave, for ``crashing_searcher:Name`` as a method."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np

from rung.searchers.random import RandomSearcher
from rung.space import Space


class _Around:
    """Random search, but for what the classes below do when they are asked."""

    def __init__(self, space: Space) -> None:
        self._inner = RandomSearcher(space)

    @property
    def space(self) -> Space:
        return self._inner.space

    def suggest(self, rng: np.random.Generator) -> Any:
        self.misbehave()
        return self._inner.suggest(rng)

    def update(self, event: Any) -> None:
        self._inner.update(event)

    def spec(self) -> dict[str, Any]:
        return {"opaque": type(self).__name__}

    def misbehave(self) -> None:
        raise NotImplementedError


class Crash(_Around):
    """Ends its process as a fault in native code does."""

    def misbehave(self) -> None:
        print("about to crash", flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)


class CrashOnce(_Around):
    """Is killed from outside, once for each file of that name."""

    def __init__(self, space: Space, *, mark: str) -> None:
        super().__init__(space)
        self._mark = Path(mark)

    def misbehave(self) -> None:
        if not self._mark.exists():
            self._mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Raises(_Around):
    """Says something, and raises."""

    def misbehave(self) -> None:
        print("what a peer prints")
        raise ValueError("no idea what to suggest")


class Endless(_Around):
    """Never answers."""

    def misbehave(self) -> None:
        threading.Event().wait()


class Talks(_Around):
    """Works, and talks about it."""

    def misbehave(self) -> None:
        print("chatter that nobody wants to see")


class Obstructs(_Around):
    """Works, but where results of runs would be written there are folders of that name."""

    def __init__(self, space: Space, *, running: str) -> None:
        super().__init__(space)
        self._running = Path(running)

    def misbehave(self) -> None:
        for folder in self._running.iterdir():
            if folder.is_dir():
                (folder / "run.json.part").mkdir(exist_ok=True)
