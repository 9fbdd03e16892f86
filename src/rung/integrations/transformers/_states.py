"""What of a Trainer's training has a state, where it is known before the objects that have it exist."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import numpy as np

from rung.runtime._rebuilt import Settings, as_built, settings_of

_NOT_KEPT = {"optimizer.pt", "scheduler.pt", "training_args.bin"}  # the states of the first two are kept as states


@final
class Files:
    """A folder that the Trainer has made of a checkpoint.

    source: where it is, to be saved; restored: a copy in ``parent`` of the one that was saved, once there is one.
    """

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self.source: Path | None = None
        self.restored: Path | None = None

    def state_dict(self) -> dict[str, Any]:
        """The content of each file, by its path in the folder."""
        if self.source is None:
            return {}
        files = (path for path in sorted(self.source.rglob("*")) if path.is_file() and path.name not in _NOT_KEPT)
        return {path.relative_to(self.source).as_posix(): np.fromfile(path, dtype=np.uint8) for path in files}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Write the files again."""
        self.restored = Path(tempfile.mkdtemp(dir=self._parent, prefix="resumed-"))
        for name, content in state.items():
            path = self.restored / name
            path.parent.mkdir(parents=True, exist_ok=True)
            content.tofile(path)


@final
class Later:
    """The state of an object that is made after the checkpoint has been read."""

    def __init__(self) -> None:
        self._target: Any = None
        self._built: Settings = {}
        self._state: Mapping[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        """That of the object, with the settings that it was built with."""
        return {} if self._target is None else {"state": self._target.state_dict(), "built": self._built}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Keep it for the object."""
        self._state = state

    def become(self, target: Any) -> None:
        """Give the object what was kept; where it is built otherwise than before, its new settings hold."""
        self._target, self._built = target, settings_of(target.state_dict())
        if self._state is not None:
            target.load_state_dict(as_built(self._state["state"], self._state["built"], self._built))
            self._state = None
